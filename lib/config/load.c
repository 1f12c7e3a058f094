// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. inih reads the INI syntax, but it has traps (probed): no line numbers, no
 * sign of an empty section, lines over 200 bytes cut and still delivered, an unclosed header leaves
 * the previous section open, an indented line continues the value before, long section names merge.
 * So inih is given its lines by a reader of ours, which sees each physical line first: it counts,
 * takes section headers itself, and gives inih an empty line in place of one that it complained
 * about. The handler then gets only sound `key = value` lines, and belongs to the section that the
 * reader saw last. inih's own return value must be 0 in the end.
 */
#include "config/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/text.h"
#include "config/draft.h"

#define BLANKS " \t\v\f\r\n"

static const char UTF8_BOM[] = "\xef\xbb\xbf";

struct reader {
	FILE *stream;
	struct vtap_draft *draft;
	struct vtap_diags *diags;
	struct vtap_place place; /* of the line that was given to inih last */
	bool has_section;        /* a section header was seen in this file */
	bool is_skipping;        /* the section is unknown: its keys are passed over in silence */
	size_t i_section;        /* in the draft, when has_section and not is_skipping */
	int error;               /* -ENOMEM */
};

/* ---- section headers ---- */

static int draft_add_section(
	struct reader *reader, enum vtap_section kind, const char *name, bool is_refused)
{
	struct vtap_draft *draft = reader->draft;
	struct vtap_draft_section *grown = draft->section;

	if ((draft->n & (draft->n - 1)) == 0) /* full: room for twice as many */
		grown = reallocarray(
			draft->section, draft->n > 0 ? 2 * draft->n : 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	draft->section = grown;
	grown[draft->n] = (struct vtap_draft_section){
		.kind = kind, .place = reader->place, .is_refused = is_refused
	};
	memcpy(grown[draft->n].name, name, strlen(name) + 1);
	reader->i_section = draft->n++;
	return 0;
}

static void section_refuse_word(struct reader *reader, const char *word)
{
	const char *names[VTAP_SECTION_COUNT], *nearest;

	for (int i = 0; i < VTAP_SECTION_COUNT; i++)
		names[i] = vtap_section_name((enum vtap_section)i);
	nearest = vtap_value_nearest(word, names, VTAP_SECTION_COUNT);
	vtap_diags_add(reader->diags, reader->place, "", "", word, "unknown section%s%s%s",
		nearest != NULL ? "; did you mean [" : "", nearest != NULL ? nearest : "",
		nearest != NULL ? "]?" : "");
}

static bool section_kind_find(const char *word, enum vtap_section *ret_kind)
{
	for (int i = 0; i < VTAP_SECTION_COUNT; i++) {
		if (strcmp(vtap_section_name((enum vtap_section)i), word) != 0)
			continue;
		*ret_kind = (enum vtap_section)i;
		return true;
	}
	return false;
}

/** struct header - what stands inside the brackets of a section */
struct header {
	bool is_known;  /* the kind is one */
	bool is_usable; /* and the name too */
	enum vtap_section kind;
	const char *name; /* "" for none */
};

/* "session  web" inside the brackets: a word and, for some sections, a name. Complains. */
static void section_words_read(struct reader *reader, char *words, struct header *header)
{
	char *rest, *word = strtok_r(words, " \t", &rest);
	char *name = word != NULL ? strtok_r(NULL, " \t", &rest) : NULL;
	char *more = name != NULL ? strtok_r(NULL, " \t", &rest) : NULL;

	if (word == NULL) {
		vtap_diags_add(
			reader->diags, reader->place, "", "", NULL, "an empty section header");
		return;
	}
	if (!section_kind_find(word, &header->kind)) {
		section_refuse_word(reader, word);
		return;
	}
	header->is_known = true;
	if (vtap_section_is_named(header->kind) != (name != NULL) || more != NULL) {
		vtap_diags_add(reader->diags, reader->place, word, "", NULL,
			vtap_section_is_named(header->kind) ? "needs one name, like [%s web]"
							    : "takes no name, only [%s]",
			word);
		return;
	}
	if (name != NULL && !vtap_value_name_ok(name)) {
		vtap_diags_add(reader->diags, reader->place, word, "", name,
			"a name is 1 to 32 of a-z 0-9 . _ - and begins with a letter or digit");
		return;
	}
	header->is_usable = true;
	header->name = name != NULL ? name : "";
}

/* A header is good when ']' is there and nothing but blanks or a comment is behind it. */
static bool header_is_closed(struct reader *reader, const char *line, size_t *ret_len)
{
	const char *end = strchr(line, ']');
	const char *behind = end != NULL ? end + 1 + strspn(end + 1, BLANKS) : NULL;

	if (end == NULL)
		vtap_diags_add(
			reader->diags, reader->place, "", "", line, "the section header has no ]");
	else if (*behind != '\0' && *behind != ';' && *behind != '#')
		vtap_diags_add(reader->diags, reader->place, "", "", behind,
			"stands behind the section header; give it a line of its own");
	else {
		*ret_len = (size_t)(end - line) - 1;
		return true;
	}
	return false;
}

/* Complains about a section that was given before. */
static void section_check_first(struct reader *reader, struct header *header)
{
	char section[VTAP_SECTION_TEXT_MAX], first[64];
	const struct vtap_draft_section *before =
		vtap_draft_find(reader->draft, header->kind, header->name);

	if (before == NULL)
		return;
	header->is_usable = false;
	vtap_diags_add(reader->diags, reader->place, vtap_draft_section_text(before, section), "",
		NULL, "given twice, first at %s",
		vtap_place_format(before->place, first, sizeof(first)));
}

/* Of a known section whose header is a mistake the keys are checked all the same. */
static void header_take(struct reader *reader, const char *line)
{
	_auto_free char *words = NULL;
	struct header header = { .name = "" };
	size_t len = 0;

	reader->has_section = true;
	reader->is_skipping = true;
	if (!header_is_closed(reader, line, &len))
		return;
	words = strndup(line + 1, len);
	if (words == NULL) {
		reader->error = -ENOMEM;
		return;
	}
	section_words_read(reader, words, &header);
	if (!header.is_known)
		return;
	if (header.is_usable)
		section_check_first(reader, &header);
	reader->error = draft_add_section(reader, header.kind, header.name, !header.is_usable);
	reader->is_skipping = reader->error < 0;
}

/* ---- lines ---- */

static const char *section_now(const struct reader *reader, char text[static VTAP_SECTION_TEXT_MAX])
{
	text[0] = '\0';
	if (reader->has_section && !reader->is_skipping)
		return vtap_draft_section_text(&reader->draft->section[reader->i_section], text);
	return text;
}

/* Bytes before a `;` that begins a comment: one behind a blank. */
static size_t line_text_len(const char *line)
{
	size_t len = 1;

	while (line[len] != '\0' && (line[len] != ';' || strchr(BLANKS, line[len - 1]) == NULL))
		len++;
	return len;
}

/* Complaints about a line that is neither blank, nor a comment, nor a section header. */
static bool key_line_check(struct reader *reader, const char *line)
{
	char section[VTAP_SECTION_TEXT_MAX];

	if (memchr(line, '=', line_text_len(line)) == NULL)
		vtap_diags_add(reader->diags, reader->place, section_now(reader, section), "", line,
			"not a section header, and not `key = value`");
	else if (strcspn(line, ":") < strcspn(line, "="))
		vtap_diags_add(reader->diags, reader->place, section_now(reader, section), "", line,
			"a key and its value are separated by =");
	else if (!reader->has_section)
		vtap_diags_add(reader->diags, reader->place, "", "", line,
			"stands before the first section header");
	else
		return true;
	return false;
}

/* May inih see this line? @line has no newline and no byte order mark any more. */
static bool line_check(struct reader *reader, const char *line, size_t len, size_t max)
{
	char section[VTAP_SECTION_TEXT_MAX];
	const char *text = line + strspn(line, BLANKS);

	if (memchr(line, '\0', len) != NULL) {
		vtap_diags_add(reader->diags, reader->place, section_now(reader, section), "", NULL,
			"a NUL byte; the file must be plain text in UTF-8");
		return false;
	}
	if (*text == '\0' || *text == ';' || *text == '#')
		return false;
	if (len > max) {
		vtap_diags_add(reader->diags, reader->place, section_now(reader, section), "", NULL,
			"a line of %zu bytes, at most %zu are read; a list may go on with its key "
			"again",
			len, max);
		return false;
	}
	if (text != line) {
		vtap_diags_add(reader->diags, reader->place, section_now(reader, section), "", text,
			"begins with a blank: values do not continue on a next line, and keys are "
			"not indented");
		return false;
	}
	if (*line == '[') {
		header_take(reader, line);
		return false;
	}
	return key_line_check(reader, line);
}

/* The reader that inih calls for each line: @size bytes of room in @to, NUL included. */
static char *reader_next(char *to, int size, void *arg)
{
	struct reader *reader = arg;
	_auto_free char *line = NULL;
	size_t room = 0, skip = 0, len;
	ssize_t n = getline(&line, &room, reader->stream);

	if (n < 0 && !feof(reader->stream))
		reader->error = -ENOMEM; /* the line did not fit */
	if (n < 0 || reader->error < 0)
		return NULL;
	reader->place.line++;
	if (reader->place.line == 1 && strncmp(line, UTF8_BOM, strlen(UTF8_BOM)) == 0)
		skip = strlen(UTF8_BOM);
	len = (size_t)n - skip;
	while (len > 0 && (line[skip + len - 1] == '\n' || line[skip + len - 1] == '\r'))
		len--;
	line[skip + len] = '\0';
	to[0] = '\0';
	if (line_check(reader, line + skip, len, (size_t)size - 1))
		memcpy(to, line + skip, len + 1);
	return to;
}

/* ---- keys ---- */

static const struct vtap_entry *entry_find(
	const struct vtap_draft_section *section, const struct vtap_key *key)
{
	for (size_t i = 0; i < section->n; i++)
		if (section->entry[i].key == key)
			return &section->entry[i];
	return NULL;
}

static int entry_add(struct reader *reader, struct vtap_draft_section *section,
	const struct vtap_key *key, const char *value)
{
	struct vtap_entry *grown = reallocarray(section->entry, section->n + 1, sizeof(*grown));
	char *copy;

	if (grown == NULL)
		return -ENOMEM;
	section->entry = grown;
	copy = strdup(value);
	if (copy == NULL)
		return -ENOMEM;
	grown[section->n++] =
		(struct vtap_entry){ .key = key, .value = copy, .place = reader->place };
	return 0;
}

/* The sections that have this key, "[health] or [metrics]". Return: is there one? */
static bool key_find_homes(const char *name, char *ret_text, size_t size)
{
	int len = 0;

	for (int i = 0; i < VTAP_SECTION_COUNT; i++) {
		enum vtap_section kind = (enum vtap_section)i;

		if (kind == VTAP_SECTION_DEFAULTS || vtap_schema_find(kind, name) == NULL)
			continue;
		len += snprintf(ret_text + len, size - (size_t)len, "%s%s[%s]",
			len > 0 ? " or " : "", vtap_section_is_named(kind) ? "a " : "",
			vtap_section_name(kind));
	}
	return len > 0;
}

static void key_refuse(
	struct reader *reader, const struct vtap_draft_section *section, const char *name)
{
	char text[VTAP_SECTION_TEXT_MAX], homes[64]; /* sized for every section */
	const char *nearest = vtap_schema_nearest(section->kind, name);

	if (key_find_homes(name, homes, sizeof(homes))) {
		vtap_diags_add(reader->diags, reader->place, vtap_draft_section_text(section, text),
			name, NULL, "unknown key here; it belongs in %s", homes);
		return;
	}
	vtap_diags_add(reader->diags, reader->place, vtap_draft_section_text(section, text),
		name[0] != '\0' ? name : "=", NULL, "unknown key%s%s%s",
		nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
		nearest != NULL ? "?" : "");
}

/* inih's handler. Return: 1 to go on (complaints are ours), 0 to stop without memory. */
static int handle_key(void *arg, const char *inih_section, const char *name, const char *value)
{
	struct reader *reader = arg;
	char text[VTAP_SECTION_TEXT_MAX];
	struct vtap_draft_section *section;
	const struct vtap_entry *before;
	const struct vtap_key *key;

	(void)inih_section; /* cut at 49 bytes and blind to empty ones; the reader knows better */
	if (reader->is_skipping)
		return 1;
	section = &reader->draft->section[reader->i_section];
	key = vtap_schema_find(section->kind, name);
	if (key == NULL) {
		key_refuse(reader, section, name);
		return 1;
	}
	before = entry_find(section, key);
	if (before != NULL && !key->is_list) {
		vtap_diags_add(reader->diags, reader->place, vtap_draft_section_text(section, text),
			name, value, "given twice, first in line %u", before->place.line);
		return 1;
	}
	if (value[0] == '\0')
		vtap_diags_add(reader->diags, reader->place, vtap_draft_section_text(section, text),
			name, NULL, "empty; %s%s",
			key->is_required ? "must be " : "leave the key out for its default",
			key->is_required ? key->values : "");
	reader->error = entry_add(reader, section, key, value); /* also empty: it was given */
	return reader->error == 0;
}

/* ---- files ---- */

/* Opens and reads a whole file. Return: 0; VTAP_LOAD_REFUSED with @why; -ENOMEM. */
static int file_read(const char *path, struct stat *ret_stat, char **ret_bytes, size_t *ret_n,
	struct vtap_err *why)
{
	_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_auto_free char *bytes = NULL;
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return vtap_err_set(
			why, VTAP_LOAD_REFUSED, "cannot be opened: %s", vtap_errno_text(errno));
	if (fstat(fd, ret_stat) < 0)
		return vtap_err_set(
			why, VTAP_LOAD_REFUSED, "cannot be read: %s", vtap_errno_text(errno));
	if (!S_ISREG(ret_stat->st_mode))
		return vtap_err_set(why, VTAP_LOAD_REFUSED, "not a regular file");
	if ((uint64_t)ret_stat->st_size > VTAP_FILE_BYTES_MAX)
		return vtap_err_set(why, VTAP_LOAD_REFUSED, "larger than 16 MiB");
	bytes = malloc((size_t)ret_stat->st_size + 1);
	if (bytes == NULL)
		return -ENOMEM;
	while (n < (size_t)ret_stat->st_size) {
		got = read(fd, bytes + n, (size_t)ret_stat->st_size - n);
		if (got < 0)
			return vtap_err_set(why, VTAP_LOAD_REFUSED, "cannot be read: %s",
				vtap_errno_text(errno));
		if (got == 0)
			break; /* it became shorter meanwhile */
		n += (size_t)got;
	}
	*ret_bytes = vtap_steal(&bytes);
	*ret_n = n;
	return 0;
}

static void file_check_owner(
	const char *path, const struct stat *stat, uid_t trusted_uid, struct vtap_diags *diags)
{
	struct vtap_place place = { .file = path };

	if (stat->st_uid != 0 && stat->st_uid != trusted_uid)
		vtap_diags_add(diags, place, "", "", NULL,
			"belongs to uid %ju; only root may be able to change it: chown root %s",
			(uintmax_t)stat->st_uid, path);
	if ((stat->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		vtap_diags_add(diags, place, "", "", NULL,
			"mode %04o; only root may be able to change it: chmod go-w %s",
			stat->st_mode & 07777U, path);
}

static int conf_add_file(struct vtap_conf *conf, const char *path)
{
	struct vtap_file *grown = reallocarray(conf->files, conf->n_files + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	conf->files = grown;
	grown[conf->n_files] = (struct vtap_file){ .path = strdup(path) };
	if (grown[conf->n_files].path == NULL)
		return -ENOMEM;
	conf->n_files++;
	return 0;
}

static int lines_read(struct reader *reader, char *bytes, size_t n)
{
	_auto_file FILE *stream = n > 0 ? fmemopen(bytes, n, "r") : NULL;
	int r;

	if (n == 0)
		return 0;
	if (stream == NULL)
		return -ENOMEM;
	reader->stream = stream;
	r = ini_parse_stream(reader_next, reader, handle_key, reader);
	if (reader->error < 0)
		return reader->error;
	if (r < 0)
		return -ENOMEM; /* inih: -2 is memory, -1 cannot be: the stream is open */
	if (r > 0)
		vtap_diags_add(reader->diags,
			(struct vtap_place){ .file = reader->place.file, .line = (unsigned)r }, "",
			"", NULL, "cannot be read as `key = value`");
	return 0;
}

static int file_load(const char *path, uid_t trusted_uid, struct vtap_conf *conf,
	struct vtap_draft *draft, struct vtap_diags *diags)
{
	_auto_free char *bytes = NULL;
	struct vtap_err why = VTAP_ERR_NULL;
	struct reader reader = { .draft = draft, .diags = diags };
	struct vtap_file *file;
	struct stat stat = { 0 };
	size_t n = 0;
	int r = conf_add_file(conf, path);

	if (r < 0)
		return r;
	file = &conf->files[conf->n_files - 1];
	reader.place.file = file->path;
	r = file_read(path, &stat, &bytes, &n, &why);
	if (r == VTAP_LOAD_REFUSED) {
		vtap_diags_add(diags, reader.place, "", "", NULL, "%s", why.text);
		return 0;
	}
	if (r < 0)
		return r;
	file->hash = vtap_text_hash(bytes, n);
	file_check_owner(file->path, &stat, trusted_uid, diags);
	return lines_read(&reader, bytes, n);
}

/* ---- folders ---- */

struct names {
	struct dirent **entry;
	int n;
};

static void names_done(struct names *names)
{
	for (int i = 0; i < names->n; i++)
		free(names->entry[i]);
	free(names->entry);
}

static int name_is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > strlen(".conf") &&
	       strcmp(entry->d_name + len - strlen(".conf"), ".conf") == 0;
}

static int name_compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* alphasort would ask the locale */
}

char *vtap_load_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = NULL;
	int len = slash != NULL ? (int)(slash - path) + 1 : 0;

	return asprintf(&folder, "%.*sconf.d", len, path) < 0 ? NULL : folder;
}

/* Calls @each with the main file and then every file of conf.d. Return: 0; what @each returned;
 * -ENOMEM. */
static int files_walk(const char *path, int (*each)(const char *path, void *arg),
	void (*enter)(const char *folder, void *arg),
	void (*complain)(const char *folder, int code, void *arg), void *arg)
{
	_auto_free char *folder = vtap_load_folder(path);
	__attribute__((cleanup(names_done))) struct names names = { 0 };
	int r;

	if (folder == NULL)
		return -ENOMEM;
	r = each(path, arg);
	if (r < 0)
		return r;
	names.n = scandir(folder, &names.entry, name_is_conf, name_compare);
	if (names.n < 0) {
		names.n = 0;
		if (errno != ENOENT)
			complain(folder, errno, arg);
		return 0;
	}
	enter(folder, arg); /* who may write here could take files away */
	for (int i = 0; i < names.n && r == 0; i++) {
		_auto_free char *one = NULL;

		if (asprintf(&one, "%s/%s", folder, names.entry[i]->d_name) < 0)
			return -ENOMEM;
		r = each(one, arg);
	}
	return r;
}

struct loading {
	uid_t trusted_uid;
	struct vtap_conf *conf;
	struct vtap_draft draft;
	struct vtap_diags *diags;
};

static int loading_file(const char *path, void *arg)
{
	struct loading *loading = arg;

	return file_load(
		path, loading->trusted_uid, loading->conf, &loading->draft, loading->diags);
}

static void loading_folder(const char *folder, void *arg)
{
	struct loading *loading = arg;
	struct stat stat_now;

	if (stat(folder, &stat_now) == 0)
		file_check_owner(folder, &stat_now, loading->trusted_uid, loading->diags);
}

static void loading_complain(const char *folder, int code, void *arg)
{
	struct loading *loading = arg;

	vtap_diags_add(loading->diags, (struct vtap_place){ .file = folder }, "", "", NULL,
		"cannot be read: %s", vtap_errno_text(code));
}

static int loading_run(struct loading *loading, const char *path)
{
	int r = files_walk(path, loading_file, loading_folder, loading_complain, loading);

	if (r == 0)
		r = vtap_build(&loading->draft, loading->conf, loading->diags);
	if (r == 0)
		r = vtap_check(&loading->draft, loading->conf, loading->diags);
	if (r == 0 && loading->diags->is_incomplete)
		r = -ENOMEM;
	if (r == 0)
		vtap_diags_sort(loading->diags, loading->conf);
	return r;
}

int vtap_load(const char *path, uid_t trusted_uid, const struct vtap_conf **ret_conf,
	struct vtap_diags *ret_diags)
{
	struct loading loading = { .trusted_uid = trusted_uid, .diags = ret_diags };
	int r;

	loading.conf = vtap_conf_new();
	if (loading.conf == NULL)
		return -ENOMEM;
	r = loading_run(&loading, path);
	vtap_draft_done(&loading.draft);
	if (r == 0 && ret_diags->n > 0)
		r = VTAP_LOAD_REFUSED;
	if (r == 0)
		*ret_conf = vtap_steal(&loading.conf);
	vtap_conf_unref(loading.conf);
	return r;
}
