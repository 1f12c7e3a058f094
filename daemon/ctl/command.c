// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/command.h"

#include "base/prefix.h"
#include "base/text.h"
#include "config/value.h"
#include "model/conf.h"
#include "report/condition.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/** Answers made from memory take milliseconds; who needs longer than this hangs. */
#define LIMIT_MS 10000

/** Whoever asks how it is wants to know soon that nobody answers. Not so long as a busy host with
 * thousands of sessions, whose answer is on its way for longer, may take until it begins. */
#define QUIET_S 3

/** The longest --timeout, a day. */
#define TIMEOUT_MAX_S 86400

/** The longest --interval: more than the minute that top shows makes no chart. */
#define INTERVAL_MAX_S 60

/** How much later than the daemon we give up a wait that it should have ended itself. */
#define WAIT_SLACK_MS 10000

static void add_to_path(struct vtap_ctl_call *call, const char *fmt, ...) VTAP_PRINTF(2, 3);

/* Names and numbers were checked for length before: all of it fits. */
static void add_to_path(struct vtap_ctl_call *call, const char *fmt, ...)
{
	size_t used = strlen(call->path);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(
		call->path + used, sizeof(call->path) - used, fmt, args); /* fits, see above */
	va_end(args);
}

static int add_session(
	struct vtap_ctl_call *call, const struct vtap_ctl_options *options, struct vtap_err *err)
{
	const char *name = options->args[0];

	if (!vtap_value_name_ok(name))
		return vtap_err_set(err, -EINVAL,
			"\"%s\": a session's name is [a-z0-9][a-z0-9._-]{0,31}", name);
	add_to_path(call, "?session=%s", name);
	return 0;
}

static int add_timeout(
	struct vtap_ctl_call *call, const struct vtap_ctl_options *options, struct vtap_err *err)
{
	struct vtap_complaint complaint;
	uint64_t timeout_s;

	int r = add_session(call, options, err);
	if (r < 0 || options->timeout == NULL)
		return r;
	if (vtap_value_number(options->timeout, 0, TIMEOUT_MAX_S, &timeout_s, &complaint) != 0)
		return vtap_err_set(err, -EINVAL, "--timeout: \"%s\": seconds, 0..%d",
			options->timeout, TIMEOUT_MAX_S);
	add_to_path(call, "&timeout_ms=%" PRIu64, timeout_s * 1000);
	call->limit_ms = timeout_s * 1000 + WAIT_SLACK_MS;
	return 0;
}

static int add_packet(
	struct vtap_ctl_call *call, const struct vtap_ctl_options *options, struct vtap_err *err)
{
	char text[VTAP_ADDR_TEXT_MAX];
	struct vtap_complaint complaint;
	struct vtap_addr source;
	uint64_t vni;

	if (vtap_value_number(options->args[0], 0, VTAP_CONF_VNI_MAX, &vni, &complaint) != 0)
		return vtap_err_set(err, -EINVAL, "\"%s\": a VNI is a number, 0..%u",
			options->args[0], VTAP_CONF_VNI_MAX);
	add_to_path(call, "?vni=%" PRIu64, vni);
	if (options->n_args < 2)
		return 0;
	if (vtap_addr_parse(options->args[1], &source) < 0)
		return vtap_err_set(err, -EINVAL, "\"%s\": SOURCE is one IPv4 or IPv6 address",
			options->args[1]);
	vtap_addr_format(&source, text);
	add_to_path(call, "&source=%s", text);
	return 0;
}

/* A condition that does not exist is a mistake in what was typed, with or without a daemon. */
static int add_condition(
	struct vtap_ctl_call *call, const struct vtap_ctl_options *options, struct vtap_err *err)
{
	const char *ids[VTAP_CONDITION_COUNT];

	if (options->n_args == 0)
		return 0;
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++)
		ids[i] = vtap_condition_row((enum vtap_condition)i)->id;
	if (vtap_condition_find(options->args[0]) != VTAP_CONDITION_COUNT) {
		add_to_path(call, "?condition=%s", options->args[0]);
		return 0;
	}
	const char *near = vtap_value_nearest(options->args[0], ids, VTAP_CONDITION_COUNT);
	if (near != NULL)
		return vtap_err_set(err, -EINVAL, "\"%s\": no such condition; did you mean %s?",
			options->args[0], near);
	return vtap_err_set(err, -EINVAL, "\"%s\": no such condition; vtapctl doctor -v lists them",
		options->args[0]);
}

static int add_reason(
	struct vtap_ctl_call *call, const struct vtap_ctl_options *options, struct vtap_err *err)
{
	struct vtap_complaint complaint;

	if (options->reason == NULL)
		return 0;
	if (vtap_value_text(options->reason, &complaint) != 0) {
		vtap_text_make_printable(complaint.value);
		return vtap_err_set(
			err, -EINVAL, "--reason: \"%s\": %s", complaint.value, complaint.rule);
	}
	add_to_path(call, "?reason=");
	for (const char *c = options->reason; *c != '\0'; c++)
		add_to_path(call, "%%%02X", (unsigned)(unsigned char)*c);
	return 0;
}

static int add_interval(
	struct vtap_ctl_call *call, const struct vtap_ctl_options *options, struct vtap_err *err)
{
	struct vtap_complaint complaint;
	uint64_t interval_s = 1;

	if (options->is_json)
		return vtap_err_set(err, -EINVAL,
			"--json: there are no rates in it; ask `vtapctl --json status` twice and "
			"divide what counters rose by by what uptime_ns rose by");
	if (options->interval != NULL && vtap_value_number(options->interval, 1, INTERVAL_MAX_S,
						 &interval_s, &complaint) != 0)
		return vtap_err_set(err, -EINVAL, "--interval: \"%s\": seconds, 1..%d",
			options->interval, INTERVAL_MAX_S);
	call->interval_s = (unsigned)interval_s;
	return 0;
}

static const struct vtap_ctl_command COMMANDS[] = {
	{ .name = "status",
		.args = "",
		.help = "how the targets and sessions are, and what waits for what",
		.detail =
			"One line on the daemon, then every target and every session. "
			"Received packets are those delivered plus those dropped; the reasons of "
			"drops stand behind their sum. It is degraded, with exit status 1, while a "
			"target or session is not ready or something of severity page holds. A "
			"target or session that is not `ready` "
			"is followed by the reason and by the time of the next try. One line "
			"tells why where the path of packets is not the wished one, or a tap "
			"interface has no guard. The last line names what `doctor` would "
			"explain.",
		.method = "GET",
		.path = "/v1/status",
		.limit_ms = LIMIT_MS,
		.quiet_s = QUIET_S,
		.render = vtap_text_status },
	{ .name = "show",
		.args = "NAME",
		.help = "everything about a session",
		.detail =
			"How it was configured and where, its target and which path its packets "
			"take, what was counted, who reads it, the VNIs that it carries with their "
			"sources, and the commands that look on: into its frames and into its "
			"journal. Below stands what is wrong with it or its target, with what to "
			"do, as `doctor` has it.\n"
			"VNIs and what stands below them add up to the session: frames of VNIs "
			"that are no longer remembered belong to no row, and of a session that "
			"begins under load it may be one frame. While frames come, the rows are a "
			"moment younger than what stands above them.",
		.method = "GET",
		.path = "/v1/show",
		.limit_ms = LIMIT_MS,
		.n_args_min = 1,
		.n_args_max = 1,
		.add_query = add_session,
		.render = vtap_text_show },
	{ .name = "top",
		.args = "[--interval SECONDS] [--once]",
		.help = "live rates of every session",
		.detail =
			"The rates of targets and sessions, asked for anew every second, or every "
			"`SECONDS` (at most 60), with a chart of the last minute. Keys: `q` quits; "
			"`f`, `b`, `d` sort by frames, bits or drops, most first, and `n` by name. "
			"Sessions that do not fit are counted below the others. What no session "
			"takes is the row (unknown); what it is, tells `unknown`.\n"
			"A rate is what a counter rose by over the daemon's own clock between two "
			"answers; - stands for one that is not known yet, and for what nobody "
			"counts. A chart has its own scale in each row. Where there is little "
			"room, "
			"columns are left out and names get shorter; no number is cut. When the "
			"daemon goes away, it is asked on.\n"
			"With `--once`, and where standard output is no terminal or a dumb one: "
			"one table of all "
			"sessions after one interval. With `--json` it is refused, since "
			"`vtapctl --json status` has the counters.",
		.method = "GET",
		.path = "/v1/status",
		.limit_ms = LIMIT_MS,
		.takes = VTAP_CTL_OPTION_INTERVAL | VTAP_CTL_OPTION_ONCE,
		.is_live = true,
		.add_query = add_interval },
	{ .name = "match",
		.args = "VNI [SOURCE]",
		.help = "which session gets such a packet, and why",
		.detail = "`SOURCE` is the outer source address. Without it there is one line for "
			  "each "
			  "class of sources that meets its own fate, the longest prefix first, and "
			  "what is left as elsewhere. The answer is given for each target; of a "
			  "session that waits, with what becomes of its packets. Nothing is sent.",
		.method = "GET",
		.path = "/v1/match",
		.limit_ms = LIMIT_MS,
		.n_args_min = 1,
		.n_args_max = 2,
		.add_query = add_packet,
		.render = vtap_text_match },
	{ .name = "unknown",
		.args = "",
		.help = "VNIs that arrive and that no session takes",
		.detail = "Most frames first, with their outer sources. The daemon remembers a "
			  "bounded number of them; frames of others are counted only. Below stand "
			  "the commands that show the first one that is still not taken on an "
			  "interface of its own.",
		.method = "GET",
		.path = "/v1/unknown",
		.limit_ms = LIMIT_MS,
		.render = vtap_text_unknown },
	{ .name = "plan",
		.args = "",
		.help = "what a reload would do",
		.detail = "One line for each session: `+` adds, `~` changes in place, `!` replaces "
			  "the interface, so that its sensors must be restarted, and `-` removes. "
			  "Nothing is changed.",
		.method = "GET",
		.path = "/v1/plan",
		.limit_ms = LIMIT_MS,
		.render = vtap_text_plan },
	{ .name = "reload",
		.args = "",
		.help = "bring the files on disk into effect; returns when they are",
		.detail =
			"If the configuration has a mistake, nothing is changed and every mistake "
			"is listed.",
		.method = "POST",
		.path = "/v1/reload",
		.render = vtap_text_reload },
	{ .name = "wait",
		.args = "NAME [--timeout SECONDS]",
		.help = "return when a session is ready",
		.detail = "Silent. Without `--timeout`, for as long as that takes.",
		.method = "GET",
		.path = "/v1/wait",
		.n_args_min = 1,
		.n_args_max = 1,
		.takes = VTAP_CTL_OPTION_TIMEOUT,
		.add_query = add_timeout,
		.render = vtap_text_wait },
	{ .name = "drain",
		.args = "[--wait] [--reason TEXT]",
		.help = "refuse health checks, forward on; --wait: until it is quiet",
		.detail =
			"The load balancer then sends new flows elsewhere. A drain lasts until "
			"`undrain`; it survives a restart of the daemon, and not a reboot. "
			"`TEXT`, one line of at most 160 bytes, is shown by `status` and in the "
			"journal.\n"
			"With `--wait`, return when it is quiet: when the rate of received frames "
			"stayed below 1 % of the rate before, or below 10 frames a second where "
			"that is more, for 15 seconds on end. A line is printed when the rate has "
			"fallen by half, and at least every 20 seconds. After `drain-time` of the "
			"configuration it is overdue, and the exit status is 1; likewise when "
			"somebody ends the drain meanwhile. The drain stays on in any case, also "
			"when vtapctl is interrupted. A daemon that goes away is asked on for "
			"30 seconds.",
		.method = "POST",
		.path = "/v1/drain",
		.limit_ms = LIMIT_MS,
		.takes = VTAP_CTL_OPTION_WAIT | VTAP_CTL_OPTION_REASON,
		.add_query = add_reason,
		.render = vtap_text_drain },
	{ .name = "undrain",
		.args = "",
		.help = "end the drain",
		.detail = "Health checks are answered again when the target has been healthy for "
			  "`settle` of the configuration.",
		.method = "POST",
		.path = "/v1/undrain",
		.limit_ms = LIMIT_MS,
		.render = vtap_text_undrain },
	{ .name = "doctor",
		.args = "[ID] [-v]",
		.help = "what is wrong and what to do; -v: and what is not",
		.detail =
			"The most urgent comes first; below stands what was checked and is well, "
			"with `-v` (or `--verbose`) all of it. What is wrong is a finding, what is "
			"only worth knowing (info) a note. On a terminal a remedy breaks only "
			"where "
			"each line can be pasted. Of one condition: whether it holds "
			"and for whom, what it means, and what usually causes it. Who asks for "
			"`one-way` has the daemon sample flows again; the answer is some seconds "
			"later.",
		.method = "GET",
		.path = "/v1/doctor",
		.limit_ms = LIMIT_MS,
		.n_args_max = 1,
		.takes = VTAP_CTL_OPTION_VERBOSE,
		.add_query = add_condition,
		.render = vtap_text_doctor },
	{ .name = "teardown",
		.args = "",
		.help = "remove everything that vtapd made, and stop it if it runs",
		.detail = "When no daemon answers, `vtapd --teardown` is run instead. A port that "
			  "nobody listens on makes this host answer mirrored packets with ICMP "
			  "port unreachable: stop the mirror sessions first.",
		.method = "POST",
		.path = "/v1/teardown",
		.render = vtap_text_teardown },
};

const struct vtap_ctl_command *vtap_ctl_commands(size_t *ret_n)
{
	*ret_n = VTAP_ARRAY_LEN(COMMANDS);
	return COMMANDS;
}

static int refuse_word(const char *word, struct vtap_err *err)
{
	const char *names[VTAP_ARRAY_LEN(COMMANDS)];

	for (size_t i = 0; i < VTAP_ARRAY_LEN(COMMANDS); i++)
		names[i] = COMMANDS[i].name;
	const char *near = vtap_value_nearest(word, names, VTAP_ARRAY_LEN(names));
	if (near != NULL)
		return vtap_err_set(
			err, -EINVAL, "%s: unknown command; did you mean %s?", word, near);
	return vtap_err_set(err, -EINVAL, "%s: unknown command; see vtapctl --help", word);
}

static int check_args(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, struct vtap_err *err)
{
	if (options->n_args < command->n_args_min)
		return vtap_err_set(err, -EINVAL, "%s: %s is missing: vtapctl %s %s", command->name,
			strncmp(command->args, "VNI", 3) == 0 ? "VNI" : "NAME", command->name,
			command->args);
	if (options->n_args > command->n_args_max)
		return vtap_err_set(err, -EINVAL, "%s: \"%s\" is too much: vtapctl %s%s%s",
			command->name, options->args[command->n_args_max], command->name,
			command->args[0] != '\0' ? " " : "", command->args);
	return 0;
}

/* The command that an option belongs to. */
static const char *owner_of(unsigned option)
{
	for (size_t i = 0; i < VTAP_ARRAY_LEN(COMMANDS); i++)
		if ((COMMANDS[i].takes & option) != 0)
			return COMMANDS[i].name;
	return "no command";
}

static int check_options(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, struct vtap_err *err)
{
	static const struct {
		enum vtap_ctl_option option;
		const char *name;
	} names[] = {
		{ VTAP_CTL_OPTION_TIMEOUT, "--timeout" },
		{ VTAP_CTL_OPTION_WAIT, "--wait" },
		{ VTAP_CTL_OPTION_REASON, "--reason" },
		{ VTAP_CTL_OPTION_VERBOSE, "-v" },
		{ VTAP_CTL_OPTION_INTERVAL, "--interval" },
		{ VTAP_CTL_OPTION_ONCE, "--once" },
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(names); i++)
		if ((options->given & ~command->takes & names[i].option) != 0)
			return vtap_err_set(err, -EINVAL, "%s: %s belongs to %s only",
				command->name, names[i].name, owner_of(names[i].option));
	return 0;
}

const struct vtap_ctl_command *vtap_ctl_command_named(const char *name)
{
	for (size_t i = 0; i < VTAP_ARRAY_LEN(COMMANDS); i++)
		if (strcmp(COMMANDS[i].name, name) == 0)
			return &COMMANDS[i];
	return NULL;
}

int vtap_ctl_command_find(const struct vtap_ctl_options *options,
	const struct vtap_ctl_command **ret_command, struct vtap_err *err)
{
	const struct vtap_ctl_command *command;
	int r;

	if (options->word == NULL)
		return vtap_err_set(err, -EINVAL, "a command is missing; see vtapctl --help");
	command = vtap_ctl_command_named(options->word);
	if (command == NULL)
		return refuse_word(options->word, err);
	r = check_args(command, options, err);
	if (r == 0)
		r = check_options(command, options, err);
	if (r == 0)
		*ret_command = command;
	return r;
}

int vtap_ctl_command_call(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, struct vtap_ctl_call *ret_call,
	struct vtap_err *err)
{
	struct vtap_ctl_call call = {
		.path = "",
		.limit_ms = command->limit_ms,
		.quiet_s = command->quiet_s,
	};

	add_to_path(&call, "%s", command->path);
	if (command->add_query != NULL) {
		int r = command->add_query(&call, options, err);
		if (r < 0)
			return vtap_err_add(err, r, "%s", command->name);
	}
	*ret_call = call;
	return 0;
}
