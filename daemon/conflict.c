// SPDX-License-Identifier: Apache-2.0
#include "daemon/conflict.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "netlink/holder.h"

/* Receive flags, in which devices of one port and family must agree. */
#define RECEIVE_FLAGS (~(unsigned)VTAP_VXLAN_LINKED)

/* Devices of the two families have a socket each. */
static bool may_have_family(const struct vtap_vxlan *vxlan, enum vtap_family family)
{
	return vxlan->ipv6 == VTAP_UNKNOWN ||
	       (vxlan->ipv6 == VTAP_ON) == (family == VTAP_FAMILY_IPV6);
}

static const struct vtap_device *vxlan_on_port(
	const struct vtap_devices *devices, uint16_t port, const struct vtap_wish *wish)
{
	unsigned flags =
		wish != NULL && wish->family == VTAP_FAMILY_IPV6 ? VTAP_VXLAN_ZERO_CSUM6 : 0;

	for (size_t i = 0; i < devices->n; i++) {
		const struct vtap_device *device = &devices->device[i];

		if (!device->is_vxlan || device->vxlan.port != port ||
			(device->flags & IFF_UP) == 0 || vtap_device_is_ours(device))
			continue;
		if (wish == NULL || (may_have_family(&device->vxlan, wish->family) &&
					    (device->vxlan.flags & RECEIVE_FLAGS) != flags))
			return device;
	}
	return NULL;
}

const struct vtap_device *vtap_conflict_find_port(
	const struct vtap_devices *devices, const struct vtap_wish *wish)
{
	return vxlan_on_port(devices, wish->port, wish);
}

static int family_of(const struct vtap_wish *wish)
{
	if (wish == NULL)
		return AF_UNSPEC;
	return wish->family == VTAP_FAMILY_IPV6 ? AF_INET6 : AF_INET;
}

void vtap_conflict_port(const struct vtap_devices *devices, uint16_t port,
	const struct vtap_wish *wish, char ret_text[static VTAP_ERR_MAX])
{
	const struct vtap_device *device = vxlan_on_port(devices, port, wish);
	char holder[VTAP_HOLDER_WORDS_MAX] = "";

	if (device != NULL)
		(void)snprintf(ret_text, VTAP_ERR_MAX, /* fits */
			"UDP port %u is in use by the vxlan interface %s, which is not ours%s",
			port, device->name, wish != NULL ? " and was made with other options" : "");
	else if (vtap_holder_find(family_of(wish), port, holder, NULL) == 0 &&
		 strstr(holder, "pid ") != NULL)
		(void)snprintf(ret_text, VTAP_ERR_MAX, /* fits */
			"UDP port %u is in use by %s", port, holder);
	else if (holder[0] != '\0')                    /* /proc does not show us whose it is */
		(void)snprintf(ret_text, VTAP_ERR_MAX, /* fits */
			"UDP port %u is in use by %s: ss -ulpn sport = :%u names it", port, holder,
			port);
	else
		(void)snprintf(ret_text, VTAP_ERR_MAX, /* fits */
			"UDP port %u is in use by another program: ss -ulpn sport = :%u names it",
			port, port);
	vtap_text_make_printable(ret_text); /* names may hold any bytes */
}

static const struct vtap_device *vni_holder(
	const struct vtap_devices *devices, const struct vtap_wish *wish)
{
	for (size_t i = 0; i < devices->n; i++) {
		const struct vtap_device *device = &devices->device[i];

		if (device->is_vxlan && device->vxlan.vni == wish->vni &&
			device->vxlan.port == wish->port &&
			may_have_family(&device->vxlan, wish->family) &&
			device->index != wish->held_index)
			return device;
	}
	return NULL;
}

const struct vtap_device *vtap_conflict_find_vni(
	const struct vtap_devices *devices, const struct vtap_wish *wish)
{
	const struct vtap_device *device = vni_holder(devices, wish);

	return device != NULL && !vtap_device_is_ours(device) ? device : NULL;
}

bool vtap_conflict_vni(const struct vtap_devices *devices, const struct vtap_wish *wish,
	char ret_text[static VTAP_ERR_MAX])
{
	const struct vtap_device *device = vni_holder(devices, wish);

	if (device != NULL && vtap_device_is_ours(device))
		return false; /* on its way out */
	if (device == NULL && if_nametoindex(wish->name) != 0)
		return false;
	if (device != NULL)
		(void)snprintf(ret_text, VTAP_ERR_MAX, /* fits */
			"VNI %u of UDP port %u belongs to the vxlan interface %s, which is not "
			"ours",
			wish->vni, wish->port, device->name);
	else
		(void)snprintf(ret_text, VTAP_ERR_MAX, /* fits */
			"VNI %u of UDP port %u belongs to a vxlan interface that was moved from "
			"here to another network namespace",
			wish->vni, wish->port);
	vtap_text_make_printable(ret_text); /* names may hold any bytes */
	return true;
}
