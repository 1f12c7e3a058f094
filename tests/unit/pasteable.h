/* SPDX-License-Identifier: Apache-2.0 */
/* Can a remedy be pasted as it stands? Its form is in lib/report/condition.h. */
#pragma once

#include "tests/unit/cmocka_with.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/text_lines.h"

/* With what a command of ours begins: prose does not. */
static const char *const PASTEABLE_COMMANDS[] = { "aws", "ethtool", "grep", "ip", "journalctl",
	"nft", "ss", "sysctl", "systemctl", "tc", "timeout", "top", "vmstat", "vtapctl", "vtapd" };

static inline bool pasteable_begins_with(const char *line, const char *word)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) == 0 && (line[len] == ' ' || line[len] == '\0');
}

static inline bool pasteable_is_command(const char *line)
{
	if (pasteable_begins_with(line, "sudo"))
		line += strlen("sudo ");
	for (size_t i = 0; i < VTAP_ARRAY_LEN(PASTEABLE_COMMANDS); i++)
		if (pasteable_begins_with(line, PASTEABLE_COMMANDS[i]))
			return true;
	return false;
}

/* A shell reads it, and it is no setting of ours. */
static inline bool pasteable_is_shell(const char *line)
{
	FILE *shell = popen("sh -n 2>/dev/null", "w");

	assert_non_null(shell);
	assert_true(fprintf(shell, "%s\n", line) > 0);
	return pclose(shell) == 0;
}

/* "receive-buffer = 64M": one word of small letters, and a value that is none of a sentence */
static inline bool pasteable_is_setting(const char *line)
{
	size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz-");

	return len > 0 && strncmp(line + len, " = ", 3) == 0 && strchr(line, ',') == NULL &&
	       strchr(line, '`') == NULL;
}

/* Each line of it, at the narrowest, is a command, a setting, or a note. */
static inline void assert_pasteable(const char *remedy, bool may_be_setting)
{
	struct vtap_text_lines lines = vtap_text_lines_of_remedy(remedy, 1);
	const char mark = lines.comment;
	const char *line;

	if (mark == '#' && !pasteable_is_shell(remedy))
		fail_msg("no shell reads \"%s\"", remedy);
	while ((line = vtap_text_lines_next(&lines)) != NULL) {
		if (line[0] == mark && line[1] == ' ')
			continue;
		if (!(mark == ';' ? may_be_setting && pasteable_is_setting(line)
				  : pasteable_is_command(line)))
			fail_msg("\"%s\" of \"%s\" cannot be pasted", line, remedy);
	}
}
