/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that gather findings: one file for each part of a target that can be ill. */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"
#include "report/finding.h"
#include "report/text_words.h"

/** struct vtap_gathering - findings as they are found; the first failure sticks */
struct vtap_gathering {
	const struct vtap_snapshot *snapshot;
	struct vtap_findings findings;
	int error;
};

/** vtap_finding_add() - one that holds, with the remedy of its row. Return: for its remedy; NULL
 * without memory. */
struct vtap_finding *vtap_finding_add(struct vtap_gathering *gathering,
	enum vtap_condition condition, struct vtap_subject subject, bool breaks_health,
	const char *fmt, ...) VTAP_PRINTF(5, 6);

/** vtap_finding_remedy() - a remedy of its own, in the form that condition.h gives; NULL is allowed
 */
void vtap_finding_remedy(struct vtap_finding *finding, const char *fmt, ...) VTAP_PRINTF(2, 3);

/** vtap_finding_place() - "in [target default], vtapd.conf:4": where a line of a remedy goes */
struct vtap_text_words vtap_finding_place(const struct vtap_target *target);

/** vtap_finding_other_vxlan() - the vxlan interface of somebody else that a message of a state
 * names. Return: false where it names none, or one that a shell would take for something else. */
bool vtap_finding_other_vxlan(const char *message, char ret_name[static VTAP_IFNAME_MAX]);

/** vtap_finding_bpf_remedy() - what helps where a program was refused, @why: a right that is
 * missing is called so there. Its note goes on. */
const char *vtap_finding_bpf_remedy(const char *why);

/** vtap_finding_gather_targets() - what targets lack, and what they had better not have */
void vtap_finding_gather_targets(struct vtap_gathering *gathering);

/** vtap_finding_gather_waiting() - sessions that cannot be shown, or that nobody reads */
void vtap_finding_gather_waiting(struct vtap_gathering *gathering);

/** vtap_finding_gather_sessions() - whose traffic is not as it should be: none, or no more */
void vtap_finding_gather_sessions(struct vtap_gathering *gathering);

/** vtap_finding_requires() - does the configuration's `require` have it? */
bool vtap_finding_requires(const struct vtap_gathering *gathering, enum vtap_require what);

/** vtap_finding_gather_losses() - packets that are lost, and what will lose some */
void vtap_finding_gather_losses(struct vtap_gathering *gathering);
