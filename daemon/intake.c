// SPDX-License-Identifier: Apache-2.0
#include "daemon/intake.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "daemon/conflict.h"
#include "daemon/intake_state.h"
#include "daemon/log.h"

/* Workers of `auto`: one for each CPU, but no more than this: sensors need the machine too. */
#define WORKERS_AUTO_MAX 4

/* Socket buffer of `auto`: about 20 ms of 1,500-byte packets at 10 Gbit/s. */
#define BUFFER_AUTO_BYTES (32ULL << 20)

int vtap_intake_new(const char *name, struct vtap_store *store, struct vtap_intake **ret_intake)
{
	struct vtap_intake *intake = aligned_alloc(VTAP_CACHE_LINE_BYTES, sizeof(*intake));

	if (intake == NULL)
		return -ENOMEM;
	memset(intake, 0, sizeof(*intake));
	intake->store = store;
	(void)snprintf(intake->name, sizeof(intake->name), "%s", name); /* same size */
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		intake->desk[i].socket_fd = -1;
	intake->state = VTAP_STATE_WAITING;
	*ret_intake = intake;
	return 0;
}

void vtap_intake_free(struct vtap_intake *intake, bool keeps_sockets)
{
	if (intake == NULL)
		return;
	vtap_desks_end(intake, keeps_sockets);
	for (int i = 0; i < VTAP_SLOTS_COUNT; i++)
		vtap_slot_done(&intake->slot[i]);
	free(intake);
}

const char *vtap_intake_name(const struct vtap_intake *intake)
{
	return intake->name;
}

/* ---- an update ---- */

struct update {
	struct vtap_intake *intake;
	const struct vtap_target *target;
	unsigned n_workers; /* of each underlay */
	uint64_t buffer_bytes;
	unsigned n_found;  /* underlays */
	unsigned n_kept;   /* sockets that are as they should be */
	bool is_port_ours; /* sockets of ours share it: who else might is not asked */
	bool is_short;     /* no desk was free: those that are closed first make room */
	int error;         /* of the last underlay that was refused, or 0 */
	struct vtap_err err;
};

static unsigned workers_of(const struct vtap_target *target)
{
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (target->mode == VTAP_MODE_VXLAN)
		return 0; /* the kernel's devices have the port */
	if (target->workers != VTAP_AUTO)
		return target->workers;
	return n_cpus < 1 ? 1 : n_cpus > WORKERS_AUTO_MAX ? WORKERS_AUTO_MAX : (unsigned)n_cpus;
}

/* The first desks of an underlay that are as they should be, as many as are wanted. Return: how
 * many.
 */
static unsigned desks_keep(
	struct vtap_intake *intake, const struct vtap_socket_spec *spec, int index, unsigned n_max)
{
	unsigned n = 0;

	for (int i = 0; i < VTAP_SLOTS_MAX && n < n_max; i++) {
		struct vtap_desk *desk = &intake->desk[i];

		if (!desk->is_open || desk->port != spec->port || desk->device_index != index ||
			desk->has_left)
			continue;
		desk->is_kept = true;
		n++;
		if (desk->buffer_bytes != spec->buffer_bytes &&
			vtap_socket_set_buffer(vtap_desk_socket(desk), spec->buffer_bytes) == 0)
			desk->buffer_bytes = spec->buffer_bytes;
	}
	return n;
}

/* One more desk of an underlay. Return: is it open? If not, the update has the reason. */
static bool desk_add(struct update *update, const struct vtap_socket_spec *spec, int index)
{
	struct vtap_desk *desk = vtap_desk_find_free(update->intake);
	struct vtap_err err = VTAP_ERR_NULL;
	int r;

	if (desk == NULL) {
		update->is_short = true; /* 16 in all is documented */
		return false;
	}
	r = update->is_port_ours ? 0 : vtap_socket_is_free(spec, &err);
	if (r == 0)
		r = vtap_desk_open(update->intake, desk, spec, index, &err);
	if (r < 0) { /* the other underlays go on */
		update->error = r;
		update->err = err;
		return false;
	}
	update->is_port_ours = true;
	return true;
}

/* The desks of one underlay (or of all, with index 0): keep the first n, open what is missing. */
static void update_underlay(struct update *update, const char *device, int index)
{
	const struct vtap_socket_spec spec = {
		.port = update->target->port,
		.device = device,
		.buffer_bytes = update->buffer_bytes,
	};
	unsigned n = desks_keep(update->intake, &spec, index, update->n_workers);

	update->n_found++;
	while (n < update->n_workers && desk_add(update, &spec, index))
		n++;
	update->n_kept += n;
}

static bool is_underlay(const struct vtap_target *target, const struct vtap_device *device)
{
	return vtap_target_names(target, device->name) && !vtap_device_is_ours(device);
}

/* 16 workers in all are documented: where globs find many interfaces, each gets fewer, but at least
 * one. */
static void update_share(struct update *update, const struct vtap_devices *devices)
{
	unsigned n = 0;

	for (size_t i = 0; i < devices->n; i++)
		n += is_underlay(update->target, &devices->device[i]);
	if (n * update->n_workers > VTAP_SLOTS_MAX)
		update->n_workers = n < VTAP_SLOTS_MAX ? VTAP_SLOTS_MAX / n : 1;
}

static void update_underlays(
	struct update *update, const struct vtap_devices *devices, uint64_t now_ns)
{
	if (update->target->n_underlays == 0) {
		update_underlay(update, NULL, 0);
		return;
	}
	for (size_t i = 0; i < devices->n; i++) {
		const struct vtap_device *device = &devices->device[i];

		if (!is_underlay(update->target, device))
			continue;
		vtap_bound_came(update->intake, device, now_ns);
		update_underlay(update, device->name, device->index);
	}
}

/* A socket that came back: of this target, unless it is bound to an interface of another one. */
static bool stored_fits(const struct vtap_target *target, const struct vtap_stored *stored,
	const struct vtap_devices *devices)
{
	const struct vtap_device *device =
		stored->device_index > 0 ? vtap_devices_find_index(devices, stored->device_index)
					 : NULL;

	return target->n_underlays == 0 || device == NULL ||
	       vtap_target_names(target, device->name);
}

/* What came back from the store sits down at free desks. Which of them stay is seen afterwards; the
 * others are read empty and closed. */
static void desks_adopt(struct vtap_intake *intake, const struct vtap_target *target,
	const struct vtap_devices *devices)
{
	struct vtap_stored stored;
	size_t i = 0;

	while (vtap_store_find(intake->store, target->port, &i, &stored)) {
		struct vtap_desk *desk = vtap_desk_find_free(intake);
		struct vtap_slot *slot;

		if (!stored_fits(target, &stored, devices)) {
			i++;
			continue;
		}
		if (desk == NULL)
			return;
		slot = &intake->slot[desk - intake->desk];
		if (slot->unknown == NULL && vtap_slot_init(slot) < 0)
			return; /* no memory: the rest is closed, see vtap_store_clear() */
		vtap_store_take(intake->store, i);
		*desk = (struct vtap_desk){
			.is_open = true,
			.port = stored.port,
			.device_index = stored.device_index,
			.socket_fd = stored.fd,
			.cookie = stored.cookie,
			.has_left = stored.has_left,
			.last_drops = vtap_store_drops(intake->store, stored.cookie),
		};
	}
}

static void update_start(struct update *update)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int r = vtap_desks_start(update->intake, &err);

	if (r == 0)
		return;
	update->error = r;
	update->err = err;
}

/* ---- how it stands ---- */

static void state_wait(struct vtap_intake *intake, const char *reason, int error, const char *fmt,
	...) VTAP_PRINTF(4, 5);

static void state_wait(
	struct vtap_intake *intake, const char *reason, int error, const char *fmt, ...)
{
	char message[VTAP_ERR_MAX];
	bool is_new;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args); /* cut is harmless */
	va_end(args);
	vtap_text_make_printable(message); /* names of interfaces may hold any bytes */
	is_new = intake->reason == NULL || strcmp(intake->reason, reason) != 0 ||
		 strcmp(intake->message, message) != 0;
	intake->state = VTAP_STATE_WAITING;
	intake->reason = reason;
	memcpy(intake->message, message, sizeof(message));
	if (is_new)
		vtap_log(vtap_log_priority(reason), VTAP_EVENT_TARGET_WAITING,
			&(struct vtap_log_context){
				.target = intake->name, .error = error, .condition = reason },
			"target %s: waiting, %s", intake->name, message);
}

static void state_wait_for_port(struct update *update, const struct vtap_devices *devices)
{
	uint16_t former_port = vtap_intake_port(update->intake);
	char former[48] = "", conflict[VTAP_ERR_MAX];

	if (former_port != 0 && former_port != update->target->port)
		(void)snprintf(former, sizeof(former), "; UDP port %u stays open until then",
			former_port); /* fits */
	vtap_conflict_port(devices, update->target->port, NULL, conflict);
	state_wait(update->intake, "port-taken", update->error, "%s%s", conflict, former);
}

static void state_wait_for_underlay(struct update *update)
{
	const struct vtap_target *target = update->target;
	char names[VTAP_ERR_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < target->n_underlays && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used,
			"%s%s", /* cut is fine */
			i > 0 ? ", " : "", target->underlays[i]);
	state_wait(update->intake, "underlay-missing", 0, "%s%s %s%s",
		target->n_underlays > 1 ? "none of " : "", names,
		target->n_underlays > 1 ? "is there" : "is not there",
		target->mode == VTAP_MODE_VXLAN
			? "; what comes in elsewhere is shown, and may be merged"
			: "");
}

static void state_set(struct update *update, const struct vtap_devices *devices, uint64_t now_ns)
{
	struct vtap_intake *intake = update->intake;

	if (update->error < 0 && vtap_backoff_is_due(&intake->backoff, now_ns))
		vtap_backoff_delay(&intake->backoff, now_ns);
	if (update->error == -EADDRINUSE) {
		state_wait_for_port(update, devices);
	} else if (update->error < 0) {
		state_wait(intake, "socket-refused", update->error, "%s",
			vtap_err_text(&update->err, update->error));
	} else if (update->is_short) {
		state_wait(intake, "socket-refused", 0,
			"more than %d interfaces are underlays; name fewer", VTAP_SLOTS_MAX);
	} else if (update->n_found == 0) {
		vtap_backoff_clear(&intake->backoff); /* news tells when it comes */
		state_wait_for_underlay(update);
	} else {
		if (intake->reason != NULL)
			vtap_log(LOG_NOTICE, VTAP_EVENT_TARGET_READY,
				&(struct vtap_log_context){
					.target = intake->name, .because = intake->reason },
				"target %s: ready, UDP port %u", intake->name,
				update->target->port);
		vtap_backoff_clear(&intake->backoff);
		intake->state = VTAP_STATE_READY;
		intake->reason = NULL;
		intake->message[0] = '\0';
	}
}

void vtap_intake_status(const struct vtap_intake *intake, struct vtap_intake_status *ret_status)
{
	*ret_status = (struct vtap_intake_status){
		.state = intake->state,
		.reason = intake->reason,
		.message = intake->reason != NULL ? intake->message : NULL,
		.retry_at_ns =
			intake->backoff.retry_at_ns != 0 ? intake->backoff.retry_at_ns : UINT64_MAX,
	};
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		ret_status->n_workers += intake->desk[i].worker != NULL &&
					 !intake->desk[i].has_left; /* those on the way out */
}

/* ---- both ---- */

void vtap_intake_update(struct vtap_intake *intake, const struct vtap_target *target,
	const struct vtap_devices *devices, size_t n_sessions, bool is_port_ours, uint64_t now_ns)
{
	struct update update = {
		.intake = intake,
		.target = target,
		.n_workers = workers_of(target),
		.buffer_bytes = target->receive_buffer_bytes != VTAP_AUTO
					? target->receive_buffer_bytes
					: BUFFER_AUTO_BYTES,
	};

	desks_adopt(intake, target, devices);
	update.is_port_ours = is_port_ours || vtap_intake_has_port(intake, target->port);
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		intake->desk[i].is_kept = false;
	vtap_bounds_forget(intake, target);
	vtap_bounds_note_gone(intake, devices, n_sessions, now_ns);
	if (target->n_underlays > 0)
		update_share(&update, devices);
	update_underlays(&update, devices, now_ns);
	update_start(&update);
	/* without a socket that works the former port is better than none */
	intake->has_surplus =
		(update.n_kept > 0 || update.error == 0) && vtap_desks_have_unkept(intake);
	update.is_short = update.is_short && !intake->has_surplus; /* room is being made */
	state_set(&update, devices, now_ns);
}
