/* SPDX-License-Identifier: Apache-2.0 */
/* Changing and removing interfaces. Errors carry the kernel's own sentence. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/conf.h"
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

/** struct vtap_vxlan_spec - a vxlan device to be made */
struct vtap_vxlan_spec {
	const char *name;
	const uint8_t *mac; /* VTAP_MAC_BYTES */
	unsigned mtu_bytes;
	uint32_t vni;
	uint16_t port;
	enum vtap_family family; /* of outer packets: a device takes one */
};

/**
 * vtap_link_create_vxlan() - make a vxlan device that only receives; down, and without an alias
 *
 * It learns nothing, sends nowhere, and is bound to no interface. Packets with reserved bits are
 * taken where the kernel can (6.14 and newer; older ones do not know the attribute and pass it
 * over): what became of it is read back (struct vtap_vxlan). Until it has its alias its link group
 * is VTAP_GROUP_MAKING.
 * Context: main thread; needs CAP_NET_ADMIN.
 * Return: 0; -EEXIST when the name is taken, or the VNI by another device of that port and family
 * (the kernel's sentence says which); other negative errno. That the port is taken shows itself
 * when the device is set up (-EADDRINUSE). Source: kernel drivers/net/vxlan/vxlan_core.c
 * vxlan_nl2conf(), vxlan_open().
 */
int vtap_link_create_vxlan(
	struct vtap_nl *nl, const struct vtap_vxlan_spec *spec, struct vtap_err *err);

/**
 * vtap_link_reset_tunnel() - no remote end, no local address, no TTL or TOS of its own, no learning
 * @family: that the device was made with
 *
 * Kernels that can ignore reserved bits refuse them again after any change in place, by whomever,
 * and offer no way back but a new device (probed on 6.18; vxlan_nl2conf()).
 * Context, Return: as vtap_link_set(). Source: as above, vxlan_changelink().
 */
int vtap_link_reset_tunnel(
	struct vtap_nl *nl, int index, enum vtap_family family, struct vtap_err *err);

/**
 * vtap_link_disable_ipv6() - switch IPv6 off on an interface
 *
 * There is no netlink attribute for it; addrgenmode none alone is not enough: a mirrored router
 * advertisement still sets an address and a route (probed).
 * Context: as above, and /proc/sys/net/ipv6/conf must be writable.
 * Return: 0, also on a host without IPv6; negative errno.
 */
int vtap_link_disable_ipv6(const char *name, struct vtap_err *err);

/** vtap_link_set_down() - with the last vxlan device of a port its socket closes. Return: as
 * vtap_link_set(). */
int vtap_link_set_down(struct vtap_nl *nl, int index, struct vtap_err *err);

/** vtap_link_rename() - also while it is up; old kernels need it down for a moment. Return: as
 * vtap_link_set(). */
int vtap_link_rename(struct vtap_nl *nl, int index, const char *name, struct vtap_err *err);

/**
 * vtap_links_delete() - remove interfaces that carry our mark
 * @indexes: of our devices; one that is gone already, or does not carry the mark any more, is
 * passed over
 *
 * Context: main thread; needs CAP_NET_ADMIN. One by one a TAP takes 16 ms; many go by way of an
 * empty link group at 0.3 ms each (measured). Return: 0 or negative errno.
 */
int vtap_links_delete(struct vtap_nl *nl, const int *indexes, size_t n, struct vtap_err *err);
