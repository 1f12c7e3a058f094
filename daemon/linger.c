// SPDX-License-Identifier: Apache-2.0
#include "daemon/linger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Rows at first. */
#define ROOM_MIN 16

void vtap_linger_done(struct vtap_linger *linger)
{
	free(linger->row);
	*linger = (struct vtap_linger){ 0 };
}

static bool is_gap(const struct vtap_lingering *row)
{
	return row->condition == VTAP_CONDITION_COUNT;
}

static uint64_t key_of(enum vtap_condition condition, const struct vtap_subject *subject)
{
	return vtap_text_hash(subject->name, strlen(subject->name)) + (uint64_t)condition;
}

/* Without what has left. */
static void gaps_close(struct vtap_linger *linger)
{
	size_t n = 0;

	for (size_t i = linger->i_head; i < linger->n; i++)
		if (!is_gap(&linger->row[i]))
			linger->row[n++] = linger->row[i];
	linger->i_head = 0;
	linger->n = n;
}

/* Room for twice as many as there are, so that it is seldom made. */
static int room_make(struct vtap_linger *linger)
{
	size_t n_room;
	struct vtap_lingering *row;

	gaps_close(linger);
	n_room = linger->n < ROOM_MIN / 2 ? ROOM_MIN : 2 * linger->n;
	if (n_room <= linger->n_room)
		return 0;
	row = reallocarray(linger->row, n_room, sizeof(*row));
	if (row == NULL)
		return -ENOMEM;
	linger->row = row;
	linger->n_room = n_room;
	return 0;
}

int vtap_linger_end(struct vtap_linger *linger, enum vtap_condition condition,
	const struct vtap_subject *subject, uint64_t now_ns)
{
	struct vtap_lingering row = {
		.condition = condition,
		.subject = *subject,
		.key = key_of(condition, subject),
		.ended_ns = now_ns,
	};

	if (linger->n == linger->n_room && room_make(linger) < 0)
		return -ENOMEM;
	linger->row[linger->n++] = row;
	return 0;
}

bool vtap_linger_resume(struct vtap_linger *linger, enum vtap_condition condition,
	const struct vtap_subject *subject)
{
	uint64_t key = key_of(condition, subject);

	for (size_t i = linger->i_head; i < linger->n; i++) {
		struct vtap_lingering *row = &linger->row[i];

		if (row->key == key && row->condition == condition &&
			vtap_subject_compare(&row->subject, subject) == 0) {
			row->condition = VTAP_CONDITION_COUNT;
			return true;
		}
	}
	return false;
}

bool vtap_linger_take(struct vtap_linger *linger, uint64_t now_ns, struct vtap_lingering *ret_over)
{
	while (linger->i_head < linger->n && is_gap(&linger->row[linger->i_head]))
		linger->i_head++;
	if (linger->i_head == linger->n ||
		now_ns < linger->row[linger->i_head].ended_ns + VTAP_LINGER_NS)
		return false;
	*ret_over = linger->row[linger->i_head++];
	return true;
}
