// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. A UDP port is open while a vxlan device of it is up, and the end of a device takes
 * some 20 ms. Where a turn sets down the last ones of a port to make others in their place, this
 * host would meanwhile answer what is mirrored to it (law 3). So a device of its own stands in: one
 * that has the port and nobody's VNI, under which the kernel drops everything in silence. No wish
 * reaches it, so it is removed, at the end of a turn: the device that it stood in for is up by
 * then, or waits for something else than its port. Until then it holds the port for the next reload
 * as well, and for the next process where this one is killed.
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/interfaces_state.h"
#include "netlink/link.h"

#define STANDIN_PREFIX "vtapd-p"

/* Below 1280 a device has no IPv6, so there is nothing to be switched off. Source: RFC 8200
 * section 5, kernel net/ipv6/addrconf.c. */
#define STANDIN_MTU_BYTES 576

/** struct port - one that was looked at */
struct port {
	uint16_t number;
	enum vtap_family family;
};

static enum vtap_family family_of(const struct vtap_device *device)
{
	return (device->vxlan.flags & VTAP_VXLAN_ZERO_CSUM6) != 0 ? VTAP_FAMILY_IPV6
								  : VTAP_FAMILY_IPV4;
}

static bool is_up_on(const struct vtap_device *device, struct port port)
{
	return device->is_vxlan && (device->flags & IFF_UP) != 0 &&
	       device->vxlan.port == port.number && family_of(device) == port.family;
}

static bool is_among(const int *indexes, size_t n, int index)
{
	for (size_t i = 0; i < n; i++)
		if (indexes[i] == index)
			return true;
	return false;
}

/* Who has it when those at @indexes are down? */
static bool stays_open(
	const struct vtap_devices *devices, const int *indexes, size_t n, struct port port)
{
	for (size_t i = 0; i < devices->n; i++)
		if (is_up_on(&devices->device[i], port) &&
			!is_among(indexes, n, devices->device[i].index))
			return true;
	return false;
}

static bool is_vni_taken(const struct vtap_interfaces *set, uint16_t port, uint32_t vni)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->interface[i]->wish.vni == vni)
			return true;
	for (size_t i = 0; i < set->devices.n; i++) {
		const struct vtap_device *device = &set->devices.device[i];

		if (device->is_vxlan && device->vxlan.port == port && device->vxlan.vni == vni)
			return true;
	}
	return false;
}

/* One that no session and no device of the port has: of 16 million some are always left. */
static uint32_t vni_find_free(const struct vtap_interfaces *set, uint16_t port)
{
	uint32_t vni = VTAP_CONF_VNI_MAX;

	while (is_vni_taken(set, port, vni))
		vni--;
	return vni;
}

/* Refused: then it is as it would be without. One that there is already is on its way out. */
static void standin_make(struct vtap_interfaces *set, struct port port)
{
	const struct vtap_link_settings up = { .set_quiet = true, .set_up = true };
	char name[VTAP_IFNAME_MAX];
	uint8_t mac[VTAP_MAC_BYTES];
	const struct vtap_vxlan_spec spec = {
		.name = name,
		.mac = mac,
		.mtu_bytes = STANDIN_MTU_BYTES,
		.vni = vni_find_free(set, port.number),
		.port = port.number,
		.family = port.family,
	};

	(void)snprintf(name, sizeof(name), "%s%u%s", STANDIN_PREFIX, port.number, /* fits */
		port.family == VTAP_FAMILY_IPV6 ? "v6" : "");
	vtap_ifname_mac(name, mac);
	if (vtap_link_create_vxlan(set->nl, &spec, NULL) < 0)
		return;
	(void)vtap_link_set(set->nl, (int)if_nametoindex(name), &up, NULL); /* see above */
}

static bool is_looked_at(const struct port *ports, size_t n, struct port port)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i].number == port.number && ports[i].family == port.family)
			return true;
	return false;
}

static bool is_wanted(const struct vtap_interfaces *set, struct port port)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct vtap_wish *wish = &set->interface[i]->wish;

		if (wish->mode == VTAP_MODE_VXLAN && wish->port == port.number &&
			wish->family == port.family)
			return true;
	}
	return false;
}

void vtap_ports_keep(struct vtap_interfaces *set, const int *indexes, size_t n)
{
	_auto_free struct port *ports = calloc(n + 1, sizeof(*ports));
	size_t n_ports = 0;

	for (size_t i = 0; i < n && ports != NULL; i++) {
		const struct vtap_device *device =
			vtap_devices_find_index(&set->devices, indexes[i]);
		struct port port = { device->vxlan.port, family_of(device) };

		if (!device->is_vxlan || (device->flags & IFF_UP) == 0 ||
			is_looked_at(ports, n_ports, port))
			continue;
		ports[n_ports++] = port; /* there are as many as targets, or twice that */
		if (is_wanted(set, port) && !stays_open(&set->devices, indexes, n, port))
			standin_make(set, port);
	}
}

bool vtap_device_is_standin(const struct vtap_device *device)
{
	return device->is_vxlan && device->group == VTAP_GROUP_MAKING &&
	       strncmp(device->name, STANDIN_PREFIX, sizeof(STANDIN_PREFIX) - 1) == 0;
}
