// SPDX-License-Identifier: Apache-2.0
#include "model/conf.h"

#include <assert.h>
#include <fnmatch.h>
#include <string.h>

static const char *const FASTPATH_WORDS[] = {
	[VTAP_FASTPATH_AUTO] = "auto",
	[VTAP_FASTPATH_OFF] = "off",
	[VTAP_FASTPATH_REQUIRE] = "require",
};
static_assert(VTAP_ARRAY_LEN(FASTPATH_WORDS) == VTAP_FASTPATH_COUNT, "every wish has its word");

const char *vtap_fastpath_name(enum vtap_fastpath_want want)
{
	return FASTPATH_WORDS[want];
}

static const char *const MODE_WORDS[] = {
	[VTAP_MODE_TAP] = "tap",
	[VTAP_MODE_VXLAN] = "vxlan",
};
static_assert(VTAP_ARRAY_LEN(MODE_WORDS) == VTAP_MODE_COUNT, "every mode has its word");

const char *vtap_mode_name(enum vtap_mode mode)
{
	return MODE_WORDS[mode];
}

static const char *const FAMILY_WORDS[] = {
	[VTAP_FAMILY_IPV4] = "ipv4",
	[VTAP_FAMILY_IPV6] = "ipv6",
};
static_assert(VTAP_ARRAY_LEN(FAMILY_WORDS) == VTAP_FAMILY_COUNT, "every family has its word");

const char *vtap_family_name(enum vtap_family family)
{
	return FAMILY_WORDS[family];
}

enum vtap_family vtap_family_of(const struct vtap_addr *source)
{
	return vtap_addr_is_v4(source) ? VTAP_FAMILY_IPV4 : VTAP_FAMILY_IPV6;
}

struct vtap_conf *vtap_conf_new(void)
{
	struct vtap_conf *conf = calloc(1, sizeof(*conf));

	if (conf != NULL)
		atomic_init(&conf->n_refs, 1);
	return conf;
}

const struct vtap_conf *vtap_conf_ref(const struct vtap_conf *conf)
{
	struct vtap_conf *counted =
		(struct vtap_conf *)conf; /* the count is the only part that is not frozen */

	/* relaxed: whoever refers to it has it already */
	(void)atomic_fetch_add_explicit(&counted->n_refs, 1, memory_order_relaxed); /* counts */
	return conf;
}

static void target_done(struct vtap_target *target)
{
	for (size_t i = 0; i < target->n_underlays; i++)
		free(target->underlays[i]);
	free(target->underlays);
	free(target->allow);
}

static void session_done(struct vtap_session *session)
{
	free(session->vnis);
	free(session->sources);
	free(session->description);
}

static void conf_free(struct vtap_conf *conf)
{

	for (size_t i = 0; i < conf->n_sessions; i++)
		session_done(&conf->sessions[i]);
	for (size_t i = 0; i < conf->n_targets; i++)
		target_done(&conf->targets[i]);
	for (size_t i = 0; i < conf->n_files; i++)
		free(conf->files[i].path);
	free(conf->sessions);
	free(conf->targets);
	free(conf->files);
	free(conf);
}

void vtap_conf_unref(const struct vtap_conf *conf)
{
	struct vtap_conf *owned =
		(struct vtap_conf *)conf; /* the count and the memory are not frozen */

	/* acq_rel: the last one frees behind everything that the others did with it */
	if (owned != NULL &&
		atomic_fetch_sub_explicit(&owned->n_refs, 1, memory_order_acq_rel) == 1)
		conf_free(owned);
}

const struct vtap_session *vtap_conf_find_session(const struct vtap_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_sessions; i++)
		if (strcmp(conf->sessions[i].name, name) == 0)
			return &conf->sessions[i];
	return NULL;
}

const struct vtap_session *vtap_conf_find_vni(
	const struct vtap_conf *conf, size_t i_target, uint32_t vni, enum vtap_family family)
{
	for (size_t i = 0; i < conf->n_sessions; i++) {
		const struct vtap_session *session = &conf->sessions[i];

		if (session->i_target == i_target && session->family == family &&
			session->n_vnis > 0 && session->vnis[0].first == vni)
			return session;
	}
	return NULL;
}

bool vtap_conf_is_glob(const char *underlay)
{
	return strpbrk(underlay, VTAP_GLOB_BYTES) != NULL;
}

bool vtap_target_names(const struct vtap_target *target, const char *name)
{
	for (size_t i = 0; i < target->n_underlays; i++)
		if (fnmatch(target->underlays[i], name, 0) == 0)
			return true;
	return false;
}

const struct vtap_target *vtap_conf_find_target(const struct vtap_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_targets; i++)
		if (strcmp(conf->targets[i].name, name) == 0)
			return &conf->targets[i];
	return NULL;
}

char *vtap_session_format_vnis(const struct vtap_session *session)
{
	_auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < session->n_vnis; i++) {
		struct vtap_range vni = session->vnis[i];

		(void)fprintf(out, "%s%u", i > 0 ? ", " : "", vni.first); /* fclose tells */
		if (vni.last != vni.first)
			(void)fprintf(out, "-%u", vni.last);
	}
	if (session->is_any)
		(void)fputs(session->n_vnis > 0 ? ", any" : "any", out);
	if (fclose(out) != 0)
		return NULL;
	return vtap_steal(&text);
}

char *vtap_prefixes_format(const struct vtap_prefix *prefixes, size_t n)
{
	_auto_free char *text = NULL;
	char one[VTAP_ADDR_TEXT_MAX];
	size_t size;
	FILE *out;

	if (n == 0)
		return strdup("any");
	out = open_memstream(&text, &size);
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		vtap_prefix_format(&prefixes[i], one);
		if (n > 1 && prefixes[i].len == 0)
			memcpy(one, "::/0", sizeof("::/0"));        /* "any" stands alone */
		(void)fprintf(out, "%s%s", i > 0 ? ", " : "", one); /* fclose tells */
	}
	if (fclose(out) != 0)
		return NULL;
	return vtap_steal(&text);
}

const char *vtap_place_format(struct vtap_place place, char *ret_text, size_t size)
{
	const char *slash = place.file != NULL ? strrchr(place.file, '/') : NULL;
	const char *name = slash != NULL ? slash + 1 : place.file;

	if (place.line == 0 || name == NULL)
		(void)snprintf(ret_text, size, "default"); /* cut is harmless */
	else
		(void)snprintf(ret_text, size, "%s:%u", name, place.line); /* cut is harmless */
	return ret_text;
}
