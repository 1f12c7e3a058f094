// SPDX-License-Identifier: Apache-2.0
/* What became of a target's packets: counters over all workers that ever were. */
#include "config/value.h"
#include "daemon/intake_state.h"
#include "daemon/log.h"
#include "report/text_words.h"

/* Between two lines about drops of one target. */
#define DROPS_REPORT_NS (60 * VTAP_NS_PER_S)

void vtap_intake_read(struct vtap_intake *intake, struct vtap_totals *ret_totals)
{
	struct vtap_totals totals = { 0 };
	uint32_t drops;

	for (int i = 0; i < VTAP_SLOTS_COUNT; i++)
		vtap_slot_add(&intake->slot[i], &totals);
	for (int i = 0; i < VTAP_SLOTS_MAX; i++)
		if (intake->desk[i].is_open &&
			vtap_socket_drops(vtap_desk_socket(&intake->desk[i]), &drops) == 0)
			vtap_desk_count_drops(intake, &intake->desk[i], drops);
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

const struct vtap_slot *vtap_intake_slot(const struct vtap_intake *intake, unsigned i)
{
	return intake->slot[i].unknown != NULL ? &intake->slot[i] : NULL;
}

struct vtap_slot *vtap_intake_fast_slot(struct vtap_intake *intake)
{
	struct vtap_slot *slot = &intake->slot[VTAP_SLOT_FAST];

	return slot->unknown != NULL || vtap_slot_init(slot) == 0 ? slot : NULL;
}

void vtap_intake_recall(
	struct vtap_intake *intake, const struct vtap_totals *former, uint64_t n_fast)
{
	struct vtap_slot *fast = vtap_intake_fast_slot(intake);
	struct vtap_slot *slot = &intake->slot[VTAP_SLOT_FORMER];

	vtap_slot_begin(slot);
	vtap_count(&slot->received, former->received);
	vtap_count(&slot->reserved_bits, former->reserved_bits);
	vtap_count(&slot->unknown_bytes, former->unknown_bytes);
	for (int v = 0; v < VTAP_VERDICT_COUNT; v++)
		vtap_count(&slot->verdicts[v], former->verdicts[v]);
	vtap_slot_end(slot);
	if (fast != NULL) {
		vtap_count(&slot->received, -n_fast);
		vtap_count(&slot->verdicts[VTAP_VERDICT_DELIVERED], -n_fast);
		vtap_count(&fast->received, n_fast);
		vtap_count(&fast->verdicts[VTAP_VERDICT_DELIVERED], n_fast);
	}
	intake->n_reported_drops += former->verdicts[VTAP_VERDICT_SOCKET_FULL];
	intake->n_reported_received += former->received;
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
