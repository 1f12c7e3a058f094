/* SPDX-License-Identifier: Apache-2.0 */
/* The exit status of vtapctl: as that of vtapd (daemon/options.h), after sysexits.h. */
#pragma once

enum vtap_ctl_exit {
	VTAP_CTL_OK = 0,
	VTAP_CTL_NOT_READY = 1,
	VTAP_CTL_USAGE = 64,
	VTAP_CTL_NO_DAEMON = 69,
	VTAP_CTL_NOT_PERMITTED = 77,
	VTAP_CTL_REFUSED = 78,
};
