// SPDX-License-Identifier: Apache-2.0
#include "daemon/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/flood.h"
#include "report/condition.h"

/* Fields of one entry beside its message: the fixed ones, and one for each session's name. Those of
 * a folded line are as many as fit into its message, see daemon/interfaces.c. */
#define FIELDS_MAX  128
#define FIELD_MAX   512 /* bytes of one; also of the message's */
#define NOTE_BYTES  80  /* at the end of a message that was held back */
#define ENTRY_BYTES 6144

#define MESSAGE_FIELD "MESSAGE="

static bool has_journal; /* set once, before any thread */
static struct vtap_flood flood;

/** struct entry - as it is sent */
struct entry {
	char message[FIELD_MAX];
	char bytes[ENTRY_BYTES]; /* of the other fields, one behind the other */
	struct {
		size_t at;
		size_t len;
	} field[FIELDS_MAX];
	size_t n;
	size_t used;
};

void vtap_log_init(void)
{
	const char *stream =
		getenv("JOURNAL_STREAM"); /* systemd.exec(5): device and inode of stderr */
	char text[64];
	struct stat stat;

	if (stream == NULL || fstat(STDERR_FILENO, &stat) < 0)
		return;
	(void)snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)stat.st_dev, /* fits */
		(uintmax_t)stat.st_ino);
	has_journal = strcmp(stream, text) == 0;
}

/* ---- an entry ---- */

static void field_add(struct entry *entry, const char *fmt, ...) VTAP_PRINTF(2, 3);

static void field_add(struct entry *entry, const char *fmt, ...)
{
	char *text = entry->bytes + entry->used;
	va_list args;

	if (entry->n == FIELDS_MAX || ENTRY_BYTES - entry->used < FIELD_MAX)
		return; /* the message has it all the same */
	va_start(args, fmt);
	(void)vsnprintf(text, FIELD_MAX, fmt, args); /* cut is harmless */
	va_end(args);
	entry->field[entry->n].at = entry->used;
	entry->field[entry->n++].len = strlen(text);
	entry->used += strlen(text);
}

static void field_add_text(struct entry *entry, const char *name, const char *value)
{
	if (value != NULL)
		field_add(entry, "%s=%s", name, value);
}

/* A field for each of some names joined by ", ", which no name has in it. */
static void fields_add(struct entry *entry, const char *name, const char *values)
{
	for (const char *end; values != NULL && *values != '\0'; values = end + strspn(end, ", ")) {
		end = strstr(values, ", ");
		end = end != NULL ? end : values + strlen(values);
		field_add(entry, "%s=%.*s", name, (int)(end - values), values);
	}
}

static const struct vtap_condition_row *row_find(const char *condition)
{
	enum vtap_condition found =
		condition != NULL ? vtap_condition_find(condition) : VTAP_CONDITION_COUNT;

	return found != VTAP_CONDITION_COUNT ? vtap_condition_row(found) : NULL;
}

/* A condition's entries are found by its own id, whoever writes them. */
static const char *message_id(enum vtap_event event, const struct vtap_log_context *context)
{
	const struct vtap_condition_row *row = row_find(context->condition);

	return row != NULL ? row->message_id : vtap_event_row(event)->message_id;
}

int vtap_log_priority(const char *condition)
{
	const struct vtap_condition_row *row = row_find(condition);

	if (row == NULL || row->severity == VTAP_SEVERITY_TICKET)
		return LOG_WARNING;
	return row->severity == VTAP_SEVERITY_PAGE ? LOG_ERR : LOG_NOTICE;
}

static void entry_make(struct entry *entry, int priority, enum vtap_event event,
	const struct vtap_log_context *context, const char *message)
{
	entry->n = entry->used = 0;
	(void)snprintf(entry->message, FIELD_MAX, MESSAGE_FIELD "%s", message); /* fits */
	field_add(entry, "PRIORITY=%d", priority);
	field_add_text(entry, "MESSAGE_ID", message_id(event, context));
	field_add_text(entry, "SYSLOG_IDENTIFIER", "vtapd");
	field_add_text(entry, "VTAPD_CONDITION",
		context->condition != NULL ? context->condition : context->because);
	field_add_text(entry, "VTAPD_TARGET", context->target);
	fields_add(entry, "VTAPD_INTERFACE", context->interface);
	field_add_text(entry, "VTAPD_VNI", context->vnis);
	if (context->error != 0)
		field_add(entry, "ERRNO=%d", abs(context->error));
	fields_add(entry, "VTAPD_SESSION", context->sessions);
}

static void entry_send(struct entry *entry)
{
	struct iovec iov[FIELDS_MAX + 1] = { { entry->message, strlen(entry->message) } };

	if (!has_journal) {
		(void)fprintf(stderr, "%s\n", /* nowhere left to say so */
			entry->message + strlen(MESSAGE_FIELD));
		return;
	}
	for (size_t i = 0; i < entry->n; i++)
		iov[i + 1] =
			(struct iovec){ entry->bytes + entry->field[i].at, entry->field[i].len };
	(void)sd_journal_sendv(iov, (int)entry->n + 1); /* nowhere left to say so */
}

/* ---- what is held back ---- */

/* Without memory it is told at once: too much is better than nothing. */
static void entry_hold(struct entry *entry, struct vtap_flood_lane *lane)
{
	struct entry *held = lane->held != NULL ? lane->held : malloc(sizeof(*held));

	if (held == NULL) {
		entry_send(entry);
		return;
	}
	*held = *entry;
	lane->held = held;
}

static void entry_tell(
	struct entry *entry, enum vtap_event event, const struct vtap_log_context *context)
{
	const struct vtap_event_row *row = vtap_event_row(event);
	struct vtap_flood_lane *lane;
	char subject[FIELD_MAX];

	if (row->is_asked_for) {
		entry_send(entry);
		return;
	}
	(void)snprintf(subject, sizeof(subject), "%s/%s/%s", /* cut is harmless */
		context->sessions != NULL ? context->sessions : "",
		context->target != NULL ? context->target : "",
		context->interface != NULL ? context->interface : "");
	lane = vtap_flood_hold(&flood, row->lane != NULL ? row->lane : message_id(event, context),
		subject, vtap_clock_mono_ns());
	if (lane == NULL)
		entry_send(entry);
	else
		entry_hold(entry, lane);
}

/* @n: entries that this one stands for */
static void held_note(struct entry *entry, unsigned n, uint64_t held_ns)
{
	size_t whole = strlen(entry->message);
	size_t len = whole < FIELD_MAX - NOTE_BYTES ? whole : FIELD_MAX - NOTE_BYTES;
	double seconds = (double)held_ns / (double)VTAP_NS_PER_S;

	if (n > 1)
		(void)snprintf(entry->message + len, FIELD_MAX - len, /* fits */
			"; the last of %u entries about it within %.0f s", n, seconds);
	else
		(void)snprintf(entry->message + len, FIELD_MAX - len, /* fits */
			"; told up to %.0f s late, there were too many", seconds);
}

static void held_tell(bool is_all, uint64_t now_ns)
{
	struct entry *entry;
	uint64_t held_ns;
	unsigned n;

	while ((entry = vtap_flood_next(&flood, is_all, now_ns, &n, &held_ns)) != NULL) {
		held_note(entry, n, held_ns);
		entry_send(entry);
		free(entry);
	}
}

void vtap_log_second(uint64_t now_ns)
{
	held_tell(false, now_ns);
}

void vtap_log_done(void)
{
	held_tell(true, vtap_clock_mono_ns());
}

/* ---- the log ---- */

void vtap_log(int priority, enum vtap_event event, const struct vtap_log_context *context,
	const char *fmt, ...)
{
	static const struct vtap_log_context none;
	char message[FIELD_MAX - sizeof(MESSAGE_FIELD)];
	struct entry entry;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args); /* cut is harmless */
	va_end(args);
	vtap_text_make_printable(message);
	entry_make(&entry, priority, event, context != NULL ? context : &none, message);
	entry_tell(&entry, event, context != NULL ? context : &none);
}
