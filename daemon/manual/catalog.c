// SPDX-License-Identifier: Apache-2.0
#include "daemon/manual/catalog.h"

#include <ctype.h>
#include <string.h>

#include "report/condition.h"

/* Bytes of a line: journalctl sets a bar and a blank before each. */
#define WIDTH 76

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

static void entry_write(FILE *out, const struct vtap_condition_row *row)
{
	(void)fprintf(out,
		"\n-- %s\nSubject: %c%s (%s, %s)\nDefined-By: vtapd\n"
		"Documentation: man:vtapd(8)\n\n",
		row->message_id, toupper((unsigned char)row->meaning[0]), row->meaning + 1, row->id,
		vtap_severity_name(row->severity));
	paragraph_write(out, row->cause);
	(void)fputs("\nRemedy:\n", out);
	paragraph_write(out, row->remedy);
	(void)fprintf(out, "\nWhether it still holds: vtapctl doctor %s\n", row->id);
}

void vtap_catalog_write(FILE *out)
{
	(void)fputs("# Made from vtapd's register of conditions.\n", out);
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++)
		entry_write(out, vtap_condition_row((enum vtap_condition)i));
}
