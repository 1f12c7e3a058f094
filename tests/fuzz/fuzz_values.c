// SPDX-License-Identifier: Apache-2.0
/*
 * What operators write. The input is read twice: as a value by every row of the schema, and as a
 * whole vtapd.conf. What is refused says why in printable words; what is taken is written, read
 * again, and is the same.
 */
#include "tests/fuzz/must.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/change.h"
#include "config/dump.h"
#include "config/load.h"
#include "config/schema.h"

/* Longer than any value: a line has 199 bytes. */
#define VALUE_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

/* ---- as a value ---- */

/** struct subject - one of each object that a key can belong to */
struct subject {
	struct vtap_conf conf;
	struct vtap_target target;
	struct vtap_session session;
	const char *target_name;
};

static void *subject_object(struct subject *subject, enum vtap_section section)
{
	if (section == VTAP_SECTION_TARGET)
		return &subject->target;
	return section == VTAP_SECTION_SESSION ? &subject->session : NULL;
}

static int subject_read(struct subject *subject, const struct vtap_key *key, const char *text)
{
	struct vtap_complaint complaint = { .rule = "" };
	struct vtap_reading to = { &subject->conf, subject_object(subject, key->section),
		&subject->target_name };
	int r = key->parse(text, &to, &complaint);

	must(r == 0 || r == VTAP_VALUE_REFUSED);
	must((complaint.rule[0] != '\0') == (r == VTAP_VALUE_REFUSED));
	return r;
}

static char *subject_write(struct subject *subject, const struct vtap_key *key)
{
	char *text;

	subject->conf.targets = &subject->target;
	subject->conf.n_targets = 1;
	text = key->format(&subject->conf, subject_object(subject, key->section));
	must(text != NULL);
	return text;
}

static void subject_done(struct subject *subject)
{
	for (size_t i = 0; i < subject->target.n_underlays; i++)
		free(subject->target.underlays[i]);
	free(subject->target.underlays);
	free(subject->target.allow);
	free(subject->session.vnis);
	free(subject->session.sources);
	free(subject->session.description);
}
#define _auto_subject __attribute__((cleanup(subject_done)))

static void value_try(const struct vtap_key *key, const char *text)
{
	/* in this mode every key has a value */
	_auto_subject struct subject first = { .target.mode = VTAP_MODE_VXLAN };
	_auto_subject struct subject second = { .target.mode = VTAP_MODE_VXLAN };
	_auto_free char *written = NULL, *again = NULL;

	if (subject_read(&first, key, text) != 0)
		return;
	if (strcmp(key->name, "target") == 0) /* written from its number, not kept as text */
		return;
	written = subject_write(&first, key);
	must(subject_read(&second, key, written) == 0);
	again = subject_write(&second, key);
	must(strcmp(written, again) == 0);
}

static void values_try(const char *text)
{
	const struct vtap_key *key;

	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		value_try(key, text);
		must(vtap_schema_find(key->section, text) == NULL ||
			vtap_schema_nearest(key->section, text) != NULL);
	}
}

/* ---- as a file ---- */

/* A file without a name that belongs to us: conf.d is looked for in /proc/self/fd and not found. */
static int file_write(const uint8_t *data, size_t len_bytes, char *ret_path, size_t size)
{
	int fd = memfd_create("vtapd.conf", MFD_CLOEXEC);

	must(fd >= 0 && fchmod(fd, 0600) == 0);
	must(write(fd, data, len_bytes) == (ssize_t)len_bytes);
	(void)snprintf(ret_path, size, "/proc/self/fd/%d", fd); /* fits */
	return fd;
}

static const struct vtap_conf *file_load(const uint8_t *data, size_t len_bytes)
{
	struct vtap_diags diags = { 0 };
	const struct vtap_conf *conf = NULL;
	char path[64];
	int fd = file_write(data, len_bytes, path, sizeof(path));
	int r = vtap_load(path, geteuid(), &conf, &diags);

	(void)vtap_fd_close(fd); /* always -1 */
	must(r == 0 || r == VTAP_LOAD_REFUSED);
	must((conf != NULL) == (r == 0) && (diags.n > 0) == (r != 0));
	for (size_t i = 0; i < diags.n; i++) {
		_auto_free char *line = vtap_diag_format(&diags.diag[i]);

		must(line != NULL && is_printable(line));
		must(i == 0 || diags.diag[i - 1].line <= diags.diag[i].line);
	}
	vtap_diags_done(&diags);
	return conf;
}

static char *conf_dump(const struct vtap_conf *conf)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	must(out != NULL && vtap_dump(conf, out) == 0);
	must(fclose(out) == 0);
	return text;
}

static void file_try(const uint8_t *data, size_t len_bytes)
{
	_auto(conf) const struct vtap_conf *conf = file_load(data, len_bytes), *second = NULL;
	_auto_free char *dump = NULL, *again = NULL;
	struct vtap_changes changes = { 0 };

	if (conf == NULL)
		return;
	dump = conf_dump(conf);
	second = file_load((const uint8_t *)dump, strlen(dump));
	must(second != NULL);
	again = conf_dump(second);
	must(strcmp(dump, again) == 0);
	must(vtap_changes_find(conf, second, &changes) == 0);
	must(changes.n_untouched == conf->n_sessions);
	vtap_changes_done(&changes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	if (len_bytes < VALUE_MAX && memchr(data, '\0', len_bytes) == NULL) {
		char text[VALUE_MAX] = "";

		memcpy(text, data, len_bytes);
		values_try(text);
	}
	file_try(data, len_bytes);
	return 0;
}
