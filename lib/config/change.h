/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two configurations, in the operator's words, and what it costs; made from
 * the schema's rows. `vtapctl plan` and the answer of a reload read the same list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/schema.h"
#include "model/conf.h"

enum vtap_change_kind {
	VTAP_CHANGE_ADD,
	VTAP_CHANGE_IN_PLACE, /* no sensor notices */
	VTAP_CHANGE_REPLACE,  /* sensors lose their handle */
	VTAP_CHANGE_REMOVE,
	VTAP_CHANGE_COUNT
};

struct vtap_change {
	enum vtap_change_kind kind;
	bool is_of_session;
	char *name;                           /* "web", "target default", "daemon" */
	char *what;                           /* "vni 4321 -> 4321-4322" */
	char *why;                            /* "in place, no frame lost, web.conf:2" */
	char lost_interface[VTAP_IFNAME_MAX]; /* goes away with this change; "" for none */
};

struct vtap_changes {
	struct vtap_change *change;
	size_t n;
	size_t n_untouched; /* sessions that stay as they are */
};

/** vtap_changes_done() - frees all; may run twice */
void vtap_changes_done(struct vtap_changes *changes);

/**
 * vtap_changes_find() - compare
 * @old: what is in effect
 * @new: what would be
 * Return: 0, -ENOMEM.
 */
int vtap_changes_find(
	const struct vtap_conf *old, const struct vtap_conf *new, struct vtap_changes *ret_changes);

/** vtap_changes_count() - how many of a kind */
size_t vtap_changes_count(const struct vtap_changes *changes, enum vtap_change_kind kind);

/** vtap_change_sign() - '+', '~', '!' or '-' */
char vtap_change_sign(enum vtap_change_kind kind);
