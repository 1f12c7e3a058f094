/* SPDX-License-Identifier: Apache-2.0 */
/* From what runs to what is reported. */
#pragma once

#include "daemon/manager.h"
#include "report/snapshot.h"

/** vtap_observe() - a snapshot; strings are borrowed from the manager. Return: 0, -ENOMEM. */
int vtap_observe(struct vtap_manager *manager, struct vtap_snapshot *ret_snapshot);

/** vtap_observe_unknown() - VNIs that nobody took, most frames first. Return: 0, -ENOMEM. */
int vtap_observe_unknown(struct vtap_manager *manager, struct vtap_report_vnis *ret_vnis);

/** vtap_observe_carried() - VNIs that a session carries, most frames first. Return: 0, -ENOMEM. */
int vtap_observe_carried(
	struct vtap_manager *manager, size_t i_session, struct vtap_report_vnis *ret_vnis);

/** vtap_observe_allowed() - "target default allows 10.0.0.0/8 only". Return: heap, NULL without
 * memory. */
char *vtap_observe_allowed(const struct vtap_target *target);

/** vtap_observe_why() - this VNI is not taken from some source of this family: why? Return: heap
 * sentence, NULL without memory. */
char *vtap_observe_why(
	const struct vtap_manager *manager, size_t i_target, uint32_t vni, enum vtap_family family);
