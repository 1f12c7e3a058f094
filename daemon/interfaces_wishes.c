// SPDX-License-Identifier: Apache-2.0
/* What the configuration wants of each interface, and what of the former wish goes on in the new
 * one. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/interfaces_state.h"

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
static int interface_new(const struct vtap_conf *conf, const struct vtap_session *const *sessions,
	size_t n, struct vtap_interface **ret_interface)
{
	const struct vtap_target *target = &conf->targets[sessions[0]->i_target];
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
		.mode = target->mode,
		.mtu_bytes = sessions[0]->mtu_bytes,
		.uid = geteuid(),
		.gid = getegid(),
	};
	if (target->mode == VTAP_MODE_VXLAN) {
		interface->wish.vni = sessions[0]->vnis[0].first; /* the only one: config/check.c */
		interface->wish.port = target->port;
		interface->wish.family = sessions[0]->family;
	}
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
		vtap_interface_free(list->interface[i]);
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
		r = interface_new(
			conf, &sorted[first], i - first, &ret_list->interface[ret_list->n]);
		if (r < 0)
			return r;
		ret_list->n++;
		first = i;
	}
	return 0;
}

static bool tunnels_are_equal(const struct vtap_wish *a, const struct vtap_wish *b)
{
	return a->vni == b->vni && a->port == b->port && a->family == b->family;
}

/* What is known of an interface of that name goes on in the new one. A device of the other kind is
 * not its own any more: it is removed, and its descriptor given up. */
static void interface_continue(struct vtap_interface *fresh, struct vtap_interface *old)
{
	fresh->n_repairs = old->n_repairs;
	if (fresh->wish.mode != old->wish.mode) {
		fresh->is_reconfigured = true;
		return;
	}
	fresh->wish.held_index = old->wish.held_index;
	fresh->wish.was_held = old->wish.was_held;
	fresh->fd = vtap_steal_fd(&old->fd);
	fresh->state = old->state;
	fresh->reason = old->reason;
	memcpy(fresh->message, old->message, sizeof(fresh->message));
	fresh->backoff = old->backoff;
	fresh->is_given_way = old->is_given_way;
	fresh->is_loss_said = old->is_loss_said;
	fresh->is_untold = old->is_untold;
	fresh->is_shown = old->is_shown;
	fresh->backoff.retry_at_ns = 0; /* a reload is a reason to try at once */
	fresh->is_reconfigured = old->is_reconfigured ||
				 fresh->wish.mtu_bytes != old->wish.mtu_bytes ||
				 strcmp(fresh->wish.alias, old->wish.alias) != 0 ||
				 !tunnels_are_equal(&fresh->wish, &old->wish);
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
		struct vtap_interface *before =
			vtap_interfaces_seek(set, list.interface[i]->wish.name);

		if (before != NULL)
			interface_continue(list.interface[i], before);
	}
	for (size_t i = 0; i < n_old; i++)
		vtap_interfaces_give_up(set, &old[i]->fd); /* of those that nobody continues */
	set->interface = vtap_steal(&list.interface);
	set->n = list.n;
	list = (struct interface_list){ .interface = old, .n = n_old };
	return 0;
}
