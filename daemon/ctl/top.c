// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/top.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "daemon/ctl/answer.h"
#include "daemon/ctl/terminal.h"
#include "report/text_top.h"
#include "report/text_words.h"

/* How long an answer may take before the screen says that there is none. The first one may take
 * longer: nobody sees anything yet. */
#define LIMIT_MS 3000

#define HTTP_OK 200 /* RFC 9110 section 15 */

/* From the upper left corner on; each line wipes out what is left of the former one, the last one
 * what is below it. */
#define FRAME_BEGIN "\033[H"
#define FRAME_WIPE  "\033[K"
#define FRAME_END   "\033[J"
#define FRAME_CLEAR "\033[2J"

struct live {
	const struct vtap_ctl_command *command;
	const struct vtap_ctl_options *options;
	struct vtap_ctl_request request;
	struct vtap_ctl_terminal terminal;
	struct vtap_text_top *top;
	struct vtap_text_top_view view;
	char *shown;                    /* the text on the screen, or NULL */
	struct vtap_text_words trouble; /* what view.trouble is while the daemon is away */
	uint64_t away_since_ns;         /* wall clock; 0: it answers */
	int error;                      /* why nothing can be drawn any more, or 0 */
};

/* ---- asking ---- */

static bool is_unwanted(void *arg)
{
	const struct live *live = arg;

	return vtap_ctl_terminal_is_waiting(&live->terminal);
}

/* Return: 0 when the answer was taken; VTAP_CTL_NOBODY, or negative errno with the sentence. */
static int ask(struct live *live, struct vtap_err *err)
{
	struct vtap_ctl_reply reply = VTAP_CTL_REPLY_NULL;
	int r = vtap_ctl_client_ask(&live->request, &reply, err);

	if (r != 0)
		return r;
	r = reply.code == HTTP_OK
		    ? vtap_text_top_take(live->top, reply.body, err)
		    : vtap_err_set(err, -EPROTO, "vtapd answers HTTP %ld", reply.code);
	vtap_ctl_reply_done(&reply);
	return r;
}

/* What is shown while nobody answers; from when on, and how often he is asked. */
static void note_away(struct live *live, const struct vtap_err *err)
{
	uint64_t now_ns = vtap_clock_wall_ns();

	if (live->away_since_ns == 0)
		live->away_since_ns = now_ns;
	live->trouble = (struct vtap_text_words)VTAP_TEXT_WORDS_NULL;
	vtap_text_words_add(&live->trouble,
		"vtapd does not answer since %s; it is asked again every %u s.\n  %s",
		vtap_text_clock(live->away_since_ns, now_ns).text, live->view.interval_s,
		err->text);
	live->view.trouble = live->trouble.text;
}

/* One more answer, or why there is none. */
static void refresh(struct live *live)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int r = ask(live, &err);

	if (r == -ECANCELED)
		return; /* somebody typed: what is shown stays */
	if (r != 0) {
		note_away(live, &err);
		return;
	}
	live->view.trouble = NULL;
	live->away_since_ns = 0;
}

/* ---- the screen ---- */

/* Its first line is taken from a text. Return: how many bytes it has, without its end. */
static size_t line_take(const char **text)
{
	size_t len = strcspn(*text, "\n");

	*text += len + ((*text)[len] == '\n' ? 1 : 0);
	return len;
}

/* As one text, so that nothing flickers; no more lines than there are. Over a slow line only what
 * changes is sent: lines that stand there already are passed over, but for the last one, behind
 * which the rest is wiped out. */
static void frame_write(const struct live *live, const char *text, bool is_anew, FILE *out)
{
	const char *before = is_anew || live->shown == NULL ? "" : live->shown;

	(void)fputs(is_anew ? FRAME_CLEAR FRAME_BEGIN : FRAME_BEGIN, out); /* into memory */
	for (size_t i = 0; i < live->view.height && *text != '\0'; i++) {
		const char *line = text, *line_before = before;
		size_t len = line_take(&text), len_before = line_take(&before);
		bool is_last = i + 1 == live->view.height || *text == '\0';

		if (i > 0)
			(void)fputs("\n", out);
		if (!is_last && len == len_before && len > 0 && memcmp(line, line_before, len) == 0)
			continue;
		(void)fwrite(line, 1, len, out);
		(void)fputs(FRAME_WIPE, out);
	}
	(void)fputs(FRAME_END, out);
}

static int screen_text(const struct live *live, char **ret_text)
{
	size_t len;
	FILE *out = open_memstream(ret_text, &len);
	int r;

	if (out == NULL)
		return -ENOMEM;
	r = vtap_text_top_draw(live->top, &live->view, out);
	return fclose(out) != 0 ? -ENOMEM : r;
}

static int frame_draw(struct live *live, bool is_anew)
{
	_auto_free char *text = NULL;
	_auto_free char *frame = NULL;
	FILE *out;
	size_t len;

	vtap_ctl_terminal_size(&live->view.width, &live->view.height);
	/* What stands in the last column waits there, and the end of the line would wipe it out. */
	live->view.width -= live->view.width > 1 ? 1 : 0;
	int r = screen_text(live, &text);
	if (r < 0)
		return r;
	out = open_memstream(&frame, &len);
	if (out == NULL)
		return -ENOMEM;
	frame_write(live, text, is_anew, out);
	if (fclose(out) != 0)
		return -ENOMEM;
	free(live->shown);
	live->shown = vtap_steal(&text);
	return vtap_ctl_terminal_show(frame, len);
}

/* Return: was it? Else the terminal is of no use any more, and the error says why. */
static bool draw(struct live *live, bool is_anew)
{
	live->error = frame_draw(live, is_anew);
	return live->error == 0;
}

/* ---- the loop ---- */

/* Return: go on? */
static bool take_key(struct live *live, int key)
{
	enum vtap_text_order order = vtap_text_order_of_key((char)key);

	if (order != VTAP_TEXT_ORDER_COUNT)
		live->view.order = order;
	return key != 'q';
}

/* Until @until_ns, or an event that is the end: then false, with the signal to end with, or 0. */
static bool serve(struct live *live, uint64_t until_ns, int *ret_signal)
{
	uint64_t now_ns;
	int key;

	while ((now_ns = vtap_clock_mono_ns()) < until_ns) {
		enum vtap_ctl_event event =
			vtap_ctl_terminal_wait(&live->terminal, until_ns - now_ns, &key);

		if (event == VTAP_CTL_EVENT_NONE)
			continue;
		if (event == VTAP_CTL_EVENT_SIGNAL)
			*ret_signal = key;
		if (event == VTAP_CTL_EVENT_SIGNAL || event == VTAP_CTL_EVENT_END ||
			(event == VTAP_CTL_EVENT_KEY && !take_key(live, key)) ||
			!draw(live, event == VTAP_CTL_EVENT_REDRAW))
			return false;
	}
	return true;
}

/* Return: the signal to end with, or 0. */
static int run_screen(struct live *live)
{
	uint64_t interval_ns = live->view.interval_s * VTAP_NS_PER_S;
	uint64_t next_ns = vtap_clock_mono_ns();
	int signal = 0;

	if (!draw(live, true))
		return 0;
	do {
		next_ns += interval_ns;
		if (next_ns < vtap_clock_mono_ns()) /* stopped, or a daemon that took its time */
			next_ns = vtap_clock_mono_ns() + interval_ns;
		if (!serve(live, next_ns, &signal))
			break;
		refresh(live);
	} while (draw(live, false));
	return signal;
}

static enum vtap_ctl_exit run_live(struct live *live)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int r = vtap_ctl_terminal_open(&live->terminal, &err);
	int signal;

	if (r < 0)
		return vtap_ctl_answer_exit(live->command, r, &err);
	live->request.limit_ms = LIMIT_MS;
	live->request.is_unwanted = is_unwanted;
	live->request.arg = live;
	signal = run_screen(live);
	vtap_ctl_terminal_close(&live->terminal);
	free(live->shown);
	if (signal != 0)
		(void)raise(signal); /* it ends us, now that the terminal is given back */
	if (live->error < 0)
		(void)vtap_err_set(&err, live->error, "drawing the screen: %s", /* returns it */
			vtap_errno_text(live->error));
	return vtap_ctl_answer_exit(live->command, live->error, &err);
}

static enum vtap_ctl_exit run_once(struct live *live)
{
	const struct timespec pause = { .tv_sec = live->view.interval_s };
	struct vtap_err err = VTAP_ERR_NULL;

	(void)nanosleep(&pause, NULL); /* a shorter one only measures less */
	int r = ask(live, &err);
	if (r != 0)
		return vtap_ctl_answer_missing(live->command, live->options, r, &err);
	r = vtap_text_top_draw(
		live->top, &live->view, stdout); /* main() asks whether it was written */
	if (r < 0)
		(void)vtap_err_set(&err, r, "%s", vtap_errno_text(r)); /* the code is known */
	return vtap_ctl_answer_exit(live->command, r, &err);
}

enum vtap_ctl_exit vtap_ctl_top_run(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, const struct vtap_ctl_request *request,
	unsigned interval_s, const struct vtap_text_opts *text_opts)
{
	bool is_once =
		(options->given & VTAP_CTL_OPTION_ONCE) != 0 || !vtap_ctl_terminal_is_capable();
	_auto(text_top) struct vtap_text_top *top = NULL;
	struct vtap_err err = VTAP_ERR_NULL;
	struct live live = {
		.command = command,
		.options = options,
		.request = *request,
		.terminal = VTAP_CTL_TERMINAL_NULL,
		.view = { .has_color = text_opts->has_color,
			.has_utf8 = !text_opts->is_ascii,
			.interval_s = interval_s },
	};
	int r = vtap_text_top_new(&top);

	live.top = top;
	if (r == 0)
		r = ask(&live, &err);
	else
		(void)vtap_err_set(&err, r, "out of memory"); /* the code is known */
	if (r != 0)
		return vtap_ctl_answer_missing(command, options, r, &err);
	return is_once ? run_once(&live) : run_live(&live);
}
