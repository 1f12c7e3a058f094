/* SPDX-License-Identifier: Apache-2.0 */
/* The shared maps as descriptors; for this room. */
#pragma once

#include <stdint.h>

#include "base/err.h"

enum vtap_map {
	VTAP_MAP_STEERED,
	VTAP_MAP_GUARDED,
	VTAP_MAP_PAGE,
	VTAP_MAP_FLOW4,
	VTAP_MAP_FLOW6,
	VTAP_MAP_NAMES,
	VTAP_MAP_KEPT,
	VTAP_MAP_COUNT
};

/** struct vtap_maps - all of them, or none */
struct vtap_maps {
	int fd[VTAP_MAP_COUNT];
	uint32_t n_slots;
};

/** VTAP_MAPS_NULL - nothing is open */
#define VTAP_MAPS_NULL                                                                             \
	((struct vtap_maps){                                                                       \
		.fd = { [0 ... VTAP_MAP_COUNT - 1] = -1 },                                         \
	})

/** vtap_maps_make() - new ones, empty. Return: 0 or negative errno. */
int vtap_maps_make(uint32_t n_slots, struct vtap_maps *ret_maps, struct vtap_err *err);

enum { VTAP_MAPS_NONE = 1 /* not there, of another layout, or with too few slots */ };

/** vtap_maps_find() - those that are pinned. Return: 0, VTAP_MAPS_NONE, negative errno. */
int vtap_maps_find(const char *pin_dir, uint32_t n_slots_min, struct vtap_maps *ret_maps);

/** vtap_maps_pin() - instead of what is pinned there. Return: 0 or negative errno. */
int vtap_maps_pin(const struct vtap_maps *maps, const char *pin_dir);

/** vtap_maps_unpin() - whatever is pinned there, of any layout. Return: 0 or negative errno. */
int vtap_maps_unpin(const char *pin_dir);

/** vtap_maps_done() - close; may run twice */
void vtap_maps_done(struct vtap_maps *maps);

/** vtap_maps_flows_max() - rows of a map of flows */
uint32_t vtap_maps_flows_max(enum vtap_map map);

/** struct vtap_maps_log - where the verifier writes: much, before the line that matters */
struct vtap_maps_log {
	char text[4 << 20];
};

/** vtap_program_id() - the kernel's number of a program. Return: 0 or negative errno. */
int vtap_program_id(int fd, uint32_t *ret_id);

/** vtap_maps_refused() - "load the program: ..." with the verifier's last line. Return: @r. */
int vtap_maps_refused(
	struct vtap_err *err, int r, const char *what, const struct vtap_maps_log *log);
