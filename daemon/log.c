// SPDX-License-Identifier: Apache-2.0
#include "daemon/log.h"

/* All entries are sent from one place of this file: nothing that is worth a field. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include <assert.h>
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
 * a folded line are as many as fit into its message, see daemon/interfaces_states.c. */
#define FIELDS_MAX  128
#define FIELD_MAX   512 /* bytes of one; also of the message's */
#define NOTE_BYTES  80  /* at the end of a message that was held back */
#define ENTRY_BYTES 6144

#define MESSAGE_FIELD "MESSAGE="

static_assert(VTAP_EVENT_COUNT + VTAP_CONDITION_COUNT <= VTAP_FLOOD_KINDS, "each is a kind");

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

static enum vtap_flood_rank rank_of(enum vtap_event event, const struct vtap_log_context *context)
{
	const struct vtap_condition_row *row =
		row_find(context->condition != NULL ? context->condition : context->because);

	if (vtap_event_row(event)->is_asked_for || context->is_asked_for)
		return VTAP_FLOOD_ASKED_FOR;
	if (vtap_event_row(event)->is_urgent ||
		(row != NULL && row->severity == VTAP_SEVERITY_PAGE))
		return VTAP_FLOOD_URGENT;
	return VTAP_FLOOD_ORDINARY;
}

/* Of all that are of one kind: whoever they are about. */
static void entry_make_rest(struct entry *entry, int priority, enum vtap_event event,
	const struct vtap_log_context *context)
{
	const struct vtap_event_row *row = vtap_event_row(event);
	const struct vtap_log_context of_kind = {
		.condition = context->condition,
		.because = context->because,
	};
	const char *what = context->condition != NULL ? context->condition : row->meaning;

	entry_make(entry, priority, event, &of_kind, row->state != NULL ? row->state : what);
}

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

static struct vtap_flood_lane *lane_find(
	enum vtap_event event, const struct vtap_log_context *context)
{
	const char *state = vtap_event_row(event)->state;
	char fields[FIELD_MAX];

	(void)snprintf(fields, sizeof(fields), "%s/%s/%s", /* cut is harmless */
		context->sessions != NULL ? context->sessions : "",
		context->target != NULL ? context->target : "",
		context->interface != NULL ? context->interface : "");
	return vtap_flood_hold(&flood, state != NULL ? state : message_id(event, context),
		context->subject != NULL ? context->subject : fields, rank_of(event, context),
		vtap_clock_mono_ns());
}

static void entry_tell(int priority, enum vtap_event event, const struct vtap_log_context *context,
	const char *message)
{
	struct vtap_flood_lane *lane = lane_find(event, context);
	struct entry entry;

	if (lane != NULL && vtap_flood_lane_is_rest(lane))
		entry_make_rest(&entry, priority, event, context);
	else
		entry_make(&entry, priority, event, context, message);
	if (lane == NULL)
		entry_send(&entry);
	else
		entry_hold(&entry, lane);
}

static void held_note(struct entry *entry, const struct vtap_flood_late *late)
{
	size_t whole = strlen(entry->message);
	size_t len = whole < FIELD_MAX - NOTE_BYTES ? whole : FIELD_MAX - NOTE_BYTES;
	double seconds = (double)late->held_ns / (double)VTAP_NS_PER_S;
	char *note = entry->message + len;

	if (late->is_rest)
		(void)snprintf(note, FIELD_MAX - len, /* fits */
			": and %u more entries of this kind within %.0f s; vtapctl doctor", late->n,
			seconds);
	else if (late->n > 1)
		(void)snprintf(note, FIELD_MAX - len, /* fits */
			"; the last of %u such entries within %.0f s", late->n, seconds);
	else
		(void)snprintf(note, FIELD_MAX - len, /* fits */
			"; told up to %.0f s late, there were too many", seconds);
}

static void held_tell(bool is_all)
{
	uint64_t now_ns = vtap_clock_mono_ns();
	struct vtap_flood_late late;
	struct entry *entry;

	while ((entry = vtap_flood_next(&flood, is_all, now_ns, &late)) != NULL) {
		held_note(entry, &late);
		entry_send(entry);
		free(entry);
	}
}

void vtap_log_second(void)
{
	held_tell(false);
}

void vtap_log_done(void)
{
	held_tell(true);
}

/* ---- the log ---- */

void vtap_log(int priority, enum vtap_event event, const struct vtap_log_context *context,
	const char *fmt, ...)
{
	static const struct vtap_log_context none;
	char message[FIELD_MAX - sizeof(MESSAGE_FIELD)];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args); /* cut is harmless */
	va_end(args);
	vtap_text_make_printable(message);
	entry_tell(priority, event, context != NULL ? context : &none, message);
}
