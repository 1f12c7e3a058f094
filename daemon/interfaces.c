// SPDX-License-Identifier: Apache-2.0
#include "daemon/interfaces.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/log.h"
#include "netlink/address.h"
#include "netlink/dump.h"
#include "netlink/link.h"
#include "tap/tap.h"

/* Steps of one turn; a TAP takes 0.3 ms to make and dress, so the loop answers within some 20 ms.
 */
#define STEPS_MAX 64

/* More repairs than this in one turn become one line: somebody restarted a network manager. */
#define FOLD_MIN 16

/* Descriptors that are left for sockets, workers and clients; of a limit under 256 a quarter. */
#define DESCRIPTORS_SPARE 64

/* Below this MTU a device has no IPv6. Source: RFC 8200 section 5, kernel net/ipv6/addrconf.c. */
#define IPV6_MTU_MIN 1280

/* Looks in one turn while devices are being renamed. */
#define LOOKS_MAX 3

static const char *const STATE_NAMES[] = {
	[VTAP_STATE_ABSENT] = "absent",
	[VTAP_STATE_CREATING] = "creating",
	[VTAP_STATE_READY] = "ready",
	[VTAP_STATE_WAITING] = "waiting",
};
static_assert(VTAP_ARRAY_LEN(STATE_NAMES) == VTAP_STATE_COUNT, "every state has a name");

struct vtap_interfaces {
	struct vtap_nl *nl;                /* borrowed */
	struct vtap_interface **interface; /* sorted by name */
	size_t n;
	struct vtap_devices devices; /* the last look */
	int *removal;                /* indexes that the last turn found unwanted */
	size_t n_removals;
	int *closed; /* descriptors that were given up */
	size_t n_closed;
	struct vtap_guards guards;
	uint64_t n_repairs;
};

/** struct applying - the state of one turn */
struct applying {
	struct vtap_interfaces *set;
	struct vtap_turn *turn;
	uint64_t now_ns;
	uint64_t noticed_ns;
	unsigned n_steps;
	unsigned n_repaired;
	unsigned n_readied;
	unsigned n_put_off;
	size_t i_failed; /* the wish whose step did not work: its later steps wait for the next look
			  */
};

const char *vtap_state_name(enum vtap_state state)
{
	return STATE_NAMES[state];
}

/* ---- the set ---- */

int vtap_interfaces_new(struct vtap_nl *nl, struct vtap_interfaces **ret_set)
{
	struct vtap_interfaces *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return -ENOMEM;
	set->nl = set->guards.nl = nl;
	*ret_set = set;
	return 0;
}

static void interface_free(struct vtap_interface *interface)
{
	if (interface == NULL)
		return;
	(void)vtap_fd_close(interface->fd);
	free(interface->sessions);
	free(interface->vnis);
	free(interface);
}
VTAP_FREEP(interface, struct vtap_interface, interface_free)

void vtap_interfaces_free(struct vtap_interfaces *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++)
		interface_free(set->interface[i]);
	for (size_t i = 0; i < set->n_closed; i++)
		(void)vtap_fd_close(set->closed[i]);
	free(set->interface);
	free(set->closed);
	free(set->removal);
	vtap_guards_done(&set->guards);
	vtap_devices_done(&set->devices);
	free(set);
}

static int name_compare(const void *name, const void *element)
{
	return strcmp(name, (*(struct vtap_interface *const *)element)->wish.name);
}

static struct vtap_interface *set_find(const struct vtap_interfaces *set, const char *name)
{
	struct vtap_interface *const *found =
		set->n == 0 ? NULL
			    : bsearch(name, set->interface, set->n, sizeof(*set->interface),
				      name_compare);

	return found != NULL ? *found : NULL;
}

const struct vtap_interface *vtap_interfaces_find(
	const struct vtap_interfaces *set, const char *name)
{
	return set_find(set, name);
}

const struct vtap_devices *vtap_interfaces_devices(const struct vtap_interfaces *set)
{
	return &set->devices;
}

uint64_t vtap_interfaces_n_repairs(const struct vtap_interfaces *set)
{
	return set->n_repairs;
}

int vtap_interfaces_own_indexes(const struct vtap_interfaces *set, int **ret_indexes, size_t *ret_n)
{
	int *indexes = calloc(set->n + 1, sizeof(*indexes));
	size_t n = 0;

	if (indexes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		if (set->interface[i]->wish.held_index != 0)
			indexes[n++] = set->interface[i]->wish.held_index;
	*ret_indexes = indexes;
	*ret_n = n;
	return 0;
}

int vtap_interfaces_take_closed(struct vtap_interfaces *set)
{
	return set->n_closed > 0 ? set->closed[--set->n_closed] : -1;
}

/* Give up a descriptor: workers may still write to it for the length of a batch. */
static void fd_give_up(struct vtap_interfaces *set, int *fd)
{
	int *grown;

	if (*fd < 0)
		return;
	grown = reallocarray(set->closed, set->n_closed + 1, sizeof(*grown));
	if (grown == NULL) {
		*fd = -1; /* leaked rather than closed under a worker's hands */
		return;
	}
	set->closed = grown;
	grown[set->n_closed++] = vtap_steal_fd(fd);
}

/* ---- wishes ---- */

static int session_compare(const void *a, const void *b)
{
	const struct vtap_session *left = *(const struct vtap_session *const *)a;
	const struct vtap_session *right = *(const struct vtap_session *const *)b;
	int r = strcmp(left->interface, right->interface);

	return r != 0 ? r : (left > right) - (left < right);
}

static char *names_join(const struct vtap_session *const *sessions, size_t n, const char *between)
{
	_auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		(void)fprintf(
			out, "%s%s", i > 0 ? between : "", sessions[i]->name); /* fclose tells */
	return fclose(out) == 0 ? vtap_steal(&text) : NULL;
}

/* @n sessions that share an interface. */
static int interface_new(
	const struct vtap_session *const *sessions, size_t n, struct vtap_interface **ret_interface)
{
	_auto(interface) struct vtap_interface *interface = calloc(1, sizeof(*interface));
	_auto_free char *marked = NULL;

	if (interface == NULL)
		return -ENOMEM;
	interface->fd = -1;

	interface->sessions = names_join(sessions, n, ", ");
	interface->vnis = vtap_session_format_vnis(sessions[0]);
	marked = names_join(sessions, n, ",");
	if (interface->sessions == NULL || interface->vnis == NULL || marked == NULL)
		return -ENOMEM;
	interface->wish = (struct vtap_wish){
		.mtu_bytes = sessions[0]->mtu_bytes,
		.uid = geteuid(),
		.gid = getegid(),
	};
	memcpy(interface->wish.name, sessions[0]->interface, sizeof(interface->wish.name));
	vtap_ifname_mac(interface->wish.name, interface->wish.mac);
	(void)snprintf(interface->wish.alias, sizeof(interface->wish.alias), "%s%.240s",
		VTAP_ALIAS_MARK, marked); /* cut is documented: the names are for people */
	*ret_interface = vtap_steal(&interface);
	return 0;
}

struct interface_list {
	struct vtap_interface **interface;
	size_t n;
};

static void list_done(struct interface_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		interface_free(list->interface[i]);
	free(list->interface);
}

/* What the configuration wants, as fresh interfaces sorted by name. */
static int list_from_conf(const struct vtap_conf *conf, struct interface_list *ret_list)
{
	_auto_free const struct vtap_session **sorted =
		calloc(conf->n_sessions + 1, sizeof(*sorted));
	size_t first = 0;

	ret_list->interface = calloc(conf->n_sessions + 1, sizeof(*ret_list->interface));
	if (sorted == NULL || ret_list->interface == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_sessions; i++)
		sorted[i] = &conf->sessions[i];
	qsort(sorted, conf->n_sessions, sizeof(*sorted), session_compare);
	for (size_t i = 1; i <= conf->n_sessions; i++) {
		int r;

		if (i < conf->n_sessions &&
			strcmp(sorted[i]->interface, sorted[first]->interface) == 0)
			continue;
		r = interface_new(&sorted[first], i - first, &ret_list->interface[ret_list->n]);
		if (r < 0)
			return r;
		ret_list->n++;
		first = i;
	}
	return 0;
}

/* What is known of an interface of that name goes on in the new one. */
static void interface_continue(struct vtap_interface *fresh, struct vtap_interface *old)
{
	fresh->wish.held_index = old->wish.held_index;
	fresh->fd = vtap_steal_fd(&old->fd);
	fresh->state = old->state;
	fresh->reason = old->reason;
	memcpy(fresh->message, old->message, sizeof(fresh->message));
	fresh->backoff = old->backoff;
	fresh->backoff.retry_at_ns = 0; /* a reload is a reason to try at once */
	fresh->n_repairs = old->n_repairs;
	fresh->is_reconfigured = old->is_reconfigured ||
				 fresh->wish.mtu_bytes != old->wish.mtu_bytes ||
				 strcmp(fresh->wish.alias, old->wish.alias) != 0;
}

int vtap_interfaces_want(struct vtap_interfaces *set, const struct vtap_conf *conf)
{
	__attribute__((cleanup(list_done))) struct interface_list list = { 0 };
	struct vtap_interface **old = set->interface;
	size_t n_old = set->n;
	int r = list_from_conf(conf, &list);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++) {
		struct vtap_interface *before = set_find(set, list.interface[i]->wish.name);

		if (before != NULL)
			interface_continue(list.interface[i], before);
	}
	for (size_t i = 0; i < n_old; i++)
		fd_give_up(set, &old[i]->fd); /* of those that nobody continues */
	set->interface = vtap_steal(&list.interface);
	set->n = list.n;
	list = (struct interface_list){ .interface = old, .n = n_old };
	return 0;
}

/* ---- states ---- */

static bool reason_is(const struct vtap_interface *interface, const char *reason)
{
	return interface->reason != NULL && strcmp(interface->reason, reason) == 0;
}

static struct vtap_log_context log_context(const struct vtap_interface *interface, int error)
{
	return (struct vtap_log_context){
		.sessions = interface->sessions,
		.vnis = interface->vnis,
		.interface = interface->wish.name,
		.error = error,
	};
}

static void state_set_ready(struct applying *applying, struct vtap_interface *interface)
{
	struct vtap_log_context context = log_context(interface, 0);

	if (interface->state == VTAP_STATE_WAITING && !reason_is(interface, "repair-loop") &&
		++applying->n_readied <= FOLD_MIN)
		vtap_log(LOG_NOTICE, VTAP_EVENT_SESSION_READY, &context, "%s: ready, %s",
			interface->sessions, interface->wish.name);
	interface->state = VTAP_STATE_READY;
	interface->reason = NULL;
	interface->message[0] = '\0';
}

/* It must wait. One line when it begins, or when the reason changes; the later tries are silent. */
static void state_set_waiting(struct applying *applying, struct vtap_interface *interface,
	const char *reason, int error, const char *message)
{
	struct vtap_log_context context = log_context(interface, error);
	bool is_new = interface->reason == NULL || strcmp(interface->reason, reason) != 0 ||
		      strcmp(interface->message, message) != 0;
	uint64_t wait_ns = interface->backoff.retry_at_ns - applying->now_ns;

	context.condition = reason;
	interface->state = VTAP_STATE_WAITING;
	interface->reason = reason;
	(void)snprintf(
		interface->message, sizeof(interface->message), "%s", message); /* same size */
	if (is_new && ++applying->n_put_off <= FOLD_MIN)
		vtap_log(LOG_WARNING, VTAP_EVENT_SESSION_WAITING, &context,
			"%s: waiting, %s; next try in %.0f s", interface->sessions, message,
			(double)wait_ns / (double)VTAP_NS_PER_S);
}

static void refuse(struct applying *applying, struct vtap_interface *interface, int error,
	const struct vtap_err *err)
{
	vtap_backoff_delay(&interface->backoff, applying->now_ns);
	state_set_waiting(applying, interface, "session-waiting", error,
		err->text[0] != '\0' ? err->text : vtap_errno_text(error));
}

static void repaired(
	struct applying *applying, struct vtap_interface *interface, const char *reason)
{
	struct vtap_log_context context = log_context(interface, 0);
	uint64_t took_ns = vtap_clock_mono_ns() - applying->noticed_ns;

	interface->n_repairs++;
	applying->set->n_repairs++;
	if (++applying->n_repaired <= FOLD_MIN)
		vtap_log(LOG_NOTICE, VTAP_EVENT_REPAIRED, &context,
			"%s: %s %s; repaired in %s%llu ms", interface->sessions,
			interface->wish.name, reason, took_ns < VTAP_NS_PER_MS ? "less than " : "",
			took_ns < VTAP_NS_PER_MS ? 1ULL : took_ns / VTAP_NS_PER_MS);
}

/* ---- guards ---- */

/* Not while it is being made, or the guard put back: that takes milliseconds, or is told otherwise.
 */
static bool is_bare(const struct vtap_interfaces *set, int index)
{
	const struct vtap_device *device = vtap_devices_find_index(&set->devices, index);

	if (!set->guards.has_programs)
		return true;
	return !vtap_guards_is_on(&set->guards, index) && device != NULL &&
	       device->guard == VTAP_UNKNOWN;
}

size_t vtap_interfaces_count(const struct vtap_interfaces *set, size_t *ret_n_guarded)
{
	size_t n = 0, n_guarded = 0;

	for (size_t i = 0; i < set->n; i++) {
		int index = set->interface[i]->wish.held_index;

		n += index != 0;
		n_guarded += index != 0 && !is_bare(set, index);
	}
	*ret_n_guarded = n_guarded;
	return n;
}

void vtap_interfaces_guard_with(struct vtap_interfaces *set, const struct vtap_guard *guard)
{
	vtap_guards_use(&set->guards, guard);
	for (size_t i = 0; i < set->n; i++)
		set->interface[i]->is_reconfigured = true; /* what follows is no repair */
}

struct vtap_guards *vtap_interfaces_guards(struct vtap_interfaces *set)
{
	return &set->guards;
}

/* ---- steps ---- */

/* IPv4 and IPv6 are kept from the device, and it has no address. With an MTU below 1280 it has no
 * IPv6 to be set. */
static int hush(
	struct vtap_interfaces *set, const struct vtap_wish *wish, int index, struct vtap_err *err)
{
	struct vtap_link_settings link = { .set_quiet = true, .has_ipv6 = true };
	const struct vtap_device *device = vtap_devices_find_index(&set->devices, index);
	int r = vtap_link_disable_ipv6(wish->name, err);

	if (r < 0)
		return r;
	r = vtap_link_set(set->nl, index, &link, err);
	if (r == -EAFNOSUPPORT) {
		link.has_ipv6 = false;
		r = vtap_link_set(set->nl, index, &link, err);
	}
	if (r == 0 && device != NULL && device->has_address)
		r = vtap_addresses_remove(set->nl, index, err);
	return r;
}

/* Does this MTU give the device IPv6? The kernel makes it from the host's defaults, and without ARP
 * it sends a router solicitation at once. */
static bool mtu_brings_ipv6(const struct vtap_device *device, const struct vtap_wish *wish)
{
	return device != NULL && device->mtu_bytes < IPV6_MTU_MIN &&
	       wish->mtu_bytes >= IPV6_MTU_MIN;
}

/* A dormant device is up for frames, and not yet for IPv6. Whatever fails, it does not stay so. */
static int dress_dormant(struct vtap_interfaces *set, const struct vtap_wish *wish, int index,
	const struct vtap_link_settings *link, struct vtap_err *err)
{
	const struct vtap_link_settings dormant = { .oper = VTAP_OPER_DORMANT };
	const struct vtap_link_settings awake = { .oper = VTAP_OPER_UP };
	int r = vtap_link_set(set->nl, index, &dormant, err);
	int r_awake;

	if (r < 0)
		return r;
	r = vtap_link_set(set->nl, index, link, err);
	if (r == 0)
		r = hush(set, wish, index, err);
	r_awake = vtap_link_set(set->nl, index, &awake, r < 0 ? NULL : err);
	return r < 0 ? r : r_awake;
}

/* Up, after IPv6 is off: not one frame may leave. */
static int dress_up(struct vtap_interfaces *set, const struct vtap_device *device, int index,
	struct vtap_err *err)
{
	const struct vtap_link_settings link = {
		.set_up = true,
		.oper = device != NULL && device->is_dormant ? VTAP_OPER_UP : VTAP_OPER_STAYS,
	};

	return vtap_link_set(set->nl, index, &link, err);
}

enum { DRESS_REFUSED = 1 /* it was for a guard alone, and that was refused */ };

static int dress(struct vtap_interfaces *set, const struct vtap_interface *interface, int index,
	unsigned settings, struct vtap_err *err)
{
	const struct vtap_device *device = vtap_devices_find_index(&set->devices, index);
	const struct vtap_wish *wish = &interface->wish;
	const unsigned in_link =
		VTAP_SET_ALIAS | VTAP_SET_MAC | VTAP_SET_MTU | VTAP_SET_GROUP | VTAP_SET_FREE;
	const struct vtap_link_settings link = {
		.alias = (settings & VTAP_SET_ALIAS) != 0 ? wish->alias : NULL,
		.mac = (settings & VTAP_SET_MAC) != 0 ? wish->mac : NULL,
		.mtu_bytes = (settings & VTAP_SET_MTU) != 0 ? wish->mtu_bytes : 0,
		.set_group = (settings & VTAP_SET_GROUP) != 0,
		.set_free = (settings & VTAP_SET_FREE) != 0,
	};
	int r = 0;

	if ((settings & VTAP_SET_MTU) != 0 && mtu_brings_ipv6(device, wish))
		r = dress_dormant(set, wish, index, &link, err);
	else if ((settings & in_link) != 0)
		r = vtap_link_set(set->nl, index, &link, err);
	if (r == 0 && (settings & VTAP_SET_QUIET) != 0)
		r = hush(set, wish, index, err);
	if (r == 0 && (settings & VTAP_SET_OWNER) != 0)
		r = vtap_tap_set_owner(interface->fd, wish->uid, wish->gid, err);
	if (r == 0 && (settings & VTAP_SET_GUARD) != 0)
		vtap_guards_set(&set->guards, wish->name, index);
	if (r == 0 && (settings & VTAP_SET_UP) != 0)
		r = dress_up(set, device, index, err);
	if (r == 0 && (settings & VTAP_SET_PERSISTENT) !=
			      0) /* last: what fails before leaves nothing behind */
		r = vtap_tap_set_persistent(interface->fd, true, err);
	if (r == 0 && settings == VTAP_SET_GUARD && !vtap_guards_is_on(&set->guards, index))
		return DRESS_REFUSED;
	return r < 0 ? vtap_err_add(err, r, "%s", wish->name) : 0;
}

/* The new device takes the place of one that we held, if any. */
static void interface_hold(
	struct applying *applying, struct vtap_interface *interface, int *fd, int index)
{
	fd_give_up(applying->set, &interface->fd);
	interface->fd = vtap_steal_fd(fd);
	interface->wish.held_index = index;
	applying->turn->has_new_fds = true;
}

/* Some descriptors stay free: with all of them at tap interfaces there would be no sockets to
 * receive on, and nobody could ask. The number of a new descriptor is the lowest that is free. */
static int descriptors_check(const char *name, struct vtap_err *err)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY };
	rlim_t spare;
	_auto_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return 0;
	if (fd < 0 && errno != EMFILE)
		return vtap_err_set(err, -errno, "%s: %s", name, vtap_errno_text(errno));
	spare = limit.rlim_cur / 4 < DESCRIPTORS_SPARE ? limit.rlim_cur / 4 : DESCRIPTORS_SPARE;
	if (fd >= 0 && (rlim_t)fd < limit.rlim_cur - spare)
		return 0;
	return vtap_err_set(err, -EMFILE,
		"%s: each tap interface takes a descriptor, and the limit is %ju (RLIMIT_NOFILE); "
		"raise LimitNOFILE= of the service",
		name, (uintmax_t)limit.rlim_cur);
}

static int step_create(
	struct applying *applying, struct vtap_interface *interface, struct vtap_err *err)
{
	const struct vtap_wish *wish = &interface->wish;
	_auto_fd int fd = -1;
	int r = descriptors_check(wish->name, err);
	int index;

	if (r == 0)
		r = vtap_tap_create(wish->name, wish->uid, wish->gid, &fd, err);
	if (r < 0)
		return r;
	index = (int)if_nametoindex(wish->name);
	interface->state =
		interface->state == VTAP_STATE_ABSENT ? VTAP_STATE_CREATING : interface->state;
	if (index == 0)
		return errno == ENODEV ? vtap_err_set(err, -ENODEV,
						 "%s: vanished while it was made", wish->name)
				       : vtap_err_set(err, -errno, "%s: look it up: %s", wish->name,
						 vtap_errno_text(errno));
	interface_hold(applying, interface, &fd, index);
	r = dress(applying->set, interface, index,
		VTAP_SET_ALL & ~(unsigned)(VTAP_SET_GROUP | VTAP_SET_FREE), err);
	if (r == 0)
		return 0;
	interface->wish.held_index = 0; /* not persistent yet: gone when the descriptor is closed */
	fd_give_up(applying->set, &interface->fd);
	return r;
}

static bool closed_take_back(struct vtap_interfaces *set, const char *name, int *ret_fd)
{
	char held[VTAP_TAP_NAME_MAX];

	for (size_t i = 0; i < set->n_closed; i++) {
		if (vtap_tap_name(set->closed[i], held) < 0 || strcmp(held, name) != 0)
			continue;
		*ret_fd = set->closed[i];
		set->closed[i] = set->closed[--set->n_closed];
		return true;
	}
	return false;
}

static int step_adopt(struct applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step, struct vtap_err *err)
{
	const struct vtap_wish *wish = &interface->wish;
	_auto_fd int fd = -1;
	int r = descriptors_check(wish->name, err);

	if (r == 0)
		r = vtap_tap_attach(wish->name, wish->uid, wish->gid, &fd, err);
	if (r == -EBUSY && closed_take_back(applying->set, wish->name, &fd))
		r = 0; /* removed and wanted again before the table was made: it is us who hold it
			*/
	if (r == -EBUSY)
		return vtap_err_set(err, r, "%s is held by another process", wish->name);
	if (r < 0)
		return r;
	interface_hold(applying, interface, &fd, step->index);
	return dress(applying->set, interface, step->index, step->settings, err);
}

/* Two of ours may have each other's name: one of them steps aside under a name of its own, and the
 * next look finds the way free. */
static int step_rename(struct vtap_interfaces *set, const struct vtap_interface *interface,
	const struct vtap_step *step, struct vtap_err *err)
{
	char spare[VTAP_IFNAME_MAX];
	int r = vtap_link_rename(set->nl, step->index, interface->wish.name, err);

	if (r != -EEXIST)
		return r;
	(void)snprintf(spare, sizeof(spare), "vtapd%d", step->index); /* fits */
	(void)vtap_link_rename(
		set->nl, step->index, spare, NULL); /* refused: as it was, and tried again */
	return r;
}

static int step_apply(struct applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step, struct vtap_err *err)
{
	switch (step->kind) {
	case VTAP_STEP_CREATE:
		return step_create(applying, interface, err);
	case VTAP_STEP_ADOPT:
		return step_adopt(applying, interface, step, err);
	case VTAP_STEP_RENAME:
		return step_rename(applying->set, interface, step, err);
	case VTAP_STEP_SET:
		return dress(applying->set, interface, step->index, step->settings, err);
	default:
		return 0;
	}
}

static bool step_is_repair(const struct vtap_interface *interface, const struct vtap_step *step)
{
	if (step->kind == VTAP_STEP_CREATE)
		return step->was_held;
	return step->kind == VTAP_STEP_RENAME ||
	       (step->kind == VTAP_STEP_SET && !interface->is_reconfigured);
}

static void step_foreign(
	struct applying *applying, struct vtap_interface *interface, const struct vtap_step *step)
{
	char message[VTAP_ERR_MAX];

	(void)snprintf(message, sizeof(message), "%s", step->reason); /* shorter */
	vtap_backoff_delay(&interface->backoff, applying->now_ns);
	state_set_waiting(applying, interface, "interface-foreign", 0, message);
}

/* The other one gets its own name back in this turn, and the next look finds this one free. Only if
 * it does not is that a reason to wait. */
static void step_await(struct applying *applying, struct vtap_interface *interface)
{
	bool is_first = !interface->is_awaiting;
	char message[VTAP_ERR_MAX];

	interface->is_awaiting = true;
	if (is_first || !vtap_backoff_is_due(&interface->backoff, applying->now_ns))
		return;
	(void)snprintf(message, sizeof(message), /* fits */
		"another of ours is called %s and cannot be renamed", interface->wish.name);
	vtap_backoff_delay(&interface->backoff, applying->now_ns);
	state_set_waiting(applying, interface, "session-waiting", 0, message);
}

/* Somebody keeps undoing what we do: he is asked to stop, in words, and repairs get rarer. */
static void step_give_way(
	struct applying *applying, struct vtap_interface *interface, const struct vtap_step *step)
{
	char message[VTAP_ERR_MAX];

	(void)snprintf(message, sizeof(message), "somebody keeps changing %s, last: %s", /* fits */
		interface->wish.name, step->reason);
	if (reason_is(interface, "repair-loop"))
		memcpy(message, interface->message, sizeof(message)); /* said once */
	state_set_waiting(applying, interface, "repair-loop", 0, message);
}

/* The device was deleted, or the name taken, since we looked: no refusal, the next look shows what
 * to do. */
static bool step_was_overtaken(const struct vtap_step *step, int r)
{
	return (r == -ENODEV && step->kind != VTAP_STEP_CREATE) ||
	       (r == -EEXIST && step->kind == VTAP_STEP_RENAME);
}

static void step_run(
	struct applying *applying, struct vtap_interface *interface, const struct vtap_step *step)
{
	struct vtap_err err = VTAP_ERR_NULL;
	bool is_repair = step_is_repair(interface, step);
	int r;

	if (step->kind == VTAP_STEP_AWAIT) {
		step_await(applying, interface);
		return;
	}
	if (interface->is_awaiting)
		vtap_backoff_clear(
			&interface->backoff); /* the name is free: that is worth no delay */
	interface->is_awaiting = false;
	if (reason_is(interface, "interface-foreign") && step->kind != VTAP_STEP_FOREIGN)
		vtap_backoff_clear(&interface->backoff); /* so it is here */
	if (!vtap_backoff_is_due(&interface->backoff, applying->now_ns)) {
		if (interface->state == VTAP_STATE_READY) /* undone again, before its time */
			step_give_way(applying, interface, step);
		return;
	}
	if (step->kind == VTAP_STEP_FOREIGN) {
		step_foreign(applying, interface, step);
		return;
	}
	if (is_repair && !vtap_backoff_repair(&interface->backoff, applying->now_ns)) {
		step_give_way(applying, interface, step);
		return;
	}
	applying->n_steps++;
	r = step_apply(applying, interface, step, &err);
	applying->i_failed = r < 0 ? step->i_wish : applying->i_failed;
	if (r == DRESS_REFUSED || step_was_overtaken(step, r))
		return;
	if (r < 0) {
		refuse(applying, interface, r, &err);
		return;
	}
	if (is_repair)
		repaired(applying, interface, step->reason);
	else
		vtap_backoff_clear(&interface->backoff);
	if (step->kind != VTAP_STEP_RENAME) /* a SET may follow in this turn */
		interface->is_reconfigured = false;
	state_set_ready(applying, interface);
}

/* ---- a turn ---- */

static int wishes_copy(const struct vtap_interfaces *set, struct vtap_wish **ret_wishes)
{
	struct vtap_wish *wishes = calloc(set->n + 1, sizeof(*wishes));

	if (wishes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		wishes[i] = set->interface[i]->wish;
	*ret_wishes = wishes;
	return 0;
}

static int removals_keep(struct vtap_interfaces *set, const struct vtap_plan *plan)
{
	int *removal = calloc(plan->n + 1, sizeof(*removal));

	if (removal == NULL)
		return -ENOMEM;
	free(set->removal);
	set->removal = removal;
	set->n_removals = 0;
	for (size_t i = 0; i < plan->n; i++)
		if (plan->step[i].kind == VTAP_STEP_REMOVE)
			removal[set->n_removals++] = plan->step[i].index;
	return 0;
}

/* Removals that free a name which is wanted cannot wait for the end. Whose name stays taken waits;
 * the others go on. */
static void removals_unblock(struct applying *applying, const struct vtap_plan *plan)
{
	struct vtap_interfaces *set = applying->set;

	for (size_t i = 0; i < plan->n && plan->step[i].kind == VTAP_STEP_REMOVE; i++) {
		const struct vtap_step *step = &plan->step[i];
		struct vtap_interface *blocked = set_find(set, step->name);
		struct vtap_err err = VTAP_ERR_NULL;
		int r;

		if (blocked == NULL || !vtap_backoff_is_due(&blocked->backoff, applying->now_ns))
			continue;
		r = vtap_links_delete(set->nl, &step->index, 1, &err);
		if (r == 0) {
			applying->n_steps++;
			continue;
		}
		(void)vtap_err_add(&err, r, "remove the former %s", step->name);
		refuse(applying, blocked, r, &err);
	}
}

/* Interfaces that the plan says nothing about are as they should be. */
static void states_settle(struct applying *applying, const struct vtap_plan *plan)
{
	struct vtap_interfaces *set = applying->set;
	size_t i_step = 0;

	for (size_t i = 0; i < set->n; i++) {
		while (i_step < plan->n && (plan->step[i_step].kind == VTAP_STEP_REMOVE ||
						   plan->step[i_step].i_wish < i))
			i_step++;
		if ((i_step == plan->n || plan->step[i_step].i_wish != i) &&
			set->interface[i]->state != VTAP_STATE_READY)
			state_set_ready(applying, set->interface[i]);
		if (i_step == plan->n || plan->step[i_step].i_wish != i)
			set->interface[i]->is_reconfigured = set->interface[i]->is_awaiting = false;
	}
}

/* More than a handful of lines of one kind become one; who waits is named all the same. */
static void log_folded(const struct applying *applying)
{
	const struct vtap_interfaces *set = applying->set;
	char names[VTAP_ERR_MAX] = "";
	size_t used = 0;

	if (applying->n_repaired > FOLD_MIN)
		vtap_log(LOG_NOTICE, VTAP_EVENT_REPAIRED, NULL, "%u more interfaces repaired",
			applying->n_repaired - FOLD_MIN);
	if (applying->n_readied > FOLD_MIN)
		vtap_log(LOG_NOTICE, VTAP_EVENT_SESSION_READY, NULL, "%u more interfaces ready",
			applying->n_readied - FOLD_MIN);
	if (applying->n_put_off <= FOLD_MIN)
		return;
	for (size_t i = 0; i < set->n && used < sizeof(names); i++)
		if (set->interface[i]->state == VTAP_STATE_WAITING)
			used += (size_t)snprintf(names + used, sizeof(names) - used,
				" %s", /* cut is fine */
				set->interface[i]->sessions);
	vtap_log(LOG_WARNING, VTAP_EVENT_SESSION_WAITING, NULL, "%u more wait; waiting now:%s",
		applying->n_put_off - FOLD_MIN, names);
}

static void plan_apply(struct applying *applying, const struct vtap_plan *plan)
{
	struct vtap_interfaces *set = applying->set;
	size_t i = 0;

	for (; i < plan->n && applying->n_steps < STEPS_MAX; i++)
		if (plan->step[i].kind != VTAP_STEP_REMOVE &&
			plan->step[i].i_wish != applying->i_failed)
			step_run(applying, set->interface[plan->step[i].i_wish], &plan->step[i]);
	applying->turn->has_more = i < plan->n;
	applying->turn->is_unfinished = applying->turn->has_more || applying->n_steps > 0;
	log_folded(applying);
}

static uint64_t retry_first(const struct vtap_interfaces *set, uint64_t now_ns)
{
	uint64_t first_ns = UINT64_MAX;

	for (size_t i = 0; i < set->n; i++) {
		const struct vtap_interface *interface = set->interface[i];

		if (interface->state == VTAP_STATE_WAITING &&
			interface->backoff.retry_at_ns > now_ns &&
			interface->backoff.retry_at_ns < first_ns)
			first_ns = interface->backoff.retry_at_ns;
	}
	return first_ns;
}

/* Is the device with that index still the one behind our descriptor? An index may be given again.
 */
static bool held_is_there(const struct vtap_interfaces *set, const struct vtap_interface *interface,
	bool *ret_is_moving)
{
	const struct vtap_device *device =
		vtap_devices_find_index(&set->devices, interface->wish.held_index);
	char name[VTAP_TAP_NAME_MAX];

	if (device == NULL || !device->is_tap || vtap_tap_name(interface->fd, name) < 0)
		return false;
	if (strcmp(name, device->name) == 0)
		return true;
	*ret_is_moving =
		true; /* renamed since the look, or in another namespace and the index reused */
	return false;
}

/* Forget devices that were deleted. Return: did one of them change its name since the look? */
static bool held_check(struct vtap_interfaces *set)
{
	bool is_moving = false;

	for (size_t i = 0; i < set->n; i++) {
		struct vtap_interface *interface = set->interface[i];
		bool is_this_moving = false;

		if (interface->fd >= 0 && interface->wish.held_index != 0 &&
			!held_is_there(set, interface, &is_this_moving) && !is_this_moving)
			interface->wish.held_index = 0;
		interface->wish.was_held = interface->fd >= 0;
		is_moving = is_moving || is_this_moving;
	}
	return is_moving;
}

/* Look until nobody was renamed meanwhile. */
static int look(struct vtap_interfaces *set, struct vtap_err *err)
{
	bool is_moving = true;

	for (int i = 0; i < LOOKS_MAX && is_moving; i++) {
		struct vtap_devices devices = { 0 };
		int r = vtap_links_dump(set->nl, &devices, err);

		if (r < 0)
			return r;
		vtap_devices_done(&set->devices);
		set->devices = devices;
		is_moving = held_check(set);
	}
	for (size_t i = 0; i < set->n && is_moving; i++) {
		struct vtap_interface *interface = set->interface[i];

		/* it keeps its other name while we look: somebody moved it to another namespace */
		if (interface->wish.held_index != 0 && !held_is_there(set, interface, &is_moving))
			interface->wish.held_index = 0;
	}
	vtap_guards_note(&set->guards, &set->devices, vtap_clock_mono_ns());
	return 0;
}

static int look_and_plan(
	struct vtap_interfaces *set, struct vtap_plan *ret_plan, struct vtap_err *err)
{
	_auto_free struct vtap_wish *wishes = NULL;
	int r = look(set, err);

	if (r == 0)
		r = wishes_copy(set, &wishes);
	return r < 0 ? r : vtap_plan_make(wishes, set->n, &set->devices, ret_plan);
}

int vtap_interfaces_turn(struct vtap_interfaces *set, uint64_t now_ns, uint64_t noticed_ns,
	struct vtap_turn *ret_turn, struct vtap_err *err)
{
	struct vtap_turn turn = { 0 };
	struct applying applying = {
		.i_failed = SIZE_MAX,
		.set = set,
		.turn = &turn,
		.now_ns = now_ns,
		.noticed_ns = noticed_ns,
	};
	struct vtap_plan plan = { 0 };
	int r = look_and_plan(set, &plan, err);

	if (r == 0)
		r = removals_keep(set, &plan);
	if (r == 0) {
		removals_unblock(&applying, &plan);
		states_settle(&applying, &plan);
		plan_apply(&applying, &plan);
		turn.has_removals = set->n_removals > 0;
		turn.retry_at_ns = retry_first(set, now_ns);
		*ret_turn = turn;
	}
	vtap_plan_done(&plan);
	return r;
}

int vtap_interfaces_remove(struct vtap_interfaces *set, struct vtap_err *err)
{
	size_t n = set->n_removals;
	int r = n == 0 ? 0 : vtap_links_delete(set->nl, set->removal, n, err);

	if (r < 0)
		return r;
	set->n_removals = 0;
	return (int)n;
}
