// SPDX-License-Identifier: Apache-2.0
#include "daemon/kernel_count.h"

#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/log.h"
#include "daemon/manager.h"

/* A sample of this age is taken for the present: a dump of 2,000 devices takes some 3 ms, and those
 * who ask may ask without a pause. */
#define FRESH_NS (20 * VTAP_NS_PER_MS)

/** struct amount - frames to be counted */
struct amount {
	uint64_t delivered;
	uint64_t lost;
	uint64_t errors;
	uint64_t bytes;
};

void vtap_kernel_count_done(struct vtap_kernel_count *count)
{
	free(count->stats);
	free(count->account);
	*count = (struct vtap_kernel_count){ 0 };
}

/* Is there a target that the kernel counts for? */
static bool is_used(const struct vtap_manager *manager)
{
	for (size_t i = 0; i < manager->conf->n_targets; i++)
		if (manager->conf->targets[i].mode == VTAP_MODE_VXLAN)
			return true;
	return false;
}

const struct vtap_link_stats *vtap_kernel_count_find(
	const struct vtap_kernel_count *count, int index)
{
	return vtap_link_stats_find(count->stats, count->n_stats, index);
}

/* ---- accounts ---- */

static int account_compare(const void *a, const void *b)
{
	const struct vtap_kernel_account *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

static struct vtap_kernel_account *account_find(const struct vtap_kernel_count *count, int index)
{
	const struct vtap_kernel_account wanted = { .index = index };

	return count->n_accounts == 0 ? NULL
				      : bsearch(&wanted, count->account, count->n_accounts,
						sizeof(*count->account), account_compare);
}

/* An empty one at its place. Return: NULL without memory. */
static struct vtap_kernel_account *account_add(struct vtap_kernel_count *count, int index)
{
	struct vtap_kernel_account *grown;
	size_t n = count->n_accounts, i = n;

	if ((n & (n - 1)) == 0) { /* 0 or a power of two: double */
		grown = reallocarray(count->account, n == 0 ? 1 : 2 * n, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		count->account = grown;
	}
	while (i > 0 && count->account[i - 1].index > index) /* new devices have high numbers */
		i--;
	memmove(&count->account[i + 1], &count->account[i], (n - i) * sizeof(*count->account));
	count->account[i] = (struct vtap_kernel_account){ .index = index };
	count->n_accounts++;
	return &count->account[i];
}

/* Those of devices that are gone; one is kept for as long as its device is there, whoever has it.
 * Gone is what two dumps in a row do not have: one that was interrupted may have passed over a
 * device, and without its account all that it ever counted would be counted again. */
static void accounts_forget(struct vtap_kernel_count *count)
{
	size_t n = 0;

	for (size_t i = 0; i < count->n_accounts; i++) {
		struct vtap_kernel_account account = count->account[i];
		bool was_missed = account.is_missed;

		account.is_missed = vtap_kernel_count_find(count, account.index) == NULL;
		if (!account.is_missed || !was_missed)
			count->account[n++] = account;
	}
	count->n_accounts = n;
}

/* Counters of one device never go back: its number belongs to another one by now. */
static bool account_is_stale(
	const struct vtap_kernel_account *account, const struct vtap_link_stats *now)
{
	return now->rx_packets < account->packets || now->rx_bytes < account->bytes ||
	       now->rx_errors < account->errors || now->rx_dropped < account->dropped;
}

/* What a device has more than its account, which is brought up to date. A lost frame has been
 * received before: one that was told as lost too early waits for that. */
static struct amount account_take(
	struct vtap_kernel_account *account, const struct vtap_link_stats *now, bool is_guarded)
{
	uint64_t n_packets = now->rx_packets - account->packets;
	uint64_t n_dropped = now->rx_dropped - account->dropped;
	bool has_losses = is_guarded && account->is_guarded;
	uint64_t n_lost = !has_losses ? 0 : n_dropped < n_packets ? n_dropped : n_packets;
	struct amount amount = {
		.delivered = n_packets - n_lost,
		.lost = n_lost,
		.errors = now->rx_errors - account->errors,
		/* the kernel counts a frame without its Ethernet header */
		.bytes = now->rx_bytes - account->bytes + ETH_HLEN * n_packets,
	};

	account->packets = now->rx_packets;
	account->bytes = now->rx_bytes;
	account->errors = now->rx_errors;
	account->dropped = has_losses ? account->dropped + n_lost : now->rx_dropped;
	account->is_guarded = is_guarded;
	return amount;
}

/* ---- counting ---- */

/* @tally: NULL for a session that is no longer configured */
static void session_count(
	struct vtap_tally *tally, struct vtap_slot *slot, const struct amount *amount)
{
	if (tally != NULL) {
		struct vtap_cell *cell = &tally->cell[VTAP_SLOT_FAST];

		vtap_count_shared(&cell->delivered, amount->delivered);
		vtap_count_shared(&cell->bytes, amount->bytes);
		vtap_count_shared(&cell->lost, amount->lost);
		vtap_count_shared(&tally->decap_error, amount->errors);
	}
	vtap_slot_begin(slot);
	vtap_count(&slot->received, amount->delivered + amount->lost + amount->errors);
	vtap_count(&slot->verdicts[VTAP_VERDICT_DELIVERED], amount->delivered);
	vtap_count(&slot->verdicts[VTAP_VERDICT_LOST_IN_HANDOVER], amount->lost);
	vtap_count(&slot->verdicts[VTAP_VERDICT_DECAP_ERROR], amount->errors);
	vtap_slot_end(slot);
}

/* What it counted before we had it: nobody knows when, so that it is part of no rate. */
static void former_count(struct vtap_manager *manager, size_t i, struct vtap_slot *slot,
	struct vtap_kernel_account *account, const struct vtap_link_stats *former)
{
	struct vtap_run *run = &manager->runs.run[i];
	struct vtap_trend *trend =
		vtap_intake_trends(manager->intake[manager->conf->sessions[i].i_target]);
	struct amount amount = account_take(account, former, false);

	manager->kernel_count.has_former =
		manager->kernel_count.has_former || amount.delivered + amount.errors > 0;
	session_count(run->tally, slot, &amount);
	vtap_runs_forgo(run, amount.delivered, amount.bytes);
	vtap_trend_forgo(&run->decap, amount.errors);
	vtap_trend_forgo(&trend[VTAP_VERDICT_DELIVERED], amount.delivered);
	vtap_trend_forgo(&trend[VTAP_VERDICT_DECAP_ERROR], amount.errors);
	vtap_judge_forgo(&manager->judge, amount.delivered + amount.errors);
}

/** struct sampling - one sample under way; @former is the dump before */
struct sampling {
	struct vtap_manager *manager;
	const struct vtap_link_stats *former;
	size_t n_former;
	uint64_t now_ns;
};

/* Into the counters of a session, and of its target. */
static void session_take(
	const struct sampling *sampling, size_t i, const struct vtap_link_stats *now)
{
	struct vtap_manager *manager = sampling->manager;
	int index = now->index;
	struct vtap_kernel_account *account = account_find(&manager->kernel_count, index);
	const struct vtap_link_stats *former = NULL;
	struct vtap_slot *slot =
		vtap_intake_fast_slot(manager->intake[manager->conf->sessions[i].i_target]);
	struct amount amount;

	if (account == NULL) {
		account = account_add(&manager->kernel_count, index);
		former = vtap_link_stats_find(sampling->former, sampling->n_former, index);
	}
	if (account == NULL || slot == NULL)
		return; /* without memory: the next sample has it */
	if (account_is_stale(account, now))
		*account = (struct vtap_kernel_account){ .index = index };
	account->tally_id = manager->runs.run[i].tally->id;
	account->seen_ns = sampling->now_ns;
	(void)snprintf(account->target, sizeof(account->target), "%s", /* same size */
		manager->conf->targets[manager->conf->sessions[i].i_target].name);
	if (former != NULL)
		former_count(manager, i, slot, account, former);
	amount = account_take(account, now,
		vtap_guards_is_on(vtap_interfaces_guards(manager->interfaces), index));
	session_count(manager->runs.run[i].tally, slot, &amount);
	vtap_steering_note_lost(manager->steering, amount.lost);
	if (amount.delivered > 0)
		atomic_store_explicit(&manager->runs.run[i].tally->cell[VTAP_SLOT_FAST].last_ns,
			sampling->now_ns, memory_order_release);
}

static void sessions_take(const struct sampling *sampling)
{
	const struct vtap_manager *manager = sampling->manager;
	const struct vtap_conf *conf = manager->conf;

	for (size_t i = 0; i < conf->n_sessions; i++) {
		const struct vtap_session *session = &conf->sessions[i];
		const struct vtap_interface *interface;
		const struct vtap_link_stats *now = NULL;

		if (conf->targets[session->i_target].mode != VTAP_MODE_VXLAN)
			continue;
		interface = vtap_interfaces_find(manager->interfaces, session->interface);
		if (interface != NULL && interface->wish.mode == VTAP_MODE_VXLAN)
			now = vtap_kernel_count_find(
				&manager->kernel_count, interface->wish.held_index);
		if (now != NULL)
			session_take(sampling, i, now);
	}
}

/* A device that no session has any more. */
static void leaver_take(const struct sampling *sampling, struct vtap_kernel_account *account,
	const struct vtap_link_stats *now)
{
	const struct vtap_manager *manager = sampling->manager;
	struct vtap_tally *tally = vtap_runs_find_tally(&manager->runs, account->tally_id);
	struct vtap_slot *slot = NULL;
	struct amount amount;

	for (size_t j = 0; j < manager->conf->n_targets; j++)
		if (strcmp(manager->conf->targets[j].name, account->target) == 0)
			slot = vtap_intake_fast_slot(manager->intake[j]);
	if (slot == NULL || account_is_stale(account, now))
		return; /* its target is gone, too */
	amount = account_take(account, now, account->is_guarded);
	session_count(tally, slot, &amount);
	vtap_steering_note_lost(manager->steering, amount.lost);
}

/* As the last look found it: who took both marks off it has it for himself. */
static bool is_still_ours(const struct vtap_manager *manager, int index)
{
	const struct vtap_device *device =
		vtap_devices_find_index(vtap_interfaces_devices(manager->interfaces), index);

	return device != NULL && vtap_device_is_ours(device);
}

static void leavers_take(const struct sampling *sampling)
{
	const struct vtap_kernel_count *count = &sampling->manager->kernel_count;

	for (size_t i = 0; i < count->n_accounts; i++) {
		struct vtap_kernel_account *account = &count->account[i];
		const struct vtap_link_stats *now = vtap_kernel_count_find(count, account->index);

		if (now != NULL && account->seen_ns != sampling->now_ns &&
			is_still_ours(sampling->manager, account->index))
			leaver_take(sampling, account, now);
	}
}

/* ---- samples ---- */

/* Into @count, in place of the last one. Told once when it fails, and counted later. */
static int stats_read(struct vtap_manager *manager)
{
	struct vtap_kernel_count *count = &manager->kernel_count;
	struct vtap_err err = VTAP_ERR_NULL;
	int r = vtap_link_stats_dump(manager->nl, &count->stats, &count->n_stats, &err);

	if (r < 0) {
		count->stats = NULL;
		count->n_stats = 0;
		if (!count->is_refused)
			vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE,
				&(struct vtap_log_context){ .error = r },
				"%s; tried again every second, and counted then",
				vtap_err_text(&err, r));
	}
	count->is_refused = r < 0;
	return r;
}

void vtap_kernel_count_follow(struct vtap_manager *manager)
{
	if (is_used(manager) && manager->kernel_count.stats == NULL)
		(void)stats_read(manager); /* refused: told, and all is counted as new */
}

void vtap_kernel_count_sample(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_kernel_count *count = &manager->kernel_count;
	_auto_free struct vtap_link_stats *former = count->stats;
	const struct sampling sampling = {
		.manager = manager,
		.former = former,
		.n_former = count->n_stats,
		.now_ns = now_ns,
	};

	if (!is_used(manager) && count->n_accounts == 0) {
		former = NULL; /* still the count's */
		vtap_kernel_count_done(count);
		return;
	}
	count->sampled_ns = now_ns;
	if (stats_read(manager) < 0)
		return;
	sessions_take(&sampling);
	leavers_take(&sampling);
	accounts_forget(count);
}

void vtap_kernel_count_look(struct vtap_manager *manager, uint64_t now_ns)
{
	const struct vtap_kernel_count *count = &manager->kernel_count;

	if (count->sampled_ns == 0 || now_ns - count->sampled_ns >= FRESH_NS)
		vtap_kernel_count_sample(manager, now_ns);
}

void vtap_kernel_count_outdate(struct vtap_kernel_count *count)
{
	count->sampled_ns = 0;
}
