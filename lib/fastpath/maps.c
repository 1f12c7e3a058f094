// SPDX-License-Identifier: Apache-2.0
#include "fastpath/maps.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "fastpath/layout.h"

/* Pairs of source and VNI that are remembered. On each CPU a row takes 40 bytes; what finds no room
 * is steered all the same, but decided anew for each packet. */
#define FLOWS4_MAX 16384
#define FLOWS6_MAX 4096

/* The folder of this layout in the pin folder, and what it is called while it is being filled. */
#define PINS_PREFIX "maps-"
#define PINS_FOLDER PINS_PREFIX VTAP_STRING(VTAP_FAST_LAYOUT)
#define PINS_FRESH  "fresh"

struct shape {
	const char *name; /* of the map, and of its pin; at most 15 bytes */
	enum bpf_map_type type;
	uint32_t key_bytes;
	uint32_t value_bytes;
	uint32_t n_max; /* 0: the slots */
};

static const struct shape SHAPES[] = {
	[VTAP_MAP_STEERED] = { "vtapd_steered", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t),
		sizeof(struct vtap_fast_steered), 0 },
	[VTAP_MAP_GUARDED] = { "vtapd_guarded", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t),
		sizeof(struct vtap_fast_guarded), 0 },
	[VTAP_MAP_PAGE] = { "vtapd_page", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(uint32_t),
		1 },
	[VTAP_MAP_FLOW4] = { "vtapd_flow4", BPF_MAP_TYPE_PERCPU_HASH,
		sizeof(struct vtap_fast_flow4), sizeof(struct vtap_fast_flow), FLOWS4_MAX },
	[VTAP_MAP_FLOW6] = { "vtapd_flow6", BPF_MAP_TYPE_PERCPU_HASH,
		sizeof(struct vtap_fast_flow6), sizeof(struct vtap_fast_flow), FLOWS6_MAX },
	[VTAP_MAP_NAMES] = { "vtapd_names", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t),
		sizeof(struct vtap_fast_name), 0 },
	[VTAP_MAP_KEPT] = { "vtapd_kept", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t),
		sizeof(struct vtap_fast_kept), 0 },
};
static_assert(VTAP_ARRAY_LEN(SHAPES) == VTAP_MAP_COUNT, "every map has its shape");
static_assert(sizeof(struct vtap_fast_looked) == sizeof(struct vtap_fast_steered),
	"a target's row is one of the same map");

uint32_t vtap_maps_flows_max(enum vtap_map map)
{
	return SHAPES[map].n_max;
}

void vtap_maps_done(struct vtap_maps *maps)
{
	for (int i = 0; i < VTAP_MAP_COUNT; i++)
		maps->fd[i] = vtap_fd_close(maps->fd[i]);
}

int vtap_maps_make(uint32_t n_slots, struct vtap_maps *ret_maps, struct vtap_err *err)
{
	struct vtap_maps maps = VTAP_MAPS_NULL;

	maps.n_slots = n_slots;
	for (int i = 0; i < VTAP_MAP_COUNT; i++) {
		const struct shape *shape = &SHAPES[i];

		maps.fd[i] = bpf_map_create(shape->type, shape->name, shape->key_bytes,
			shape->value_bytes, shape->n_max != 0 ? shape->n_max : n_slots, NULL);
		if (maps.fd[i] < 0) {
			int r = maps.fd[i];

			maps.fd[i] = -1;
			vtap_maps_done(&maps);
			return vtap_maps_refused(err, r, "make its maps", NULL);
		}
	}
	*ret_maps = maps;
	return 0;
}

/* ---- pins ---- */

static char *pins_path(const char *pin_dir, const char *folder, const char *name)
{
	return vtap_text_format("%s/%s%s%s", pin_dir, folder, name[0] != '\0' ? "/" : "", name);
}

/* Has it our shape? *n_slots: of the first map that is as long as there are slots. */
static bool map_fits(int fd, const struct shape *shape, uint32_t *n_slots)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0 || info.type != (uint32_t)shape->type ||
		info.key_size != shape->key_bytes || info.value_size != shape->value_bytes)
		return false;
	if (shape->n_max != 0)
		return info.max_entries == shape->n_max;
	if (*n_slots == 0)
		*n_slots = info.max_entries;
	return info.max_entries == *n_slots;
}

int vtap_maps_find(const char *pin_dir, uint32_t n_slots_min, struct vtap_maps *ret_maps)
{
	struct vtap_maps maps = VTAP_MAPS_NULL;
	bool is_good = true;

	for (int i = 0; i < VTAP_MAP_COUNT && is_good; i++) {
		_auto_free char *path = pins_path(pin_dir, PINS_FOLDER, SHAPES[i].name);

		maps.fd[i] = path != NULL ? bpf_obj_get(path) : -ENOMEM;
		is_good = maps.fd[i] >= 0 && map_fits(maps.fd[i], &SHAPES[i], &maps.n_slots);
		if (maps.fd[i] < 0)
			maps.fd[i] = -1;
	}
	if (!is_good || maps.n_slots < n_slots_min) {
		vtap_maps_done(&maps);
		return VTAP_MAPS_NONE;
	}
	*ret_maps = maps;
	return 0;
}

/* A folder of pins and what is in it. */
static int folder_remove(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int r = 0;

	if (dir == NULL)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			r = -errno;
	(void)closedir(dir); /* nothing to lose */
	return rmdir(path) < 0 && r == 0 ? -errno : r;
}

static bool is_pins(const char *name)
{
	return strncmp(name, PINS_PREFIX, strlen(PINS_PREFIX)) == 0 ||
	       strcmp(name, PINS_FRESH) == 0;
}

/* All folders of pins but @kept. */
static int folders_remove(const char *pin_dir, const char *kept)
{
	DIR *dir = opendir(pin_dir);
	const struct dirent *entry;
	int r = 0;

	if (dir == NULL)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) != NULL) {
		_auto_free char *path = NULL;

		if (!is_pins(entry->d_name) || strcmp(entry->d_name, kept) == 0)
			continue;
		path = pins_path(pin_dir, entry->d_name, "");
		if (r == 0)
			r = path == NULL ? -ENOMEM : folder_remove(path);
	}
	(void)closedir(dir); /* nothing to lose */
	return r;
}

int vtap_maps_unpin(const char *pin_dir)
{
	return folders_remove(pin_dir, "");
}

int vtap_maps_pin(const struct vtap_maps *maps, const char *pin_dir)
{
	_auto_free char *fresh = pins_path(pin_dir, PINS_FRESH, "");
	_auto_free char *final = pins_path(pin_dir, PINS_FOLDER, "");
	int r = fresh == NULL || final == NULL ? -ENOMEM : vtap_maps_unpin(pin_dir);

	if (r == 0 && mkdir(fresh, 0700) < 0)
		r = -errno;
	for (int i = 0; i < VTAP_MAP_COUNT && r == 0; i++) {
		_auto_free char *path = pins_path(pin_dir, PINS_FRESH, SHAPES[i].name);

		r = path == NULL ? -ENOMEM : bpf_obj_pin(maps->fd[i], path);
	}
	if (r == 0 && rename(fresh, final) < 0)
		r = -errno;
	return r;
}

int vtap_program_id(int fd, uint32_t *ret_id)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	*ret_id = info.id;
	return 0;
}

/* ---- refusals ---- */

/* The last line of the log that says something; "" for none. */
static void log_last(const struct vtap_maps_log *log, char *ret_line, size_t size)
{
	const char *end = log->text + strnlen(log->text, sizeof(log->text));
	const char *begin;

	while (end > log->text && (end[-1] == '\n' || end[-1] == ' '))
		end--;
	/* the very last line of the verifier's is its statistics */
	begin = end;
	while (begin > log->text && begin[-1] != '\n')
		begin--;
	if (strncmp(begin, "processed ", strlen("processed ")) == 0 && begin > log->text) {
		end = begin - 1;
		begin = end;
		while (begin > log->text && begin[-1] != '\n')
			begin--;
	}
	(void)snprintf(ret_line, size, "%.*s", (int)(end - begin), begin); /* cut is fine */
}

int vtap_maps_refused(
	struct vtap_err *err, int r, const char *what, const struct vtap_maps_log *log)
{
	char line[128] = "";

	if (log != NULL)
		log_last(log, line, sizeof(line));
	vtap_text_make_printable(line);
	if (r == -EPERM)
		return vtap_err_set(
			err, r, "%s: not permitted, it needs CAP_BPF and CAP_NET_ADMIN", what);
	return vtap_err_set(
		err, r, "%s: %s%s%s", what, vtap_errno_text(r), line[0] != '\0' ? ": " : "", line);
}
