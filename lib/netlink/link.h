/* SPDX-License-Identifier: Apache-2.0 */
/* Changing and removing interfaces. Errors carry the kernel's own sentence. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/device.h"
#include "netlink/socket.h"

/** enum vtap_oper - what the operational state becomes. Source: RFC 2863, kernel
 * Documentation/networking/operstates.rst */
enum vtap_oper {
	VTAP_OPER_STAYS,
	VTAP_OPER_DORMANT,
	VTAP_OPER_UP,
};

/** struct vtap_link_settings - what to set; what is not marked stays */
struct vtap_link_settings {
	const char *alias;  /* NULL: stays */
	const uint8_t *mac; /* VTAP_MAC_BYTES; NULL: stays */
	unsigned mtu_bytes; /* 0: stays */
	bool set_free;      /* out of its bridge or bond */
	bool set_group;     /* back to link group 0 */
	bool set_quiet; /* strict reverse path filter, no IPv4 forwarding, no IPv6 address of its
			   own making */
	bool has_ipv6;  /* with set_quiet: the device has IPv6 settings */
	bool set_up;    /* up, and no ARP */
	enum vtap_oper oper; /* dormant: up, and IPv6 does not speak through it yet */
};

/**
 * vtap_link_set() - set in one request
 * Context: main thread; needs CAP_NET_ADMIN.
 * Return: 0; -ENODEV when it is gone; other negative errno.
 * Source: kernel net/core/rtnetlink.c do_setlink(); net/ipv4/devinet.c inet_set_link_af().
 */
int vtap_link_set(struct vtap_nl *nl, int index, const struct vtap_link_settings *settings,
	struct vtap_err *err);

/**
 * vtap_link_disable_ipv6() - switch IPv6 off on an interface
 *
 * There is no netlink attribute for it; addrgenmode none alone is not enough: a mirrored router
 * advertisement still sets an address and a route (FACTS 10).
 * Context: as above, and /proc/sys/net/ipv6/conf must be writable.
 * Return: 0, also on a host without IPv6; negative errno.
 */
int vtap_link_disable_ipv6(const char *name, struct vtap_err *err);

/** vtap_link_rename() - also while it is up; old kernels need it down for a moment. Return: as
 * vtap_link_set(). */
int vtap_link_rename(struct vtap_nl *nl, int index, const char *name, struct vtap_err *err);

/**
 * vtap_links_delete() - remove interfaces that carry our mark
 * @indexes: of our devices; one that is gone already, or does not carry the mark any more, is
 * passed over

 * Context: main thread; needs CAP_NET_ADMIN. One by one a TAP takes 16 ms; many go by way of an
 * empty link group at 0.3 ms each (FACTS 10). Return: 0 or negative errno.
 */
int vtap_links_delete(struct vtap_nl *nl, const int *indexes, size_t n, struct vtap_err *err);
