// SPDX-License-Identifier: Apache-2.0
#include "daemon/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "base/text.h"
#include "report/condition.h"

/* Fields of one entry: the fixed ones, and a session's name each; more sessions are in the message.
 */
#define FIELDS_MAX 24

/* Bytes of one field. */
#define FIELD_MAX 512

/* Made once with `systemd-id128 new`; they never change. */
static const char *const MESSAGE_IDS[] = {
	[VTAP_EVENT_READY] = "e8fbb3e87b714744a5d032e72753940f",
	[VTAP_EVENT_STOPPED] = "b443dc72225043ceae6bbe33988782c0",
	[VTAP_EVENT_RELOADED] = "da80981828ee4dd5b52090184b2f53d3",
	[VTAP_EVENT_RELOAD_REFUSED] = "a2c487bffe0f492fb5ace97f47249cd5",
	[VTAP_EVENT_SESSION_READY] = "40eb5e4b97514c559b67cd9b996dcafc",
	[VTAP_EVENT_SESSION_WAITING] = "61710707bdfb48cb9d78757c68fd6e8d",
	[VTAP_EVENT_REPAIRED] = "fd7cd4fd233b4d9eb2ae400b14048dff",
	[VTAP_EVENT_INTERFACE_REMOVED] = "d60023669be14903bcde93fd3869a7fd",
	[VTAP_EVENT_TARGET_READY] = "6c1987fc5f26436291c8922a533f8b55",
	[VTAP_EVENT_TARGET_WAITING] = "67191ec803fc4042990d75408bcd2233",
	[VTAP_EVENT_UNDERLAY] = "33a3163bbe9248099638fc92b6f94096",
	[VTAP_EVENT_NEWS_LOST] = "58a832e44eee4ee39243ed67bb137fba",
	[VTAP_EVENT_DROPS] = "9597c1d92a5d463aa4f88f442210047f",
	[VTAP_EVENT_HEALTH] = "dba363a57acd4d7bb90b3675e0d5af94",
	[VTAP_EVENT_CONDITION] = "73a2793c396f401ba9f0a035df658ad6",
	[VTAP_EVENT_TROUBLE] = "98eecfe562aa45b1bf4e5614652ef358",
};
static_assert(VTAP_ARRAY_LEN(MESSAGE_IDS) == VTAP_EVENT_COUNT, "every event has an id");

static bool has_journal; /* set once, before any thread */

struct fields {
	char text[FIELDS_MAX][FIELD_MAX];
	struct iovec iov[FIELDS_MAX];
	int n;
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

static void field_add(struct fields *fields, const char *fmt, ...) VTAP_PRINTF(2, 3);

static void field_add(struct fields *fields, const char *fmt, ...)
{
	char *text = fields->text[fields->n];
	va_list args;

	if (fields->n == FIELDS_MAX)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, FIELD_MAX, fmt, args); /* cut is harmless */
	va_end(args);
	fields->iov[fields->n++] = (struct iovec){ .iov_base = text, .iov_len = strlen(text) };
}

static void sessions_add(struct fields *fields, const char *names)
{
	while (*names != '\0') {
		size_t len = strcspn(names, ", ");

		if (len > 0)
			field_add(fields, "VTAPD_SESSION=%.*s", (int)len, names);
		names += len;
		names += strspn(names, ", ");
	}
}

/* A condition's entries are found by its own id, whoever writes them. */
static const char *message_id(enum vtap_event event, const struct vtap_log_context *context)
{
	enum vtap_condition condition = context != NULL && context->condition != NULL
						? vtap_condition_find(context->condition)
						: VTAP_CONDITION_COUNT;

	return condition != VTAP_CONDITION_COUNT ? vtap_condition_row(condition)->message_id
						 : MESSAGE_IDS[event];
}

static void journal_send(int priority, enum vtap_event event,
	const struct vtap_log_context *context, const char *message)
{
	struct fields fields = { 0 };

	field_add(&fields, "MESSAGE=%s", message);
	field_add(&fields, "PRIORITY=%d", priority);
	field_add(&fields, "MESSAGE_ID=%s", message_id(event, context));
	field_add(&fields, "SYSLOG_IDENTIFIER=vtapd");
	if (context != NULL && context->condition != NULL)
		field_add(&fields, "VTAPD_CONDITION=%s", context->condition);
	if (context != NULL && context->interface != NULL)
		field_add(&fields, "VTAPD_INTERFACE=%s", context->interface);
	if (context != NULL && context->vnis != NULL)
		field_add(&fields, "VTAPD_VNI=%s", context->vnis);
	if (context != NULL && context->error != 0)
		field_add(&fields, "ERRNO=%d", abs(context->error));
	if (context != NULL && context->sessions != NULL)
		sessions_add(&fields, context->sessions);
	(void)sd_journal_sendv(fields.iov, fields.n); /* nowhere left to say so */
}

void vtap_log(int priority, enum vtap_event event, const struct vtap_log_context *context,
	const char *fmt, ...)
{
	char message[FIELD_MAX - sizeof("MESSAGE=")];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args); /* cut is harmless */
	va_end(args);
	vtap_text_make_printable(message);
	if (has_journal)
		journal_send(priority, event, context, message);
	else
		(void)fprintf(stderr, "%s\n", message); /* nowhere left to say so */
}
