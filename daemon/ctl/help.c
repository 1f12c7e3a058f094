// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/help.h"

#include "report/text_lines.h"

#include <string.h>

/** Columns in front of what a command does */
#define INDENT 42

/** Narrower than this, text is no longer read with ease */
#define WIDTH_MIN 24

/** Of paragraphs that go into a file or a pipe */
#define WIDTH_USUAL 80

/** Bytes of a paragraph of a command's detail, with its NUL */
#define PARAGRAPH_MAX VTAP_TEXT_LINE_MAX

/* @text behind @first, below it as far in. */
static void put_behind(FILE *out, const char *first, const char *text, size_t width)
{
	size_t indent = strlen(first);
	struct vtap_text_lines lines =
		vtap_text_lines_of(text, width == 0                   ? 0
					 : width > indent + WIDTH_MIN ? width - indent
								      : WIDTH_MIN);
	const char *line = vtap_text_lines_next(&lines);

	(void)fprintf(out, "%s%s\n", first, line != NULL ? line : ""); /* as help.h has it */
	while ((line = vtap_text_lines_next(&lines)) != NULL)
		(void)fprintf(out, "%*s%s\n", (int)indent, "", line); /* likewise */
}

static void put_row(FILE *out, const char *name, const char *args, const char *help, size_t width)
{
	char first[INDENT + 2];

	(void)snprintf(first, sizeof(first), "  %-8s %-*s  ", name,
		INDENT - 13 - (int)(strlen(name) > 8 ? strlen(name) - 8 : 0), args); /* fits */
	put_behind(out, first, help, width);
}

void vtap_ctl_help(FILE *out, size_t width)
{
	size_t n;
	const struct vtap_ctl_command *commands = vtap_ctl_commands(&n);

	(void)fputs("usage: vtapctl [--socket PATH] [--json] COMMAND\n\n", out); /* likewise */
	for (size_t i = 0; i < n; i++)
		put_row(out, commands[i].name, commands[i].args, commands[i].help, width);
	(void)fputs("\n", out); /* likewise */
	put_row(out, "--socket", "PATH", "the daemon's control socket, default " VTAP_CTL_SOCKET,
		width);
	put_row(out, "--json", "", "the daemon's answer as it is", width);
	put_row(out, "--help", "", "this page; behind a command, more about that", width);
	put_row(out, "--version", "", "the version of vtapctl", width);
	(void)fputs("\nexit status: 0 all well, 1 something is not ready, 64 usage, 69 no daemon,\n"
		    "77 not permitted, 78 configuration refused\n",
		out); /* likewise */
}

void vtap_ctl_help_command(FILE *out, const struct vtap_ctl_command *command, size_t width)
{
	const char *rest = command->detail != NULL ? command->detail : "";
	char paragraph[PARAGRAPH_MAX];

	width = width != 0 ? width : WIDTH_USUAL;
	(void)fprintf(out, "usage: vtapctl [--socket PATH] [--json] %s%s%s\n\n", command->name,
		command->args[0] != '\0' ? " " : "", command->args); /* likewise */
	put_behind(out, "  ", command->help, width);
	while (*rest != '\0') {
		size_t len = strcspn(rest, "\n");

		(void)snprintf(paragraph, sizeof(paragraph), "%.*s", (int)len, rest); /* fits */
		(void)fputs("\n", out);                                               /* likewise */
		put_behind(out, "  ", paragraph, width);
		rest += len + (rest[len] == '\n' ? 1 : 0);
	}
	(void)fputs("\n  man vtapctl\n", out); /* likewise */
}
