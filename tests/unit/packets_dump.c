// SPDX-License-Identifier: Apache-2.0
/* Prints the packet table and its scene as JSON, for tests that send it over a wire. */
#include "tests/unit/packets.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "wire/constants.h"

/* Of the scene, as vtapd.conf; names and prefixes need no quoting. */
static void conf_print(void)
{
	size_t n_sessions, n_allowed;
	const struct packet_session *sessions = packets_sessions(&n_sessions);
	const char *const *allowed = packets_allowed(&n_allowed);

	(void)printf("\"target\":[");
	for (size_t i = 0; i < n_allowed; i++)
		(void)printf("%s\"allow = %s\"", i > 0 ? "," : "", allowed[i]);
	(void)printf("],\n\"sessions\":{");
	for (size_t i = 0; i < n_sessions; i++) {
		(void)printf("%s\"%s\":[", i > 0 ? "," : "", sessions[i].name);
		if (sessions[i].first == 0 && sessions[i].last == VTAP_VNI_MAX)
			(void)printf("\"vni = any\"");
		else
			(void)printf("\"vni = %u-%u\"", sessions[i].first, sessions[i].last);
		if (sessions[i].source != NULL)
			(void)printf(",\"source = %s\"", sessions[i].source);
		(void)printf("]");
	}
	(void)printf("},\n");
}

static void bytes_print(const char *key, const uint8_t *byte, size_t n)
{
	(void)printf(",\"%s\":\"", key);
	for (size_t i = 0; i < n; i++)
		(void)printf("%02x", byte[i]);
	(void)printf("\"");
}

static void packet_print(const struct packet *packet, bool is_first)
{
	(void)printf("%s{\"name\":\"%s\",\"is_taken\":%s,\"verdict\":", is_first ? "" : ",\n",
		packet->name, packet->is_taken ? "true" : "false");
	if (packet->verdict == PACKET_UNHEARD)
		(void)printf("null");
	else
		(void)printf("\"%s\"", vtap_verdict_name(packet->verdict));
	(void)printf(",\"gso_bytes\":%u,\"is_truncated\":%s,\"has_reserved_bits\":%s",
		packet->gso_bytes, packet->is_truncated ? "true" : "false",
		packet->has_reserved_bits ? "true" : "false");
	bytes_print("bytes", packet->byte, packet->n_bytes);
	bytes_print("inner", packet->inner.data, packet->inner.len_bytes);
	(void)printf("}");
}

int main(void)
{
	size_t n;
	struct packet *packets = packets_make(&n);

	(void)printf("{");
	conf_print();
	(void)printf("\"packets\":[");
	for (size_t i = 0; i < n; i++)
		packet_print(&packets[i], i == 0);
	(void)printf("]}\n");
	packets_free(packets, n);
	return fflush(stdout) == 0 ? 0 : 1;
}
