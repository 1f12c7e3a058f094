// SPDX-License-Identifier: Apache-2.0
/* A configuration is read, and becomes what is wanted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "config/load.h"
#include "daemon/log.h"
#include "daemon/manager_state.h"
#include "report/text_words.h"

/* Sessions and others that the line of a reload names. */
#define CHANGES_NAMED 8

static struct vtap_intake *intake_find(const struct vtap_manager *manager, const char *name)
{
	for (size_t i = 0; i < manager->n_intakes; i++)
		if (strcmp(vtap_intake_name(manager->intake[i]), name) == 0)
			return manager->intake[i];
	return NULL;
}

/* Undo intakes_prepare(): what was made for new targets only. */
static void intakes_discard(const struct vtap_manager *manager, const struct vtap_conf *conf,
	struct vtap_intake *const *intakes)
{
	for (size_t i = 0; intakes != NULL && i < conf->n_targets; i++)
		if (intake_find(manager, conf->targets[i].name) == NULL)
			vtap_intake_free(intakes[i], false);
}

/* Intakes in the order of the targets: those that go on, new ones, and behind them those on their
 * way out. */
static int intakes_prepare(const struct vtap_manager *manager, const struct vtap_conf *conf,
	struct vtap_intake ***ret_intakes, size_t *ret_n)
{
	struct vtap_intake **intakes =
		calloc(conf->n_targets + manager->n_intakes + 1, sizeof(struct vtap_intake *));
	size_t n = conf->n_targets;
	int r = intakes == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < conf->n_targets && r == 0; i++) {
		intakes[i] = intake_find(manager, conf->targets[i].name);
		if (intakes[i] == NULL)
			r = vtap_intake_new(conf->targets[i].name, manager->store, &intakes[i]);
	}
	for (size_t i = 0; i < manager->n_intakes && r == 0; i++)
		if (vtap_conf_find_target(conf, vtap_intake_name(manager->intake[i])) == NULL)
			intakes[n++] = manager->intake[i];
	*ret_intakes = intakes;
	*ret_n = n;
	return r;
}

int vtap_manager_take(struct vtap_manager *manager, const struct vtap_conf *conf)
{
	_auto_free struct vtap_intake **intakes = NULL;
	struct vtap_runs runs = { 0 };
	size_t n_intakes = 0;
	int r = intakes_prepare(manager, conf, &intakes, &n_intakes);

	if (manager->conf != NULL) { /* what was counted so far is the former sessions' */
		vtap_kernel_count_sample(manager, vtap_clock_mono_ns());
		vtap_steering_sample(manager, vtap_clock_mono_ns());
	}
	if (r == 0)
		r = vtap_runs_follow(&manager->runs, conf, &runs);
	if (r == 0)
		r = vtap_interfaces_want(manager->interfaces,
			conf); /* the last that can fail changes nothing then */
	if (r < 0) {
		intakes_discard(manager, conf, intakes);
		vtap_runs_done(&runs);
		return r;
	}
	vtap_runs_done(&manager->runs);
	manager->runs = runs;
	free(manager->intake);
	manager->intake = vtap_steal(&intakes);
	manager->n_intakes = n_intakes;
	vtap_conf_unref(manager->conf);
	manager->conf = vtap_conf_ref(conf);
	manager->must_publish = true;
	vtap_kernel_count_follow(manager);
	vtap_steering_follow(manager, vtap_clock_mono_ns());
	vtap_offloads_follow(manager);
	vtap_sources_follow(manager);
	vtap_tracking_follow(&manager->tracking, conf);
	vtap_judge_follow(manager);
	return 0;
}

static void log_refused(const struct vtap_diags *diags)
{
	_auto_free char *first = diags->n > 0 ? vtap_diag_format(&diags->diag[0]) : NULL;
	char summary[64];

	vtap_log(vtap_log_priority("config-rejected"), VTAP_EVENT_RELOAD_REFUSED,
		&(struct vtap_log_context){ .condition = "config-rejected", .subject = "" },
		"reload refused: %s, first: %s (nothing was changed)",
		vtap_diags_summary(diags->n, vtap_diags_n_files(diags), summary, sizeof(summary)),
		first != NULL ? first : "?");
}

/* ": +cache ~web -batch", with the signs of the plan */
static struct vtap_text_words changed_words(const struct vtap_changes *changes)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	for (size_t i = 0; i < changes->n && i < CHANGES_NAMED; i++)
		vtap_text_words_add(&words, "%s%c%s", i == 0 ? ": " : " ",
			vtap_change_sign(changes->change[i].kind), changes->change[i].name);
	if (changes->n > CHANGES_NAMED)
		vtap_text_words_add(&words, " and %zu more", changes->n - CHANGES_NAMED);
	return words;
}

/* "cache, web, batch": those by which the entry is found. Return: NULL without memory. */
static char *changed_sessions(const struct vtap_changes *changes)
{
	char *names = NULL;
	size_t size;
	FILE *stream = open_memstream(&names, &size);
	const char *before = "";

	if (stream == NULL)
		return NULL;
	for (size_t i = 0; i < changes->n; i++) {
		if (!changes->change[i].is_of_session)
			continue;
		(void)fprintf(stream, "%s%s", before, changes->change[i].name); /* fclose tells */
		before = ", ";
	}
	if (fclose(stream) == 0)
		return names;
	free(names);
	return NULL;
}

static void log_reloaded(const struct vtap_changes *changes)
{
	_auto_free char *sessions = changed_sessions(changes); /* NULL: found by its id only */

	vtap_log(LOG_INFO, VTAP_EVENT_RELOADED, &(struct vtap_log_context){ .sessions = sessions },
		"reload: %zu added, %zu changed, %zu replaced, %zu removed, %zu untouched%s",
		vtap_changes_count(changes, VTAP_CHANGE_ADD),
		vtap_changes_count(changes, VTAP_CHANGE_IN_PLACE),
		vtap_changes_count(changes, VTAP_CHANGE_REPLACE),
		vtap_changes_count(changes, VTAP_CHANGE_REMOVE), changes->n_untouched,
		changed_words(changes).text);
}

int vtap_manager_reload(struct vtap_manager *manager, struct vtap_changes *ret_changes,
	struct vtap_diags *ret_diags)
{
	_auto(conf) const struct vtap_conf *conf = NULL;
	int r = vtap_load(manager->config_path, 0, &conf, ret_diags);

	/* READY=1 follows when it settles, also after a refusal; without a manager nobody waits */
	(void)sd_notifyf(
		0, "RELOADING=1\nMONOTONIC_USEC=%llu", vtap_clock_mono_ns() / VTAP_NS_PER_US);
	manager->is_reloading = true;
	vtap_manager_trigger(manager);
	if (r == VTAP_LOAD_REFUSED) {
		manager->process.n_reloads_refused++;
		manager->refused_wall_ns = vtap_clock_wall_ns();
		manager->n_refused_mistakes = ret_diags->n;
		log_refused(ret_diags);
		return VTAP_RELOAD_REFUSED;
	}
	if (r == 0)
		r = vtap_changes_find(manager->conf, conf, ret_changes);
	if (r == 0)
		r = vtap_manager_take(manager, conf);
	if (r < 0) {
		manager->process.n_reloads_refused++;
		vtap_log(LOG_ERR, VTAP_EVENT_RELOAD_REFUSED,
			&(struct vtap_log_context){ .error = r },
			"reload: %s; the former configuration stays in effect", vtap_errno_text(r));
		return r;
	}
	manager->process.n_reloads++;
	manager->refused_wall_ns = 0;
	vtap_manager_trigger(
		manager); /* also without a change: its answer waits until all has settled */
	if (ret_changes->n == 0)
		return VTAP_RELOAD_NO_CHANGE;
	manager->configured_wall_ns = vtap_clock_wall_ns();
	log_reloaded(ret_changes);
	return 0;
}
