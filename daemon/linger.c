// SPDX-License-Identifier: Apache-2.0
#include "daemon/linger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void vtap_linger_done(struct vtap_linger *linger)
{
	free(linger->row);
	*linger = (struct vtap_linger){ 0 };
}

static void row_remove(struct vtap_linger *linger, size_t i)
{
	linger->n--;
	memmove(&linger->row[i], &linger->row[i + 1], (linger->n - i) * sizeof(*linger->row));
}

int vtap_linger_end(struct vtap_linger *linger, enum vtap_condition condition, const char *subject,
	uint64_t now_ns)
{
	struct vtap_lingering *grown =
		reallocarray(linger->row, linger->n + 1, sizeof(*linger->row));

	if (grown == NULL)
		return -ENOMEM;
	linger->row = grown;
	grown[linger->n] = (struct vtap_lingering){ .condition = condition, .ended_ns = now_ns };
	(void)snprintf(
		grown[linger->n].subject, sizeof(grown->subject), "%s", subject); /* same size */
	linger->n++;
	return 0;
}

bool vtap_linger_resume(
	struct vtap_linger *linger, enum vtap_condition condition, const char *subject)
{
	for (size_t i = 0; i < linger->n; i++)
		if (linger->row[i].condition == condition &&
			strcmp(linger->row[i].subject, subject) == 0) {
			row_remove(linger, i);
			return true;
		}
	return false;
}

bool vtap_linger_take(struct vtap_linger *linger, uint64_t now_ns, struct vtap_lingering *ret_over)
{
	if (linger->n == 0 || now_ns - linger->row[0].ended_ns < VTAP_LINGER_NS)
		return false;
	*ret_over = linger->row[0];
	row_remove(linger, 0);
	return true;
}
