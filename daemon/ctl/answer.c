// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/answer.h"

#include "base/cleanup.h"
#include "daemon/ctl/terminal.h"
#include "report/text_lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/** HTTP status codes of the control protocol (RFC 9110 section 15). */
enum {
	HTTP_OK = 200,
	HTTP_BAD_REQUEST = 400,
	HTTP_FORBIDDEN = 403,
	HTTP_NOT_FOUND = 404,
	HTTP_REFUSED = 422,
};

/** Columns that the rest of a broken line stands further in */
#define HANG 2

/** Between two commands on one line */
#define BETWEEN "      "

/** Bytes of a command with what it is for, and its NUL: the longest path of a socket has 107 */
#define REMEDY_MAX 192

/* On stderr, which breaks between words if it is a terminal. Whether it can be written cannot
 * matter any more. */
static void say_text(const char *text)
{
	size_t width = vtap_ctl_terminal_width(STDERR_FILENO);
	struct vtap_text_lines lines = vtap_text_lines_of(text, width > HANG ? width - HANG : 0);
	const char *line;
	int indent = 0;

	for (; (line = vtap_text_lines_next(&lines)) != NULL; indent = HANG)
		(void)fprintf(stderr, "%*s%s\n", indent, "", line); /* see above */
}

static void say(const struct vtap_ctl_command *command, const char *sentence)
{
	char text[VTAP_ERR_MAX + 64];

	(void)snprintf(text, sizeof(text), "vtapctl: %s: %s", command->name, sentence); /* fits */
	say_text(text);
}

/* Commands to paste, with what they are for: on one line, or where that is too long for a terminal
 * on one each. */
static void say_remedies(const char *const *remedies, size_t n)
{
	size_t width = vtap_ctl_terminal_width(STDERR_FILENO), len = HANG;

	for (size_t i = 0; i < n; i++)
		len += strlen(remedies[i]) + (i > 0 ? strlen(BETWEEN) : 0);
	for (size_t i = 0; i < n; i++) {
		bool is_begin = i == 0 || (width != 0 && len > width);

		(void)fprintf(stderr, "%s%s%s", i > 0 && is_begin ? "\n" : "", /* as say_text() */
			is_begin ? "  " : BETWEEN, remedies[i]);
	}
	(void)fputs("\n", stderr); /* as say_text() */
}

/* "sudo vtapctl " and the socket, if it was given: the beginning of a command to paste */
static void say_sudo(const struct vtap_ctl_options *options)
{
	(void)fputs("sudo vtapctl ", stderr); /* as say() */
	if (strcmp(options->socket, VTAP_CTL_SOCKET) != 0)
		(void)fprintf(stderr, "--socket %s ", options->socket);
}

/* A word of a command to paste, quoted for the shell where it needs that. */
static void say_word(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._-:/";

	if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
		(void)fprintf(stderr, " %s", word); /* as say() */
		return;
	}
	(void)fputs(" '", stderr);
	for (; *word != '\0'; word++)
		(void)fprintf(stderr, *word == '\'' ? "'\\''" : "%c", *word);
	(void)fputs("'", stderr);
}

static void say_only_root(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, const char *sentence)
{
	(void)fprintf(stderr, "vtapctl: %s: %s. Try: ", command->name, sentence); /* as say() */
	say_sudo(options);
	(void)fputs(command->name, stderr);
	for (size_t i = 0; i < options->n_args; i++)
		say_word(options->args[i]);
	if ((options->given & VTAP_CTL_OPTION_WAIT) != 0)
		say_word("--wait");
	if (options->reason != NULL) {
		say_word("--reason");
		say_word(options->reason);
	}
	(void)fputs("\n", stderr);
}

enum vtap_ctl_exit vtap_ctl_answer_exit(
	const struct vtap_ctl_command *command, int outcome, const struct vtap_err *err)
{
	if (outcome < 0) {
		say(command, err->text);
		return VTAP_CTL_NO_DAEMON; /* none that we understand */
	}
	switch (outcome) {
	case 0:
		return VTAP_CTL_OK;
	case VTAP_TEXT_REFUSED:
		return VTAP_CTL_REFUSED;
	default:
		return VTAP_CTL_NOT_READY;
	}
}

int vtap_ctl_answer_judge(const struct vtap_ctl_command *command,
	const struct vtap_ctl_reply *reply, const struct vtap_text_opts *text_opts,
	struct vtap_err *err)
{
	_auto_free char *text = NULL;
	size_t len;
	FILE *sink = open_memstream(&text, &len);

	if (sink == NULL)
		return vtap_err_set(err, -ENOMEM, "out of memory");
	int outcome = command->render(reply->body, text_opts, sink, err);
	(void)fclose(sink); /* nobody reads it */
	return outcome;
}

static void write_json(const struct vtap_ctl_reply *reply)
{
	/* The caller's fflush tells whether it was written. */
	(void)fwrite(reply->body, 1, reply->len_bytes, stdout);
	if (reply->len_bytes == 0 || reply->body[reply->len_bytes - 1] != '\n')
		(void)fputs("\n", stdout);
}

static enum vtap_ctl_exit show_answer(const struct vtap_ctl_command *command, bool is_json,
	const struct vtap_ctl_reply *reply, const struct vtap_text_opts *text_opts)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int outcome;

	if (is_json) {
		write_json(reply);
		/* the exit status is the same as without --json */
		outcome = vtap_ctl_answer_judge(command, reply, text_opts, &err);
	} else {
		outcome = command->render(reply->body, text_opts, stdout, &err);
	}
	return vtap_ctl_answer_exit(command, outcome, &err);
}

/* The sentence of an error answer; its HTTP status where it has none. */
static void read_error(const struct vtap_ctl_reply *reply, struct vtap_err *ret_sentence)
{
	static const struct vtap_text_opts plain = { .has_color = false };
	FILE *out = fmemopen(ret_sentence->text, sizeof(ret_sentence->text), "w");
	int r = -ENOMEM;

	if (out != NULL) {
		r = vtap_text_error(reply->body, &plain, out, NULL);
		(void)fclose(out); /* what does not fit is cut */
	}
	ret_sentence->text[sizeof(ret_sentence->text) - 1] = '\0';
	if (r < 0)
		(void)vtap_err_set(ret_sentence, r, "vtapd answers HTTP %ld", reply->code);
}

static enum vtap_ctl_exit show_error(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, const struct vtap_ctl_reply *reply)
{
	struct vtap_err sentence = VTAP_ERR_NULL;

	if (options->is_json)
		write_json(reply);
	read_error(reply, &sentence);
	if (reply->code == HTTP_FORBIDDEN) {
		say_only_root(command, options, sentence.text);
		return VTAP_CTL_NOT_PERMITTED;
	}
	say(command, sentence.text);
	if (reply->code == HTTP_BAD_REQUEST || reply->code == HTTP_NOT_FOUND)
		return VTAP_CTL_USAGE;
	return VTAP_CTL_NO_DAEMON;
}

enum vtap_ctl_exit vtap_ctl_answer_show(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, const struct vtap_ctl_reply *reply,
	const struct vtap_text_opts *text_opts)
{
	if (reply->code == HTTP_OK || reply->code == HTTP_REFUSED)
		return show_answer(command, options->is_json, reply, text_opts);
	return show_error(command, options, reply);
}

/* sd_booted(3), in one line: only the daemon links libsystemd. */
static bool has_service(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

static void say_nobody(const struct vtap_ctl_options *options)
{
	bool is_usual = strcmp(options->socket, VTAP_CTL_SOCKET) == 0;
	const char *remedies[3] = { "start it: sudo vtapd" };
	char text[2 * REMEDY_MAX], removal[REMEDY_MAX];
	size_t n = 1;

	(void)snprintf(text, sizeof(text), /* fits */
		"vtapctl: vtapd is not running.%s%s%s Interfaces that it left in place stay; a "
		"fast path and vxlan interfaces go on showing frames, others show nothing new.",
		is_usual ? "" : " Nobody listens at ", is_usual ? "" : options->socket,
		is_usual ? "" : ".");
	(void)snprintf(removal, sizeof(removal), /* fits */
		"remove them: sudo vtapctl %s%s%steardown", is_usual ? "" : "--socket ",
		is_usual ? "" : options->socket, is_usual ? "" : " ");
	say_text(text);
	if (has_service()) {
		remedies[0] = "start it: sudo systemctl start vtapd";
		remedies[n++] = "why it ended: journalctl -u vtapd -n 20";
	}
	remedies[n++] = removal;
	say_remedies(remedies, n);
}

static void say_hanging(void)
{
	static const char *const remedies[] = { "look: systemctl status vtapd",
		"if that does not end: sudo systemctl restart vtapd" };

	say_text("  It hangs, or this host is too busy. A fast path and vxlan interfaces go on "
		 "showing frames; as a service it is started again within 20 s.");
	say_remedies(remedies, VTAP_ARRAY_LEN(remedies));
}

enum vtap_ctl_exit vtap_ctl_answer_missing(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, int r, const struct vtap_err *err)
{
	struct vtap_err sentence = VTAP_ERR_NULL;

	if (r == VTAP_CTL_NOBODY) {
		say_nobody(options);
		return VTAP_CTL_NO_DAEMON;
	}
	if (r == -EACCES) {
		(void)vtap_err_set(&sentence, r, /* the code is known */
			"%s (you are uid %u); root and the group vtapd may", err->text,
			(unsigned)geteuid());
		say_only_root(command, options, sentence.text);
		return VTAP_CTL_NOT_PERMITTED;
	}
	say(command, err->text);
	if (r == -ETIMEDOUT)
		say_hanging();
	return VTAP_CTL_NO_DAEMON;
}

enum vtap_ctl_exit vtap_ctl_answer_root(
	const struct vtap_ctl_command *command, const struct vtap_ctl_options *options)
{
	struct vtap_err sentence = VTAP_ERR_NULL;

	(void)vtap_err_set(&sentence, -EPERM, /* the code is known */
		"only root may do this (you are uid %u)", (unsigned)geteuid());
	say_only_root(command, options, sentence.text);
	return VTAP_CTL_NOT_PERMITTED;
}
