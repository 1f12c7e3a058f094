// SPDX-License-Identifier: Apache-2.0
/* The keys of [session], which [defaults] has too: how each is read and written, and then its row.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "config/schema_rows.h"

/* Source: ETH_MIN_MTU, and MAX_MTU of the kernel's drivers/net/tun.c less an Ethernet header. */
#define MTU_MIN 68
#define MTU_MAX 65521

/* Counted once a second; who waits longer than 30 days for a frame does not wait. */
#define SILENT_AFTER_MIN_NS VTAP_NS_PER_S
#define SILENT_AFTER_MAX_NS (30ULL * 24 * 3600 * VTAP_NS_PER_S)

static int vni_take(const char *word, void *arg, struct vtap_complaint *complaint)
{
	struct vtap_session *session = arg;
	struct vtap_range vni;
	int r;

	if (strcmp(word, "any") == 0) {
		if (session->is_any)
			return vtap_value_complain(complaint, word, "given twice");
		session->is_any = true;
		return 0;
	}
	r = vtap_value_vni(word, &vni, complaint);
	if (r != 0)
		return r;
	return vtap_schema_append((void **)&session->vnis, &session->n_vnis, sizeof(vni), &vni);
}

static int vni_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	if (strchr(text, '#') != NULL)
		return vtap_value_complain(
			complaint, text, "not a number; inline comments start with ;");
	return vtap_value_words(text, vni_take, to->object, complaint);
}

static char *vni_format(const struct vtap_conf *conf, const void *object)
{
	(void)conf; /* all is in the object */
	return vtap_session_format_vnis(object);
}

static int source_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_session *session = to->object;

	return vtap_schema_take_prefixes(text, &session->sources, &session->n_sources, complaint);
}

static char *source_format(const struct vtap_conf *conf, const void *object)
{
	const struct vtap_session *session = object;

	(void)conf; /* all is in the object */
	return vtap_prefixes_format(session->sources, session->n_sources);
}

static int interface_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_session *session = to->object;
	const char *wrong = vtap_ifname_complaint(text);

	if (strlen(text) >= VTAP_IFNAME_MAX)
		return vtap_value_complain(complaint, text, "%zu bytes, Linux allows %d",
			strlen(text), VTAP_IFNAME_MAX - 1);
	if (wrong != NULL)
		return vtap_value_complain(complaint, text, "%s", wrong);
	memcpy(session->interface, text, strlen(text) + 1);
	return 0;
}

static char *interface_format(const struct vtap_conf *conf, const void *object)
{
	(void)conf; /* all is in the object */
	return strdup(((const struct vtap_session *)object)->interface);
}

static int mtu_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_session *session = to->object;
	uint64_t mtu = 0;
	int r = vtap_value_number(text, MTU_MIN, MTU_MAX, &mtu, complaint);

	if (r == 0)
		session->mtu_bytes = (unsigned)mtu;
	return r;
}

static char *mtu_format(const struct vtap_conf *conf, const void *object)
{
	(void)conf; /* all is in the object */
	return vtap_schema_format_number(((const struct vtap_session *)object)->mtu_bytes);
}

static int target_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	if (!vtap_value_name_ok(text))
		return vtap_value_complain(complaint, text, "not a target's name");
	*to->ret_target = text;
	return 0;
}

static char *target_format(const struct vtap_conf *conf, const void *object)
{
	return strdup(conf->targets[((const struct vtap_session *)object)->i_target].name);
}

/* "both", "ipv4, ipv6", "46" */
static bool asks_for_both(const char *text)
{
	return strcmp(text, "both") == 0 || strcmp(text, "any") == 0 ||
	       (strchr(text, '4') != NULL && strchr(text, '6') != NULL);
}

static int family_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_session *session = to->object;

	for (int i = 0; i < VTAP_FAMILY_COUNT; i++) {
		if (strcmp(text, vtap_family_name((enum vtap_family)i)) != 0)
			continue;
		session->family = (enum vtap_family)i;
		return 0;
	}
	return vtap_value_complain(complaint, text, "must be ipv4 or ipv6%s",
		asks_for_both(text) ? "; for both, two sessions (mode = tap shows both in one, "
				      "without this key)"
				    : "");
}

/* A tap interface shows both: nothing to be written, and nothing that could change. */
static char *family_format(const struct vtap_conf *conf, const void *object)
{
	const struct vtap_session *session = object;
	bool is_asked = conf->targets[session->i_target].mode == VTAP_MODE_VXLAN;

	return strdup(is_asked ? vtap_family_name(session->family) : "");
}

static int description_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_session *session = to->object;
	int r = vtap_value_text(text, complaint);

	if (r != 0)
		return r;
	free(session->description);
	session->description = strdup(text);
	return session->description != NULL ? 0 : -ENOMEM;
}

static char *description_format(const struct vtap_conf *conf, const void *object)
{
	const struct vtap_session *session = object;

	(void)conf; /* all is in the object */
	return strdup(session->description != NULL ? session->description : "");
}

static int required_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_session *session = to->object;

	return vtap_value_bool(text, &session->is_required, complaint);
}

static char *required_format(const struct vtap_conf *conf, const void *object)
{
	(void)conf; /* all is in the object */
	return strdup(((const struct vtap_session *)object)->is_required ? "yes" : "no");
}

static int silent_after_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_session *session = to->object;
	uint64_t silent_after_ns = 0;

	if (strcmp(text, "off") != 0 &&
		vtap_value_duration(text, SILENT_AFTER_MIN_NS, SILENT_AFTER_MAX_NS,
			&silent_after_ns, complaint) != 0)
		return vtap_value_complain(complaint, text,
			"must be off, or a duration from 1s to 720h, like 30s, 5m or 1h");
	session->silent_after_ns = silent_after_ns;
	return 0;
}

static char *silent_after_format(const struct vtap_conf *conf, const void *object)
{
	const struct vtap_session *session = object;

	(void)conf; /* all is in the object */
	return session->silent_after_ns == 0
		       ? strdup("off")
		       : vtap_schema_format_duration(session->silent_after_ns);
}

/* ---- the rows ---- */

static const struct vtap_key KEYS[] = {
	{
		.section = VTAP_SECTION_SESSION,
		.name = "vni",
		.is_list = true,
		.is_required = true,
		.values = "0..16777215, ranges like 100-199, any",
		.cost = { VTAP_COST_LIVE, VTAP_COST_REPLACE },
		.parse = vni_parse,
		.format = vni_format,
		.help = "The VXLAN network identifiers that belong to this session; required.",
		.detail = "`any` is those that no other session takes. In mode `vxlan` exactly one "
			  "number; two sessions may have the same one if their `family` differs.",
	},
	{
		.section = VTAP_SECTION_SESSION,
		.name = "source",
		.is_list = true,
		.is_default_alone = true,
		.values = "any | outer prefixes",
		.fallback = "any",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = source_parse,
		.format = source_format,
		.help = "Only packets from these outer sources belong to this session.",
		.detail =
			"In a prefix no bit may be set behind its length. In mode `vxlan` prefixes "
			"are a mistake, because the kernel's device takes its VNI from every "
			"source; see `allow`. Those of `[defaults]` are not passed over in silence "
			"either: a session in that mode says `source = any` beside them.",
	},
	{
		.section = VTAP_SECTION_SESSION,
		.name = "interface",
		.values = "a name of 1..15 bytes",
		.cost = { VTAP_COST_REPLACE, VTAP_COST_REPLACE },
		.parse = interface_parse,
		.format = interface_format,
		.help = "The tap interface, 1..15 bytes out of letters, digits, `.`, `-` and `_`.",
		.detail =
			"By default `mirror-NAME` if that is at most 15 bytes, else the key is "
			"required. Several sessions may name the same one and are then shown there "
			"together; their `mtu` must agree. In mode `vxlan` each has one of its "
			"own. "
			"An interface of that name that vtapd "
			"did not make is left alone; the session waits until it is gone.",
	},
	{
		.section = VTAP_SECTION_SESSION,
		.name = "mtu",
		.values = "68..65521",
		.unit = "bytes",
		.fallback = "9001",
		.cost = { VTAP_COST_LINK, VTAP_COST_LINK },
		.parse = mtu_parse,
		.format = mtu_format,
		.help = "The MTU of the tap interface: sensors size their buffers by it.",
		.detail = "The default is the MTU of jumbo frames in a VPC. Frames that are longer "
			  "are shown whole.",
	},
	{
		.section = VTAP_SECTION_SESSION,
		.name = "target",
		.values = "a target's name",
		.cost = { VTAP_COST_LIVE, VTAP_COST_REPLACE },
		.parse = target_parse,
		.format = target_format,
		.help = "The target where the packets of this session arrive.",
		.detail = "By default the only target, or the one named `default`. At a target of "
			  "another mode the interface is made anew.",
	},
	{
		.section = VTAP_SECTION_SESSION,
		.name = "family",
		.values = "ipv4 | ipv6",
		.fallback = "ipv4",
		.cost = { VTAP_COST_LIVE, VTAP_COST_REPLACE },
		.parse = family_parse,
		.format = family_format,
		.help = "In mode `vxlan`: of which family the packets are that carry the frames.",
		.detail =
			"A vxlan device takes one of them; for both there are two sessions with "
			"the same VNI and an interface each. Packets of a family that no session "
			"of a target has are answered with ICMP port unreachable. A tap interface "
			"shows both, and in a session of mode `tap` this key is a mistake. In "
			"`[defaults]` it is for "
			"the sessions in mode `vxlan` and means nothing to the others, so that "
			"targets of both modes can share that section.",
	},
	{
		.section = VTAP_SECTION_SESSION,
		.name = "description",
		.values = "a line of at most 160 bytes",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = description_parse,
		.format = description_format,
		.help = "For people: shown by `vtapctl`; none by default.",
	},
	{
		.section = VTAP_SECTION_SESSION,
		.name = "required",
		.values = "yes | no",
		.fallback = "yes",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = required_parse,
		.format = required_format,
		.help = "Whether this session counts for `require = all` and `sensors` of the "
			"section `[health]`.",
	},
	{
		.section = VTAP_SECTION_SESSION,
		.name = "silent-after",
		.values = "off | 1s..720h",
		.unit = "duration",
		.fallback = "off",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = silent_after_parse,
		.format = silent_after_format,
		.help = "How long this session may be quiet before that is told, as `silent`.",
		.detail =
			"Counted is from the last frame, and never from before the session "
			"became ready or a drain ended: a restart gives it as much time again. "
			"Where no frame ever came the condition is `never-seen`, after as long; "
			"with `off` that one is told after 10 minutes, and `silent` never. "
			"Behind a load balancer leave it off: a drain or a refresh moves flows to "
			"other targets, and the former one is rightly silent. The rules for "
			"Prometheus ask for all targets together.",
	},
};

const struct vtap_keys VTAP_KEYS_OF_SESSION = { KEYS, VTAP_ARRAY_LEN(KEYS) };
