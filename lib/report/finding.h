/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the case now: conditions of the register that hold, each about something. Pure: made from
 * a snapshot, so that doctor, /healthz, status and the load balancer's answer can never disagree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/conf.h"
#include "report/condition.h"
#include "report/snapshot.h"
#include "report/subject.h"

/** struct vtap_finding - one condition that holds for one subject */
struct vtap_finding {
	enum vtap_condition condition;
	struct vtap_subject subject;
	char sentence[VTAP_ERR_MAX]; /* what is the case */
	char remedy[VTAP_ERR_MAX];   /* what to do, in the form that condition.h gives */
	bool breaks_health;          /* with the configuration in effect */
	bool is_minor;               /* only worth knowing this time, whatever the register says */
	char concerned[VTAP_NAME_MAX]; /* of a target's: the one session that it is about, or "" */
	uint64_t since_mono_ns;        /* filled by whoever remembers; 0: not known */
};

/** struct vtap_findings - most urgent first, then in the order of the register */
struct vtap_findings {
	struct vtap_finding *finding;
	size_t n;
};

/** vtap_findings_make() - everything that holds in a snapshot. Return: 0, -ENOMEM. */
int vtap_findings_make(const struct vtap_snapshot *snapshot, struct vtap_findings *ret_findings);

/** vtap_findings_copy() - Return: 0, -ENOMEM. */
int vtap_findings_copy(const struct vtap_findings *findings, struct vtap_findings *ret_findings);

/** vtap_findings_done() - may run twice */
void vtap_findings_done(struct vtap_findings *findings);

/** vtap_finding_severity() - that of the register, or information where it is minor */
enum vtap_severity vtap_finding_severity(const struct vtap_finding *finding);

/** struct vtap_finding_counts - in the words of status, doctor, top and page */
struct vtap_finding_counts {
	size_t n_findings; /* something is wrong */
	size_t n_notes;    /* only worth knowing */
};

/** vtap_findings_count() - all, one by one */
struct vtap_finding_counts vtap_findings_count(const struct vtap_findings *findings);

/** vtap_findings_find() - the one of the same condition and subject, or NULL; borrowed */
const struct vtap_finding *vtap_findings_find(
	const struct vtap_findings *findings, const struct vtap_finding *like);

/** vtap_findings_has() - does this condition hold for anybody, as urgent as the register has it? */
bool vtap_findings_has(const struct vtap_findings *findings, enum vtap_condition condition);

/** vtap_finding_is_checked() - is there anything to tell by whether a condition holds? */
bool vtap_finding_is_checked(const struct vtap_snapshot *snapshot, enum vtap_condition condition);

/** vtap_finding_unchecked_why() - of one that is not checked: what keeps us from it, borrowed of
 * the snapshot; NULL: nothing that is known */
const char *vtap_finding_unchecked_why(
	const struct vtap_snapshot *snapshot, enum vtap_condition condition);

/** vtap_findings_are_healthy() - does nothing break health? Draining is not asked here. */
bool vtap_findings_are_healthy(const struct vtap_findings *findings);
