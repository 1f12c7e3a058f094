// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. The kernel tells every UDP socket of the namespace with its address, user and
 * inode, but not whose it is: /proc/PID/fd says that, for the processes that we may look at. A
 * socket of the kernel itself has an inode, too. What gives one of a tunnel away is that nobody has
 * it open, it is bound to every address, and multicast does not loop: kernel
 * net/ipv4/udp_tunnel_core.c setup_udp_tunnel_sock() clears that on every one of them, and a
 * program's socket has it set from birth.
 */
#include "netlink/holder.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "netlink/socket.h"

/* Sockets that are looked at: one is what we came for, SO_REUSEPORT makes a few. */
#define CANDIDATES_MAX 64

/* Descriptors that are looked at in all, some 2 us each: a busy host has fewer. */
#define DESCRIPTORS_MAX 65536

/* What a link of /proc/PID/fd says of a socket, before its inode. Source: proc(5). */
#define SOCKET_START "socket:["

/* Of a process's name in /proc/PID/comm. Source: proc(5), TASK_COMM_LEN. */
#define COMM_MAX 16

/** struct candidate - a socket that is bound to the port */
struct candidate {
	int family;
	uint8_t addr[16]; /* network order; 4 of it for IPv4 */
	uint32_t uid;
	uint32_t inode;
	bool is_like_tunnel; /* bound to every address, and multicast does not loop */
	int pid;             /* who has it open; 0: nobody that we can see */
};

struct search {
	int family; /* of who is refused; AF_UNSPEC: of both */
	uint16_t port;
	struct candidate candidate[CANDIDATES_MAX];
	size_t n;
	size_t n_unowned;
	unsigned n_descriptors; /* looked at so far */
};

/* ---- what the kernel tells ---- */

/* Is it known that multicast does not loop? */
static bool loop_is_off(const struct nlattr *attr)
{
	struct inet_diag_sockopt options;

	if (attr == NULL || nla_len(attr) < (int)sizeof(options))
		return false;
	memcpy(&options, nla_data(attr), sizeof(options));
	return !options.mc_loop;
}

static const uint8_t EVERY[16] = { 0 };
static const uint8_t MAPPED[12] = { [10] = 0xff, [11] = 0xff }; /* RFC 4291 section 2.5.5.2 */

/* Does it stand in the way? Dual-stack sockets have the port of both families where they are bound
 * to every address, and that of IPv4 where they are bound to one of its own. */
static bool is_in_the_way(
	const struct search *search, const struct inet_diag_msg *told, const struct nlattr *v6only)
{
	if (search->family == AF_UNSPEC || search->family == told->idiag_family)
		return true;
	if (search->family == AF_INET && memcmp(told->id.idiag_src, MAPPED, sizeof(MAPPED)) == 0)
		return true;
	if (search->family == AF_INET6 || memcmp(told->id.idiag_src, EVERY, sizeof(EVERY)) != 0)
		return false;
	return v6only == NULL || nla_len(v6only) < 1 || nla_get_u8(v6only) == 0;
}

static int handle_socket(struct nl_msg *message, void *arg)
{
	struct search *search = arg;
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct nlattr *attr[INET_DIAG_SOCKOPT + 1];
	struct candidate *candidate = &search->candidate[search->n];
	const struct inet_diag_msg *told;

	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || search->n == CANDIDATES_MAX ||
		nlmsg_parse(header, sizeof(*told), attr, INET_DIAG_SOCKOPT, NULL) < 0)
		return 0;
	told = nlmsg_data(header);
	if (ntohs(told->id.idiag_sport) != search->port || told->idiag_inode == 0 ||
		!is_in_the_way(search, told, attr[INET_DIAG_SKV6ONLY]))
		return 0; /* not asked for, or nobody's any more */
	*candidate = (struct candidate){
		.family = told->idiag_family,
		.uid = told->idiag_uid,
		.inode = told->idiag_inode,
	};
	memcpy(candidate->addr, told->id.idiag_src, sizeof(candidate->addr));
	candidate->is_like_tunnel = memcmp(candidate->addr, EVERY, sizeof(EVERY)) == 0 &&
				    loop_is_off(attr[INET_DIAG_SOCKOPT]);
	search->n++;
	return 0;
}

static int family_dump(
	struct vtap_nl *nl, uint8_t family, struct search *search, struct vtap_err *err)
{
	const struct inet_diag_req_v2 request = {
		.sdiag_family = family,
		.sdiag_protocol = IPPROTO_UDP,
		.idiag_states = UINT32_MAX,
		.id.idiag_sport = htons(search->port),
	};
	struct nl_msg *message = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, 0);
	int r = -ENOMEM;

	if (message != NULL &&
		nlmsg_append(message, (void *)&request, sizeof(request), NLMSG_ALIGNTO) == 0)
		r = vtap_nl_dump(nl, message, handle_socket, search, err);
	nlmsg_free(message);
	return r == -EINTR ? 0 : r; /* what an interrupted one told is true, too */
}

static int sockets_dump(struct search *search, struct vtap_err *err)
{
	_auto(nl) struct vtap_nl *nl = NULL;
	int r = vtap_nl_open_protocol(NETLINK_SOCK_DIAG, &nl, err);

	if (r == 0)
		r = family_dump(nl, AF_INET, search, err);
	if (r == 0)
		r = family_dump(nl, AF_INET6, search, err);
	search->n_unowned = search->n;
	return r;
}

/* ---- whose it is ---- */

/* @text: what a link of /proc/PID/fd points to. */
static void descriptor_note(struct search *search, const char *text, int pid)
{
	unsigned long inode;
	char *end;

	if (strncmp(text, SOCKET_START, strlen(SOCKET_START)) != 0)
		return;
	inode = strtoul(text + strlen(SOCKET_START), &end, 10);
	if (*end != ']')
		return;
	for (size_t i = 0; i < search->n; i++) {
		struct candidate *candidate = &search->candidate[i];

		if (candidate->inode != inode || candidate->pid != 0)
			continue;
		candidate->pid = pid;
		search->n_unowned--;
	}
}

static bool search_is_over(const struct search *search)
{
	return search->n_unowned == 0 || search->n_descriptors >= DESCRIPTORS_MAX;
}

/* What a process has open, if we may see it. @proc_fd: /proc */
static void process_look(struct search *search, int proc_fd, int pid)
{
	char path[sizeof("/fd") + 3 * sizeof(pid)], text[64];
	const struct dirent *entry;
	DIR *folder;
	int fd;

	(void)snprintf(path, sizeof(path), "%d/fd", pid); /* fits */
	fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd >= 0 ? fdopendir(fd) : NULL;
	if (folder == NULL) {
		(void)vtap_fd_close(fd); /* always -1 */
		return;
	}
	while (!search_is_over(search) && (entry = readdir(folder)) != NULL) {
		ssize_t len = readlinkat(fd, entry->d_name, text, sizeof(text) - 1);

		search->n_descriptors++;
		if (len < 0)
			continue;
		text[len] = '\0';
		descriptor_note(search, text, pid);
	}
	(void)closedir(folder); /* nothing was written */
}

/* Ours first: they are passed over however many others there are. */
static void owners_find(struct search *search)
{
	DIR *folder = search->n_unowned > 0 ? opendir("/proc") : NULL;
	const struct dirent *entry;

	if (folder == NULL)
		return;
	process_look(search, dirfd(folder), getpid());
	while (!search_is_over(search) && (entry = readdir(folder)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			process_look(search, dirfd(folder), (int)strtol(entry->d_name, NULL, 10));
	(void)closedir(folder); /* nothing was written */
}

static bool is_of_program(const struct candidate *candidate)
{
	return candidate->pid != 0 ? candidate->pid != getpid() : !candidate->is_like_tunnel;
}

/* ---- words ---- */

/* " (zeek, pid 4711)", or "" where we may not see it */
static void process_describe(int pid, char *ret_words, size_t size)
{
	char path[sizeof("/proc//comm") + 3 * sizeof(pid)], comm[COMM_MAX] = "";
	_auto_fd int fd = -1;
	ssize_t len;

	ret_words[0] = '\0';
	if (pid == 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd >= 0 ? read(fd, comm, sizeof(comm) - 1) : -1;
	comm[len > 0 ? len : 0] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	vtap_text_make_printable(comm);
	(void)snprintf(ret_words, size, " (%s%spid %d)", comm, comm[0] != '\0' ? ", " : "",
		pid); /* cut is harmless */
}

static void candidate_describe(
	const struct candidate *candidate, char ret_words[static VTAP_HOLDER_WORDS_MAX])
{
	char addr[INET6_ADDRSTRLEN] = "?", process[64];

	(void)inet_ntop(candidate->family, candidate->addr, addr, sizeof(addr)); /* fits */
	process_describe(candidate->pid, process, sizeof(process));
	(void)snprintf(ret_words, VTAP_HOLDER_WORDS_MAX, "a socket on %s of uid %" PRIu32 "%s",
		addr, candidate->uid, process); /* fits */
}

int vtap_holder_find(int family, uint16_t port, char ret_words[static VTAP_HOLDER_WORDS_MAX],
	struct vtap_err *err)
{
	struct search search = { .family = family, .port = port };
	int r = sockets_dump(&search, err);

	if (r < 0)
		return vtap_err_add(err, r, "ask who holds UDP port %u", port);
	owners_find(&search);
	for (size_t i = 0; i < search.n; i++)
		if (is_of_program(&search.candidate[i])) {
			candidate_describe(&search.candidate[i], ret_words);
			return 0;
		}
	return VTAP_HOLDER_NONE;
}
