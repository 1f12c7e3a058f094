/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operator asked for: targets and sessions. Built once by config/, then frozen: readers
 * hold `const struct vtap_conf *` by reference count, and a reload makes a new one.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/prefix.h"
#include "base/range.h"
#include "model/ifname.h"

/** VTAP_NAME_MAX - bytes of a session's or target's name with its NUL: [a-z0-9][a-z0-9._-]{0,31} */
#define VTAP_NAME_MAX 33

/** VTAP_CONF_VNI_MAX - highest VNI that can be configured (24 bits, RFC 7348 section 5) */
#define VTAP_CONF_VNI_MAX 0xffffffU

/** VTAP_WORKERS_MAX - workers of one target; each has a socket, a thread and 4 MiB of buffers */
#define VTAP_WORKERS_MAX 16

/** VTAP_SESSIONS_MAX - sessions of a configuration. Source: AWS's quota of an account
 */
#define VTAP_SESSIONS_MAX 10000

/** VTAP_TARGET_NONE - i_target of a session whose target does not exist; never in a frozen
 * configuration */
#define VTAP_TARGET_NONE SIZE_MAX

/** VTAP_AUTO - a number that the operator left to us */
#define VTAP_AUTO 0

enum vtap_on_stop {
	VTAP_ON_STOP_KEEP,   /* interfaces stay when the daemon stops */
	VTAP_ON_STOP_REMOVE, /* they are removed */
	VTAP_ON_STOP_COUNT
};

/** enum vtap_mode - how frames get onto their interfaces */
enum vtap_mode {
	VTAP_MODE_TAP,   /* TAP devices: the fast path hands frames to them, or workers write */
	VTAP_MODE_VXLAN, /* the kernel's own vxlan device for each VNI; the daemon carries nothing
			  */
	VTAP_MODE_COUNT
};

/** enum vtap_family - of the outer packets that a vxlan device takes */
enum vtap_family { VTAP_FAMILY_IPV4, VTAP_FAMILY_IPV6, VTAP_FAMILY_COUNT };

enum vtap_fastpath_want {
	VTAP_FASTPATH_AUTO,    /* where the kernel and our rights allow it */
	VTAP_FASTPATH_OFF,     /* the worker alone */
	VTAP_FASTPATH_REQUIRE, /* without it the target is not ready */
	VTAP_FASTPATH_COUNT
};

enum vtap_listen_kind {
	VTAP_LISTEN_OFF,
	VTAP_LISTEN_AUTO, /* health: TCP on every target's port number */
	VTAP_LISTEN_ADDRESS,
	VTAP_LISTEN_COUNT
};

/** struct vtap_listen - where a TCP listener is wanted */
struct vtap_listen {
	enum vtap_listen_kind kind;
	struct vtap_addr addr; /* VTAP_LISTEN_ADDRESS; all zero (`::`): every address, IPv4 too */
	uint16_t port;         /* likewise */
};

/** enum vtap_require - what a healthy target must have, bits of a list */
enum vtap_require {
	VTAP_REQUIRE_ANY = 1 << 0,     /* at least one session is ready */
	VTAP_REQUIRE_ALL = 1 << 1,     /* every required session is ready */
	VTAP_REQUIRE_SENSORS = 1 << 2, /* something reads each required session's interface */
	VTAP_REQUIRE_TRAFFIC = 1 << 3, /* a frame was shown in the last 60 s */
};

/** struct vtap_health_conf - what the load balancer is told, and when */
struct vtap_health_conf {
	struct vtap_listen listen;
	unsigned require;   /* bits of enum vtap_require; VTAP_REQUIRE_ANY when nothing is said */
	uint64_t settle_ns; /* a change must last this long before health follows it */
	uint64_t drain_time_ns; /* the longest that a drain waits for traffic to leave */
};

/** struct vtap_place - a line of a file, for messages about something that stands there */
struct vtap_place {
	const char *file; /* full path; owned by the configuration's file list */
	unsigned line;    /* from 1; 0 = nowhere, a default */
};

/** struct vtap_file - one file that was read */
struct vtap_file {
	char *path;
	uint64_t hash; /* of its bytes, to tell whether it changed since */
};

struct vtap_target {
	char name[VTAP_NAME_MAX];
	struct vtap_place place; /* its section header; line 0 for the built-in `default` */
	char **underlays;        /* names or globs; n = 0 means auto */
	size_t n_underlays;
	uint16_t port;
	enum vtap_mode mode;
	enum vtap_fastpath_want fastpath;
	unsigned workers;          /* per underlay, 1..VTAP_WORKERS_MAX, or VTAP_AUTO */
	struct vtap_prefix *allow; /* n = 0 means any */
	size_t n_allow;
	struct vtap_place allow_place; /* of its first line; line 0 where there is none */
	uint64_t receive_buffer_bytes; /* of each socket, or VTAP_AUTO */
};

struct vtap_session {
	char name[VTAP_NAME_MAX];
	struct vtap_place place;     /* its section header */
	struct vtap_place vni_place; /* where a conflict over VNIs is to be reported */
	struct vtap_place interface_place;
	size_t i_target; /* in the configuration's targets */
	char interface[VTAP_IFNAME_MAX];
	bool is_any;             /* takes every VNI */
	struct vtap_range *vnis; /* sorted by first; exact VNIs have first == last */
	size_t n_vnis;
	struct vtap_prefix *sources; /* n = 0 means any source */
	size_t n_sources;
	unsigned mtu_bytes;
	enum vtap_family family;  /* VTAP_MODE_VXLAN only; a TAP shows both */
	bool is_claim_refused;    /* only while it is checked: a refused value decides who claims */
	bool is_required;         /* counts for `require = all` and `sensors` */
	uint64_t silent_after_ns; /* quiet for longer is told; 0: never */
	char *description;        /* UTF-8, or NULL */
};

struct vtap_conf {
	atomic_uint n_refs;
	enum vtap_on_stop on_stop;
	struct vtap_health_conf health;
	struct vtap_listen metrics;
	struct vtap_target *targets; /* at least one */
	size_t n_targets;
	struct vtap_session *sessions; /* in the order of the files */
	size_t n_sessions;
	struct vtap_file *files; /* in the order they were read */
	size_t n_files;
};

/** vtap_mode_name() - "tap", "vxlan" */
const char *vtap_mode_name(enum vtap_mode mode);

/** vtap_family_name() - "ipv4", "ipv6" */
const char *vtap_family_name(enum vtap_family family);

/** vtap_family_of() - of a packet from there */
enum vtap_family vtap_family_of(const struct vtap_addr *source);

/** vtap_fastpath_name() - "auto", "off", "require" */
const char *vtap_fastpath_name(enum vtap_fastpath_want want);

/** vtap_conf_new() - an empty configuration with one reference, or NULL without memory */
struct vtap_conf *vtap_conf_new(void);

/** vtap_conf_ref() - one more reference. Context: whoever has one. Return: @conf. */
const struct vtap_conf *vtap_conf_ref(const struct vtap_conf *conf);

/** vtap_conf_unref() - one reference less; the last one frees. NULL is allowed. Context: any
 * thread. */
void vtap_conf_unref(const struct vtap_conf *conf);
VTAP_FREEP(conf, const struct vtap_conf, vtap_conf_unref)

/** vtap_conf_find_session() - by name, or NULL */
const struct vtap_session *vtap_conf_find_session(const struct vtap_conf *conf, const char *name);

/** vtap_conf_find_vni() - the session of a VTAP_MODE_VXLAN target that has this VNI in this family,
 * or NULL */
const struct vtap_session *vtap_conf_find_vni(
	const struct vtap_conf *conf, size_t i_target, uint32_t vni, enum vtap_family family);

/** VTAP_GLOB_BYTES - what makes an underlay a glob */
#define VTAP_GLOB_BYTES "*?["

/** vtap_conf_is_glob() - does this underlay stand for several names? Source: fnmatch(3) */
bool vtap_conf_is_glob(const char *underlay);

/** vtap_target_names() - is the interface @name an underlay of it by name or glob? A target without
 * any names none. Source: fnmatch(3) */
bool vtap_target_names(const struct vtap_target *target, const char *name);

/** vtap_conf_find_target() - by name, or NULL */
const struct vtap_target *vtap_conf_find_target(const struct vtap_conf *conf, const char *name);

/** vtap_session_format_vnis() - "4400-4403, 5001" or "any". Return: heap string, NULL without
 * memory. */
char *vtap_session_format_vnis(const struct vtap_session *session);

/** vtap_prefixes_format() - "10.0.0.0/8, 10.1.0.0/16", "any" for none. Return: as above. */
char *vtap_prefixes_format(const struct vtap_prefix *prefixes, size_t n);

/** vtap_place_format() - "web.conf:2" (base name), for sentences. Return: @ret_text. */
const char *vtap_place_format(struct vtap_place place, char *ret_text, size_t size);
