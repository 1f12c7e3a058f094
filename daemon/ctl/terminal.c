// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/terminal.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The alternate screen keeps what was on the other one, and the cursor is of no use on it.
 * Source: xterm's ctlseqs, DECSET 1049 and 25; every terminal of today has both. */
#define SCREEN_TAKE "\033[?1049h\033[?25l\033[2J"
#define SCREEN_GIVE "\033[?25h\033[?1049l"

#define ESCAPE '\033'
#define CTRL_L '\f'

/* The size of a terminal that does not tell. */
#define WIDTH_USUAL  80
#define HEIGHT_USUAL 24

static const int SIGNALS[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH };

static sigset_t signals_of_ours(void)
{
	sigset_t set;

	(void)sigemptyset(&set); /* neither can fail */
	for (size_t i = 0; i < VTAP_ARRAY_LEN(SIGNALS); i++)
		(void)sigaddset(&set, SIGNALS[i]);
	return set;
}

int vtap_ctl_terminal_show(const char *text, size_t len_bytes)
{
	while (len_bytes > 0) {
		ssize_t n = write(STDOUT_FILENO, text, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

/* ---- screen and keys ---- */

static int screen_take(struct vtap_ctl_terminal *terminal)
{
	struct termios ours = terminal->before;

	if (terminal->has_keys) {
		ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		ours.c_iflag &= ~(tcflag_t)IXON;
		ours.c_cc[VMIN] = 1;
		ours.c_cc[VTIME] = 0;
		if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &ours) < 0)
			return -errno;
	}
	terminal->is_entered = true;
	return vtap_ctl_terminal_show(SCREEN_TAKE, strlen(SCREEN_TAKE));
}

static void screen_give(struct vtap_ctl_terminal *terminal)
{
	if (!terminal->is_entered)
		return;
	terminal->is_entered = false;
	/* a terminal that is gone needs neither */
	(void)vtap_ctl_terminal_show(SCREEN_GIVE, strlen(SCREEN_GIVE));
	if (terminal->has_keys)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal->before);
}

bool vtap_ctl_terminal_is_capable(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

int vtap_ctl_terminal_open(struct vtap_ctl_terminal *ret_terminal, struct vtap_err *err)
{
	struct vtap_ctl_terminal terminal = VTAP_CTL_TERMINAL_NULL;
	sigset_t set = signals_of_ours();
	int r;

	terminal.has_keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &terminal.before) == 0;
	if (sigprocmask(SIG_BLOCK, &set, &terminal.blocked_before) < 0)
		return vtap_err_set(err, -errno, "blocking signals: %s", vtap_errno_text(errno));
	terminal.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r = terminal.signal_fd < 0 ? -errno : screen_take(&terminal);
	if (r < 0) {
		vtap_ctl_terminal_close(&terminal);
		return vtap_err_set(err, r, "taking the terminal: %s", vtap_errno_text(r));
	}
	*ret_terminal = terminal;
	return 0;
}

void vtap_ctl_terminal_close(struct vtap_ctl_terminal *terminal)
{
	screen_give(terminal);
	if (terminal->signal_fd < 0)
		return;
	terminal->signal_fd = vtap_fd_close(terminal->signal_fd);
	(void)sigprocmask(SIG_SETMASK, &terminal->blocked_before, NULL); /* cannot fail */
}

void vtap_ctl_terminal_size(size_t *ret_width, size_t *ret_height)
{
	struct winsize size = { 0 };

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size); /* 0 if it does not tell */
	*ret_width = size.ws_col > 0 ? size.ws_col : WIDTH_USUAL;
	*ret_height = size.ws_row > 0 ? size.ws_row : HEIGHT_USUAL;
}

size_t vtap_ctl_terminal_width(int fd)
{
	struct winsize size = { 0 };

	if (!isatty(fd))
		return 0;
	(void)ioctl(fd, TIOCGWINSZ, &size); /* 0 if it does not tell */
	return size.ws_col > 0 ? size.ws_col : WIDTH_USUAL;
}

/* ---- events ---- */

static int look(const struct vtap_ctl_terminal *terminal, struct pollfd ret_ask[2], int limit_ms)
{
	ret_ask[0] = (struct pollfd){ .fd = terminal->signal_fd, .events = POLLIN };
	ret_ask[1] =
		(struct pollfd){ .fd = terminal->has_keys ? STDIN_FILENO : -1, .events = POLLIN };
	return poll(ret_ask, 2, limit_ms);
}

bool vtap_ctl_terminal_is_waiting(const struct vtap_ctl_terminal *terminal)
{
	struct pollfd ask[2];

	return look(terminal, ask, 0) > 0;
}

/* Until somebody says go on, which is a signal of its own; then it is go_on()'s turn. SIGSTOP,
 * since ours is blocked. */
static enum vtap_ctl_event stop(struct vtap_ctl_terminal *terminal)
{
	screen_give(terminal);
	(void)raise(SIGSTOP); /* cannot fail */
	return VTAP_CTL_EVENT_NONE;
}

/* Also after a SIGSTOP of somebody else, when the shell has changed the terminal meanwhile. In the
 * background (`bg`) there is no terminal to take: to try would stop us inside of the call, where no
 * signal that is to end us is read. */
static enum vtap_ctl_event go_on(struct vtap_ctl_terminal *terminal)
{
	if (terminal->has_keys && tcgetpgrp(STDIN_FILENO) != getpgrp())
		return stop(terminal);
	return screen_take(terminal) < 0 ? VTAP_CTL_EVENT_END : VTAP_CTL_EVENT_REDRAW;
}

static enum vtap_ctl_event take_signal(struct vtap_ctl_terminal *terminal, int *ret_signal)
{
	struct signalfd_siginfo info;

	if (read(terminal->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return VTAP_CTL_EVENT_NONE;
	switch (info.ssi_signo) {
	case SIGWINCH:
		return VTAP_CTL_EVENT_REDRAW;
	case SIGTSTP:
		return stop(terminal);
	case SIGCONT:
		return go_on(terminal);
	case SIGINT:
		return VTAP_CTL_EVENT_END;
	default:
		*ret_signal = (int)info.ssi_signo;
		return VTAP_CTL_EVENT_SIGNAL;
	}
}

/* One at a time, whatever was typed ahead. Keys that send a sequence mean nothing here: the rest of
 * it is dropped, so that its letters are not taken for keys. */
static enum vtap_ctl_event take_key(int *ret_key)
{
	unsigned char typed;
	ssize_t n = read(STDIN_FILENO, &typed, 1);

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		return VTAP_CTL_EVENT_END;
	if (n < 0)
		return VTAP_CTL_EVENT_NONE;
	if (typed == ESCAPE) {
		(void)tcflush(
			STDIN_FILENO, TCIFLUSH); /* not a terminal any more: nothing to drop */
		return VTAP_CTL_EVENT_NONE;
	}
	*ret_key = typed;
	return typed == CTRL_L ? VTAP_CTL_EVENT_REDRAW : VTAP_CTL_EVENT_KEY;
}

enum vtap_ctl_event vtap_ctl_terminal_wait(
	struct vtap_ctl_terminal *terminal, uint64_t limit_ns, int *ret_key)
{
	struct pollfd ask[2];
	/* rounded up, so that it does not wake before its time */
	int n = look(terminal, ask, (int)((limit_ns + VTAP_NS_PER_MS - 1) / VTAP_NS_PER_MS));

	if (n <= 0)
		return VTAP_CTL_EVENT_NONE;
	if (ask[0].revents != 0)
		return take_signal(terminal, ret_key);
	return take_key(ret_key);
}
