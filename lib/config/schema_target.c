// SPDX-License-Identifier: Apache-2.0
/* The keys of [target]: how each is read and written, and then its row. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/schema_rows.h"

/* A worker's socket buffer. Below 64K one jumbo burst overflows it; the kernel takes at most 2^30.
 */
#define RECEIVE_BUFFER_MIN (64ULL << 10)
#define RECEIVE_BUFFER_MAX (1ULL << 30)

/* What an underlay's name or glob may hold. */
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:@*?[]!"

static int underlay_take(const char *word, void *arg, struct vtap_complaint *complaint)
{
	struct vtap_target *target = arg;
	char *copy;
	int r;

	if (strlen(word) >= VTAP_IFNAME_MAX)
		return vtap_value_complain(complaint, word, "%zu bytes, Linux allows %d",
			strlen(word), VTAP_IFNAME_MAX - 1);
	if (strspn(word, NAME_BYTES) != strlen(word))
		return vtap_value_complain(
			complaint, word, "must be auto, or interface names or globs like ens*");
	copy = strdup(word);
	if (copy == NULL)
		return -ENOMEM;
	r = vtap_schema_append(
		(void **)&target->underlays, &target->n_underlays, sizeof(copy), &copy);
	if (r < 0)
		free(copy);
	return r;
}

static int underlay_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_target *target = to->object;
	int r;

	if (strcmp(text, "auto") == 0 && target->n_underlays == 0)
		return 0;
	r = vtap_value_words(text, underlay_take, target, complaint);
	for (size_t i = 0; r == 0 && i < target->n_underlays; i++)
		if (strcmp(target->underlays[i], "auto") == 0)
			return vtap_value_complain(complaint, text, "auto stands alone");
	return r;
}

static char *underlay_format(const struct vtap_conf *conf, const void *object)
{
	const struct vtap_target *target = object;
	_auto_free char *text = NULL;
	size_t size;
	FILE *out;

	(void)conf; /* all is in the object */
	if (target->n_underlays == 0)
		return strdup("auto");
	out = open_memstream(&text, &size);
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < target->n_underlays; i++)
		(void)fprintf(
			out, "%s%s", i > 0 ? ", " : "", target->underlays[i]); /* fclose tells */
	return fclose(out) == 0 ? vtap_steal(&text) : NULL;
}

static int port_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_target *target = to->object;
	uint64_t port = 0;
	int r = vtap_value_number(text, 1, UINT16_MAX, &port, complaint);

	if (r == 0)
		target->port = (uint16_t)port;
	return r;
}

static char *port_format(const struct vtap_conf *conf, const void *object)
{
	(void)conf; /* all is in the object */
	return vtap_schema_format_number(((const struct vtap_target *)object)->port);
}

static int mode_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_target *target = to->object;

	for (int i = 0; i < VTAP_MODE_COUNT; i++) {
		if (strcmp(text, vtap_mode_name((enum vtap_mode)i)) != 0)
			continue;
		target->mode = (enum vtap_mode)i;
		return 0;
	}
	return vtap_value_complain(complaint, text, "must be tap or vxlan");
}

static char *mode_format(const struct vtap_conf *conf, const void *object)
{
	(void)conf; /* all is in the object */
	return strdup(vtap_mode_name(((const struct vtap_target *)object)->mode));
}

static int fastpath_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_target *target = to->object;

	for (int i = 0; i < VTAP_FASTPATH_COUNT; i++) {
		if (strcmp(text, vtap_fastpath_name((enum vtap_fastpath_want)i)) != 0)
			continue;
		target->fastpath = (enum vtap_fastpath_want)i;
		return 0;
	}
	return vtap_value_complain(complaint, text, "must be auto, off or require");
}

static char *fastpath_format(const struct vtap_conf *conf, const void *object)
{
	(void)conf; /* all is in the object */
	return strdup(vtap_fastpath_name(((const struct vtap_target *)object)->fastpath));
}

static int workers_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_target *target = to->object;
	uint64_t workers = VTAP_AUTO;

	if (strcmp(text, "auto") != 0 &&
		vtap_value_number(text, 1, VTAP_WORKERS_MAX, &workers, complaint) != 0)
		return vtap_value_complain(
			complaint, text, "must be 1..%d or auto", VTAP_WORKERS_MAX);
	target->workers = (unsigned)workers;
	return 0;
}

static char *workers_format(const struct vtap_conf *conf, const void *object)
{
	const struct vtap_target *target = object;

	(void)conf; /* all is in the object */
	return target->workers == VTAP_AUTO ? strdup("auto")
					    : vtap_schema_format_number(target->workers);
}

static int allow_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_target *target = to->object;

	return vtap_schema_take_prefixes(text, &target->allow, &target->n_allow, complaint);
}

static char *allow_format(const struct vtap_conf *conf, const void *object)
{
	const struct vtap_target *target = object;

	(void)conf; /* all is in the object */
	return vtap_prefixes_format(target->allow, target->n_allow);
}

static int receive_buffer_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_target *target = to->object;
	uint64_t bytes = VTAP_AUTO;
	int r = 0;

	if (strcmp(text, "auto") != 0)
		r = vtap_value_size(
			text, RECEIVE_BUFFER_MIN, RECEIVE_BUFFER_MAX, &bytes, complaint);
	if (r == 0)
		target->receive_buffer_bytes = bytes;
	return r;
}

static char *receive_buffer_format(const struct vtap_conf *conf, const void *object)
{
	const struct vtap_target *target = object;
	char text[24];

	(void)conf; /* all is in the object */
	if (target->receive_buffer_bytes == VTAP_AUTO)
		return strdup("auto");
	return strdup(vtap_value_format_size(target->receive_buffer_bytes, text, sizeof(text)));
}

/* ---- the rows ---- */

static const struct vtap_key KEYS[] = {
	{
		.section = VTAP_SECTION_TARGET,
		.name = "underlay",
		.is_list = true,
		.is_default_alone = true,
		.values = "auto | interface names or globs",
		.fallback = "auto",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = underlay_parse,
		.format = underlay_format,
		.help = "The interfaces that encapsulated packets come in on: names or globs such "
			"as `ens*`.",
		.detail =
			"`auto` is every interface that is not vtapd's own. An interface that is "
			"absent is waited for, and used when it appears; `vtapctl status` tells "
			"which named ones are absent. In mode `vxlan` they must be named, and a "
			"lone `*` is no name: receive offloads that merge packets (GRO, LRO) are "
			"switched off on them, and put back when the last session of such a target "
			"goes. Packets to the port that come in elsewhere are shown, too, but may "
			"be merged.",
	},
	{
		.section = VTAP_SECTION_TARGET,
		.name = "port",
		.values = "1..65535",
		.fallback = "4789",
		.cost = { VTAP_COST_PORT, VTAP_COST_REPLACE },
		.parse = port_parse,
		.format = port_format,
		.help = "The UDP port that encapsulated packets are sent to.",
		.detail = "The default is the port of VXLAN (RFC 7348), which AWS always sends to. "
			  "Two targets may have the same one if no underlay belongs to both; "
			  "of globs that is believed only where they begin differently. In mode "
			  "`vxlan` the kernel takes the port on every interface, so the target "
			  "shares it with no other.",
	},
	{
		.section = VTAP_SECTION_TARGET,
		.name = "mode",
		.values = "tap | vxlan",
		.fallback = "tap",
		.cost = { VTAP_COST_REPLACE, VTAP_COST_REPLACE },
		.parse = mode_parse,
		.format = mode_format,
		.help = "How frames get onto their interface.",
		.detail =
			"`tap`: on TAP devices, which the fast path hands them to, or the daemon "
			"writes them to. `vxlan`: each session has a vxlan device of the kernel, "
			"which takes the packets of one VNI itself: without BPF, and without a "
			"process in their way. The manual of `vtapd` compares the two. A target in "
			"mode `vxlan` names its underlays and has its port for itself; its "
			"sessions have one VNI each, no `source`, and an interface of their own. "
			"When a target's mode changes, all of its interfaces are made anew, and "
			"packets of some 10 to 40 ms are lost; this host may answer a few of them "
			"with ICMP port unreachable while the port changes hands.",
	},
	{
		.section = VTAP_SECTION_TARGET,
		.name = "fastpath",
		.values = "auto | off | require",
		.fallback = "auto",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = fastpath_parse,
		.format = fastpath_format,
		.help = "Whether the kernel moves frames of known sessions itself.",
		.detail =
			"`auto`: a BPF program on the underlay takes what it can, and the workers "
			"have the rest; where the kernel or our rights do not allow it they have "
			"everything, and `vtapctl status` says why. `off`: the workers alone. "
			"`require`: as `auto`, but without the program the target is not ready, "
			"though its workers show all frames. The manual of `vtapd` says which "
			"packets take which path. In mode `vxlan` there is neither program nor "
			"worker: `require` is a mistake, and `auto` and `off` mean the same.",
	},
	{
		.section = VTAP_SECTION_TARGET,
		.name = "workers",
		.values = "1..16 | auto",
		.fallback = "auto",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = workers_parse,
		.format = workers_format,
		.help = "Threads that receive, for each underlay, each with a socket of its own.",
		.detail = "`auto` is one for each CPU, at most 4. The kernel spreads packets over "
			  "them by the outer addresses and ports, so frames of one outer flow stay "
			  "in order. When there are fewer after a reload, the surplus sockets are "
			  "emptied before they close. In mode `vxlan` there are none, and a number "
			  "is a mistake.",
	},
	{
		.section = VTAP_SECTION_TARGET,
		.name = "allow",
		.is_list = true,
		.is_default_alone = true,
		.values = "any | outer prefixes",
		.fallback = "any",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = allow_parse,
		.format = allow_format,
		.help = "Outer sources, IPv4 or IPv6, that may send at all, such as `10.0.0.0/8` "
			"or `2001:db8::/32`.",
		.detail = "Packets from elsewhere are dropped and counted as `not-allowed`. With "
			  "`any` whoever reaches the port can put frames before the sensors; rules "
			  "of the host's firewall do not apply to what the fast path takes. "
			  "`vtapctl doctor allow-any` has the line that covers every source whose "
			  "frames were shown so far. In "
			  "mode `vxlan` prefixes are a mistake, because the kernel's device takes "
			  "packets from everybody; the firewall applies there, and rules of "
			  "nftables on the port do the same, but do not count in `vtapctl status`. "
			  "The manual of `vtapd` has them to paste, for both families, under Who "
			  "may send.",
	},
	{
		.section = VTAP_SECTION_TARGET,
		.name = "receive-buffer",
		.values = "64K..1G | auto",
		.unit = "bytes",
		.fallback = "auto",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = receive_buffer_parse,
		.format = receive_buffer_format,
		.help = "The buffer of each worker's socket.",
		.detail = "It holds what arrives while the worker is busy; what does not fit is "
			  "counted as `socket-full`. `auto` is 32M. In mode `vxlan` there is no "
			  "such socket, and a size is a mistake.",
	},
};

const struct vtap_keys VTAP_KEYS_OF_TARGET = { KEYS, VTAP_ARRAY_LEN(KEYS) };
