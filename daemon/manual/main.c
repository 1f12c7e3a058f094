// SPDX-License-Identifier: Apache-2.0
/*
 * vtapd-manual: what is told about vtapd in more than one place, made from the tables that it runs
 * by. Used while building, never installed.
 *
 *	vtapd-manual page TEMPLATE | catalog | rules | metrics | bash-vtapctl | bash-vtapd | zsh
 */
#include "daemon/manual/catalog.h"
#include "daemon/manual/completion.h"
#include "daemon/manual/page.h"
#include "daemon/manual/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "report/metric.h"

struct output {
	const char *name;
	void (*write)(FILE *out);
};

/* For tests of what asks for metrics: name, tab, labels. */
static void metrics_write(FILE *out)
{
	for (int i = 0; i < VTAP_METRIC_COUNT; i++) {
		const struct vtap_metric_row *row = vtap_metric_row((enum vtap_metric)i);

		(void)fprintf(out, "%s\t", row->name); /* ferror is asked at the end */
		for (const char *const *label = row->labels; *label != NULL; label++)
			(void)fprintf(out, "%s%s", label > row->labels ? " " : "", *label);
		(void)fputc('\n', out);
	}
}

static const struct output OUTPUTS[] = {
	{ "catalog", vtap_catalog_write },
	{ "rules", vtap_rules_write },
	{ "metrics", metrics_write },
	{ "bash-vtapctl", vtap_completion_bash_ctl },
	{ "bash-vtapd", vtap_completion_bash_daemon },
	{ "zsh", vtap_completion_zsh },
};

static int page_print(const char *path, struct vtap_err *err)
{
	_auto_file FILE *template = fopen(path, "re");

	if (template == NULL)
		return vtap_err_set(err, -errno, "%s: %s", path, vtap_errno_text(errno));
	int r = vtap_page_expand(template, stdout, err);
	return r < 0 ? vtap_err_add(err, r, "%s", path) : 0;
}

static int print(int argc, char **argv, struct vtap_err *err)
{
	if (argc == 3 && strcmp(argv[1], "page") == 0)
		return page_print(argv[2], err);
	for (size_t i = 0; argc == 2 && i < VTAP_ARRAY_LEN(OUTPUTS); i++) {
		if (strcmp(argv[1], OUTPUTS[i].name) != 0)
			continue;
		OUTPUTS[i].write(stdout);
		return 0;
	}
	return vtap_err_set(err, -EINVAL,
		"usage: vtapd-manual page TEMPLATE | catalog | rules | metrics | bash-vtapctl | "
		"bash-vtapd | "
		"zsh");
}

int main(int argc, char **argv)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int r = print(argc, argv, &err);

	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = vtap_err_set(&err, -EIO, "the output could not be written");
	if (r < 0)
		(void)fprintf(stderr, "vtapd-manual: %s\n", err.text); /* nowhere else to say so */
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
