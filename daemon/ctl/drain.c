// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/drain.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "daemon/ctl/answer.h"

/** Between two questions. */
#define ASK_EVERY_S 1

/** How long a daemon that went away is asked on: systemd restarts one within this. */
#define AWAY_MAX_NS (30 * VTAP_NS_PER_S)

/** HTTP status codes (RFC 9110 section 15). */
enum {
	HTTP_OK = 200,
	HTTP_UNAVAILABLE = 503, /* it is stopping */
};

struct wait {
	const struct vtap_ctl_command *command;
	const struct vtap_ctl_options *options;
	struct vtap_text_opts text_opts; /* its `drain` is @said */
	struct vtap_text_drain said;
	bool has_begun;
	uint64_t away_since_ns; /* 0: it answers */
};

static bool is_answer(int r, const struct vtap_ctl_reply *reply)
{
	return r == 0 && reply->code == HTTP_OK;
}

/* No answer, of a kind that a daemon gives which comes back. */
static bool is_away(int r, const struct vtap_ctl_reply *reply)
{
	return r == VTAP_CTL_NOBODY || r == -EPROTO || r == -ETIMEDOUT ||
	       (r == 0 && reply->code == HTTP_UNAVAILABLE);
}

/* May it be asked on? Says once that it does not answer. */
static bool may_come_back(struct wait *wait, int r, const struct vtap_ctl_reply *reply)
{
	uint64_t now_ns = vtap_clock_mono_ns();

	if (!wait->has_begun || !is_away(r, reply))
		return false;
	if (wait->away_since_ns == 0) {
		wait->away_since_ns = now_ns;
		(void)fputs("vtapctl: drain: vtapd does not answer; asking on for 30 s\n", stderr);
	}
	return now_ns - wait->away_since_ns < AWAY_MAX_NS;
}

/* Return: the outcome of the answer; its text is on stdout, unless JSON is wanted. */
static int take_answer(struct wait *wait, const struct vtap_ctl_reply *reply, struct vtap_err *err)
{
	int outcome;

	wait->has_begun = true;
	wait->away_since_ns = 0;
	wait->text_opts.now_ns = vtap_clock_wall_ns();
	if (wait->options->is_json)
		return vtap_ctl_answer_judge(wait->command, reply, &wait->text_opts, err);
	outcome = wait->command->render(reply->body, &wait->text_opts, stdout, err);
	(void)fflush(stdout); /* main() asks whether all of it could be written */
	return outcome;
}

/* Ask once. Return: is the wait over, with its exit status in *ret_exit? */
static bool ask(
	struct wait *wait, const struct vtap_ctl_request *request, enum vtap_ctl_exit *ret_exit)
{
	struct vtap_ctl_reply reply = VTAP_CTL_REPLY_NULL;
	struct vtap_err err = VTAP_ERR_NULL;
	int r = vtap_ctl_client_ask(request, &reply, &err);
	int outcome = is_answer(r, &reply) ? take_answer(wait, &reply, &err) : 0;
	bool is_over = is_answer(r, &reply) ? outcome != VTAP_TEXT_WAITING
					    : !may_come_back(wait, r, &reply);

	if (is_over && r != 0)
		*ret_exit = vtap_ctl_answer_missing(wait->command, wait->options, r, &err);
	else if (is_over && (reply.code != HTTP_OK || wait->options->is_json))
		*ret_exit = vtap_ctl_answer_show(
			wait->command, wait->options, &reply, &wait->text_opts);
	else if (is_over)
		*ret_exit = vtap_ctl_answer_exit(wait->command, outcome, &err);
	vtap_ctl_reply_done(&reply);
	return is_over;
}

enum vtap_ctl_exit vtap_ctl_drain_wait(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, const struct vtap_ctl_request *request,
	const struct vtap_text_opts *text_opts)
{
	static const struct timespec pause = { .tv_sec = ASK_EVERY_S };
	struct wait wait = { .command = command, .options = options, .text_opts = *text_opts };
	struct vtap_ctl_request question = *request;
	enum vtap_ctl_exit status;

	wait.text_opts.drain = &wait.said;
	question.method = "GET";
	question.path = command->path;
	if (ask(&wait, request, &status))
		return status;
	do
		(void)nanosleep(&pause, NULL); /* a shorter one only asks earlier */
	while (!ask(&wait, &question, &status));
	return status;
}
