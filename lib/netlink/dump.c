// SPDX-License-Identifier: Apache-2.0
#include "netlink/dump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "netlink/address.h"
#include "netlink/uapi.h"

/* IFLA_INET6_ADDR_GEN_MODE of linux/if_link.h */
#define ADDR_GEN_NONE IN6_ADDR_GEN_MODE_NONE

/* ---- attributes, each checked for type and length before it is read ---- */

static bool attr_is(const struct nlattr *attr, size_t size)
{
	return attr != NULL && (size_t)nla_len(attr) >= size;
}

static uint32_t attr_u32(const struct nlattr *attr, uint32_t otherwise)
{
	return attr_is(attr, sizeof(uint32_t)) ? nla_get_u32(attr) : otherwise;
}

static bool attr_flag(const struct nlattr *attr)
{
	return attr_is(attr, sizeof(uint8_t)) && nla_get_u8(attr) != 0;
}

static void attr_text(const struct nlattr *attr, char *ret_text, size_t size)
{
	if (attr != NULL)
		(void)nla_strlcpy(ret_text, attr, size); /* cut is documented where it can be */
}

/* Number @i of an array of u32, as OFF for @off and ON for the rest. */
static enum vtap_known attr_array(const struct nlattr *attr, size_t i, uint32_t off)
{
	uint32_t value;

	if (!attr_is(attr, (i + 1) * sizeof(value)))
		return VTAP_UNKNOWN;
	memcpy(&value, (const char *)nla_data(attr) + i * sizeof(value), sizeof(value));
	return value == off ? VTAP_OFF : VTAP_ON;
}

/* The same for a setting that must be 1: 0 is off, and so is the 2 that sysctl puts back. */
static enum vtap_known attr_strict(const struct nlattr *attr, size_t i)
{
	enum vtap_known is_other = attr_array(attr, i, 1);

	if (is_other == VTAP_UNKNOWN)
		return VTAP_UNKNOWN;
	return is_other == VTAP_OFF ? VTAP_ON : VTAP_OFF;
}

static void tun_read(struct nlattr *data, struct vtap_device *device)
{
	struct nlattr *attr[IFLA_TUN_MAX + 1];

	if (data == NULL || nla_parse_nested(attr, IFLA_TUN_MAX, data, NULL) < 0)
		return;
	device->is_tap =
		attr_is(attr[IFLA_TUN_TYPE], 1) && nla_get_u8(attr[IFLA_TUN_TYPE]) == IFF_TAP;
	device->is_persistent = attr_flag(attr[IFLA_TUN_PERSIST]);
	device->is_multi_queue = attr_flag(attr[IFLA_TUN_MULTI_QUEUE]);
	if (attr_is(attr[IFLA_TUN_OWNER], sizeof(uint32_t)))
		device->owner_uid = nla_get_u32(attr[IFLA_TUN_OWNER]);
	if (attr_is(attr[IFLA_TUN_GROUP], sizeof(uint32_t)))
		device->owner_gid = nla_get_u32(attr[IFLA_TUN_GROUP]);
}

/* The highest that is read of a vxlan device. */
#define ATTR_VXLAN_MAX VTAP_ATTR_RESERVED_BITS

static unsigned vxlan_flags(struct nlattr *const *attr)
{
	unsigned flags = 0;

	/* the first two are there or not, the others have a value */
	flags |= attr[IFLA_VXLAN_GBP] != NULL ? VTAP_VXLAN_GBP : 0;
	flags |= attr[IFLA_VXLAN_GPE] != NULL ? VTAP_VXLAN_GPE : 0;
	flags |= attr_flag(attr[IFLA_VXLAN_REMCSUM_RX]) ? VTAP_VXLAN_REMCSUM : 0;
	flags |= attr_flag(attr[IFLA_VXLAN_COLLECT_METADATA]) ? VTAP_VXLAN_EXTERNAL : 0;
	flags |= attr_flag(attr[VTAP_ATTR_VNIFILTER]) ? VTAP_VXLAN_VNIFILTER : 0;
	flags |= attr_flag(attr[IFLA_VXLAN_UDP_ZERO_CSUM6_RX]) ? VTAP_VXLAN_ZERO_CSUM6 : 0;
	flags |= attr_u32(attr[IFLA_VXLAN_LINK], 0) != 0 ? VTAP_VXLAN_LINKED : 0;
	return flags;
}

static enum vtap_known ipv6_read(struct nlattr *const *attr)
{
	if (attr[IFLA_VXLAN_GROUP6] != NULL || attr[IFLA_VXLAN_LOCAL6] != NULL)
		return VTAP_ON;
	return attr[IFLA_VXLAN_GROUP] != NULL || attr[IFLA_VXLAN_LOCAL] != NULL ? VTAP_OFF
										: VTAP_UNKNOWN;
}

static enum vtap_known reserved_bits_read(const struct nlattr *attr)
{
	static const uint8_t NONE[8] = { 0 };

	if (!attr_is(attr, sizeof(NONE)))
		return VTAP_UNKNOWN;
	return memcmp(nla_data(attr), NONE, sizeof(NONE)) == 0 ? VTAP_OFF : VTAP_ON;
}

static void vxlan_read(struct nlattr *data, struct vtap_device *device)
{
	struct nlattr *attr[ATTR_VXLAN_MAX + 1];
	struct vtap_vxlan *vxlan = &device->vxlan;

	if (data == NULL || nla_parse_nested(attr, ATTR_VXLAN_MAX, data, NULL) < 0)
		return;
	device->is_vxlan = true;
	vxlan->vni = attr_u32(attr[IFLA_VXLAN_ID], 0);
	if (attr_is(attr[IFLA_VXLAN_PORT], sizeof(uint16_t)))
		vxlan->port = ntohs(nla_get_u16(attr[IFLA_VXLAN_PORT]));
	vxlan->ttl = attr_is(attr[IFLA_VXLAN_TTL], 1) ? nla_get_u8(attr[IFLA_VXLAN_TTL]) : 0;
	vxlan->tos = attr_is(attr[IFLA_VXLAN_TOS], 1) ? nla_get_u8(attr[IFLA_VXLAN_TOS]) : 0;
	vxlan->is_learning = attr_flag(attr[IFLA_VXLAN_LEARNING]);
	vxlan->has_remote = attr[IFLA_VXLAN_GROUP] != NULL || attr[IFLA_VXLAN_GROUP6] != NULL;
	vxlan->has_local = attr[IFLA_VXLAN_LOCAL] != NULL || attr[IFLA_VXLAN_LOCAL6] != NULL;
	vxlan->ipv6 = ipv6_read(attr);
	vxlan->flags = vxlan_flags(attr);
	vxlan->reserved_bits = reserved_bits_read(attr[VTAP_ATTR_RESERVED_BITS]);
}

static void kind_read(struct nlattr *info, struct vtap_device *device)
{
	struct nlattr *attr[IFLA_INFO_MAX + 1];

	if (info == NULL || nla_parse_nested(attr, IFLA_INFO_MAX, info, NULL) < 0)
		return;
	attr_text(attr[IFLA_INFO_KIND], device->kind, sizeof(device->kind));
	if (strcmp(device->kind, "tun") == 0)
		tun_read(attr[IFLA_INFO_DATA], device);
	else if (strcmp(device->kind, "vxlan") == 0)
		vxlan_read(attr[IFLA_INFO_DATA], device);
}

static void family_read(struct nlattr *spec, struct vtap_device *device)
{
	struct nlattr *v4 = spec != NULL ? nla_find(nla_data(spec), nla_len(spec), AF_INET) : NULL;
	struct nlattr *v6 = spec != NULL ? nla_find(nla_data(spec), nla_len(spec), AF_INET6) : NULL;
	struct nlattr *attr[IFLA_INET6_MAX + 1];
	enum vtap_known is_disabled;

	if (v4 != NULL && nla_parse_nested(attr, IFLA_INET_MAX, v4, NULL) == 0) {
		/* the array begins with number 1: kernel net/ipv4/devinet.c inet_fill_link_af() */
		device->rp_filter = attr_strict(attr[IFLA_INET_CONF], IPV4_DEVCONF_RP_FILTER - 1);
		device->forwarding =
			attr_array(attr[IFLA_INET_CONF], IPV4_DEVCONF_FORWARDING - 1, 0);
	}
	if (v6 == NULL || nla_parse_nested(attr, IFLA_INET6_MAX, v6, NULL) < 0)
		return;
	is_disabled = attr_array(attr[IFLA_INET6_CONF], DEVCONF_DISABLE_IPV6, 0);
	if (is_disabled != VTAP_UNKNOWN)
		device->ipv6 = is_disabled == VTAP_ON ? VTAP_OFF : VTAP_ON;
	if (attr_is(attr[IFLA_INET6_ADDR_GEN_MODE], 1))
		device->addrgen = nla_get_u8(attr[IFLA_INET6_ADDR_GEN_MODE]) == ADDR_GEN_NONE
					  ? VTAP_OFF
					  : VTAP_ON;
}

static int devices_add(struct vtap_devices *devices, const struct vtap_device *device)
{
	struct vtap_device *grown;

	if ((devices->n & (devices->n - 1)) == 0) { /* 0 or a power of two: double */
		grown = reallocarray(
			devices->device, devices->n == 0 ? 1 : 2 * devices->n, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		devices->device = grown;
	}
	devices->device[devices->n++] = *device;
	return 0;
}

static int handle_link(struct nl_msg *message, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct vtap_device device = { .owner_uid = -1, .owner_gid = -1 };
	struct nlattr *attr[IFLA_MAX + 1];
	const struct ifinfomsg *info;

	if (header->nlmsg_type != RTM_NEWLINK ||
		nlmsg_parse(header, sizeof(*info), attr, IFLA_MAX, NULL) < 0 ||
		attr[IFLA_IFNAME] == NULL)
		return 0; /* not a link: the dump has nothing else, and what is unknown is skipped
			   */
	info = nlmsg_data(header);
	device.index = info->ifi_index;
	device.flags = info->ifi_flags;
	attr_text(attr[IFLA_IFNAME], device.name, sizeof(device.name));
	attr_text(attr[IFLA_IFALIAS], device.alias, sizeof(device.alias));
	device.mtu_bytes = attr_u32(attr[IFLA_MTU], 0);
	device.group = attr_u32(attr[IFLA_GROUP], 0);
	device.is_dormant = attr_is(attr[IFLA_OPERSTATE], 1) &&
			    nla_get_u8(attr[IFLA_OPERSTATE]) == IF_OPER_DORMANT;
	device.master_index = (int)attr_u32(attr[IFLA_MASTER], 0);
	if (attr[IFLA_LINK_NETNSID] == NULL) /* else it counts in another namespace */
		device.lower_index = (int)attr_u32(attr[IFLA_LINK], 0);
	if (attr_is(attr[IFLA_ADDRESS], sizeof(device.mac)))
		memcpy(device.mac, nla_data(attr[IFLA_ADDRESS]), sizeof(device.mac));
	kind_read(attr[IFLA_LINKINFO], &device);
	family_read(attr[IFLA_AF_SPEC], &device);
	return devices_add(arg, &device);
}

static int device_compare(const void *a, const void *b)
{
	const struct vtap_device *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

static int dump_once(struct vtap_nl *nl, struct vtap_devices *devices, struct vtap_err *err)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_msg *message = nlmsg_alloc_simple(RTM_GETLINK, 0);
	int r = -ENOMEM;

	if (message == NULL)
		return r;
	if (nlmsg_append(message, (void *)&info, sizeof(info), NLMSG_ALIGNTO) == 0 &&
		nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) ==
			0) /* 200 bytes of each link */
		r = vtap_nl_dump(nl, message, handle_link, devices, err);
	nlmsg_free(message);
	return r;
}

/* All of it once. Addresses are looked up by index, so the devices are sorted before. */
static int look_once(struct vtap_nl *nl, struct vtap_devices *devices, struct vtap_err *err)
{
	int r = dump_once(nl, devices, err);

	if (r < 0)
		return r;
	if (devices->n > 1)
		qsort(devices->device, devices->n, sizeof(*devices->device), device_compare);
	return vtap_addresses_note(nl, devices, err);
}

int vtap_links_dump(struct vtap_nl *nl, struct vtap_devices *ret_devices, struct vtap_err *err)
{
	struct vtap_devices devices = { 0 };
	int r = -EINTR;

	for (int i = 0; i < VTAP_NL_DUMP_TRIES && r == -EINTR; i++) {
		vtap_devices_done(&devices);
		r = look_once(nl, &devices, err);
	}
	if (r < 0) {
		vtap_devices_done(&devices);
		return vtap_err_add(err, r, "read the interfaces");
	}
	*ret_devices = devices;
	return 0;
}

bool vtap_link_is_still(struct vtap_nl *nl, const struct vtap_device *device)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
		.ifi_index = device != NULL ? device->index : 0 };
	struct nl_msg *message =
		device != NULL ? nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST) : NULL;
	struct vtap_devices now = { 0 };
	bool is_same = false;

	if (message == NULL)
		return false;
	if (nlmsg_append(message, (void *)&info, sizeof(info), NLMSG_ALIGNTO) == 0 &&
		nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) == 0 &&
		vtap_nl_get(nl, message, handle_link, &now, NULL) == 0 && now.n == 1)
		is_same = strcmp(now.device->kind, device->kind) == 0 &&
			  strcmp(now.device->alias, device->alias) == 0 &&
			  memcmp(now.device->mac, device->mac, sizeof(device->mac)) == 0;
	vtap_devices_done(&now);
	nlmsg_free(message);
	return is_same;
}
