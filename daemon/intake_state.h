/* SPDX-License-Identifier: Apache-2.0 */
/* The state behind daemon/intake.h, for the files that share it: intake.c opens what a target wants
 * and knows how it stands, intake_desks.c has sockets and workers, intake_underlays.c their
 * interfaces, intake_count.c the counters. */
#pragma once

#include <assert.h>

#include "daemon/intake.h"
#include "datapath/receive.h"
#include "model/ifname.h"

/** VTAP_BOUNDS_MAX - underlays that were seen once, remembered to say for how long they were gone
 */
#define VTAP_BOUNDS_MAX VTAP_SLOTS_MAX

static_assert(VTAP_WORKERS_MAX == VTAP_SLOTS_MAX,
	"a configuration and the datapath count the same workers");

/** struct vtap_desk - a socket, and the worker at it once there is a table */
struct vtap_desk {
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

/** struct vtap_bound - an interface that sockets are or were bound to */
struct vtap_bound {
	char name[VTAP_IFNAME_MAX];
	int index;        /* 0: gone */
	uint64_t gone_ns; /* since */
};

struct vtap_intake {
	char name[VTAP_NAME_MAX];
	struct vtap_store *store; /* borrowed */
	struct vtap_slot slot[VTAP_SLOTS_COUNT];
	struct vtap_desk desk[VTAP_SLOTS_MAX];
	struct vtap_publication publication;
	struct vtap_bound underlay[VTAP_BOUNDS_MAX];
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

/** vtap_desk_socket() - borrowed, from its worker if that has it */
int vtap_desk_socket(const struct vtap_desk *desk);

/** vtap_desk_count_drops() - @drops: as the kernel tells them of the socket, modulo 2^32 */
void vtap_desk_count_drops(struct vtap_intake *intake, struct vtap_desk *desk, uint32_t drops);

/** vtap_desk_find_free() - one without a socket, or NULL */
struct vtap_desk *vtap_desk_find_free(struct vtap_intake *intake);

/** vtap_desk_open() - a free one gets its socket, to be kept by the update that is going on.
 * @device_index is that of spec->device, or 0. Return: 0 or negative errno. */
int vtap_desk_open(struct vtap_intake *intake, struct vtap_desk *desk,
	const struct vtap_socket_spec *spec, int device_index, struct vtap_err *err);

/** vtap_desks_start() - workers for sockets that have none yet, once there is a table. Return: 0,
 * or how one was refused: that socket is closed. */
int vtap_desks_start(struct vtap_intake *intake, struct vtap_err *err);

/** vtap_desks_have_unkept() - is a socket open that the last update did not keep? */
bool vtap_desks_have_unkept(const struct vtap_intake *intake);

/** vtap_desks_end() - read all sockets empty and close them; with @keeps_sockets the store has them
 * on. Waits for the workers. */
void vtap_desks_end(struct vtap_intake *intake, bool keeps_sockets);

/** vtap_bound_came() - a device that is an underlay is there: remembered, and told if it was gone
 */
void vtap_bound_came(struct vtap_intake *intake, const struct vtap_device *device, uint64_t now_ns);

/** vtap_bounds_forget() - those that the configuration does not name any more */
void vtap_bounds_forget(struct vtap_intake *intake, const struct vtap_target *target);

/** vtap_bounds_note_gone() - of those that were there; told, with how many sessions it concerns */
void vtap_bounds_note_gone(struct vtap_intake *intake, const struct vtap_devices *devices,
	size_t n_sessions, uint64_t now_ns);
