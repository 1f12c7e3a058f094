// SPDX-License-Identifier: Apache-2.0
/* What the fast path counted, taken up into the daemon's own counters: what a slot has more than at
 * the last look. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/steering.h"
#include "daemon/steering_state.h"
#include "datapath/sightings.h"
#include "report/text_words.h"

/* Between two looks at hooks that nobody told of. */
#define DOUBT_NS (30 * VTAP_NS_PER_S)

/* Sessions that the line names. */
#define LOSERS_NAMED 4

/* Between two lines about losses of one kind. */
#define LOST_REPORT_NS (60 * VTAP_NS_PER_S)

/* ---- counters ---- */

/* When its last frame came: now, or what the process before us noted if all of it was counted
 * before. */
static void last_take(struct vtap_steering *steering, uint32_t i_slot, struct vtap_cell *cell,
	bool is_first, uint64_t now_ns)
{
	uint64_t wall_ns = vtap_clock_wall_ns();
	uint64_t noted_ns = is_first ? vtap_fastpath_last(steering->fastpath, i_slot) : 0;
	uint64_t age_ns = noted_ns != 0 && noted_ns < wall_ns ? wall_ns - noted_ns : 0;

	atomic_store_explicit(
		&cell->last_ns, now_ns > age_ns ? now_ns - age_ns : 1, memory_order_release);
	if (age_ns == 0)
		vtap_fastpath_note_last(steering->fastpath, i_slot, wall_ns);
}

/* @cell: NULL for a session that is no longer configured */
static void session_count(struct vtap_cell *cell, struct vtap_slot *slot,
	const struct vtap_fast_totals *now, const struct vtap_fast_totals *taken)
{
	uint64_t n_delivered = now->delivered - taken->delivered, n_lost = now->lost - taken->lost;

	if (cell != NULL) {
		vtap_count_shared(&cell->delivered, n_delivered);
		vtap_count_shared(&cell->bytes, now->bytes - taken->bytes);
		vtap_count_shared(&cell->lost, n_lost);
		vtap_count_shared(&cell->truncated, now->truncated - taken->truncated);
	}
	vtap_slot_begin(slot);
	vtap_count(&slot->received, n_delivered + n_lost);
	vtap_count(&slot->verdicts[VTAP_VERDICT_DELIVERED], n_delivered);
	vtap_count(&slot->verdicts[VTAP_VERDICT_LOST_IN_HANDOVER], n_lost);
	vtap_count(&slot->reserved_bits, now->reserved_bits - taken->reserved_bits);
	vtap_slot_end(slot);
}

/* Into the counters of a session, and of its target. */
static void session_take(struct vtap_manager *manager, size_t i, uint64_t now_ns)
{
	struct vtap_steering *steering = manager->steering;
	uint32_t i_slot = steering->session_slot[i];
	const struct vtap_fast_totals *now = vtap_fastpath_totals(steering->fastpath, i_slot);
	struct vtap_fast_totals *taken = &steering->account[i_slot].taken;
	struct vtap_cell *cell = &manager->runs.run[i].tally->cell[VTAP_SLOT_FAST];
	struct vtap_slot *slot =
		vtap_intake_fast_slot(manager->intake[manager->conf->sessions[i].i_target]);

	if (i_slot == 0 || slot == NULL || memcmp(now, taken, sizeof(*now)) == 0)
		return;
	session_count(cell, slot, now, taken);
	steering->n_lost += now->lost - taken->lost;
	if (now->delivered != taken->delivered)
		last_take(steering, i_slot, cell, taken->steered == 0, now_ns);
	*taken = *now;
}

/* A session that has no fast path any more, and is still known to programs: it counts all the same,
 * or if it is no longer configured its target alone. */
static void leaver_take(struct vtap_manager *manager, uint32_t i_slot)
{
	struct vtap_steering *steering = manager->steering;
	struct vtap_account *account = &steering->account[i_slot];
	const struct vtap_fast_totals *now = vtap_fastpath_totals(steering->fastpath, i_slot);
	struct vtap_slot *slot = NULL;
	struct vtap_tally *tally;

	if (account->i_session != UINT32_MAX || account->target[0] == '\0' ||
		memcmp(now, &account->taken, sizeof(*now)) == 0)
		return;
	if (now->delivered < account->taken.delivered) { /* freed: it counts no more */
		account->target[0] = '\0';
		return;
	}
	for (size_t i = 0; i < manager->conf->n_targets; i++)
		if (strcmp(manager->conf->targets[i].name, account->target) == 0)
			slot = vtap_intake_fast_slot(manager->intake[i]);
	if (slot == NULL)
		return; /* its target is gone, too */
	tally = vtap_runs_find_tally(&manager->runs, account->tally_id);
	session_count(
		tally != NULL ? &tally->cell[VTAP_SLOT_FAST] : NULL, slot, now, &account->taken);
	account->taken = *now;
}

static void target_take(struct vtap_manager *manager, size_t i)
{
	struct vtap_steering *steering = manager->steering;
	uint32_t i_slot = steering->target_slot[i];
	const struct vtap_fast_totals *now = vtap_fastpath_totals(steering->fastpath, i_slot);
	struct vtap_fast_totals *taken = &steering->account[i_slot].taken;
	struct vtap_slot *slot = vtap_intake_fast_slot(manager->intake[i]);

	if (i_slot == 0 || slot == NULL)
		return;
	vtap_slot_begin(slot);
	vtap_count(&slot->received, now->no_listener - taken->no_listener);
	vtap_count(
		&slot->verdicts[VTAP_VERDICT_NO_LISTENER], now->no_listener - taken->no_listener);
	vtap_slot_end(slot);
	*taken = *now;
}

struct noting {
	struct vtap_manager *manager;
	uint64_t now_ns;
	uint64_t second_ns; /* whose rate it is */
};

/* A flow moved: its VNI and source are remembered as a worker remembers those that it carries. */
static void flow_note(void *arg, const struct vtap_fast_seen *seen)
{
	struct noting *noting = arg;
	struct vtap_manager *manager = noting->manager;
	struct vtap_steering *steering = manager->steering;
	uint32_t i_session = seen->slot < steering->n_accounts
				     ? steering->account[seen->slot].i_session
				     : UINT32_MAX;
	struct vtap_slot *slot;

	if (i_session >= manager->conf->n_sessions)
		return; /* no longer configured */
	slot = vtap_intake_fast_slot(manager->intake[manager->conf->sessions[i_session].i_target]);
	if (slot == NULL)
		return;
	vtap_slot_begin(slot);
	vtap_sightings_note_in(slot->carried, manager->runs.run[i_session].tally->id, seen->vni,
		&seen->source, seen->n_frames, seen->n_bytes, noting->now_ns, noting->second_ns);
	vtap_slot_end(slot);
}

/* ---- learning, and who passes by ---- */

static void target_learn(struct vtap_manager *manager, size_t i, bool *ret_is_new)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);

	for (unsigned i_slot = 0; i_slot < VTAP_SLOTS_MAX; i_slot++) {
		const struct vtap_slot *slot = vtap_intake_slot(manager->intake[i], i_slot);
		uint64_t n;
		int index;

		for (unsigned j = 0; slot != NULL && j < VTAP_SEEN_MAX; j++)
			if (vtap_slot_seen(slot, j, &index, &n) &&
				vtap_steering_learn(
					manager->steering, vtap_devices_find_index(devices, index)))
				*ret_is_new = true;
	}
}

/* Frames that workers delivered although the program is where they came in. */
static uint64_t worked_count(const struct vtap_manager *manager, size_t i_target)
{
	uint64_t sum = 0, n;
	int index;

	for (unsigned i = 0; i < VTAP_SLOTS_MAX; i++) {
		const struct vtap_slot *slot = vtap_intake_slot(manager->intake[i_target], i);

		for (unsigned j = 0; slot != NULL && j < VTAP_SEEN_MAX; j++)
			if (vtap_slot_seen(slot, j, &index, &n) &&
				vtap_steering_is_attached(manager->steering, i_target, index))
				sum += n;
	}
	return sum;
}

static uint64_t looked_count(const struct vtap_manager *manager, size_t i_target)
{
	const struct vtap_steering *steering = manager->steering;
	uint64_t sum =
		vtap_fastpath_totals(steering->fastpath, steering->target_slot[i_target])->looked;

	for (size_t i = 0; i < manager->conf->n_sessions; i++)
		if (manager->conf->sessions[i].i_target == i_target)
			sum += vtap_fastpath_totals(steering->fastpath, steering->session_slot[i])
				       ->steered;
	return sum;
}

/* Who stands before us, where somebody does. */
static void bypass_name(struct vtap_manager *manager, size_t i_target, struct vtap_watched *watched)
{
	struct vtap_steering *steering = manager->steering;
	char words[VTAP_FILTER_WORDS_MAX];

	(void)snprintf(watched->by, sizeof(watched->by), "%s", /* fits */
		"a program that no filter dump shows (tcx, or XDP)");
	for (size_t i = 0; i < steering->n_underlays; i++) {
		const struct vtap_underlay *underlay = &steering->underlay[i];

		if (!vtap_steering_is_attached(steering, i_target, underlay->index) ||
			vtap_clsact_first(
				steering->nl, underlay->index, VTAP_HOOK_INGRESS, words, NULL) != 0)
			continue;
		vtap_text_make_printable(words);
		(void)snprintf(watched->by, sizeof(watched->by), "%s on %s", words,
			underlay->name); /* fits */
		return;
	}
}

/* Workers deliver frames from an underlay whose program did not see one packet: somebody ended the
 * chain before it. */
static void target_watch(struct vtap_manager *manager, size_t i)
{
	struct vtap_watched *watched = &manager->steering->watched[i];
	uint64_t n_worked = worked_count(manager, i), n_looked = looked_count(manager, i);
	bool was_bypassed = watched->n_bypassed >= VTAP_BYPASS_SAMPLES;

	if (n_looked != watched->n_looked || n_worked < watched->n_worked)
		watched->n_bypassed = 0;
	else if (n_worked > watched->n_worked)
		watched->n_bypassed++;
	if (!was_bypassed && watched->n_bypassed >= VTAP_BYPASS_SAMPLES) {
		bypass_name(manager, i, watched);
		vtap_steering_doubt(manager); /* or ours is not there at all */
		vtap_manager_trigger(manager);
	}
	watched->n_worked = n_worked;
	watched->n_looked = n_looked;
}

void vtap_steering_note_lost(struct vtap_steering *steering, uint64_t n)
{
	steering->n_lost += n;
}

/* As the condition has it: a processor's queue was full of late. */
static bool backlog_drops(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_report_trend counter[VTAP_HOST_COUNT];

	vtap_host_count_look(&manager->host_count, now_ns);
	vtap_host_count_fill(&manager->host_count, now_ns, counter);
	return counter[VTAP_HOST_SOFTNET_DROPPED].recent > 0;
}

/* " of web", " of web, db and others" */
static struct vtap_text_words losers_words(const char *names)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	const char *end = names;

	if (names == NULL || names[0] == '\0')
		return words; /* of sessions that are no longer configured */
	for (unsigned n = 0; n < LOSERS_NAMED && *end != '\0'; n++)
		end += 1 + strcspn(end + 1, ","); /* behind the comma, to the next one */
	vtap_text_words_add(
		&words, " of %.*s%s", (int)(end - names), names, *end != '\0' ? " and others" : "");
	return words;
}

void vtap_steering_forgo_lost(struct vtap_manager *manager)
{
	manager->steering->n_lost_reported = manager->steering->n_lost;
	free(vtap_runs_tell_lost(&manager->runs));
}

static void lost_report(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_steering *steering = manager->steering;
	uint64_t n = steering->n_lost - steering->n_lost_reported;
	_auto_free char *losers = NULL;

	if (steering->n_lost <= steering->n_lost_reported ||
		(steering->lost_reported_ns != 0 &&
			now_ns - steering->lost_reported_ns < LOST_REPORT_NS))
		return;
	steering->lost_reported_ns = now_ns;
	steering->n_lost_reported = steering->n_lost;
	losers = vtap_runs_tell_lost(&manager->runs);
	vtap_log(LOG_WARNING, VTAP_EVENT_DROPS,
		&(struct vtap_log_context){
			.because = backlog_drops(manager, now_ns) ? "backlog-drops" : NULL,
			.sessions = losers,
			.subject = "" }, /* a line about all of them, whoever they are */
		"lost-in-handover: %s%s did not come past the sensors; a tap interface was "
		"down or gone, or net.core.netdev_max_backlog is too small",
		vtap_text_counted(n, "frame").text, losers_words(losers).text);
}

/* Looks of once a second are a second apart, or a little more: each has a second of its own, lest
 * one has two of them and the next one none. One that is late by more begins anew. */
static uint64_t second_next(uint64_t last_ns, uint64_t now_ns)
{
	if (now_ns < last_ns)
		return last_ns;
	return now_ns < last_ns + 3 * VTAP_NS_PER_S ? last_ns + VTAP_NS_PER_S
						    : now_ns - now_ns % VTAP_NS_PER_S;
}

/* Whoever asks between two looks gets frames of the second that the next one ends. */
void vtap_steering_flows(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_steering *steering = manager->steering;
	/* what came before this process is in no rate of now */
	uint64_t before_ns = steering->has_flows ? 0 : 2 * VTAP_NS_PER_S;
	struct noting noting = {
		.manager = manager,
		.now_ns = now_ns - before_ns,
		.second_ns = second_next(steering->second_ns, now_ns) - before_ns,
	};

	if (steering->fastpath == NULL)
		return;
	/* refused: what moved is told the next time */
	if (vtap_fastpath_flows(steering->fastpath, flow_note, &noting) == 0)
		steering->has_flows = true;
}

void vtap_steering_sample(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_steering *steering = manager->steering;
	bool is_new = false;

	for (size_t i = 0; i < manager->conf->n_targets; i++)
		if (manager->conf->targets[i].fastpath != VTAP_FASTPATH_OFF)
			target_learn(manager, i, &is_new);
	if (is_new || vtap_steering_needs_turn(steering, now_ns))
		vtap_manager_trigger(manager);
	if (steering->fastpath == NULL || vtap_fastpath_sample(steering->fastpath, now_ns) < 0)
		return;
	for (size_t i = 0; i < manager->conf->n_sessions; i++)
		session_take(manager, i, now_ns);
	for (uint32_t i = 1; i < steering->n_accounts; i++)
		leaver_take(manager, i);
	for (size_t i = 0; i < manager->conf->n_targets; i++)
		target_take(manager, i);
}

void vtap_steering_second(struct vtap_manager *manager, uint64_t now_ns)
{
	if (now_ns - manager->steering->doubted_ns >= DOUBT_NS) {
		manager->steering->doubted_ns = now_ns;
		vtap_steering_doubt(manager); /* the next turn looks */
	}
	vtap_steering_sample(manager, now_ns);
	vtap_steering_flows(manager, now_ns);
	manager->steering->second_ns = second_next(manager->steering->second_ns, now_ns);
	for (size_t i = 0; i < manager->conf->n_targets && manager->steering->fastpath != NULL; i++)
		target_watch(manager, i);
	lost_report(manager, now_ns);
}
