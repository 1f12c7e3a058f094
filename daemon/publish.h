/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration and the interfaces to the session tables that workers use. */
#pragma once

#include "daemon/manager.h"

/** vtap_publish() - make and publish a table for every target. Return: 0; negative errno, the
 * former tables stay. */
int vtap_publish(struct vtap_manager *manager, struct vtap_err *err);

/** vtap_publish_reap() - free and close what no worker uses any more. Return: is anything left? */
bool vtap_publish_reap(struct vtap_manager *manager);
