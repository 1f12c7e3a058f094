/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stood in the files, section by section and line by line, before anything of it is believed.
 * load fills it, build turns it into a configuration. Not for other rooms.
 */
#pragma once

#include "config/diag.h"
#include "config/schema.h"

struct vtap_entry {
	const struct vtap_key *key;
	char *value;
	struct vtap_place place;
};

struct vtap_draft_section {
	enum vtap_section kind;
	char name[VTAP_NAME_MAX]; /* "" for a section without a name */
	struct vtap_place place;
	bool is_refused;          /* its header is a mistake: its keys are only checked */
	struct vtap_entry *entry; /* in the order of the lines */
	size_t n;
};

struct vtap_draft {
	struct vtap_draft_section *section;
	size_t n;
};

/** VTAP_SECTION_TEXT_MAX - bytes of "session NAME" with NUL */
#define VTAP_SECTION_TEXT_MAX (VTAP_NAME_MAX + 16)

/** vtap_draft_done() - frees all; may run twice */
void vtap_draft_done(struct vtap_draft *draft);

/** vtap_draft_find() - a section by kind and name, or NULL; refused ones are not found */
struct vtap_draft_section *vtap_draft_find(
	const struct vtap_draft *draft, enum vtap_section kind, const char *name);

/** vtap_draft_place() - of the first line that has a key; @otherwise if none has, or @section is
 * NULL
 */
struct vtap_place vtap_draft_place(
	const struct vtap_draft_section *section, const char *key, struct vtap_place otherwise);

/** vtap_draft_section_text() - "session web" or "daemon". Return: @ret_text. */
const char *vtap_draft_section_text(
	const struct vtap_draft_section *section, char ret_text[static VTAP_SECTION_TEXT_MAX]);

/**
 * vtap_build() - turn a draft into targets and sessions, adding a diagnostic for every bad value
 * Return: 0, also with diagnostics; -ENOMEM.
 */
int vtap_build(const struct vtap_draft *draft, struct vtap_conf *conf, struct vtap_diags *diags);

/**
 * vtap_check() - the rules between keys and between sections (match order, interfaces, ports)
 * @draft: where @conf was built from, for the lines of keys that have no place of their own
 * Context: values that the build refused are absent, so that one mistake is not reported as two.
 * Return: 0, also with diagnostics; -ENOMEM.
 */
int vtap_check(
	const struct vtap_draft *draft, const struct vtap_conf *conf, struct vtap_diags *diags);

/** vtap_check_complain() - a diagnostic of a session; @value may be NULL */
void vtap_check_complain(struct vtap_diags *diags, const struct vtap_session *session,
	struct vtap_place place, const char *key, const char *value, const char *rule);

/** vtap_check_vnis() - who gets a VNI, a part of vtap_check(). Return: as that. */
int vtap_check_vnis(
	const struct vtap_draft *draft, const struct vtap_conf *conf, struct vtap_diags *diags);

/** vtap_check_modes() - what a target's mode cannot do, a part of vtap_check(). Return: as that. */
int vtap_check_modes(
	const struct vtap_draft *draft, const struct vtap_conf *conf, struct vtap_diags *diags);

/** vtap_session_is_one_vni() - exactly one number: not a range, not `any` */
static inline bool vtap_session_is_one_vni(const struct vtap_session *session)
{
	return !session->is_any && session->n_vnis == 1 &&
	       session->vnis[0].first == session->vnis[0].last;
}

/** vtap_session_is_vxlan() - false also while it is not known which target a session has */
static inline bool vtap_session_is_vxlan(
	const struct vtap_conf *conf, const struct vtap_session *session)
{
	return session->i_target != VTAP_TARGET_NONE &&
	       conf->targets[session->i_target].mode == VTAP_MODE_VXLAN;
}
