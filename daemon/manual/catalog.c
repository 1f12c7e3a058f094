// SPDX-License-Identifier: Apache-2.0
#include "daemon/manual/catalog.h"

#include <ctype.h>
#include <string.h>

#include "daemon/event.h"
#include "report/condition.h"
#include "report/text_lines.h"

/* Bytes of a line: journalctl sets a bar and a blank before each. */
#define WIDTH 76

#define INDENT "  "

static void paragraph_write(FILE *out, const char *text)
{
	size_t column = 0;

	for (size_t len; *text != '\0'; text += len + strspn(text + len, " ")) {
		len = strcspn(text, " ");
		if (column > 0 && column + 1 + len > WIDTH) {
			(void)fputc('\n', out); /* of this and the others ferror tells */
			column = 0;
		}
		column += (size_t)fprintf(out, "%s%.*s", column > 0 ? " " : "", (int)len, text);
	}
	(void)fputc('\n', out);
}

/* Indented, as a line that begins with '#' is none of the catalog. */
static void remedy_write(FILE *out, const char *remedy)
{
	struct vtap_text_lines lines = vtap_text_lines_of_remedy(remedy, WIDTH - strlen(INDENT));
	const char *line;

	while ((line = vtap_text_lines_next(&lines)) != NULL)
		(void)fprintf(out, INDENT "%s\n", line);
}

/* @name: what the subject ends with, "" for nothing */
static void entry_write(FILE *out, const char *message_id, const char *meaning, const char *name,
	const char *cause, const char *remedy)
{
	(void)fprintf(out,
		"\n-- %s\nSubject: %c%s%s\nDefined-By: vtapd\nDocumentation: man:vtapd(8)\n\n",
		message_id, toupper((unsigned char)meaning[0]), meaning + 1, name);
	paragraph_write(out, cause);
	(void)fputs("\nRemedy:\n", out);
	remedy_write(out, remedy);
}

static void event_write(FILE *out, const struct vtap_event_row *row)
{
	entry_write(out, row->message_id, row->meaning, "", row->cause, row->remedy);
}

static void condition_write(FILE *out, const struct vtap_condition_row *row)
{
	char name[64];

	(void)snprintf(name, sizeof(name), " (%s, %s)", row->id, /* fits */
		vtap_severity_name(row->severity));
	entry_write(out, row->message_id, row->meaning, name, row->cause, row->remedy);
	(void)fprintf(out, "\nWhether it still holds: vtapctl doctor %s\n", row->id);
}

void vtap_catalog_write(FILE *out)
{
	(void)fputs("# Made from vtapd's registers of events and conditions.\n", out);
	for (int i = 0; i < VTAP_EVENT_COUNT; i++)
		event_write(out, vtap_event_row((enum vtap_event)i));
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++)
		condition_write(out, vtap_condition_row((enum vtap_condition)i));
}
