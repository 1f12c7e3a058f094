// SPDX-License-Identifier: Apache-2.0
/* Four files of /proc/net, with a NUL between them: what is not known is 0, and what is missing
 * makes nothing known. */
#include "tests/fuzz/must.h"

#include <stdint.h>
#include <string.h>

#include "daemon/host_count.h"

#define FILES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	char *text = malloc(len_bytes + 1), *file[FILES] = { NULL }, *at = text;
	struct vtap_softnet softnet = { 0 };
	struct vtap_host_values values;

	must(text != NULL);
	memcpy(text, data, len_bytes);
	text[len_bytes] = '\0';
	for (size_t i = 0; i < FILES && at <= text + len_bytes; i++, at += strlen(at) + 1)
		file[i] = at;
	vtap_host_count_parse(
		&(struct vtap_host_files){
			.snmp = file[0], .snmp6 = file[1], .netstat = file[2], .softnet = file[3] },
		&softnet, &values);
	for (int i = 0; i < VTAP_HOST_COUNT; i++)
		must(values.is_known[i] || values.value[i] == 0);
	must(!values.is_known[VTAP_HOST_SOFTNET_DROPPED] || file[3] != NULL);
	must(!values.is_known[VTAP_HOST_IP_REVERSE_PATH_FILTER] || file[2] != NULL);
	vtap_softnet_done(&softnet);
	free(text);
	return 0;
}
