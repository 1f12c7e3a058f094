// SPDX-License-Identifier: Apache-2.0
/* The keys of [daemon], [health] and [metrics]: how each is read and written, and then its row. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/schema_rows.h"

/* Beyond an hour nobody would call it settling; 0 follows every change at once. */
#define SETTLE_MAX_NS (3600 * VTAP_NS_PER_S)

/* A drain of a day has been forgotten. */
#define DRAIN_TIME_MIN_NS VTAP_NS_PER_S
#define DRAIN_TIME_MAX_NS (24ULL * 3600 * VTAP_NS_PER_S)

/* ---- [daemon] ---- */

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

static int settle_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	return vtap_value_duration(text, 0, SETTLE_MAX_NS, &to->conf->health.settle_ns, complaint);
}

static char *settle_format(const struct vtap_conf *conf, const void *object)
{
	(void)object;
	return vtap_schema_format_duration(conf->health.settle_ns);
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
	return vtap_schema_format_duration(conf->health.drain_time_ns);
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
			"GET or HEAD answered with 200; otherwise connections are refused. A "
			"listener "
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
};

const struct vtap_keys VTAP_KEYS_OF_DAEMON = { KEYS, VTAP_ARRAY_LEN(KEYS) };
