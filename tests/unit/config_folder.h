/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations for tests: a folder with vtapd.conf and conf.d, loaded, and the mistakes as text
 * with the folder taken off, `conf.d/web.conf:2: session web: …`, one to a line.
 */
#pragma once

#include "tests/unit/cmocka_with.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/dump.h"
#include "config/load.h"

/** struct folder - a fresh one for each test; conf.d is made with its first file */
struct folder {
	char path[64];
};

static inline int folder_setup(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	assert_non_null(folder);
	(void)snprintf(folder->path, sizeof(folder->path), "/tmp/vtapd-test-XXXXXX"); /* fits */
	assert_non_null(mkdtemp(folder->path));
	*state = folder;
	return 0;
}

static inline int folder_remove_entry(
	const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int folder_teardown(void **state)
{
	struct folder *folder = *state;
	int r = nftw(folder->path, folder_remove_entry, 8, FTW_DEPTH | FTW_PHYS);

	free(folder);
	return r;
}

/** folder_path() - of a file in it; makes conf.d where it is asked for. Return: heap string. */
static inline char *folder_path(const struct folder *folder, const char *name)
{
	char *path = NULL;

	if (strncmp(name, "conf.d/", strlen("conf.d/")) == 0) {
		_auto_free char *conf_d = folder_path(folder, "conf.d");

		assert_true(mkdir(conf_d, 0755) == 0 || errno == EEXIST);
	}
	assert_true(asprintf(&path, "%s/%s", folder->path, name) > 0);
	return path;
}

/** folder_write_bytes() - a file that only its owner may write, whatever the umask */
static inline void folder_write_bytes(
	const struct folder *folder, const char *name, const char *bytes, size_t n)
{
	_auto_free char *path = folder_path(folder, name);
	_auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_true(write(fd, bytes, n) == (ssize_t)n);
}

static inline void folder_write(const struct folder *folder, const char *name, const char *text)
{
	folder_write_bytes(folder, name, text, strlen(text));
}

/** struct loaded - what vtap_load() said */
struct loaded {
	int outcome;
	const struct vtap_conf *conf; /* NULL when refused */
	struct vtap_diags diags;
	char *mistakes; /* "" when there are none */
};

static inline void loaded_done(struct loaded *loaded)
{
	vtap_conf_unref(loaded->conf);
	vtap_diags_done(&loaded->diags);
	free(loaded->mistakes);
}
#define _auto_loaded __attribute__((cleanup(loaded_done)))

static inline char *diags_text(const struct vtap_diags *diags, const char *folder)
{
	char *text = NULL;
	size_t size, n_folder = strlen(folder) + 1;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < diags->n; i++) {
		_auto_free char *line = vtap_diag_format(&diags->diag[i]);

		assert_non_null(line);
		assert_memory_equal(line, folder, n_folder - 1);
		(void)fprintf(out, "%s\n", line + n_folder); /* fclose tells */
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static inline struct loaded folder_load_trusting(const struct folder *folder, uid_t uid)
{
	_auto_free char *path = folder_path(folder, "vtapd.conf");
	struct loaded loaded = { 0 };

	loaded.outcome = vtap_load(path, uid, &loaded.conf, &loaded.diags);
	loaded.mistakes = diags_text(&loaded.diags, folder->path);
	return loaded;
}

static inline struct loaded folder_load(const struct folder *folder)
{
	return folder_load_trusting(folder, geteuid());
}

/** assert_mistakes() - the folder is refused with exactly these lines, and nothing comes out */
static inline void assert_mistakes(const struct folder *folder, const char *mistakes)
{
	_auto_loaded struct loaded loaded = folder_load(folder);

	assert_string_equal(loaded.mistakes, mistakes);
	assert_int_equal(loaded.outcome, VTAP_LOAD_REFUSED);
	assert_null(loaded.conf);
}

/** assert_loads() - the folder is accepted without a word. Return: the configuration, owned. */
static inline const struct vtap_conf *assert_loads(const struct folder *folder)
{
	_auto_loaded struct loaded loaded = folder_load(folder);

	assert_string_equal(loaded.mistakes, "");
	assert_int_equal(loaded.outcome, 0);
	return vtap_steal(&loaded.conf);
}

/** text_refused() - like assert_mistakes(), for a vtapd.conf with this text */
static inline void text_refused(const struct folder *folder, const char *text, const char *mistakes)
{
	folder_write(folder, "vtapd.conf", text);
	assert_mistakes(folder, mistakes);
}

/** text_loads() - like assert_loads(), for a vtapd.conf with this text */
static inline const struct vtap_conf *text_loads(const struct folder *folder, const char *text)
{
	folder_write(folder, "vtapd.conf", text);
	return assert_loads(folder);
}

/** dump_text() - what --dump-config prints. Return: heap string. */
static inline char *dump_text(const struct vtap_conf *conf)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(vtap_dump(conf, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/** in_folder() - a test that gets a folder as its state */
#define in_folder(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

/** struct check_row - a vtapd.conf, and its mistakes; NULL: it has none */
struct check_row {
	const char *text;
	const char *mistakes;
};

static inline void check_rows(const struct folder *folder, const struct check_row *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_auto(conf) const struct vtap_conf *conf = NULL;

		if (table[i].mistakes != NULL)
			text_refused(folder, table[i].text, table[i].mistakes);
		else
			conf = text_loads(folder, table[i].text);
	}
}

/** CHECK_ROWS() - every row of a table is refused, or loads, as it says */
#define CHECK_ROWS(folder, table) check_rows(folder, table, VTAP_ARRAY_LEN(table))
