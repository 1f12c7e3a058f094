// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. A clsact qdisc has two lists of filters, in the order of their priorities. The
 * older `ingress` qdisc sits at the same place under the same number (ffff:0), excludes clsact, and
 * has one list: the kernel takes a request for the egress hook there and puts the filter into the
 * ingress list without a word (ingress_find() knows no classes). So ingress is tried at once, and
 * the qdisc is made when the kernel misses it; before egress is set, the qdisc is "made" in any
 * case, without NLM_F_EXCL: the kernel then says that clsact is there, or refuses the other kind.
 */
#include "netlink/clsact.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <string.h>

#define KIND_BPF    "bpf"
#define KIND_CLSACT "clsact"

/** KIND_BYTES - of a kind's name. Source: kernel include/net/pkt_cls.h, IFNAMSIZ */
#define KIND_BYTES 16

#define QDISC_HANDLE TC_H_MAKE(TC_H_CLSACT, 0)

/** struct entry - a filter as the kernel told it */
struct entry {
	char kind[KIND_BYTES];
	uint32_t priority;
	uint16_t protocol_be;
	struct vtap_filter filter; /* of the kind bpf; else "" and 0 */
};

/* ---- messages ---- */

static uint32_t hook_parent(enum vtap_hook hook)
{
	return TC_H_MAKE(
		TC_H_CLSACT, hook == VTAP_HOOK_INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

/* Priority and protocol share a word. */
static uint32_t place_info(uint32_t priority, uint16_t protocol)
{
	return TC_H_MAKE(priority << 16, htons(protocol));
}

static struct nl_msg *tc_message(int type, int flags, const struct tcmsg *info)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, flags);

	if (message != NULL &&
		nlmsg_append(message, (void *)info, sizeof(*info), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

/* A message about exactly our place of a hook. */
static struct nl_msg *place_message(int type, int flags, int index, enum vtap_hook hook)
{
	const struct tcmsg info = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = index,
		.tcm_handle = VTAP_TC_HANDLE,
		.tcm_parent = hook_parent(hook),
		.tcm_info = place_info(VTAP_TC_PRIORITY, ETH_P_ALL),
	};

	return tc_message(type, flags, &info);
}

/* Takes @message; NULL, or @built < 0, means that it could not be built. */
static int tc_send(struct vtap_nl *nl, struct nl_msg *message, int built, struct vtap_err *err)
{
	int r = message == NULL || built < 0 ? -ENOMEM : vtap_nl_do(nl, message, err);

	nlmsg_free(message);
	return r;
}

/* ---- reading ---- */

static void program_read(struct nlattr *options, struct vtap_filter *filter)
{
	struct nlattr *attr[TCA_BPF_MAX + 1];

	if (options == NULL || nla_parse_nested(attr, TCA_BPF_MAX, options, NULL) < 0)
		return;
	if (attr[TCA_BPF_NAME] != NULL) /* cut is documented */
		(void)nla_strlcpy(filter->name, attr[TCA_BPF_NAME], sizeof(filter->name));
	if (attr[TCA_BPF_ID] != NULL && nla_len(attr[TCA_BPF_ID]) >= (int)sizeof(uint32_t))
		filter->program_id = nla_get_u32(attr[TCA_BPF_ID]);
}

/* The head of a message about a filter or qdisc, or NULL for another one. */
static const struct tcmsg *entry_parse(struct nl_msg *message, int type, struct entry *ret_entry)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct nlattr *attr[TCA_MAX + 1];
	const struct tcmsg *info;

	if (header->nlmsg_type != type ||
		nlmsg_parse(header, sizeof(*info), attr, TCA_MAX, NULL) < 0)
		return NULL;
	info = nlmsg_data(header);
	*ret_entry = (struct entry){
		.priority = TC_H_MAJ(info->tcm_info) >> 16,
		.protocol_be = (uint16_t)TC_H_MIN(info->tcm_info),
	};
	if (attr[TCA_KIND] != NULL) /* cut is harmless: ours fits */
		(void)nla_strlcpy(ret_entry->kind, attr[TCA_KIND], sizeof(ret_entry->kind));
	if (strcmp(ret_entry->kind, KIND_BPF) == 0)
		program_read(attr[TCA_OPTIONS], &ret_entry->filter);
	return info;
}

/* Chain 0 of a hook; @priority 0: all of it. A hook that is not there has no filters. */
static int filters_dump(struct vtap_nl *nl, int index, enum vtap_hook hook, uint32_t priority,
	int (*each)(struct nl_msg *message, void *arg), void *arg, struct vtap_err *err)
{
	const struct tcmsg info = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = index,
		.tcm_parent = hook_parent(hook),
		.tcm_info = place_info(priority, 0),
	};
	struct nl_msg *message = tc_message(RTM_GETTFILTER, 0, &info);
	int r = -ENOMEM;

	if (message != NULL && nla_put_u32(message, TCA_CHAIN, 0) == 0)
		r = vtap_nl_dump(nl, message, each, arg, err);
	nlmsg_free(message);
	return r;
}

/* ---- finding ---- */

static int handle_filter(struct nl_msg *message, void *arg)
{
	struct entry entry;

	if (entry_parse(message, RTM_NEWTFILTER, &entry) != NULL)
		*(struct vtap_filter *)arg = entry.filter;
	return 0;
}

/* A priority belongs to one kind and one protocol: is ours somebody else's? */
static int handle_place(struct nl_msg *message, void *arg)
{
	struct entry entry;

	if (entry_parse(message, RTM_NEWTFILTER, &entry) != NULL &&
		(strcmp(entry.kind, KIND_BPF) != 0 || entry.protocol_be != htons(ETH_P_ALL)))
		*(bool *)arg = true;
	return 0;
}

/* What the kernel says when a filter, chain, qdisc or interface is not there, a priority has
 * another kind or protocol, or the hook's filters are a block shared by several interfaces, in
 * which we never are. */
static bool errno_is_absent(int r)
{
	return r == -ENOENT || r == -EINVAL || r == -ENODEV || r == -EOPNOTSUPP;
}

int vtap_clsact_find(struct vtap_nl *nl, int index, enum vtap_hook hook,
	struct vtap_filter *ret_filter, struct vtap_err *err)
{
	struct nl_msg *message = place_message(RTM_GETTFILTER, 0, index, hook);
	struct vtap_filter filter = { .program_id = 0 };
	bool is_taken = false;
	int r = message == NULL ? -ENOMEM : vtap_nl_get(nl, message, handle_filter, &filter, err);

	nlmsg_free(message);
	if (errno_is_absent(r)) {
		r = filters_dump(nl, index, hook, VTAP_TC_PRIORITY, handle_place, &is_taken, err);
		if (r < 0)
			return r;
		return is_taken ? VTAP_CLSACT_FOREIGN : VTAP_CLSACT_NONE;
	}
	if (r < 0)
		return r;
	if (strncmp(filter.name, VTAP_FILTER_NAME_PREFIX, strlen(VTAP_FILTER_NAME_PREFIX)) != 0)
		return VTAP_CLSACT_FOREIGN;
	*ret_filter = filter;
	return 0;
}

/** struct first - the smallest priority of a dump: filters come in that order, each priority first
 * by itself without a name, then with its filters */
struct first {
	struct entry entry;
	bool is_found;
};

static int handle_first(struct nl_msg *message, void *arg)
{
	struct first *first = arg;
	struct entry entry;

	if (entry_parse(message, RTM_NEWTFILTER, &entry) == NULL ||
		entry.priority >= VTAP_TC_PRIORITY)
		return 0;
	if (!first->is_found ||
		(entry.priority == first->entry.priority && first->entry.filter.name[0] == '\0'))
		first->entry = entry;
	first->is_found = true;
	return 0;
}

int vtap_clsact_first(struct vtap_nl *nl, int index, enum vtap_hook hook,
	char ret_words[static VTAP_FILTER_WORDS_MAX], struct vtap_err *err)
{
	struct first first = { .is_found = false };
	const char *name = first.entry.filter.name;
	int r = filters_dump(nl, index, hook, 0, handle_first, &first, err);

	if (r < 0)
		return r;
	if (!first.is_found)
		return VTAP_CLSACT_NONE;
	(void)snprintf(ret_words, VTAP_FILTER_WORDS_MAX, "filter pref %u (%s%s%s)", /* fits */
		first.entry.priority, first.entry.kind, name[0] != '\0' ? " " : "", name);
	return 0;
}

/* ---- setting and clearing ---- */

/* Also when it is there already. Return: -EINVAL if it is of another kind. */
static int qdisc_make(struct vtap_nl *nl, int index, struct vtap_err *err)
{
	const struct tcmsg info = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = index,
		.tcm_handle = QDISC_HANDLE,
		.tcm_parent = TC_H_CLSACT,
	};
	struct nl_msg *message = tc_message(RTM_NEWQDISC, NLM_F_CREATE, &info);
	int built = message != NULL ? nla_put_string(message, TCA_KIND, KIND_CLSACT) : -1;

	return tc_send(nl, message, built, err);
}

static int program_put(struct nl_msg *message, const char *name, int program_fd)
{
	struct nlattr *options = nla_nest_start(message, TCA_OPTIONS);
	int r = options == NULL ? -1 : nla_put_u32(message, TCA_BPF_FD, (uint32_t)program_fd);

	if (r == 0)
		r = nla_put_string(message, TCA_BPF_NAME, name);
	if (r == 0)
		r = nla_put_u32(message, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	if (options != NULL)
		nla_nest_end(message, options);
	return r;
}

static int filter_put(struct vtap_nl *nl, int index, enum vtap_hook hook, const char *name,
	int program_fd, struct vtap_err *err)
{
	struct nl_msg *message = place_message(RTM_NEWTFILTER, NLM_F_CREATE, index, hook);
	int built = message != NULL ? nla_put_string(message, TCA_KIND, KIND_BPF) : -1;

	if (built == 0)
		built = program_put(message, name, program_fd);
	return tc_send(nl, message, built, err);
}

static int egress_prepare(struct vtap_nl *nl, int index, struct vtap_err *err)
{
	int r = qdisc_make(nl, index, err);

	if (r == -EINVAL)
		return vtap_err_set(err, -EEXIST,
			"somebody's ingress qdisc excludes clsact, and has no egress hook");
	return r;
}

int vtap_clsact_set(struct vtap_nl *nl, int index, enum vtap_hook hook, const char *name,
	int program_fd, struct vtap_err *err)
{
	int r = hook == VTAP_HOOK_EGRESS ? egress_prepare(nl, index, err) : 0;

	if (r == 0)
		r = filter_put(nl, index, hook, name, program_fd, err);
	/* "Parent Qdisc doesn't exists", or something else is wrong, which stays wrong */
	if (r == -EINVAL && hook == VTAP_HOOK_INGRESS) {
		r = qdisc_make(nl, index, err);
		if (r == 0)
			r = filter_put(nl, index, hook, name, program_fd, err);
	}
	return r;
}

int vtap_clsact_clear(struct vtap_nl *nl, int index, enum vtap_hook hook, struct vtap_err *err)
{
	struct vtap_filter filter;
	struct nl_msg *message;
	int r = vtap_clsact_find(nl, index, hook, &filter, err);

	if (r != 0)
		return r < 0 ? r : 0;
	message = place_message(RTM_DELTFILTER, 0, index, hook);
	r = tc_send(nl, message, message != NULL ? nla_put_string(message, TCA_KIND, KIND_BPF) : -1,
		err);
	return errno_is_absent(r) ? 0 : r; /* by somebody else, since the look */
}

/* ---- who has hooks ---- */

struct indexes {
	int *index;
	size_t n;
};

static int handle_qdisc(struct nl_msg *message, void *arg)
{
	struct indexes *indexes = arg;
	struct entry entry;
	const struct tcmsg *info = entry_parse(message, RTM_NEWQDISC, &entry);
	int *grown;

	if (info == NULL || info->tcm_parent != TC_H_CLSACT) /* TC_H_INGRESS is the same number */
		return 0;
	grown = reallocarray(indexes->index, indexes->n + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	indexes->index = grown;
	grown[indexes->n++] = info->tcm_ifindex;
	return 0;
}

int vtap_clsact_devices(struct vtap_nl *nl, int **ret_indexes, size_t *ret_n, struct vtap_err *err)
{
	const struct tcmsg info = { .tcm_family = AF_UNSPEC };
	struct nl_msg *message = tc_message(RTM_GETQDISC, 0, &info);
	struct indexes indexes = { .n = 0 };
	int r = message == NULL ? -ENOMEM : vtap_nl_dump(nl, message, handle_qdisc, &indexes, err);

	nlmsg_free(message);
	if (r < 0) {
		free(indexes.index);
		return vtap_err_add(err, r, "read the qdiscs");
	}
	*ret_indexes = indexes.index;
	*ret_n = indexes.n;
	return 0;
}
