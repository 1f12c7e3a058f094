/* SPDX-License-Identifier: Apache-2.0 */
/* What status, show and unknown say of vxlan-mode targets: that the kernel counts there, what it
 * hides, and what its numbers mean. Nothing for other targets, and for an older daemon. */
#pragma once

#include "report/text_render.h"

/** vtap_text_kernel_targets() - lines below the table of targets */
void vtap_text_kernel_targets(struct vtap_text_render *render, const struct json_t *daemon,
	const struct json_t *targets, const struct json_t *sessions);

/** vtap_text_kernel_device() - of a session: family, and what kind of device it has */
void vtap_text_kernel_device(struct vtap_text_render *render, const struct json_t *session);

/** vtap_text_kernel_counts() - of a session: the device's own counters */
void vtap_text_kernel_counts(struct vtap_text_render *render, const struct json_t *session);

/** vtap_text_kernel_unknown() - a line for each target that cannot tell unknown VNIs */
void vtap_text_kernel_unknown(struct vtap_text_render *render, const struct json_t *uncounted);
