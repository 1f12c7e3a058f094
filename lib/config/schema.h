/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every key, one row each: how it is read, written, what it may be, what it is when nobody says,
 * and what a change of it costs. Loading, --dump-config, `vtapctl plan`, the manual and the test
 * of the shipped configuration all read these rows; a key that is not here does not exist.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/value.h"
#include "model/conf.h"

enum vtap_section {
	VTAP_SECTION_DAEMON,
	VTAP_SECTION_HEALTH,
	VTAP_SECTION_METRICS,
	VTAP_SECTION_TARGET,   /* object: struct vtap_target */
	VTAP_SECTION_DEFAULTS, /* the keys of VTAP_SECTION_SESSION */
	VTAP_SECTION_SESSION,  /* object: struct vtap_session */
	VTAP_SECTION_COUNT
};

/** enum vtap_cost - what a change of a key costs those who read the interface; ordered */
enum vtap_cost {
	VTAP_COST_LIVE,    /* a table or socket swap; no interface is touched, no frame is lost */
	VTAP_COST_LINK,    /* set on the interface in place */
	VTAP_COST_PORT,    /* sockets open anew; what goes on to the old port is refused */
	VTAP_COST_REPLACE, /* sensors lose their handle */
	VTAP_COST_COUNT
};

/** struct vtap_reading - what a row's parser writes to */
struct vtap_reading {
	struct vtap_conf *conf;
	void *object;            /* struct vtap_target, struct vtap_session, or NULL */
	const char **ret_target; /* session: the name of its target as written */
};

struct vtap_key {
	enum vtap_section section;
	const char *name;
	bool is_list;          /* may be given several times; values add up */
	bool is_default_alone; /* a list whose default stands for the whole list: nothing goes
				  beside it */
	bool is_required;      /* there is no configuration without it */
	const char *values;    /* what it may be, for people: "1..16 | auto" */
	const char *unit;      /* "bytes", "duration", or NULL */
	const char *fallback;  /* the default as text; NULL: none, the help says what then */
	enum vtap_cost cost[VTAP_MODE_COUNT];
	/* Return: 0, VTAP_VALUE_REFUSED, or -ENOMEM. Lists are called once per line and add. */
	int (*parse)(
		const char *text, struct vtap_reading *to, struct vtap_complaint *ret_complaint);
	/* The effective value as text, "" for none. Return: heap string, NULL without memory. */
	char *(*format)(const struct vtap_conf *conf, const void *object);
	const char *help;   /* one sentence, `words to type` in backquotes */
	const char *detail; /* the rest of what the manual says, likewise; or NULL */
};

/** vtap_schema_key() - row @i of all, grouped by section; NULL behind the last */
const struct vtap_key *vtap_schema_key(size_t i);

/** vtap_schema_find() - the row of a key in a section, or NULL; VTAP_SECTION_DEFAULTS has the
 * session's */
const struct vtap_key *vtap_schema_find(enum vtap_section section, const char *name);

/** vtap_schema_nearest() - the key of that section that was probably meant, or NULL */
const char *vtap_schema_nearest(enum vtap_section section, const char *name);

/** vtap_section_name() - "session" */
const char *vtap_section_name(enum vtap_section section);

/** vtap_section_is_named() - `[session NAME]` rather than `[daemon]` */
bool vtap_section_is_named(enum vtap_section section);

/** vtap_cost_name() - "live", "link", "port", "replace" */
const char *vtap_cost_name(enum vtap_cost cost);
