// SPDX-License-Identifier: Apache-2.0
/*
 * `vtapctl drain` and `undrain`: lines with the time in front. Who waits for the end of a drain is
 * told what is new, and not every second.
 */
#include "report/text_render.h"

#include "base/clock.h"

/** Without news a line at least this often while somebody waits */
#define SILENCE_NS (20 * VTAP_NS_PER_S)

/** A drain that is older when it is asked for was begun before, perhaps by somebody else */
#define FRESH_NS (5 * VTAP_NS_PER_S)

/** What the daemon calls quiet: less than 1 % of the rate before, or than this where it is more */
#define QUIET_LEAST_PER_SECOND 10.0

/* What an answer about a drain says. Strings are borrowed from it. */
struct drain {
	bool is_draining;
	bool is_quiet;
	bool is_overdue;
	double per_second;
	double before_per_second;
	uint64_t elapsed_ns;
	uint64_t quiet_ns;
	uint64_t delivered;
	uint64_t lost;
	const char *reason; /* or NULL */
	uint64_t since_ns;  /* 0: none */
};

static struct drain drain_read(struct vtap_text_answer *answer)
{
	const struct json_t *root = answer->root;
	struct drain drain = {
		.is_draining = vtap_text_get_bool(answer, root, "draining"),
		.is_quiet = vtap_text_get_bool(answer, root, "is_quiet"),
		.is_overdue = vtap_text_get_bool(answer, root, "is_overdue"),
		.per_second = vtap_text_get_rate(answer, root, "frames_per_second"),
		.before_per_second = vtap_text_get_rate(answer, root, "frames_per_second_before"),
		.elapsed_ns = vtap_text_get_count(answer, root, "elapsed_ns"),
		.quiet_ns = vtap_text_get_count(answer, root, "quiet_ns"),
		.delivered = vtap_text_get_count(answer, root, "delivered"),
		.lost = vtap_text_get_count(answer, root, "lost"),
		.reason = vtap_text_find_string(answer, root, "reason"),
	};

	(void)vtap_text_read_time(answer, root, "since", &drain.since_ns); /* null: stays 0 */
	return drain;
}

/* "10:12:00  " in front of a line */
static void write_time(struct vtap_text_render *render)
{
	uint64_t now_ns = render->opts->now_ns;

	vtap_text_put(render, "%s  ", vtap_text_clock(now_ns, now_ns).text);
}

/* A duration that has passed: whole seconds, not the next one. */
static struct vtap_text_words passed_words(uint64_t ns)
{
	return vtap_text_duration(ns - ns % VTAP_NS_PER_S);
}

static void write_begin(struct vtap_text_render *render, const struct drain *drain)
{
	write_time(render);
	vtap_text_put(render, "health refuses");
	if (drain->elapsed_ns >= FRESH_NS && drain->since_ns != 0) {
		vtap_text_put(render, " since %s",
			vtap_text_clock(drain->since_ns, render->opts->now_ns).text);
		if (drain->reason != NULL)
			vtap_text_put(render, " (%s)", drain->reason);
	}
	vtap_text_put(render, ", forwarding goes on, %s frames/s\n",
		vtap_text_rate(drain->per_second).text);
}

static void write_counted(struct vtap_text_render *render, const struct drain *drain)
{
	vtap_text_put(render, " %s delivered while draining, ",
		vtap_text_counted(drain->delivered, "frame").text);
	vtap_text_put(render, "%s lost.\n", vtap_text_count(drain->lost).text);
}

static void write_quiet(struct vtap_text_render *render, const struct drain *drain)
{
	bool is_share = drain->before_per_second / 100 >= QUIET_LEAST_PER_SECOND;

	write_time(render);
	vtap_text_put(render, "quiet: under %s for %s.", is_share ? "1 %" : "10 frames/s",
		passed_words(drain->quiet_ns).text);
	write_counted(render, drain);
}

static void write_overdue(struct vtap_text_render *render, const struct drain *drain)
{
	write_time(render);
	vtap_text_put(render, "overdue: %s frames/s still arrive after ",
		vtap_text_rate(drain->per_second).text);
	vtap_text_put(render, "%s.", passed_words(drain->elapsed_ns).text);
	write_counted(render, drain);
	vtap_text_put(render,
		"          Health goes on refusing. vtapctl status shows where they arrive, "
		"vtapctl undrain ends it.\n");
}

/* It fell by half since it was last said, or it is time for a sign of life. Below the mark it may
 * fall as it likes. */
static bool is_notable(
	const struct vtap_text_drain *said, const struct drain *drain, uint64_t now_ns)
{
	if (now_ns >= said->said_ns + SILENCE_NS)
		return true;
	return !said->was_low && drain->per_second <= said->said_per_second / 2;
}

static void keep_said(struct vtap_text_drain *said, const struct drain *drain, uint64_t now_ns)
{
	said->has_begun = true;
	said->was_low = drain->quiet_ns > 0;
	said->said_ns = now_ns;
	said->said_per_second = drain->per_second;
}

static void write_progress(
	struct vtap_text_render *render, struct vtap_text_drain *said, const struct drain *drain)
{
	uint64_t now_ns = render->opts->now_ns;

	if (!said->has_begun) {
		write_begin(render, drain);
	} else if (is_notable(said, drain, now_ns) && !drain->is_quiet && !drain->is_overdue) {
		write_time(render);
		vtap_text_put(render, "%s frames/s\n", vtap_text_rate(drain->per_second).text);
	} else {
		return;
	}
	keep_said(said, drain, now_ns);
}

static int write_wait(
	struct vtap_text_render *render, struct vtap_text_drain *said, const struct drain *drain)
{
	write_progress(render, said, drain);
	if (drain->is_quiet) {
		write_quiet(render, drain);
		return 0;
	}
	if (drain->is_overdue) {
		write_overdue(render, drain);
		return VTAP_TEXT_NOT_READY;
	}
	return VTAP_TEXT_WAITING;
}

static int write_drain(struct vtap_text_render *render)
{
	struct drain drain = drain_read(&render->answer);

	if (!drain.is_draining) {
		write_time(render);
		vtap_text_put(render, "somebody ended the drain\n");
		return VTAP_TEXT_NOT_READY;
	}
	if (render->opts->drain != NULL)
		return write_wait(render, render->opts->drain, &drain);
	write_begin(render, &drain);
	return 0;
}

int vtap_text_drain(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_drain);
}

static int write_undrain(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	bool is_healthy = vtap_text_get_bool(answer, answer->root, "healthy");
	uint64_t settle_ns = vtap_text_root_count(render, "settle_ns");

	write_time(render);
	if (!is_healthy) {
		vtap_text_put(render, "undrained, but unhealthy: vtapctl doctor\n");
		return VTAP_TEXT_NOT_READY;
	}
	vtap_text_put(render, "undrained, healthy again");
	if (settle_ns > 0)
		vtap_text_put(render, " in %s", vtap_text_duration(settle_ns).text);
	vtap_text_put(render, "\n");
	return 0;
}

int vtap_text_undrain(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_undrain);
}
