// SPDX-License-Identifier: Apache-2.0
#include "netlink/address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#define IPV6_ADDRESS_BYTES 16

/** struct part - one attribute of an address, as the kernel gave it */
struct part {
	uint8_t bytes[IPV6_ADDRESS_BYTES];
	int n; /* 0: not given */
};

/** struct address - what names it when it is removed */
struct address {
	struct ifaddrmsg info;
	struct part local, address; /* they differ on point-to-point addresses */
};

struct addresses {
	int index; /* of the device */
	struct address *address;
	size_t n;
};

static struct nl_msg *address_message(int type, const struct ifaddrmsg *info)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, 0);

	if (message != NULL &&
		nlmsg_append(message, (void *)info, sizeof(*info), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

/* @index 0: of all devices. */
static int addresses_dump(struct vtap_nl *nl, int index,
	int (*each)(struct nl_msg *message, void *arg), void *arg, struct vtap_err *err)
{
	const struct ifaddrmsg info = { .ifa_family = AF_UNSPEC, .ifa_index = (unsigned)index };
	struct nl_msg *message = address_message(RTM_GETADDR, &info);
	int r = message == NULL ? -ENOMEM : vtap_nl_dump(nl, message, each, arg, err);

	nlmsg_free(message);
	return r;
}

/* The head of an address, or NULL for another message. */
static const struct ifaddrmsg *address_info(struct nl_msg *message)
{
	const struct nlmsghdr *header = nlmsg_hdr(message);

	if (header->nlmsg_type != RTM_NEWADDR ||
		header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
		return NULL;
	return nlmsg_data(header);
}

/* Its head, or NULL for another message; its attributes in @ret_attr. */
static const struct ifaddrmsg *address_parse(
	struct nl_msg *message, struct nlattr *ret_attr[static IFA_MAX + 1])
{
	const struct ifaddrmsg *info = address_info(message);

	if (info == NULL ||
		nlmsg_parse(nlmsg_hdr(message), sizeof(*info), ret_attr, IFA_MAX, NULL) < 0)
		return NULL;
	return info;
}

static void part_read(const struct nlattr *attr, struct part *ret_part)
{
	int n = attr != NULL ? nla_len(attr) : 0;

	if (n <= 0 || n > IPV6_ADDRESS_BYTES)
		return;
	memcpy(ret_part->bytes, nla_data(attr), (size_t)n);
	ret_part->n = n;
}

/* ---- who has any ---- */

static int handle_note(struct nl_msg *message, void *arg)
{
	const struct ifaddrmsg *info = address_info(message);
	const struct vtap_devices *devices = arg;
	const struct vtap_device *device =
		info != NULL ? vtap_devices_find_index(devices, (int)info->ifa_index) : NULL;

	if (device != NULL) /* else it came after the devices were read: there is news of it */
		devices->device[device - devices->device].has_address = true;
	return 0;
}

int vtap_addresses_note(struct vtap_nl *nl, struct vtap_devices *devices, struct vtap_err *err)
{
	return addresses_dump(nl, 0, handle_note, devices, err);
}

/* ---- which are our own ---- */

struct own_addresses {
	struct vtap_own_address *address;
	size_t n;
};

static bool is_in_use(const struct ifaddrmsg *info, const struct nlattr *flags_attr)
{
	uint32_t flags = info->ifa_flags; /* the first eight; the attribute has all */

	if (flags_attr != NULL && nla_len(flags_attr) >= (int)sizeof(flags))
		flags = nla_get_u32(flags_attr);
	if ((flags & IFA_F_DADFAILED) != 0)
		return false;
	return (flags & IFA_F_TENTATIVE) == 0 || (flags & IFA_F_OPTIMISTIC) != 0;
}

/* In the form of both families, unless it is one that nobody outside can send to. */
static bool part_map(int family, const struct part *part, struct vtap_addr *ret_addr)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (family == AF_INET && part->n == sizeof(v4)) {
		memcpy(&v4, part->bytes, sizeof(v4));
		*ret_addr = vtap_addr_from_v4(v4);
		return ntohl(v4.s_addr) >> IN_CLASSA_NSHIFT != IN_LOOPBACKNET;
	}
	if (family != AF_INET6 || part->n != sizeof(v6))
		return false;
	memcpy(&v6, part->bytes, sizeof(v6));
	memcpy(ret_addr->byte, &v6, sizeof(ret_addr->byte));
	return !IN6_IS_ADDR_LOOPBACK(&v6) && !IN6_IS_ADDR_LINKLOCAL(&v6);
}

static int handle_own(struct nl_msg *message, void *arg)
{
	struct nlattr *attr[IFA_MAX + 1];
	const struct ifaddrmsg *info = address_parse(message, attr);
	struct own_addresses *own = arg;
	struct vtap_own_address address, *grown;
	struct part part = { .n = 0 };

	if (info == NULL || !is_in_use(info, attr[IFA_FLAGS]))
		return 0;
	part_read(attr[attr[IFA_LOCAL] != NULL ? IFA_LOCAL : IFA_ADDRESS], &part);
	if (!part_map(info->ifa_family, &part, &address.addr))
		return 0;
	address.index = (int)info->ifa_index;
	grown = reallocarray(own->address, own->n + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	own->address = grown;
	grown[own->n++] = address;
	return 0;
}

int vtap_addresses_dump(struct vtap_nl *nl, struct vtap_own_address **ret_addresses, size_t *ret_n,
	struct vtap_err *err)
{
	struct own_addresses own = { .n = 0 };
	int r = -EINTR;

	for (int i = 0; i < VTAP_NL_DUMP_TRIES && r == -EINTR; i++) {
		own.n = 0;
		r = addresses_dump(nl, 0, handle_own, &own, err);
	}
	if (r < 0) {
		free(own.address);
		return vtap_err_add(err, r, "read the addresses of this host");
	}
	*ret_addresses = own.address;
	*ret_n = own.n;
	return 0;
}

/* ---- taking them away ---- */

static int handle_collect(struct nl_msg *message, void *arg)
{
	struct nlattr *attr[IFA_MAX + 1];
	const struct ifaddrmsg *info = address_parse(message, attr);
	struct addresses *addresses = arg;
	struct address *grown;

	/* a kernel that does not know the filter gives those of all devices */
	if (info == NULL || (int)info->ifa_index != addresses->index)
		return 0;
	grown = reallocarray(addresses->address, addresses->n + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	addresses->address = grown;
	grown[addresses->n] = (struct address){ .info = *info };
	part_read(attr[IFA_LOCAL], &grown[addresses->n].local);
	part_read(attr[IFA_ADDRESS], &grown[addresses->n].address);
	addresses->n++;
	return 0;
}

static int address_remove(struct vtap_nl *nl, const struct address *address, struct vtap_err *err)
{
	struct nl_msg *message = address_message(RTM_DELADDR, &address->info);
	int r = message == NULL ? -ENOMEM : 0;

	if (r == 0 && address->local.n > 0)
		r = nla_put(message, IFA_LOCAL, address->local.n, address->local.bytes);
	if (r == 0 && address->address.n > 0)
		r = nla_put(message, IFA_ADDRESS, address->address.n, address->address.bytes);
	r = r < 0 ? -ENOMEM : vtap_nl_do(nl, message, err);
	nlmsg_free(message);
	return r == -EADDRNOTAVAIL ? 0 : r; /* gone with its primary, or by somebody else */
}

int vtap_addresses_remove(struct vtap_nl *nl, int index, struct vtap_err *err)
{
	struct addresses addresses = { .index = index };
	int r = addresses_dump(nl, index, handle_collect, &addresses, err);

	for (size_t i = 0; i < addresses.n && r == 0; i++)
		r = address_remove(nl, &addresses.address[i], err);
	free(addresses.address);
	return r;
}
