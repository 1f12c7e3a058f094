// SPDX-License-Identifier: Apache-2.0
#include "config/draft.h"

#include <string.h>

void vtap_draft_done(struct vtap_draft *draft)
{
	for (size_t i = 0; i < draft->n; i++) {
		for (size_t j = 0; j < draft->section[i].n; j++)
			free(draft->section[i].entry[j].value);
		free(draft->section[i].entry);
	}
	free(draft->section);
	*draft = (struct vtap_draft){ 0 };
}

struct vtap_draft_section *vtap_draft_find(
	const struct vtap_draft *draft, enum vtap_section kind, const char *name)
{
	for (size_t i = 0; i < draft->n; i++)
		if (draft->section[i].kind == kind && !draft->section[i].is_refused &&
			strcmp(draft->section[i].name, name) == 0)
			return &draft->section[i];
	return NULL;
}

struct vtap_place vtap_draft_place(
	const struct vtap_draft_section *section, const char *key, struct vtap_place otherwise)
{
	for (size_t i = 0; section != NULL && i < section->n; i++)
		if (strcmp(section->entry[i].key->name, key) == 0)
			return section->entry[i].place;
	return otherwise;
}

const char *vtap_draft_section_text(
	const struct vtap_draft_section *section, char ret_text[static VTAP_SECTION_TEXT_MAX])
{
	(void)snprintf(ret_text, VTAP_SECTION_TEXT_MAX, "%s%s%s", /* sized for both */
		vtap_section_name(section->kind), section->name[0] != '\0' ? " " : "",
		section->name);
	return ret_text;
}
