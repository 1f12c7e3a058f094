/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to a configuration: the main file, then those in conf.d beside it, in name order.
 * Law 6: a bad configuration changes nothing, and all of its mistakes come back at once.
 */
#pragma once

#include <sys/types.h>

#include "config/diag.h"
#include "model/conf.h"

/** VTAP_FILE_BYTES_MAX - a larger file is refused: 10,000 sessions take about 2 MB */
#define VTAP_FILE_BYTES_MAX (16ULL << 20)

enum {
	VTAP_LOAD_REFUSED = 1, /* the diagnostics say why; *ret_conf is untouched */
};

/**
 * vtap_load() - read, build and check
 * @path:        the main file; conf.d is looked for in its folder
 * @trusted_uid: besides root, who may own the files (a file that anybody else may write is an
 * error)
 * @ret_conf:    the frozen configuration with one reference
 * @ret_diags:   filled when refused, sorted by file and line; the caller frees them
 * Context: main thread; reads files.
 * Return: 0; VTAP_LOAD_REFUSED; -ENOMEM.
 */
int vtap_load(const char *path, uid_t trusted_uid, const struct vtap_conf **ret_conf,
	struct vtap_diags *ret_diags);

/** vtap_load_folder() - the folder whose *.conf are read after that main file. Return: heap string,
 * NULL without memory. */
char *vtap_load_folder(const char *path);
