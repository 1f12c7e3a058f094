/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What merged frames on underlays before we switched it off, in a file of the runtime folder: it
 * outlives the daemon, as what it switched off does, and not the machine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/ifname.h"

struct vtap_device;
struct vtap_devices;

/** struct vtap_former - an underlay */
struct vtap_former {
	char name[VTAP_IFNAME_MAX];
	int index;
	uint8_t mac[VTAP_MAC_BYTES]; /* zeros: it has none */
	unsigned merging;            /* bits of enum vtap_merging that were on; 0: none was */
};

/**
 * vtap_former_find() - the device that it is about, whatever it is called now
 *
 * Index, MAC and name may each have changed, and have become another device's. Two of them that
 * agree are believed, and a MAC that only one device has; a name alone only where there is no MAC.
 * Return: borrowed from @devices, or NULL.
 */
const struct vtap_device *vtap_former_find(
	const struct vtap_former *former, const struct vtap_devices *devices);

/** vtap_former_note() - what it is known by is that of @device from now on. Return: did it change?
 */
bool vtap_former_note(struct vtap_former *former, const struct vtap_device *device);

/** VTAP_FORMER_LINE_MAX - bytes of a line with its NUL */
#define VTAP_FORMER_LINE_MAX 64

/** vtap_former_parse() - read a line without its end: "eth0 2 02:00:00:00:00:07 gro lro", "eth1 3
 * 02:00:00:00:00:08 none". @line is cut into its words. Return: is it whole? */
bool vtap_former_parse(char *line, struct vtap_former *ret_former);

/** vtap_former_format() - the line of it, without an end. Return: @ret_line. */
const char *vtap_former_format(
	const struct vtap_former *former, char ret_line[static VTAP_FORMER_LINE_MAX]);

/** vtap_former_path() - of the file. Return: heap string, NULL without memory. */
char *vtap_former_path(const char *runtime_dir);

/**
 * vtap_former_load() - read the file; lines that are damaged are logged and left out
 * @ret_former: heap array; none when there is no file
 * Return: 0, or negative errno.
 */
int vtap_former_load(
	const char *path, struct vtap_former **ret_former, size_t *ret_n, struct vtap_err *err);

/** vtap_former_save() - as a whole, the former file or the new one; nothing to remember removes it.
 * Return: 0 or negative errno. */
int vtap_former_save(
	const char *path, const struct vtap_former *former, size_t n, struct vtap_err *err);
