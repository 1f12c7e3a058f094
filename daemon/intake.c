// SPDX-License-Identifier: Apache-2.0
#include "daemon/intake.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "config/value.h"
#include "daemon/conflict.h"
#include "daemon/health.h"
#include "daemon/log.h"
#include "datapath/receive.h"
#include "report/text_words.h"

/* Workers of `auto`: one for each CPU, but no more than this: sensors need the machine too. */
#define WORKERS_AUTO_MAX 4

/* Socket buffer of `auto`: about 20 ms of 1,500-byte packets at 10 Gbit/s. */
#define BUFFER_AUTO_BYTES (32ULL << 20)

/* Underlays that were seen once, remembered to say for how long they were gone. */
#define UNDERLAYS_MAX VTAP_SLOTS_MAX

/* Between two lines about drops of one target. */
#define DROPS_REPORT_NS (60 * VTAP_NS_PER_S)

static_assert(VTAP_WORKERS_MAX == VTAP_SLOTS_MAX,
	"a configuration and the datapath count the same workers");

/** struct desk - a socket, and the worker at it once there is a table */
struct desk {
	bool is_open;
	bool is_kept; /* by the update that is going on */
	uint16_t port;
	int device_index; /* 0: not bound to an interface */
	uint64_t buffer_bytes;
	int socket_fd;   /* until the worker has it */
	uint64_t cookie; /* by which the store knows the socket; 0: it does not any more */
	bool has_left;   /* outside its group, or on the way: only holds what it held */
	struct vtap_worker *worker;
	uint32_t last_drops; /* SO_MEMINFO, modulo 2^32 */
};

/** struct underlay - an interface that sockets are or were bound to */
struct underlay {
	char name[VTAP_IFNAME_MAX];
	int index;        /* 0: gone */
	uint64_t gone_ns; /* since */
};

struct vtap_intake {
	char name[VTAP_NAME_MAX];
	struct vtap_store *store; /* borrowed */
	struct vtap_slot slot[VTAP_SLOTS_COUNT];
	struct desk desk[VTAP_SLOTS_MAX];
	struct vtap_publication publication;
	struct underlay underlay[UNDERLAYS_MAX];
	size_t n_underlays;

	bool has_surplus; /* sockets are open that the last update did not keep */
	uint64_t n_socket_drops;
	uint64_t reported_ns;      /* the last line about drops, 0: none in the last minute */
	uint64_t n_reported_drops; /* up to that line */
	uint64_t n_reported_received;
	struct vtap_trend trend[VTAP_VERDICT_COUNT];
	struct vtap_intake_paths paths;
	enum vtap_state state;
	const char *reason;
	char message[VTAP_ERR_MAX];
	struct vtap_backoff backoff;
};

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

/* ---- desks ---- */

static int desk_socket(const struct desk *desk)
{
	return desk->worker != NULL ? vtap_worker_socket(desk->worker) : desk->socket_fd;
}

static void desk_count_drops(struct vtap_intake *intake, struct desk *desk, uint32_t drops)
{
	intake->n_socket_drops +=
		(uint32_t)(drops - desk->last_drops); /* modulo 2^32, as the kernel counts */
	if (drops != desk->last_drops && desk->cookie != 0)
		vtap_store_note_drops(intake->store, desk->cookie, drops);
	desk->last_drops = drops;
}

/* What is left of a socket is read; ends once its worker has. @is_kept: the store keeps the socket
 * for the process after us. */
static void desk_ask(struct vtap_intake *intake, struct desk *desk, bool is_kept)
{
	if (!is_kept && desk->cookie != 0) {
		vtap_store_remove(intake->store, desk->cookie);
		desk->cookie = 0;
	}
	if (desk->worker != NULL)
		vtap_worker_ask(desk->worker, is_kept);
}

static bool desk_is_over(const struct desk *desk)
{
	return desk->worker == NULL || vtap_worker_is_over(desk->worker);
}

/* After desk_ask(); waits for the worker. */
static void desk_end(struct vtap_intake *intake, struct desk *desk)
{
	uint32_t drops = desk->last_drops;

	if (desk->worker != NULL)
		vtap_worker_end(desk->worker, &drops);
	else
		(void)vtap_socket_drops(desk->socket_fd, &drops); /* refused: none are added */
	desk_count_drops(intake, desk, drops);
	(void)vtap_fd_close(desk->socket_fd);
	*desk = (struct desk){ .socket_fd = -1 };
}

bool vtap_intake_has_port(const struct vtap_intake *intake, uint16_t port)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].is_open && intake->desk[i].port == port)
			return true;
	return false;
}

bool vtap_intake_hears(const struct vtap_intake *intake, uint16_t port, int interface_index)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++) {
		const struct desk *desk = &intake->desk[i];

		if (desk->is_open && !desk->has_left && desk->port == port &&
			(desk->device_index == 0 || desk->device_index == interface_index))
			return true;
	}
	return false;
}

static int desk_open(struct vtap_intake *intake, struct desk *desk,
	const struct vtap_socket_spec *spec, int device_index, struct vtap_err *err)
{
	struct vtap_slot *slot = &intake->slot[desk - intake->desk];
	int r = slot->unknown == NULL ? vtap_slot_init(slot) : 0;

	if (r == 0)
		r = vtap_socket_open(spec, &desk->socket_fd, err);
	if (r < 0)
		return r;
	desk->cookie = vtap_store_put(intake->store, desk->socket_fd);
	desk->is_open = desk->is_kept = true;
	desk->port = spec->port;
	desk->device_index = device_index;
	desk->buffer_bytes = spec->buffer_bytes;
	return 0;
}

static int desk_start(struct vtap_intake *intake, struct desk *desk, struct vtap_err *err)
{
	const struct vtap_worker_spec spec = {
		.socket_fd = desk->socket_fd,
		.i_slot = (unsigned)(desk - intake->desk),
		.slot = &intake->slot[desk - intake->desk],
		.publication = &intake->publication,
	};

	int r;

	desk->socket_fd = -1; /* taken, also on failure */
	r = vtap_worker_start(&spec, &desk->worker, err);
	if (r < 0) {
		vtap_store_remove(intake->store, desk->cookie);
		*desk = (struct desk){ .socket_fd = -1 };
	}
	return r;
}

/* Workers for sockets that have none yet, once there is a table. Return: 0, or how one was refused.
 */
static int desks_start(struct vtap_intake *intake, struct vtap_err *err)
{
	int r = 0;

	for (int i = 0; i < VTAP_SLOTS_MAX && vtap_intake_table(intake) != NULL && r == 0; i++)
		if (intake->desk[i].is_open && intake->desk[i].worker == NULL)
			r = desk_start(intake, &intake->desk[i], err);
	return r;
}

static struct desk *desk_find_free(struct vtap_intake *intake)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (!intake->desk[i].is_open)
			return &intake->desk[i];
	return NULL;
}

/* What was not kept is read empty by its worker, and closed when that is done: nobody waits for it
 * here. Sockets that came back from the store wait for the first table, and so for their worker. */
static void desks_close_unkept(struct vtap_intake *intake)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++) {
		struct desk *desk = &intake->desk[i];

		if (!desk->is_open || desk->is_kept ||
			(desk->worker == NULL && vtap_intake_table(intake) == NULL))
			continue;
		desk->has_left = true; /* no update may take it up again */
		desk_ask(intake, desk, false);
		if (desk_is_over(desk))
			desk_end(intake, desk);
	}
}

static bool has_unkept(const struct vtap_intake *intake)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].is_open && !intake->desk[i].is_kept)
			return true;
	return false;
}

bool vtap_intake_has_surplus(const struct vtap_intake *intake)
{
	return intake->has_surplus;
}

void vtap_intake_free(struct vtap_intake *intake, bool keeps_sockets)
{
	if (intake == NULL)
		return;
	for (int i = 0; i < VTAP_SLOTS_MAX; i++) /* all are asked before one is waited for */
		if (intake->desk[i].is_open)
			desk_ask(intake, &intake->desk[i],
				keeps_sockets && !intake->desk[i].has_left);
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].is_open)
			desk_end(intake, &intake->desk[i]);
	for (int i = 0; i < VTAP_SLOTS_COUNT; i++)
		vtap_slot_done(&intake->slot[i]);
	free(intake);
}

/* ---- underlays ---- */

static struct underlay *underlay_find(struct vtap_intake *intake, const char *name)
{
	for (size_t i = 0; i < intake->n_underlays; i++)
		if (strcmp(intake->underlay[i].name, name) == 0)
			return &intake->underlay[i];
	return NULL;
}

/* A free entry, else that of the one that is gone longest; NULL when all are there. */
static struct underlay *underlay_make_room(struct vtap_intake *intake)
{
	struct underlay *oldest = NULL;

	if (intake->n_underlays < UNDERLAYS_MAX)
		return &intake->underlay[intake->n_underlays++];
	for (size_t i = 0; i < intake->n_underlays; i++) {
		struct underlay *underlay = &intake->underlay[i];

		if (underlay->index == 0 && (oldest == NULL || underlay->gone_ns < oldest->gone_ns))
			oldest = underlay;
	}
	return oldest;
}

static void underlay_came(
	struct vtap_intake *intake, const struct vtap_device *device, uint64_t now_ns)
{
	struct underlay *underlay = underlay_find(intake, device->name);

	if (underlay == NULL) {
		underlay = underlay_make_room(intake);
		if (underlay == NULL)
			return; /* as many as there can be sockets are there: it gets none */
		*underlay = (struct underlay){ .index = device->index };
		memcpy(underlay->name, device->name, sizeof(underlay->name));
		return;
	}
	if (underlay->index == 0)
		vtap_log(LOG_NOTICE, VTAP_EVENT_UNDERLAY,
			&(struct vtap_log_context){
				.target = intake->name, .interface = underlay->name },
			"%s: back after %.0f s", underlay->name,
			(double)(now_ns - underlay->gone_ns) / (double)VTAP_NS_PER_S);
	underlay->index = device->index;
}

/* Those that the configuration does not name any more. */
static void underlays_forget(struct vtap_intake *intake, const struct vtap_target *target)
{
	size_t n = 0;

	for (size_t i = 0; i < intake->n_underlays; i++)
		if (vtap_target_names(target, intake->underlay[i].name))
			intake->underlay[n++] = intake->underlay[i];
	intake->n_underlays = n;
}

static void underlays_note_gone(struct vtap_intake *intake, const struct vtap_devices *devices,
	size_t n_sessions, uint64_t now_ns)
{
	for (size_t i = 0; i < intake->n_underlays; i++) {
		struct underlay *underlay = &intake->underlay[i];
		const struct vtap_device *device =
			underlay->index != 0 ? vtap_devices_find_index(devices, underlay->index)
					     : NULL;

		if (underlay->index == 0 ||
			(device != NULL && strcmp(device->name, underlay->name) == 0))
			continue;
		underlay->index = 0;
		underlay->gone_ns = now_ns;
		vtap_log(LOG_WARNING, VTAP_EVENT_UNDERLAY,
			&(struct vtap_log_context){
				.target = intake->name, .interface = underlay->name },
			"%s: gone; %zu %s nothing from it, waiting for it", underlay->name,
			n_sessions, n_sessions == 1 ? "session gets" : "sessions get");
	}
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

/* The desks of one underlay (or of all, with index 0): keep the first n, open what is missing. */
static void update_underlay(struct update *update, const char *device, int index)
{
	struct vtap_intake *intake = update->intake;
	const struct vtap_socket_spec spec = {
		.port = update->target->port,
		.device = device,
		.buffer_bytes = update->buffer_bytes,
	};
	struct vtap_err err = VTAP_ERR_NULL;
	unsigned n = 0;
	int r;

	update->n_found++;
	for (int i = 0; i < VTAP_SLOTS_MAX && n < update->n_workers; i++) {
		struct desk *desk = &intake->desk[i];

		if (!desk->is_open || desk->port != spec.port || desk->device_index != index ||
			desk->has_left)
			continue;
		desk->is_kept = true;
		n++;
		if (desk->buffer_bytes != spec.buffer_bytes &&
			vtap_socket_set_buffer(desk_socket(desk), spec.buffer_bytes) == 0)
			desk->buffer_bytes = spec.buffer_bytes;
	}
	while (n < update->n_workers) {
		struct desk *desk = desk_find_free(intake);

		if (desk == NULL) {
			update->is_short = true; /* 16 in all is documented */
			break;
		}
		r = update->is_port_ours ? 0 : vtap_socket_is_free(&spec, &err);
		if (r == 0)
			r = desk_open(intake, desk, &spec, index, &err);
		if (r < 0) { /* the other underlays go on */
			update->error = r;
			update->err = err;
			break;
		}
		update->is_port_ours = true;
		n++;
	}
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
		underlay_came(update->intake, device, now_ns);
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
		struct desk *desk = desk_find_free(intake);
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
		*desk = (struct desk){
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
		state_wait(intake, "socket-refused", update->error, "%s", update->err.text);
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

static void update_start(struct update *update)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int r = desks_start(update->intake, &err);

	if (r == 0)
		return;
	update->error = r;
	update->err = err;
}

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
	underlays_forget(intake, target);
	underlays_note_gone(intake, devices, n_sessions, now_ns);
	if (target->n_underlays > 0)
		update_share(&update, devices);
	update_underlays(&update, devices, now_ns);
	update_start(&update);
	/* without a socket that works the former port is better than none */
	intake->has_surplus = (update.n_kept > 0 || update.error == 0) && has_unkept(intake);
	update.is_short = update.is_short && !intake->has_surplus; /* room is being made */
	state_set(&update, devices, now_ns);
}

void vtap_intake_close_surplus(struct vtap_intake *intake)
{
	if (!intake->has_surplus)
		return;
	desks_close_unkept(intake);
	intake->has_surplus = has_unkept(intake);
}

/* ---- tables and counters ---- */

const struct vtap_table *vtap_intake_table(const struct vtap_intake *intake)
{
	return atomic_load_explicit(
		&intake->publication.table, memory_order_relaxed); /* main's own writes */
}

const struct vtap_table *vtap_intake_publish(
	struct vtap_intake *intake, const struct vtap_table *table)
{
	/* seq_cst: see table_borrow() in datapath/worker.c */
	const struct vtap_table *former =
		atomic_exchange_explicit(&intake->publication.table, table, memory_order_seq_cst);

	(void)desks_start(intake, NULL); /* refused: the next update says so */
	return former;
}

bool vtap_intake_uses(const struct vtap_intake *intake, const struct vtap_table *table)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].worker != NULL &&
			vtap_worker_uses(intake->desk[i].worker, table))
			return true;
	return false;
}

static uint64_t desk_buffer(const struct vtap_intake *intake)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].is_open)
			return intake->desk[i].buffer_bytes;
	return 0;
}

void vtap_intake_report_drops(struct vtap_intake *intake, uint64_t now_ns)
{
	struct vtap_totals totals;
	uint64_t n_drops, n_received;
	char buffer[24];

	if (now_ns - intake->reported_ns < DROPS_REPORT_NS && intake->reported_ns != 0)
		return;
	vtap_intake_read(intake, &totals);
	n_drops = totals.verdicts[VTAP_VERDICT_SOCKET_FULL] - intake->n_reported_drops;
	n_received = totals.received - intake->n_reported_received;
	intake->n_reported_received = totals.received; /* so that a share is of the time since */
	if (n_drops == 0) {
		intake->reported_ns = 0;
		return;
	}
	intake->n_reported_drops += n_drops;
	intake->reported_ns = now_ns;
	vtap_log(LOG_WARNING, VTAP_EVENT_DROPS,
		&(struct vtap_log_context){ .target = intake->name, .because = "socket-drops" },
		"socket-full: target %s dropped %s (%.2f %%); a larger receive-buffer "
		"helps, now %s",
		intake->name, vtap_text_counted(n_drops, "packet").text,
		100.0 * (double)n_drops / (double)n_received,
		vtap_value_format_size(desk_buffer(intake), buffer, sizeof(buffer)));
}

void vtap_intake_read(struct vtap_intake *intake, struct vtap_totals *ret_totals)
{
	struct vtap_totals totals = { 0 };
	uint32_t drops;

	for (int i = 0; i < VTAP_SLOTS_COUNT; i++)
		vtap_slot_add(&intake->slot[i], &totals);
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].is_open &&
			vtap_socket_drops(desk_socket(&intake->desk[i]), &drops) == 0)
			desk_count_drops(intake, &intake->desk[i], drops);
	totals.verdicts[VTAP_VERDICT_SOCKET_FULL] += intake->n_socket_drops;
	totals.received += intake->n_socket_drops;
	*ret_totals = totals;
}

struct vtap_trend *vtap_intake_trends(struct vtap_intake *intake)
{
	return intake->trend;
}

struct vtap_intake_paths *vtap_intake_paths(struct vtap_intake *intake)
{
	return &intake->paths;
}

uint16_t vtap_intake_port(const struct vtap_intake *intake)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].is_open && !intake->desk[i].has_left)
			return intake->desk[i].port;
	return 0;
}

const struct vtap_slot *vtap_intake_slot(const struct vtap_intake *intake, unsigned i)
{
	return intake->slot[i].unknown != NULL ? &intake->slot[i] : NULL;
}

struct vtap_slot *vtap_intake_fast_slot(struct vtap_intake *intake)
{
	struct vtap_slot *slot = &intake->slot[VTAP_SLOT_FAST];

	return slot->unknown != NULL || vtap_slot_init(slot) == 0 ? slot : NULL;
}

const char *vtap_intake_name(const struct vtap_intake *intake)
{
	return intake->name;
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

unsigned vtap_intake_n_stalled(const struct vtap_intake *intake, uint64_t now_ns)
{
	unsigned n = 0;

	for (int i = 0; i < VTAP_SLOTS_MAX; i++) {
		uint64_t beat_ns = intake->desk[i].worker != NULL
					   ? vtap_worker_beat_ns(intake->desk[i].worker)
					   : now_ns;

		n += now_ns > beat_ns && now_ns - beat_ns > VTAP_HEALTH_STALL_NS;
	}
	return n;
}

static const char *bound_name(const struct vtap_intake *intake, int device_index)
{
	if (device_index == 0)
		return "any";
	for (size_t i = 0; i < intake->n_underlays; i++)
		if (intake->underlay[i].index == device_index)
			return intake->underlay[i].name;
	return NULL;
}

const char **vtap_intake_bound(const struct vtap_intake *intake, size_t *ret_n)
{
	const char **names = calloc(VTAP_SLOTS_MAX, sizeof(*names));
	size_t n = 0;

	for (int i = 0; i < VTAP_SLOTS_MAX && names != NULL; i++) {
		const char *name = intake->desk[i].is_open
					   ? bound_name(intake, intake->desk[i].device_index)
					   : NULL;
		bool is_listed = name == NULL;

		for (size_t j = 0; j < n; j++)
			is_listed = is_listed || strcmp(names[j], name) == 0;
		if (!is_listed)
			names[n++] = name;
	}
	*ret_n = n;
	return names;
}

static bool is_there(const struct vtap_intake *intake, const char *name)
{
	for (size_t i = 0; i < intake->n_underlays; i++)
		if (intake->underlay[i].index != 0 && strcmp(intake->underlay[i].name, name) == 0)
			return true;
	return false;
}

const char **vtap_intake_missing(
	const struct vtap_intake *intake, const struct vtap_target *target, size_t *ret_n)
{
	const char **names = calloc(target->n_underlays + 1, sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; i < target->n_underlays && names != NULL; i++)
		if (!vtap_conf_is_glob(target->underlays[i]) &&
			!is_there(intake, target->underlays[i]))
			names[n++] = target->underlays[i];
	*ret_n = n;
	return names;
}
