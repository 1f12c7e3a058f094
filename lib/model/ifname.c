// SPDX-License-Identifier: Apache-2.0
#include "model/ifname.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

const char *vtap_ifname_complaint(const char *name)
{
	if (name[0] == '\0')
		return "empty";
	if (strcmp(name, "all") == 0 || strcmp(name, "default") == 0 || strcmp(name, "lo") == 0)
		return "Linux has this name for itself";
	if (!isalnum((unsigned char)name[0]))
		return "must begin with a letter or digit";
	for (const char *c = name; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL)
			return "may hold letters, digits, dot, dash and underscore only";
	return NULL;
}

bool vtap_ifname_is_usual(const char *name)
{
	static const char USUAL[] = "mirror";
	char next = '\0';

	if (strncmp(name, USUAL, strlen(USUAL)) == 0)
		next = name[strlen(USUAL)];
	return next == '-' || isdigit((unsigned char)next);
}

void vtap_ifname_mac(const char *name, uint8_t ret_mac[static VTAP_MAC_BYTES])
{
	uint64_t hash = vtap_text_hash(name, strlen(name));

	ret_mac[0] = 0x02; /* locally administered, not a group address (IEEE 802 clause 8.4) */
	for (int i = 1; i < VTAP_MAC_BYTES; i++)
		ret_mac[i] = (uint8_t)(hash >> (8 * i));
}

bool vtap_ifname_is_marked(const char *alias)
{
	return alias != NULL && strncmp(alias, VTAP_ALIAS_MARK, strlen(VTAP_ALIAS_MARK)) == 0;
}
