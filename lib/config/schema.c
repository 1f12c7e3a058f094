// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Source: ETH_MIN_MTU, and MAX_MTU of the kernel's drivers/net/tun.c less an Ethernet header. */
#define MTU_MIN 68
#define MTU_MAX 65521

/* A worker's socket buffer. Below 64K one jumbo burst overflows it; the kernel takes at most 2^30.
 */
#define RECEIVE_BUFFER_MIN (64ULL << 10)
#define RECEIVE_BUFFER_MAX (1ULL << 30)

/* ---- parsers and formatters; the rows at the end of this file put them together ---- */

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

static int off_parse(const char *text, struct vtap_reading *to, struct vtap_complaint *complaint)
{
	(void)to; /* nothing to keep: there is one value */
	if (strcmp(text, "off") != 0)
		return vtap_value_complain(
			complaint, text, "must be off: this version does not listen");
	return 0;
}

static char *off_format(const struct vtap_conf *conf, const void *object)
{
	(void)conf; /* nothing was kept */
	(void)object;
	return strdup("off");
}

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

	if (strcmp(text, "tap") != 0)
		return vtap_value_complain(complaint, text, "must be tap");
	target->mode = VTAP_MODE_TAP;
	return 0;
}

static char *mode_format(const struct vtap_conf *conf, const void *object)
{
	(void)conf; /* one mode so far */
	(void)object;
	return strdup("tap");
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
	int r = vtap_value_prefix(word, &prefix, complaint);

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

/* ---- the rows ---- */

static const struct vtap_key KEYS[] = {
	{ VTAP_SECTION_DAEMON, "on-stop", false, "keep | remove", NULL, "keep", { VTAP_COST_LIVE },
		on_stop_parse, on_stop_format,
		"What happens to the tap interfaces when the daemon stops." },
	{ VTAP_SECTION_HEALTH, "listen", false, "off", NULL, "off", { VTAP_COST_LIVE }, off_parse,
		off_format, "Where the load balancer's health check is answered." },
	{ VTAP_SECTION_METRICS, "listen", false, "off", NULL, "off", { VTAP_COST_LIVE }, off_parse,
		off_format, "Where metrics are served." },
	{ VTAP_SECTION_TARGET, "underlay", true, "auto | interface names or globs", NULL, "auto",
		{ VTAP_COST_LIVE }, underlay_parse, underlay_format,
		"The interfaces that encapsulated packets come in on; auto is every one that is "
		"not ours." },
	{ VTAP_SECTION_TARGET, "port", false, "1..65535", NULL, "4789", { VTAP_COST_LIVE },
		port_parse, port_format, "The UDP port that encapsulated packets are sent to." },
	{ VTAP_SECTION_TARGET, "mode", false, "tap", NULL, "tap", { VTAP_COST_REPLACE }, mode_parse,
		mode_format, "How frames get onto their interface." },
	{ VTAP_SECTION_TARGET, "workers", false, "1..16 | auto", NULL, "auto", { VTAP_COST_LIVE },
		workers_parse, workers_format,
		"Threads that read packets, each with a socket of its own, per underlay; auto is "
		"one per CPU, at most 4." },
	{ VTAP_SECTION_TARGET, "allow", true, "any | outer prefixes", NULL, "any",
		{ VTAP_COST_LIVE }, allow_parse, allow_format,
		"Outer sources that may send at all; everything else is dropped and counted." },
	{ VTAP_SECTION_TARGET, "receive-buffer", false, "64K..1G | auto", "bytes", "auto",
		{ VTAP_COST_LIVE }, receive_buffer_parse, receive_buffer_format,
		"The buffer of each worker's socket; auto is 32M." },
	{ VTAP_SECTION_SESSION, "vni", true, "0..16777215, ranges like 100-199, any", NULL, NULL,
		{ VTAP_COST_LIVE }, vni_parse, vni_format,
		"The VNIs that belong to this session." },
	{ VTAP_SECTION_SESSION, "source", true, "any | outer prefixes", NULL, "any",
		{ VTAP_COST_LIVE }, source_parse, source_format,
		"Only packets from these outer sources belong to this session." },
	{ VTAP_SECTION_SESSION, "interface", false, "a name of 1..15 bytes", NULL, NULL,
		{ VTAP_COST_REPLACE }, interface_parse, interface_format,
		"The tap interface; mirror-NAME by default where that has at most 15 bytes." },
	{ VTAP_SECTION_SESSION, "mtu", false, "68..65521", "bytes", "9001", { VTAP_COST_LINK },
		mtu_parse, mtu_format,
		"The MTU of the tap interface: what sensors size their buffers by." },
	{ VTAP_SECTION_SESSION, "target", false, "a target's name", NULL, NULL, { VTAP_COST_LIVE },
		target_parse, target_format,
		"Where the session's packets arrive; the only target, or the one named default." },
	{ VTAP_SECTION_SESSION, "description", false, "a line of at most 160 bytes", NULL, NULL,
		{ VTAP_COST_LIVE }, description_parse, description_format,
		"For people: shown by vtapctl." },
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
