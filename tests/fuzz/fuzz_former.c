// SPDX-License-Identifier: Apache-2.0
/* A line of what is remembered of underlays: what is taken is written, read again, and is the same.
 */
#include "tests/fuzz/must.h"

#include <stdint.h>
#include <string.h>

#include "daemon/former.h"
#include "model/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct vtap_former former, again;
	char written[VTAP_FORMER_LINE_MAX];
	char *line = malloc(len_bytes + 1);

	must(line != NULL);
	memcpy(line, data, len_bytes);
	line[len_bytes] = '\0';
	if (vtap_former_parse(line, &former)) {
		must(former.name[0] != '\0' && strlen(former.name) < sizeof(former.name));
		must((former.merging & ~(unsigned)VTAP_MERGING_ALL) == 0);
		(void)vtap_former_format(&former, written); /* returns it */
		must(vtap_former_parse(written, &again));
		must(strcmp(former.name, again.name) == 0 && former.merging == again.merging);
		must(former.index > 0 && former.index == again.index);
		must(memcmp(former.mac, again.mac, sizeof(former.mac)) == 0);
	}
	free(line);
	return 0;
}
