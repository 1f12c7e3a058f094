// SPDX-License-Identifier: Apache-2.0
#include "netlink/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "netlink/dump.h"
#include "netlink/uapi.h"

/* From this many on the way by a link group is quicker: it costs two dumps and one call each. */
#define GROUP_DELETE_MIN 8

/* Link groups are searched from that of devices that are being made upwards: far from what people
 * choose by hand. */
#define GROUP_FIRST VTAP_GROUP_MAKING

static struct nl_msg *link_message(int type, int index, unsigned flags, unsigned change)
{
	const struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = flags,
		.ifi_change = change,
	};
	struct nl_msg *message = nlmsg_alloc_simple(type, 0);

	if (message != NULL &&
		nlmsg_append(message, (void *)&info, sizeof(info), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

/* Takes @message; NULL means that it could not be built. */
static int link_send(struct vtap_nl *nl, struct nl_msg *message, int built, struct vtap_err *err)
{
	int r = message == NULL || built < 0 ? -ENOMEM : vtap_nl_do(nl, message, err);

	nlmsg_free(message);
	return r;
}

/* IFLA_AF_SPEC: what IPv4 and IPv6 may do with the device. */
static int quiet_put(struct nl_msg *message, bool has_ipv6)
{
	struct nlattr *spec = nla_nest_start(message, IFLA_AF_SPEC);
	struct nlattr *v4 = spec != NULL ? nla_nest_start(message, AF_INET) : NULL;
	struct nlattr *conf = v4 != NULL ? nla_nest_start(message, IFLA_INET_CONF) : NULL;
	struct nlattr *v6;
	int r;

	if (conf == NULL)
		return -1;
	r = nla_put_u32(message, IPV4_DEVCONF_RP_FILTER, 1);
	if (r == 0)
		r = nla_put_u32(message, IPV4_DEVCONF_FORWARDING, 0);
	nla_nest_end(message, conf);
	nla_nest_end(message, v4);
	if (r == 0 && has_ipv6) {
		v6 = nla_nest_start(message, AF_INET6);
		r = v6 == NULL
			    ? -1
			    : nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		if (v6 != NULL)
			nla_nest_end(message, v6);
	}
	nla_nest_end(message, spec);
	return r;
}

static int settings_put(struct nl_msg *message, const struct vtap_link_settings *settings)
{
	int r = 0;

	if (settings->mac != NULL)
		r = nla_put(message, IFLA_ADDRESS, VTAP_MAC_BYTES, settings->mac);
	if (r == 0 && settings->mtu_bytes != 0)
		r = nla_put_u32(message, IFLA_MTU, settings->mtu_bytes);
	if (r == 0 && settings->set_free)
		r = nla_put_u32(message, IFLA_MASTER, 0);
	if (r == 0 && settings->set_group)
		r = nla_put_u32(message, IFLA_GROUP, 0);
	if (r == 0 && settings->alias != NULL)
		r = nla_put_string(message, IFLA_IFALIAS, settings->alias);
	if (r == 0 && settings->oper != VTAP_OPER_STAYS)
		r = nla_put_u8(message, IFLA_OPERSTATE,
			settings->oper == VTAP_OPER_UP ? IF_OPER_UP : IF_OPER_DORMANT);
	if (r == 0 && settings->set_quiet)
		r = quiet_put(message, settings->has_ipv6);
	return r;
}

int vtap_link_set(struct vtap_nl *nl, int index, const struct vtap_link_settings *settings,
	struct vtap_err *err)
{
	unsigned flags = settings->set_up ? IFF_UP | IFF_NOARP : 0;
	struct nl_msg *message = link_message(RTM_SETLINK, index, flags, flags);
	int built = message != NULL ? settings_put(message, settings) : -1;

	return link_send(nl, message, built, err);
}

/* ---- vxlan devices ---- */

static int address_any_put(struct nl_msg *message, enum vtap_family family, int v4, int v6)
{
	static const struct in6_addr ANY = IN6ADDR_ANY_INIT;
	struct in_addr any = { INADDR_ANY };

	return family == VTAP_FAMILY_IPV6 ? nla_put(message, v6, sizeof(ANY), &ANY)
					  : nla_put(message, v4, sizeof(any), &any);
}

/* What a device that only receives has, at its making and ever after. */
static int tunnel_put(struct nl_msg *message, enum vtap_family family)
{
	int r = address_any_put(message, family, IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6);

	if (r == 0)
		r = address_any_put(message, family, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6);
	if (r == 0)
		r = nla_put_u8(message, IFLA_VXLAN_TTL, 0);
	if (r == 0)
		r = nla_put_u8(message, IFLA_VXLAN_TOS, 0);
	if (r == 0)
		r = nla_put_u8(message, IFLA_VXLAN_LEARNING, 0);
	return r;
}

/* What cannot be changed later. */
static int vxlan_put(struct nl_msg *message, const struct vtap_vxlan_spec *spec)
{
	static const uint8_t NONE[8] = { 0 };
	int r = nla_put_u32(message, IFLA_VXLAN_ID, spec->vni);

	if (r == 0)
		r = nla_put_u16(message, IFLA_VXLAN_PORT, htons(spec->port));
	if (r == 0 && spec->family == VTAP_FAMILY_IPV6) /* AWS sends no checksum */
		r = nla_put_u8(message, IFLA_VXLAN_UDP_ZERO_CSUM6_RX, 1);
	if (r == 0)
		r = nla_put(message, VTAP_ATTR_RESERVED_BITS, sizeof(NONE), NONE);
	return r;
}

/* IFLA_LINKINFO: @spec NULL to change a device that there is. */
static int vxlan_info_put(
	struct nl_msg *message, enum vtap_family family, const struct vtap_vxlan_spec *spec)
{
	struct nlattr *info = nla_nest_start(message, IFLA_LINKINFO);
	struct nlattr *data;
	int r;

	if (info == NULL || nla_put_string(message, IFLA_INFO_KIND, "vxlan") < 0)
		return -1;
	data = nla_nest_start(message, IFLA_INFO_DATA);
	r = data == NULL ? -1 : tunnel_put(message, family);
	if (r == 0 && spec != NULL)
		r = vxlan_put(message, spec);
	if (data != NULL)
		nla_nest_end(message, data);
	nla_nest_end(message, info);
	return r;
}

int vtap_link_create_vxlan(
	struct vtap_nl *nl, const struct vtap_vxlan_spec *spec, struct vtap_err *err)
{
	struct nl_msg *message = link_message(RTM_NEWLINK, 0, 0, 0);
	int built = -1;

	if (message != NULL) {
		nlmsg_hdr(message)->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
		built = nla_put_string(message, IFLA_IFNAME, spec->name);
	}
	if (built == 0)
		built = nla_put(message, IFLA_ADDRESS, VTAP_MAC_BYTES, spec->mac);
	if (built == 0)
		built = nla_put_u32(message, IFLA_MTU, spec->mtu_bytes);
	if (built == 0)
		built = nla_put_u32(message, IFLA_GROUP, VTAP_GROUP_MAKING);
	if (built == 0)
		built = vxlan_info_put(message, spec->family, spec);
	return link_send(nl, message, built, err);
}

int vtap_link_reset_tunnel(
	struct vtap_nl *nl, int index, enum vtap_family family, struct vtap_err *err)
{
	struct nl_msg *message = link_message(RTM_NEWLINK, index, 0, 0);
	int built = message != NULL ? vxlan_info_put(message, family, NULL) : -1;

	return link_send(nl, message, built, err);
}

int vtap_link_disable_ipv6(const char *name, struct vtap_err *err)
{
	char path[64];
	_auto_fd int fd = -1;

	(void)snprintf(
		path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name); /* fits */
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0; /* no IPv6 on this host (ipv6.disable=1); a device that vanished shows
			     elsewhere */
	if (fd < 0)
		return vtap_err_set(err, -errno, "open %s: %s", path, vtap_errno_text(errno));
	if (write(fd, "1", 1) < 0)
		return vtap_err_set(err, -errno, "write %s: %s", path, vtap_errno_text(errno));
	return 0;
}

static int name_set(struct vtap_nl *nl, int index, const char *name, struct vtap_err *err)
{
	struct nl_msg *message = link_message(RTM_SETLINK, index, 0, 0);
	int built = message != NULL ? nla_put_string(message, IFLA_IFNAME, name) : -1;

	return link_send(nl, message, built, err);
}

static int up_set(struct vtap_nl *nl, int index, bool is_up, struct vtap_err *err)
{
	return link_send(nl, link_message(RTM_SETLINK, index, is_up ? IFF_UP : 0, IFF_UP), 0, err);
}

int vtap_link_set_down(struct vtap_nl *nl, int index, struct vtap_err *err)
{
	return up_set(nl, index, false, err);
}

int vtap_link_rename(struct vtap_nl *nl, int index, const char *name, struct vtap_err *err)
{
	int r = name_set(nl, index, name, err);

	if (r != -EBUSY) /* kernels before 6.2 do not rename an interface that is up */
		return r;
	r = up_set(nl, index, false, err);
	if (r < 0)
		return r;
	r = name_set(nl, index, name, err);
	/* as it was, also when the name was refused */
	int raised = up_set(nl, index, true, r == 0 ? err : NULL);

	return r != 0 ? r : raised;
}

static int delete_one(struct vtap_nl *nl, int index, struct vtap_err *err)
{
	int r = link_send(nl, link_message(RTM_DELLINK, index, 0, 0), 0, err);

	return r == -ENODEV ? 0 : r;
}

static uint32_t group_find_empty(const struct vtap_devices *devices)
{
	uint32_t group = GROUP_FIRST;
	bool is_taken = true;

	while (is_taken) {
		is_taken = false;
		group++;
		for (size_t i = 0; i < devices->n && !is_taken; i++)
			is_taken = devices->device[i].group == group;
	}
	return group;
}

static int group_enter(struct vtap_nl *nl, int index, uint32_t group, struct vtap_err *err)
{
	struct nl_msg *message = link_message(RTM_SETLINK, index, 0, 0);
	int built = message != NULL ? nla_put_u32(message, IFLA_GROUP, group) : -1;
	int r = link_send(nl, message, built, err);

	return r == -ENODEV ? 0 : r;
}

/* Is everybody in that group ours? Somebody else may have used the number meanwhile. */
static int group_check(struct vtap_nl *nl, uint32_t group, bool *ret_is_ours, struct vtap_err *err)
{
	struct vtap_devices devices = { 0 };
	int r = vtap_links_dump(nl, &devices, err);

	if (r < 0)
		return r;
	*ret_is_ours = true;
	for (size_t i = 0; i < devices.n; i++)
		if (devices.device[i].group == group && !vtap_device_is_ours(&devices.device[i]))
			*ret_is_ours = false;
	vtap_devices_done(&devices);
	return 0;
}

static int group_delete(struct vtap_nl *nl, uint32_t group, struct vtap_err *err)
{
	struct nl_msg *message = link_message(RTM_DELLINK, 0, 0, 0);
	int built = message != NULL ? nla_put_u32(message, IFLA_GROUP, group) : -1;
	int r = link_send(nl, message, built, err);

	return r == -ENODEV ? 0 : r;
}

static bool is_still_ours(const struct vtap_devices *devices, int index)
{
	const struct vtap_device *device = vtap_devices_find_index(devices, index);

	return device != NULL && vtap_device_is_ours(device);
}

static int delete_by_group(struct vtap_nl *nl, const int *indexes, size_t n,
	const struct vtap_devices *devices, bool *ret_is_done, struct vtap_err *err)
{
	uint32_t group = group_find_empty(devices);
	bool is_ours = false;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		if (is_still_ours(devices, indexes[i]))
			r = group_enter(nl, indexes[i], group, err);
	if (r == 0)
		r = group_check(nl, group, &is_ours, err);
	*ret_is_done = r == 0 && is_ours;
	return r == 0 && is_ours ? group_delete(nl, group, err) : r;
}

int vtap_links_delete(struct vtap_nl *nl, const int *indexes, size_t n, struct vtap_err *err)
{
	struct vtap_devices devices = { 0 };
	bool is_done = false;
	int r = vtap_links_dump(nl, &devices, err); /* an older look may name who has left */

	if (r == 0 && n >= GROUP_DELETE_MIN)
		r = delete_by_group(nl, indexes, n, &devices, &is_done, err);
	for (size_t i = 0; i < n && r == 0 && !is_done; i++)
		if (is_still_ours(&devices, indexes[i]))
			r = delete_one(nl, indexes[i], err);
	vtap_devices_done(&devices);
	return r;
}
