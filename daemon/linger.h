/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes and goes, told as what it is: one state. A condition that was over for a short while
 * only has not been over, so that whoever sends junk now and then, every few minutes, does not get
 * two lines into the journal each time.
 *
 * How it works: a queue, in the order in which they ended. What begins again leaves a gap in it,
 * and those that are over leave it at its head; nothing is moved until it must grow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "report/condition.h"
#include "report/subject.h"

/** VTAP_LINGER_NS - over for so long, it is over */
#define VTAP_LINGER_NS (600 * VTAP_NS_PER_S)

/** struct vtap_lingering - a condition that ended, and may begin again */
struct vtap_lingering {
	enum vtap_condition condition; /* VTAP_CONDITION_COUNT: a gap */
	struct vtap_subject subject;
	uint64_t key; /* of both: thousands are compared with thousands */
	uint64_t ended_ns;
};

/** struct vtap_linger - all zero at first */
struct vtap_linger {
	struct vtap_lingering *row;
	size_t i_head;
	size_t n; /* behind the last */
	size_t n_room;
};

/** vtap_linger_done() - may run twice */
void vtap_linger_done(struct vtap_linger *linger);

/** vtap_linger_end() - it does not hold any more. Return: 0; -ENOMEM, and nobody will be told
 * later.
 */
int vtap_linger_end(struct vtap_linger *linger, enum vtap_condition condition,
	const struct vtap_subject *subject, uint64_t now_ns);

/** vtap_linger_resume() - it holds again. Return: did it end a short while ago? It is forgotten
 * then.
 */
bool vtap_linger_resume(struct vtap_linger *linger, enum vtap_condition condition,
	const struct vtap_subject *subject);

/** vtap_linger_take() - one that is over by now, if there is any. Return: is it in *ret_over? */
bool vtap_linger_take(struct vtap_linger *linger, uint64_t now_ns, struct vtap_lingering *ret_over);
