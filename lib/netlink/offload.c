// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. The numbers of feature bits are the kernel's own affair, so their names are looked
 * up once. Then two questions are left: a dump of everybody's features, and a request that sets
 * some. The kernel acknowledges such a request also when the driver did otherwise; what did not
 * follow stands in its answer.
 */
#include "netlink/offload.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/socket.h" // NOLINT(readability-duplicate-include): ours, not libnl's

/* In the order of the bits. Source: kernel net/ethtool/common.c netdev_features_strings */
static const char *const FEATURE_NAME[VTAP_MERGING_COUNT] = { "rx-gro", "rx-lro", "rx-gro-hw" };

#define BITS_OF_WORD 32

/** FEATURE_WORDS - of a bit set that we send; the kernel has two, and takes any number of them */
#define FEATURE_WORDS 8

/** BIT_NONE - the kernel does not know this feature */
#define BIT_NONE UINT32_MAX

struct vtap_offload {
	struct vtap_nl *nl;
	struct nl_sock *news;
	int family;
	uint32_t bit[VTAP_MERGING_COUNT]; /* number of each feature, or BIT_NONE */
};

/** struct features - of one interface */
struct features {
	int index;
	unsigned merging, fixed; /* bits of enum vtap_merging */
};

void vtap_offload_close(struct vtap_offload *offload)
{
	if (offload == NULL)
		return;
	nl_socket_free(offload->news);
	vtap_nl_close(offload->nl);
	free(offload);
}

/* ---- messages ---- */

static bool attr_is(const struct nlattr *attr, size_t size)
{
	return attr != NULL && (size_t)nla_len(attr) >= size;
}

/* @index 0: of no interface. Source: kernel Documentation/networking/ethtool-netlink.rst, Request
 * header. */
static int header_put(struct nl_msg *message, int attr, int index, uint32_t flags)
{
	struct nlattr *header = nla_nest_start(message, attr);

	if (header == NULL ||
		(index != 0 &&
			nla_put_u32(message, ETHTOOL_A_HEADER_DEV_INDEX, (uint32_t)index) < 0) ||
		nla_put_u32(message, ETHTOOL_A_HEADER_FLAGS, flags) < 0)
		return -ENOMEM;
	(void)nla_nest_end(message, header); /* fails for what is larger than 64 KiB */
	return 0;
}

/* A message of ethtool's with its header, or NULL without memory. */
static struct nl_msg *ethtool_message(
	const struct vtap_offload *offload, uint8_t command, int attr, int index, uint32_t flags)
{
	struct nl_msg *message = nlmsg_alloc();

	if (message == NULL)
		return NULL;
	if (genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, offload->family, 0, 0, command,
		    ETHTOOL_GENL_VERSION) == NULL ||
		header_put(message, attr, index, flags) < 0) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

/* The attributes of an answer. Return: is it one of @command? */
static bool answer_parse(struct nl_msg *message, uint8_t command, struct nlattr **ret_attr, int max)
{
	struct nlmsghdr *header = nlmsg_hdr(message);

	return header->nlmsg_type >= NLMSG_MIN_TYPE && genlmsg_valid_hdr(header, 0) == 1 &&
	       genlmsg_hdr(header)->cmd == command &&
	       genlmsg_parse(header, 0, ret_attr, max, NULL) == 0;
}

/* ---- the numbers of the bits ---- */

static void name_note(struct vtap_offload *offload, struct nlattr *string)
{
	struct nlattr *attr[ETHTOOL_A_STRING_MAX + 1];
	char name[ETH_GSTRING_LEN];

	if (nla_parse_nested(attr, ETHTOOL_A_STRING_MAX, string, NULL) < 0 ||
		!attr_is(attr[ETHTOOL_A_STRING_INDEX], sizeof(uint32_t)) ||
		attr[ETHTOOL_A_STRING_VALUE] == NULL)
		return;
	/* none of ours is cut */
	(void)nla_strlcpy(name, attr[ETHTOOL_A_STRING_VALUE], sizeof(name));
	for (size_t i = 0; i < VTAP_MERGING_COUNT; i++)
		if (strcmp(name, FEATURE_NAME[i]) == 0)
			offload->bit[i] = nla_get_u32(attr[ETHTOOL_A_STRING_INDEX]);
}

/* The only string set that was asked for. */
static int handle_names(struct nl_msg *message, void *arg)
{
	struct nlattr *attr[ETHTOOL_A_STRSET_MAX + 1], *set[ETHTOOL_A_STRINGSET_MAX + 1];
	struct nlattr *first, *string;
	int n_left;

	if (!answer_parse(message, ETHTOOL_MSG_STRSET_GET_REPLY, attr, ETHTOOL_A_STRSET_MAX) ||
		attr[ETHTOOL_A_STRSET_STRINGSETS] == NULL)
		return 0;
	first = nla_find(nla_data(attr[ETHTOOL_A_STRSET_STRINGSETS]),
		nla_len(attr[ETHTOOL_A_STRSET_STRINGSETS]), ETHTOOL_A_STRINGSETS_STRINGSET);
	if (first == NULL || nla_parse_nested(set, ETHTOOL_A_STRINGSET_MAX, first, NULL) < 0 ||
		set[ETHTOOL_A_STRINGSET_STRINGS] == NULL)
		return 0;
	nla_for_each_nested(string, set[ETHTOOL_A_STRINGSET_STRINGS], n_left)
		name_note(arg, string);
	return 0;
}

static int names_put(struct nl_msg *message)
{
	struct nlattr *sets = nla_nest_start(message, ETHTOOL_A_STRSET_STRINGSETS);
	struct nlattr *set =
		sets != NULL ? nla_nest_start(message, ETHTOOL_A_STRINGSETS_STRINGSET) : NULL;

	if (set == NULL || nla_put_u32(message, ETHTOOL_A_STRINGSET_ID, ETH_SS_FEATURES) < 0)
		return -ENOMEM;
	(void)nla_nest_end(message, set);  /* fails for what is larger than 64 KiB */
	(void)nla_nest_end(message, sets); /* likewise */
	return 0;
}

static int bits_find(struct vtap_offload *offload, struct vtap_err *err)
{
	struct nl_msg *message =
		ethtool_message(offload, ETHTOOL_MSG_STRSET_GET, ETHTOOL_A_STRSET_HEADER, 0, 0);
	int r = message == NULL || names_put(message) < 0 ? -ENOMEM : 0;

	for (size_t i = 0; i < VTAP_MERGING_COUNT; i++)
		offload->bit[i] = BIT_NONE;
	if (r == 0)
		r = vtap_nl_get(offload->nl, message, handle_names, offload, err);
	nlmsg_free(message);
	if (r < 0)
		return vtap_err_add(err, r, "ask for the names of features");
	if (offload->bit[0] == BIT_NONE)
		return vtap_err_set(
			err, -EOPNOTSUPP, "the kernel knows no feature %s", FEATURE_NAME[0]);
	return 0;
}

/* ---- opening ---- */

static int news_open(struct vtap_offload *offload, struct vtap_err *err)
{
	int group, r;

	offload->news = nl_socket_alloc();
	if (offload->news == NULL)
		return -ENOMEM;
	r = genl_connect(offload->news);
	if (r < 0)
		return vtap_err_set(err, -EIO, "generic netlink: %s", nl_geterror(r));
	/* these are questions, and block */
	vtap_nl_bound(nl_socket_get_fd(offload->news), VTAP_NL_ANSWER_S);
	offload->family = genl_ctrl_resolve(offload->news, ETHTOOL_GENL_NAME);
	group = genl_ctrl_resolve_grp(offload->news, ETHTOOL_GENL_NAME, ETHTOOL_MCGRP_MONITOR_NAME);
	if (offload->family < 0 || group < 0)
		return vtap_err_set(err, -EOPNOTSUPP,
			"the kernel has no netlink family \"ethtool\" with news: %s",
			nl_geterror(offload->family < 0 ? offload->family : group));
	r = nl_socket_add_memberships(offload->news, group, 0);
	if (r == 0)
		r = nl_socket_set_nonblocking(offload->news);
	return r < 0 ? vtap_err_set(err, -EIO, "news of features: %s", nl_geterror(r)) : 0;
}

int vtap_offload_open(struct vtap_offload **ret_offload, struct vtap_err *err)
{
	_auto(offload) struct vtap_offload *offload = calloc(1, sizeof(*offload));
	int r;

	if (offload == NULL)
		return -ENOMEM;
	r = news_open(offload, err);
	if (r == 0)
		r = vtap_nl_open_protocol(NETLINK_GENERIC, &offload->nl, err);
	if (r == 0)
		r = bits_find(offload, err);
	if (r < 0)
		return r;
	*ret_offload = vtap_steal(&offload);
	return 0;
}

int vtap_offload_fd(const struct vtap_offload *offload)
{
	return nl_socket_get_fd(offload->news);
}

/* ---- news ---- */

/* What changed is read again, so nothing of a message is kept but what it is about. */
bool vtap_offload_drain(struct vtap_offload *offload)
{
	bool has_any = false;

	for (;;) {
		struct {
			struct nlmsghdr header;
			struct genlmsghdr genl;
		} news = { .genl.cmd = 0 };
		ssize_t n = recv(vtap_offload_fd(offload), &news, sizeof(news), MSG_DONTWAIT);

		if (n == (ssize_t)sizeof(news))
			has_any |= news.genl.cmd == ETHTOOL_MSG_FEATURES_NTF;
		else if (n < 0 && errno == ENOBUFS)
			has_any = true; /* lost some */
		else if (n < 0 && errno != EINTR)
			return has_any;
	}
}

/* ---- reading ---- */

static bool bit_is_set(const struct nlattr *words, uint32_t bit)
{
	uint32_t word;

	if (!attr_is(words, (bit / BITS_OF_WORD + 1) * sizeof(word)))
		return false;
	memcpy(&word, (const char *)nla_data(words) + bit / BITS_OF_WORD * sizeof(word),
		sizeof(word));
	return (word >> bit % BITS_OF_WORD & 1) != 0;
}

/* Those of a compact bit set that are ours, as bits of enum vtap_merging; of its values, or of its
 * mask. */
static unsigned set_read(const struct vtap_offload *offload, struct nlattr *set, int words)
{
	struct nlattr *attr[ETHTOOL_A_BITSET_MAX + 1];
	unsigned merging = 0;

	if (set == NULL || nla_parse_nested(attr, ETHTOOL_A_BITSET_MAX, set, NULL) < 0)
		return 0;
	for (size_t i = 0; i < VTAP_MERGING_COUNT; i++)
		if (offload->bit[i] != BIT_NONE && bit_is_set(attr[words], offload->bit[i]))
			merging |= 1U << i;
	return merging;
}

static unsigned values_read(const struct vtap_offload *offload, struct nlattr *set)
{
	return set_read(offload, set, ETHTOOL_A_BITSET_VALUE);
}

/* Return: is it an answer about an interface? */
static bool features_read(
	const struct vtap_offload *offload, struct nl_msg *message, struct features *ret_features)
{
	struct nlattr *attr[ETHTOOL_A_FEATURES_MAX + 1], *header[ETHTOOL_A_HEADER_MAX + 1];

	if (!answer_parse(message, ETHTOOL_MSG_FEATURES_GET_REPLY, attr, ETHTOOL_A_FEATURES_MAX) ||
		attr[ETHTOOL_A_FEATURES_HEADER] == NULL ||
		nla_parse_nested(
			header, ETHTOOL_A_HEADER_MAX, attr[ETHTOOL_A_FEATURES_HEADER], NULL) < 0 ||
		!attr_is(header[ETHTOOL_A_HEADER_DEV_INDEX], sizeof(uint32_t)))
		return false;
	*ret_features = (struct features){
		.index = (int)nla_get_u32(header[ETHTOOL_A_HEADER_DEV_INDEX]),
		.merging = values_read(offload, attr[ETHTOOL_A_FEATURES_ACTIVE]),
		.fixed = (values_read(offload, attr[ETHTOOL_A_FEATURES_NOCHANGE]) |
				 ~values_read(offload, attr[ETHTOOL_A_FEATURES_HW])) &
			 VTAP_MERGING_ALL,
	};
	return true;
}

/** struct look - of a dump, which goes into a list of devices */
struct look {
	const struct vtap_offload *offload;
	struct vtap_devices *devices;
};

static int handle_note(struct nl_msg *message, void *arg)
{
	const struct look *look = arg;
	const struct vtap_device *found;
	struct vtap_device *device;
	struct features features;

	if (!features_read(look->offload, message, &features))
		return 0;
	found = vtap_devices_find_index(look->devices, features.index);
	if (found == NULL)
		return 0; /* it came after the devices were read: there is news of it */
	device = &look->devices->device[found - look->devices->device];
	device->merging = features.merging;
	device->merging_fixed = features.fixed;
	return 0;
}

static int note_once(const struct look *look, struct vtap_err *err)
{
	struct nl_msg *message = ethtool_message(look->offload, ETHTOOL_MSG_FEATURES_GET,
		ETHTOOL_A_FEATURES_HEADER, 0, ETHTOOL_FLAG_COMPACT_BITSETS);
	int r = message == NULL
			? -ENOMEM
			: vtap_nl_dump(look->offload->nl, message, handle_note, (void *)look, err);

	nlmsg_free(message);
	return r;
}

int vtap_offload_note(
	struct vtap_offload *offload, struct vtap_devices *devices, struct vtap_err *err)
{
	const struct look look = { .offload = offload, .devices = devices };
	int r = -EINTR;

	for (int i = 0; i < VTAP_NL_DUMP_TRIES && r == -EINTR; i++)
		r = note_once(&look, err);
	return r < 0 ? vtap_err_add(err, r, "read the features of interfaces") : 0;
}

/* ---- setting ---- */

/* What does not exist is off, and needs no bit. */
static int wanted_put(
	const struct vtap_offload *offload, struct nl_msg *message, unsigned which, unsigned on)
{
	uint32_t value[FEATURE_WORDS] = { 0 }, mask[FEATURE_WORDS] = { 0 };
	struct nlattr *set = nla_nest_start(message, ETHTOOL_A_FEATURES_WANTED);

	for (size_t i = 0; i < VTAP_MERGING_COUNT; i++) {
		size_t i_word = offload->bit[i] / BITS_OF_WORD;
		uint32_t bit = 1U << offload->bit[i] % BITS_OF_WORD;

		if ((which & 1U << i) == 0 || i_word >= FEATURE_WORDS)
			continue;
		mask[i_word] |= bit;
		if ((on & 1U << i) != 0)
			value[i_word] |= bit;
	}
	if (set == NULL ||
		nla_put_u32(message, ETHTOOL_A_BITSET_SIZE, FEATURE_WORDS * BITS_OF_WORD) < 0 ||
		nla_put(message, ETHTOOL_A_BITSET_VALUE, sizeof(value), value) < 0 ||
		nla_put(message, ETHTOOL_A_BITSET_MASK, sizeof(mask), mask) < 0)
		return -ENOMEM;
	(void)nla_nest_end(message, set); /* fails for what is larger than 64 KiB */
	return 0;
}

/** struct outcome - of a request */
struct outcome {
	const struct vtap_offload *offload;
	bool is_told;
	unsigned left; /* what was told to change, and did not */
};

/* The kernel tells under the same lock what became of it, so nobody else's change is in between.
 * Source: kernel Documentation/networking/ethtool-netlink.rst FEATURES_SET. */
static int handle_outcome(struct nl_msg *message, void *arg)
{
	struct nlattr *attr[ETHTOOL_A_FEATURES_MAX + 1];
	struct outcome *outcome = arg;

	if (!answer_parse(message, ETHTOOL_MSG_FEATURES_SET_REPLY, attr, ETHTOOL_A_FEATURES_MAX))
		return 0;
	outcome->is_told = true;
	outcome->left =
		set_read(outcome->offload, attr[ETHTOOL_A_FEATURES_WANTED], ETHTOOL_A_BITSET_MASK);
	return 0;
}

/* The sentence about a driver that did otherwise. */
static int refused(struct vtap_err *err, unsigned still_on, unsigned still_off)
{
	char on[VTAP_MERGING_TEXT_MAX], off[VTAP_MERGING_TEXT_MAX];

	(void)vtap_merging_format(still_on, on, sizeof(on));    /* returns it */
	(void)vtap_merging_format(still_off, off, sizeof(off)); /* likewise */
	return vtap_err_set(err, -EOPNOTSUPP, "the driver left %s%s%s%s%s", on,
		still_on != 0 ? " on" : "", still_on != 0 && still_off != 0 ? " and " : "", off,
		still_off != 0 ? " off" : "");
}

/* The kernel answers so also for a device that is there but detached.
 * Source: kernel net/ethtool/netlink.c ethnl_ops_begin() */
static int no_device(int index, int r, struct vtap_err *err)
{
	char name[IF_NAMESIZE];

	if (if_indextoname((unsigned)index, name) == NULL)
		return r;
	return vtap_err_set(err, -EAGAIN, "the driver has it detached for the moment");
}

int vtap_offload_set(
	struct vtap_offload *offload, int index, unsigned which, unsigned on, struct vtap_err *err)
{
	struct outcome outcome = { .offload = offload };
	struct nl_msg *message = ethtool_message(offload, ETHTOOL_MSG_FEATURES_SET,
		ETHTOOL_A_FEATURES_HEADER, index, ETHTOOL_FLAG_COMPACT_BITSETS);
	int r = message == NULL || wanted_put(offload, message, which, on) < 0
			? -ENOMEM
			: vtap_nl_get(offload->nl, message, handle_outcome, &outcome, err);

	nlmsg_free(message);
	if (r == -ENODEV)
		return no_device(index, r, err);
	if (r == 0 && !outcome.is_told)
		r = vtap_err_set(err, -EIO, "the kernel did not say what became of the features");
	if (r < 0)
		return r;
	outcome.left &= which;
	return outcome.left != 0 ? refused(err, outcome.left & ~on, outcome.left & on) : 0;
}
