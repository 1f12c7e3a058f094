// SPDX-License-Identifier: Apache-2.0
#include "netlink/address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
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

/* ---- taking them away ---- */

static void part_read(const struct nlattr *attr, struct part *ret_part)
{
	int n = attr != NULL ? nla_len(attr) : 0;

	if (n <= 0 || n > IPV6_ADDRESS_BYTES)
		return;
	memcpy(ret_part->bytes, nla_data(attr), (size_t)n);
	ret_part->n = n;
}

static int handle_collect(struct nl_msg *message, void *arg)
{
	const struct ifaddrmsg *info = address_info(message);
	struct addresses *addresses = arg;
	struct nlattr *attr[IFA_MAX + 1];
	struct address *grown;

	/* a kernel that does not know the filter gives those of all devices */
	if (info == NULL || (int)info->ifa_index != addresses->index ||
		nlmsg_parse(nlmsg_hdr(message), sizeof(*info), attr, IFA_MAX, NULL) < 0)
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
