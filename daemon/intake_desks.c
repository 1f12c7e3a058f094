// SPDX-License-Identifier: Apache-2.0
/* The sockets of an intake and the workers at them, and the table that these go by. */
#include "daemon/health.h"
#include "daemon/intake_state.h"

int vtap_desk_socket(const struct vtap_desk *desk)
{
	return desk->worker != NULL ? vtap_worker_socket(desk->worker) : desk->socket_fd;
}

void vtap_desk_count_drops(struct vtap_intake *intake, struct vtap_desk *desk, uint32_t drops)
{
	intake->n_socket_drops +=
		(uint32_t)(drops - desk->last_drops); /* modulo 2^32, as the kernel counts */
	if (drops != desk->last_drops && desk->cookie != 0)
		vtap_store_note_drops(intake->store, desk->cookie, drops);
	desk->last_drops = drops;
}

int vtap_desk_open(struct vtap_intake *intake, struct vtap_desk *desk,
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

static int desk_start(struct vtap_intake *intake, struct vtap_desk *desk, struct vtap_err *err)
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
		*desk = (struct vtap_desk){ .socket_fd = -1 };
	}
	return r;
}

int vtap_desks_start(struct vtap_intake *intake, struct vtap_err *err)
{
	int r = 0;

	for (int i = 0; i < VTAP_SLOTS_MAX && vtap_intake_table(intake) != NULL && r == 0; i++)
		if (intake->desk[i].is_open && intake->desk[i].worker == NULL)
			r = desk_start(intake, &intake->desk[i], err);
	return r;
}

struct vtap_desk *vtap_desk_find_free(struct vtap_intake *intake)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (!intake->desk[i].is_open)
			return &intake->desk[i];
	return NULL;
}

/* ---- the end of one ---- */

/* What is left of a socket is read; ends once its worker has. @is_kept: the store keeps the socket
 * for the process after us. */
static void desk_ask(struct vtap_intake *intake, struct vtap_desk *desk, bool is_kept)
{
	if (!is_kept && desk->cookie != 0) {
		vtap_store_remove(intake->store, desk->cookie);
		desk->cookie = 0;
	}
	if (desk->worker != NULL)
		vtap_worker_ask(desk->worker, is_kept);
}

static bool desk_is_over(const struct vtap_desk *desk)
{
	return desk->worker == NULL || vtap_worker_is_over(desk->worker);
}

/* After desk_ask(); waits for the worker. */
static void desk_end(struct vtap_intake *intake, struct vtap_desk *desk)
{
	uint32_t drops = desk->last_drops;

	if (desk->worker != NULL)
		vtap_worker_end(desk->worker, &drops);
	else
		(void)vtap_socket_drops(desk->socket_fd, &drops); /* refused: none are added */
	vtap_desk_count_drops(intake, desk, drops);
	(void)vtap_fd_close(desk->socket_fd);
	*desk = (struct vtap_desk){ .socket_fd = -1 };
}

void vtap_desks_end(struct vtap_intake *intake, bool keeps_sockets)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++) /* all are asked before one is waited for */
		if (intake->desk[i].is_open)
			desk_ask(intake, &intake->desk[i],
				keeps_sockets && !intake->desk[i].has_left);
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].is_open)
			desk_end(intake, &intake->desk[i]);
}

/* What was not kept is read empty by its worker, and closed when that is done: nobody waits for it
 * here. Sockets that came back from the store wait for the first table, and so for their worker. */
static void desks_close_unkept(struct vtap_intake *intake)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++) {
		struct vtap_desk *desk = &intake->desk[i];

		if (!desk->is_open || desk->is_kept ||
			(desk->worker == NULL && vtap_intake_table(intake) == NULL))
			continue;
		desk->has_left = true; /* no update may take it up again */
		desk_ask(intake, desk, false);
		if (desk_is_over(desk))
			desk_end(intake, desk);
	}
}

bool vtap_desks_have_unkept(const struct vtap_intake *intake)
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

void vtap_intake_close_surplus(struct vtap_intake *intake)
{
	if (!intake->has_surplus)
		return;
	desks_close_unkept(intake);
	intake->has_surplus = vtap_desks_have_unkept(intake);
}

/* ---- of all ---- */

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
		const struct vtap_desk *desk = &intake->desk[i];

		if (desk->is_open && !desk->has_left && desk->port == port &&
			(desk->device_index == 0 || desk->device_index == interface_index))
			return true;
	}
	return false;
}

uint16_t vtap_intake_port(const struct vtap_intake *intake)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].is_open && !intake->desk[i].has_left)
			return intake->desk[i].port;
	return 0;
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

/* ---- the table ---- */

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

	(void)vtap_desks_start(intake, NULL); /* refused: the next update says so */
	return former;
}

const struct vtap_table *vtap_intake_rest(struct vtap_intake *intake)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].is_open)
			return NULL;
	return atomic_exchange_explicit(
		&intake->publication.table, NULL, memory_order_relaxed); /* nobody reads it */
}

bool vtap_intake_uses(const struct vtap_intake *intake, const struct vtap_table *table)
{
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].worker != NULL &&
			vtap_worker_uses(intake->desk[i].worker, table))
			return true;
	return false;
}
