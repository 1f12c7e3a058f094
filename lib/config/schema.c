// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* Source: ETH_MIN_MTU, and MAX_MTU of the kernel's drivers/net/tun.c less an Ethernet header. */
#define MTU_MIN 68
#define MTU_MAX 65521

/* A worker's socket buffer. Below 64K one jumbo burst overflows it; the kernel takes at most 2^30.
 */
#define RECEIVE_BUFFER_MIN (64ULL << 10)
#define RECEIVE_BUFFER_MAX (1ULL << 30)

/* Beyond an hour nobody would call it settling; 0 follows every change at once. */
#define SETTLE_MAX_NS (3600 * VTAP_NS_PER_S)

/* A drain of a day has been forgotten. */
#define DRAIN_TIME_MIN_NS VTAP_NS_PER_S
#define DRAIN_TIME_MAX_NS (24ULL * 3600 * VTAP_NS_PER_S)

/* Counted once a second; who waits longer than 30 days for a frame does not wait. */
#define SILENT_AFTER_MIN_NS VTAP_NS_PER_S
#define SILENT_AFTER_MAX_NS (30ULL * 24 * 3600 * VTAP_NS_PER_S)

/* ---- parsers and formatters; the rows at the end of this file put them together. [daemon] ---- */

static int list_append(void **list, size_t *n, size_t size, const void *element)
{
	void *grown = reallocarray(*list, *n + 1, size);

	if (grown == NULL)
		return -ENOMEM;
	*list = grown;
	memcpy((char *)grown + *n * size, element, size);
	(*n)++;
	return 0;
}

static int on_stop_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	if (strcmp(text, "keep") == 0)
		to->conf->on_stop = VTAP_ON_STOP_KEEP;
	else if (strcmp(text, "remove") == 0)
		to->conf->on_stop = VTAP_ON_STOP_REMOVE;
	else
		return vtap_value_complain(complaint, text, "must be keep or remove");
	return 0;
}

static char *on_stop_format(const struct vtap_conf *conf, const void *object)
{
	(void)object; /* the section has no object */
	return strdup(conf->on_stop == VTAP_ON_STOP_KEEP ? "keep" : "remove");
}

/* ---- [health] and [metrics] ---- */

static char *listen_format(const struct vtap_listen *listen)
{
	char text[VTAP_LISTEN_TEXT_MAX];

	return strdup(vtap_value_format_listen(listen, text));
}

static int health_listen_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	return vtap_value_listen(text, true, &to->conf->health.listen, complaint);
}

static char *health_listen_format(const struct vtap_conf *conf, const void *object)
{
	(void)object; /* of this and the others: the section has no object */
	return listen_format(&conf->health.listen);
}

struct require_word {
	const char *word;
	unsigned bit;
	unsigned excludes;
};

static const struct require_word REQUIRE_WORDS[] = {
	{ "any", VTAP_REQUIRE_ANY, VTAP_REQUIRE_ALL },
	{ "all", VTAP_REQUIRE_ALL, VTAP_REQUIRE_ANY },
	{ "sensors", VTAP_REQUIRE_SENSORS, 0 },
	{ "traffic", VTAP_REQUIRE_TRAFFIC, 0 },
};

static int require_take(const char *text, void *arg, struct vtap_complaint *complaint)
{
	struct vtap_health_conf *health = arg;

	for (size_t i = 0; i < VTAP_ARRAY_LEN(REQUIRE_WORDS); i++) {
		const struct require_word *word = &REQUIRE_WORDS[i];

		if (strcmp(text, word->word) != 0)
			continue;
		if (health->require & word->bit)
			return vtap_value_complain(complaint, text, "given twice");
		if (health->require & word->excludes)
			return vtap_value_complain(
				complaint, text, "any and all exclude each other");
		health->require |= word->bit;
		return 0;
	}
	return vtap_value_complain(complaint, text, "must be any or all, sensors, traffic");
}

/* Only what is said: without any and all the build adds any. */
static int require_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	return vtap_value_words(text, require_take, &to->conf->health, complaint);
}

static char *require_format(const struct vtap_conf *conf, const void *object)
{
	unsigned require = conf->health.require;

	(void)object;
	return vtap_text_format("%s%s%s", require & VTAP_REQUIRE_ALL ? "all" : "any",
		require & VTAP_REQUIRE_SENSORS ? ", sensors" : "",
		require & VTAP_REQUIRE_TRAFFIC ? ", traffic" : "");
}

static char *duration_format(uint64_t ns)
{
	char text[24];

	return strdup(vtap_value_format_duration(ns, text, sizeof(text)));
}

static int settle_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	return vtap_value_duration(text, 0, SETTLE_MAX_NS, &to->conf->health.settle_ns, complaint);
}

static char *settle_format(const struct vtap_conf *conf, const void *object)
{
	(void)object;
	return duration_format(conf->health.settle_ns);
}

static int drain_time_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	return vtap_value_duration(text, DRAIN_TIME_MIN_NS, DRAIN_TIME_MAX_NS,
		&to->conf->health.drain_time_ns, complaint);
}

static char *drain_time_format(const struct vtap_conf *conf, const void *object)
{
	(void)object;
	return duration_format(conf->health.drain_time_ns);
}

static int metrics_listen_parse(
	const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	return vtap_value_listen(text, false, &to->conf->metrics, complaint);
}

static char *metrics_listen_format(const struct vtap_conf *conf, const void *object)
{
	(void)object;
	return listen_format(&conf->metrics);
}

/* ---- [target] ---- */

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
	r = list_append((void **)&target->underlays, &target->n_underlays, sizeof(copy), &copy);
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

static char *number_format(uint64_t number)
{
	char *text = NULL;

	return asprintf(&text, "%ju", (uintmax_t)number) < 0 ? NULL : text;
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
	return number_format(((const struct vtap_target *)object)->port);
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
	return target->workers == VTAP_AUTO ? strdup("auto") : number_format(target->workers);
}

struct prefix_list {
	struct vtap_prefix **prefixes;
	size_t *n;
};

static int prefix_take(const char *word, void *arg, struct vtap_complaint *complaint)
{
	struct prefix_list *list = arg;
	struct vtap_prefix prefix;
	int r;

	if (strcmp(word, "any") == 0)
		return vtap_value_complain(
			complaint, word, "stands alone: it is every source already");
	r = vtap_value_prefix(word, &prefix, complaint);
	if (r != 0)
		return r;
	for (size_t i = 0; i < *list->n; i++)
		if (vtap_prefix_equal(&(*list->prefixes)[i], &prefix))
			return vtap_value_complain(complaint, word, "given twice");
	return list_append((void **)list->prefixes, list->n, sizeof(prefix), &prefix);
}

static int allow_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	struct vtap_target *target = to->object;
	struct prefix_list list = { &target->allow, &target->n_allow };

	if (strcmp(text, "any") == 0 && target->n_allow == 0)
		return 0;
	return vtap_value_words(text, prefix_take, &list, complaint);
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

/* ---- [session] ---- */

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
	return list_append((void **)&session->vnis, &session->n_vnis, sizeof(vni), &vni);
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
	struct prefix_list list = { &session->sources, &session->n_sources };

	if (strcmp(text, "any") == 0 && session->n_sources == 0)
		return 0;
	return vtap_value_words(text, prefix_take, &list, complaint);
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
	return number_format(((const struct vtap_session *)object)->mtu_bytes);
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
	return session->silent_after_ns == 0 ? strdup("off")
					     : duration_format(session->silent_after_ns);
}

/* ---- the rows ---- */

static const struct vtap_key KEYS[] = {
	{
		.section = VTAP_SECTION_DAEMON,
		.name = "on-stop",
		.values = "keep | remove",
		.fallback = "keep",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = on_stop_parse,
		.format = on_stop_format,
		.help = "What happens to tap interfaces and fast path when the daemon stops.",
		.detail =
			"With `keep` they stay, and sensors go on reading. In mode `vxlan` "
			"everything goes on. In mode `tap` known sessions go on where there is a "
			"fast path; where there is none, nothing does, and the UDP port is closed. "
			"With `remove` nothing goes on and the port is closed, in both modes. This "
			"host answers what is mirrored to a closed port with ICMP port "
			"unreachable, and because the mirror keeps the addresses of clients, the "
			"answer goes to production machines: end the mirror sessions first, or "
			"close the port in the security group.",
	},
	{
		.section = VTAP_SECTION_HEALTH,
		.name = "listen",
		.values = "auto | off | ADDRESS:PORT",
		.fallback = "auto",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = health_listen_parse,
		.format = health_listen_format,
		.help = "Where the load balancer's health check is answered.",
		.detail =
			"`auto` listens on TCP with the port number of every target: the default "
			"check of an AWS Network Load Balancer's UDP target group. An address is "
			"IPv4, or IPv6 in brackets, with a port of 1..65535; `[::]` is every "
			"address. While the target is healthy a TCP check is accepted and any HTTP "
			"GET is answered with 200; otherwise connections are refused. A listener "
			"that cannot be opened never stops forwarding.",
	},
	{
		.section = VTAP_SECTION_HEALTH,
		.name = "require",
		.is_list = true,
		.values = "any | all, sensors, traffic",
		.fallback = "any",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = require_parse,
		.format = require_format,
		.help = "What a healthy target must have.",
		.detail =
			"`any`: at least one session is ready. `all`: every session with `required "
			"= yes` is ready. `sensors`: a packet socket is bound to the interface of "
			"each required session. `traffic`: a frame was shown in the last 60 s; "
			"dangerous, because a target that the load balancer took out gets no "
			"traffic and so stays out. `any` and `all` exclude each other; without "
			"either of them `any` is meant.",
	},
	{
		.section = VTAP_SECTION_HEALTH,
		.name = "settle",
		.values = "0s..1h",
		.unit = "duration",
		.fallback = "10s",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = settle_parse,
		.format = settle_format,
		.help = "How long a change must last before health follows it, both ways.",
		.detail = "A drain does not wait, and neither does the first answer after a start.",
	},
	{
		.section = VTAP_SECTION_HEALTH,
		.name = "drain-time",
		.values = "1s..24h",
		.unit = "duration",
		.fallback = "2m",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = drain_time_parse,
		.format = drain_time_format,
		.help = "The longest that `vtapctl drain --wait` waits for traffic to leave.",
	},
	{
		.section = VTAP_SECTION_METRICS,
		.name = "listen",
		.values = "off | ADDRESS:PORT",
		.fallback = "127.0.0.1:9478",
		.cost = { VTAP_COST_LIVE, VTAP_COST_LIVE },
		.parse = metrics_listen_parse,
		.format = metrics_listen_format,
		.help = "Where `/metrics`, `/healthz` and `/v1/status` are served over HTTP, "
			"read-only, and at `/` a page that shows them in a browser.",
		.detail =
			"All of them always answer; `/healthz` with status 503 while the target is "
			"unhealthy or draining, and with every condition in both cases. The port "
			"is 1..65535. Whoever reaches the address can read the names, VNIs and "
			"counters of all sessions.",
	},
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
			"for some 10 ms nobody has its port: packets that arrive then are lost, "
			"and this host may answer them with ICMP port unreachable.",
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

struct section_row {
	const char *name;
	bool is_named;
};

static const struct section_row SECTIONS[] = {
	[VTAP_SECTION_DAEMON] = { "daemon", false },
	[VTAP_SECTION_HEALTH] = { "health", false },
	[VTAP_SECTION_METRICS] = { "metrics", false },
	[VTAP_SECTION_TARGET] = { "target", true },
	[VTAP_SECTION_DEFAULTS] = { "defaults", false },
	[VTAP_SECTION_SESSION] = { "session", true },
};
static_assert(VTAP_ARRAY_LEN(SECTIONS) == VTAP_SECTION_COUNT, "every section has a name");

static const char *const COST_NAMES[] = {
	[VTAP_COST_LIVE] = "live",
	[VTAP_COST_PORT] = "port",
	[VTAP_COST_LINK] = "link",
	[VTAP_COST_REPLACE] = "replace",
};
static_assert(VTAP_ARRAY_LEN(COST_NAMES) == VTAP_COST_COUNT, "every cost has a name");

const struct vtap_key *vtap_schema_keys(size_t *ret_n)
{
	*ret_n = VTAP_ARRAY_LEN(KEYS);
	return KEYS;
}

static enum vtap_section rows_of(enum vtap_section section)
{
	return section == VTAP_SECTION_DEFAULTS ? VTAP_SECTION_SESSION : section;
}

const struct vtap_key *vtap_schema_find(enum vtap_section section, const char *name)
{
	for (size_t i = 0; i < VTAP_ARRAY_LEN(KEYS); i++)
		if (KEYS[i].section == rows_of(section) && strcmp(KEYS[i].name, name) == 0)
			return &KEYS[i];
	return NULL;
}

const char *vtap_schema_nearest(enum vtap_section section, const char *name)
{
	const char *names[VTAP_ARRAY_LEN(KEYS)];
	size_t n = 0;

	for (size_t i = 0; i < VTAP_ARRAY_LEN(KEYS); i++)
		if (KEYS[i].section == rows_of(section))
			names[n++] = KEYS[i].name;
	return vtap_value_nearest(name, names, n);
}

const char *vtap_section_name(enum vtap_section section)
{
	return SECTIONS[section].name;
}

bool vtap_section_is_named(enum vtap_section section)
{
	return SECTIONS[section].is_named;
}

const char *vtap_cost_name(enum vtap_cost cost)
{
	return COST_NAMES[cost];
}
