// SPDX-License-Identifier: Apache-2.0
#include "daemon/manual/completion.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/ctl/command.h"
#include "daemon/ctl/options.h"
#include "daemon/options.h"
#include "report/condition.h"

#define NOTE "# Made from vtapd's own tables of commands and options.\n"

/* Sessions only: targets have names too and stand before them. A name has none of sed's bytes, and
 * a quote inside a description is escaped, so it begins no "name". */
#define SESSIONS                                                                                   \
	"\tvtapctl \"$@\" --json status 2>/dev/null |\n"                                           \
	"\t\tsed -n 's/.*\"sessions\": *\\[//p' |\n"                                               \
	"\t\tsed 's/\"name\"/\\n&/g' |\n"                                                          \
	"\t\tsed -n 's/^\"name\": *\"\\([a-z0-9._-]*\\)\".*/\\1/p'\n"

/* ---- what is taken ---- */

enum value_kind {
	VALUE_FREE, /* nothing to offer */
	VALUE_FILE,
	VALUE_FOLDER,
	VALUE_COUNT
};

static enum value_kind option_value_kind(const struct option *option)
{
	if (strcmp(option->name, "config") == 0 || strcmp(option->name, "socket") == 0)
		return VALUE_FILE;
	return strcmp(option->name, "runtime-dir") == 0 ? VALUE_FOLDER : VALUE_FREE;
}

/* "[--wait] [--reason TEXT]" has "--wait" as a word of its own. */
static bool args_have(const char *args, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(args, word); at != NULL; at = strstr(at + 1, word))
		if ((at == args || strchr(" [", at[-1]) != NULL) &&
			strchr(" ]", at[len]) != NULL) /* or the end */
			return true;
	return false;
}

/* Others than letters only have a number, above every letter. */
static bool option_has_letter(const struct option *option)
{
	return option->val > 0 && option->val <= 'z';
}

static bool command_has_option(const struct vtap_ctl_command *command, const struct option *option)
{
	char word[64], letter[] = { '-', (char)option->val, '\0' };

	(void)snprintf(word, sizeof(word), "--%s", option->name); /* fits */
	return args_have(command->args, word) ||
	       (option_has_letter(option) && args_have(command->args, letter));
}

/* An option that no command names belongs to all of them. */
static bool option_is_common(const struct option *option)
{
	size_t n;
	const struct vtap_ctl_command *commands = vtap_ctl_commands(&n);

	for (size_t i = 0; i < n; i++)
		if (command_has_option(&commands[i], option))
			return false;
	return true;
}

static void conditions_write(FILE *out)
{
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++)
		(void)fprintf(out, " %s", vtap_condition_row((enum vtap_condition)i)->id);
}

/* ---- bash ---- */

static void bash_option_pattern(FILE *out, const struct option *option)
{
	if (option_has_letter(option))
		(void)fprintf(out, "-%c | ", option->val);
	(void)fprintf(out, "--%s", option->name);
}

static void bash_option_words(FILE *out, const struct option *option)
{
	if (option_has_letter(option))
		(void)fprintf(out, " -%c", option->val);
	(void)fprintf(out, " --%s", option->name);
}

/* The value that follows an option. */
static void bash_values(FILE *out, const struct option *options)
{
	static const char *const offers[] = {
		[VALUE_FREE] = "",
		[VALUE_FILE] = " compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < "
			       "<(compgen -f -- \"$cur\");",
		[VALUE_FOLDER] = " compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < "
				 "<(compgen -d -- \"$cur\");",
	};

	(void)fputs("\tcase $prev in\n", out);
	for (const struct option *option = options; option->name != NULL; option++) {
		if (option->has_arg == no_argument)
			continue;
		(void)fputs("\t", out);
		bash_option_pattern(out, option);
		(void)fprintf(out, ")%s return ;;\n", offers[option_value_kind(option)]);
	}
	(void)fputs("\tesac\n", out);
}

/* Which word is the command, and how many stand behind it. */
static void bash_find_command(FILE *out)
{
	const struct option *options = vtap_ctl_options_all();

	(void)fputs("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		    "\t\tcase ${COMP_WORDS[i]} in\n"
		    "\t\t--socket) socket=(--socket \"${COMP_WORDS[++i]}\") ;;\n",
		out);
	for (const struct option *option = options; option->name != NULL; option++)
		if (option->has_arg != no_argument && strcmp(option->name, "socket") != 0)
			(void)fprintf(out, "\t\t--%s) ((++i)) ;;\n", option->name);
	(void)fputs("\t\t-*) ;;\n"
		    "\t\t*) if [ -z \"$command\" ]; then command=${COMP_WORDS[i]}; else ((++n)); "
		    "fi ;;\n"
		    "\t\tesac\n"
		    "\tdone\n",
		out);
}

static void bash_command(FILE *out, const struct vtap_ctl_command *command)
{
	const struct option *options = vtap_ctl_options_all();

	(void)fprintf(out, "\t%s)\n\t\twords='", command->name);
	for (const struct option *option = options; option->name != NULL; option++)
		if (command_has_option(command, option))
			bash_option_words(out, option);
	(void)fputs("'\n", out);
	if (args_have(command->args, "NAME"))
		(void)fputs("\t\t[ \"$n\" -gt 0 ] || words+=\" $(_vtapctl_sessions "
			    "\"${socket[@]}\")\"\n",
			out);
	if (args_have(command->args, "ID")) {
		(void)fputs("\t\t[ \"$n\" -gt 0 ] || words+='", out);
		conditions_write(out);
		(void)fputs("'\n", out);
	}
	(void)fputs("\t\t;;\n", out);
}

static void bash_commands(FILE *out)
{
	const struct option *options = vtap_ctl_options_all();
	size_t n;
	const struct vtap_ctl_command *commands = vtap_ctl_commands(&n);

	(void)fputs("\tcase $command in\n\t'') words='", out);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "%s%s", i > 0 ? " " : "", commands[i].name);
	(void)fputs("' ;;\n", out);
	for (size_t i = 0; i < n; i++)
		bash_command(out, &commands[i]);
	(void)fputs("\tesac\n\twords+='", out);
	for (const struct option *option = options; option->name != NULL; option++)
		if (option_is_common(option))
			bash_option_words(out, option);
	(void)fputs("'\n", out);
}

#define BASH_OFFER                                                                                 \
	"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"                          \
	"}\n"

void vtap_completion_bash_ctl(FILE *out)
{
	(void)fputs("# shellcheck shell=bash\n" NOTE "\n_vtapctl_sessions() {\n" SESSIONS "}\n\n"
		    "_vtapctl() {\n"
		    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		    "\tlocal command='' words='' socket=() i n=0\n"
		    "\tCOMPREPLY=()\n",
		out);
	bash_values(out, vtap_ctl_options_all());
	bash_find_command(out);
	bash_commands(out);
	(void)fputs(BASH_OFFER "\ncomplete -F _vtapctl vtapctl\n", out);
}

void vtap_completion_bash_daemon(FILE *out)
{
	(void)fputs("# shellcheck shell=bash\n" NOTE "\n"
		    "_vtapd() {\n"
		    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		    "\tlocal words=''\n"
		    "\tCOMPREPLY=()\n",
		out);
	bash_values(out, vtap_options_all());
	(void)fputs("\twords='", out);
	for (const struct option *option = vtap_options_all(); option->name != NULL; option++)
		bash_option_words(out, option);
	(void)fputs("'\n" BASH_OFFER "\ncomplete -F _vtapd vtapd\n", out);
}

/* ---- zsh ---- */

static void zsh_options(FILE *out, const struct option *options, bool is_ending)
{
	static const char *const offers[] = {
		[VALUE_FREE] = ":value: ",
		[VALUE_FILE] = ":file:_files",
		[VALUE_FOLDER] = ":folder:_files -/",
	};

	for (const struct option *option = options; option->name != NULL; option++) {
		const char *value =
			option->has_arg == no_argument ? "" : offers[option_value_kind(option)];

		if (option_has_letter(option))
			(void)fprintf(out, " \\\n\t\t'-%c%s'", option->val, value);
		(void)fprintf(out, " \\\n\t\t'--%s%s'", option->name, value);
	}
	if (is_ending)
		(void)fputc('\n', out);
}

/* Between single quotes. */
static void zsh_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\'')
			(void)fputs("'\\''", out);
		else
			(void)fputc(*text, out);
}

static void zsh_describe(FILE *out)
{
	size_t n;
	const struct vtap_ctl_command *commands = vtap_ctl_commands(&n);

	(void)fputs("\tcommands=(\n", out);
	for (size_t i = 0; i < n; i++) {
		(void)fprintf(out, "\t\t'%s:", commands[i].name);
		zsh_text(out, commands[i].help);
		(void)fputs("'\n", out);
	}
	(void)fputs("\t)\n", out);
}

/* What stands behind a command: names of sessions, ids of conditions. */
static void zsh_arguments(FILE *out)
{
	size_t n;
	const struct vtap_ctl_command *commands = vtap_ctl_commands(&n);

	(void)fputs("\t\tcase $line[1] in\n", out);
	for (size_t i = 0; i < n; i++) {
		if (args_have(commands[i].args, "NAME"))
			(void)fprintf(out, "\t\t%s) compadd -- ${(f)\"$(_vtapctl_sessions)\"} ;;\n",
				commands[i].name);
		if (!args_have(commands[i].args, "ID"))
			continue;
		(void)fprintf(out, "\t\t%s) compadd --", commands[i].name);
		conditions_write(out);
		(void)fputs(" ;;\n", out);
	}
	(void)fputs("\t\tesac\n", out);
}

void vtap_completion_zsh(FILE *out)
{
	(void)fputs("#compdef vtapctl vtapd\n" NOTE "\n_vtapctl_sessions() {\n" SESSIONS "}\n\n"
		    "_vtapctl_vtapctl() {\n"
		    "\tlocal curcontext=$curcontext state line\n"
		    "\ttypeset -A opt_args\n"
		    "\tlocal -a commands\n",
		out);
	zsh_describe(out);
	(void)fputs("\t_arguments -C", out);
	zsh_options(out, vtap_ctl_options_all(), false);
	(void)fputs(" \\\n\t\t'1:command:->command' \\\n\t\t'2:argument:->argument'\n"
		    "\tcase $state in\n"
		    "\tcommand) _describe -t commands command commands ;;\n"
		    "\targument)\n",
		out);
	zsh_arguments(out);
	(void)fputs("\t\t;;\n\tesac\n}\n\n_vtapctl_vtapd() {\n\t_arguments", out);
	zsh_options(out, vtap_options_all(), true);
	(void)fputs("}\n\n_vtapctl_$service \"$@\"\n", out);
}
