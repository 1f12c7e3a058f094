// SPDX-License-Identifier: Apache-2.0
#include "datapath/receive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* Bytes for the largest UDP payload (65,507), and some lines more so that the beginnings of the
 * buffers do not all share one set of the caches. */
#define BUFFER_BYTES (65536 + 3 * 64)

/* linux/udp.h; not in every libc's netinet/udp.h */
#ifndef UDP_NO_CHECK6_RX
#define UDP_NO_CHECK6_RX 102
#endif

/* ---- sockets ---- */

static int option_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

int vtap_socket_set_buffer(int fd, uint64_t buffer_bytes)
{
	/* the kernel doubles what it is given for its own bookkeeping: socket(7) */
	int half = (int)(buffer_bytes / 2 < INT_MAX / 2 ? buffer_bytes / 2 : INT_MAX / 2);
	int r = option_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, half);

	return r == -EPERM ? option_set(fd, SOL_SOCKET, SO_RCVBUF, half) : r;
}

static int device_bind(int fd, const char *device)
{
	if (device == NULL)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0
		       ? -errno
		       : 0;
}

static int socket_bind(int fd, int family, uint16_t port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int r = family == AF_INET6 ? bind(fd, (const struct sockaddr *)&v6, sizeof(v6))
				   : bind(fd, (const struct sockaddr *)&v4, sizeof(v4));

	return r < 0 ? -errno : 0;
}

static int family_set(int fd, int family)
{
	int r;

	if (family == AF_INET)
		return option_set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	r = option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	if (r == 0)
		r = option_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (r == 0)
		r = option_set(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX, 1);
	return r;
}

static int family_open(const struct vtap_socket_spec *spec, int family, bool is_shared, int *ret_fd)
{
	_auto_fd int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	int r;

	if (fd < 0)
		return -errno;
	r = family_set(fd, family);
	if (r == 0 && is_shared)
		r = option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (r == 0)
		r = vtap_socket_set_buffer(fd, spec->buffer_bytes);
	if (r == 0)
		r = device_bind(fd, spec->device);
	if (r == 0)
		r = socket_bind(fd, family, spec->port);
	if (r == 0)
		*ret_fd = vtap_steal_fd(&fd);
	return r;
}

/* What a host without IPv6 answers: no such family (ipv6.disable=1), no such address
 * (disable_ipv6). */
static bool is_without_ipv6(int r)
{
	return r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL;
}

static int socket_open(
	const struct vtap_socket_spec *spec, bool is_shared, int *ret_fd, struct vtap_err *err)
{
	int r = family_open(spec, AF_INET6, is_shared, ret_fd);

	if (is_without_ipv6(r))
		r = family_open(spec, AF_INET, is_shared, ret_fd);
	if (r < 0)
		return vtap_err_set(err, r, "UDP port %u%s%s: %s", spec->port,
			spec->device != NULL ? " on " : "",
			spec->device != NULL ? spec->device : "", vtap_errno_text(r));
	return 0;
}

int vtap_socket_open(const struct vtap_socket_spec *spec, int *ret_fd, struct vtap_err *err)
{
	return socket_open(spec, true, ret_fd, err);
}

int vtap_socket_is_free(const struct vtap_socket_spec *spec, struct vtap_err *err)
{
	_auto_fd int fd = -1;

	return socket_open(spec, false, &fd, err);
}

int vtap_socket_leave_group(int fd)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) /* discard */ };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct vtap_addr loopback;
	int family = 0;
	socklen_t size = sizeof(family);

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	loopback = vtap_addr_from_v4(v4.sin_addr);
	memcpy(&v6.sin6_addr, loopback.byte, sizeof(v6.sin6_addr));
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) < 0)
		return -errno;
	if (family == AF_INET6)
		return connect(fd, (const struct sockaddr *)&v6, sizeof(v6)) < 0 ? -errno : 0;
	return connect(fd, (const struct sockaddr *)&v4, sizeof(v4)) < 0 ? -errno : 0;
}

int vtap_socket_refuse(int fd)
{
	static struct sock_filter drop[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_fprog program = { .len = VTAP_ARRAY_LEN(drop), .filter = drop };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

int vtap_socket_drops(int fd, uint32_t *ret_drops)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size) < 0)
		return -errno;
	*ret_drops = info[SK_MEMINFO_DROPS];
	return 0;
}

/* ---- batches ---- */

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct receiver_slot {
	struct iovec iov;
	struct sockaddr_in6 source; /* large enough for IPv4 */
	union control control;
};

struct vtap_receiver {
	uint8_t *arena; /* VTAP_BATCH_MAX buffers, mapped: pages come as they are touched */
	struct receiver_slot slot[VTAP_BATCH_MAX];
	struct mmsghdr message[VTAP_BATCH_MAX];
};

int vtap_receiver_new(struct vtap_receiver **ret_receiver)
{
	struct vtap_receiver *receiver = calloc(1, sizeof(*receiver));

	if (receiver == NULL)
		return -ENOMEM;
	receiver->arena = mmap(NULL, (size_t)VTAP_BATCH_MAX * BUFFER_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (receiver->arena == MAP_FAILED) {
		free(receiver);
		return -ENOMEM;
	}
	for (size_t i = 0; i < VTAP_BATCH_MAX; i++) {
		struct receiver_slot *slot = &receiver->slot[i];

		slot->iov = (struct iovec){ receiver->arena + i * BUFFER_BYTES, BUFFER_BYTES };
		receiver->message[i].msg_hdr = (struct msghdr){
			.msg_name = &slot->source,
			.msg_iov = &slot->iov,
			.msg_iovlen = 1,
			.msg_control = &slot->control,
		};
	}
	*ret_receiver = receiver;
	return 0;
}

void vtap_receiver_free(struct vtap_receiver *receiver)
{
	if (receiver == NULL)
		return;
	(void)munmap(receiver->arena, (size_t)VTAP_BATCH_MAX * BUFFER_BYTES); /* our own mapping */
	free(receiver);
}

static struct vtap_addr source_read(const struct sockaddr_in6 *from)
{
	struct sockaddr_in v4;
	struct vtap_addr addr;

	if (from->sin6_family == AF_INET) {
		memcpy(&v4, from, sizeof(v4));
		return vtap_addr_from_v4(v4.sin_addr);
	}
	memcpy(addr.byte, &from->sin6_addr, sizeof(addr.byte));
	return addr;
}

static int interface_read(struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
		struct in6_pktinfo v6;
		struct in_pktinfo v4;

		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			return (int)v6.ipi6_ifindex;
		}
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			return v4.ipi_ifindex;
		}
	}
	return 0;
}

int vtap_receiver_batch(struct vtap_receiver *receiver, int fd,
	struct vtap_packet ret_packets[static VTAP_BATCH_MAX])
{
	int n;

	for (int i = 0; i < VTAP_BATCH_MAX; i++) {
		receiver->message[i].msg_hdr.msg_namelen = sizeof(receiver->slot[i].source);
		receiver->message[i].msg_hdr.msg_controllen = sizeof(receiver->slot[i].control);
	}
	n = recvmmsg(fd, receiver->message, VTAP_BATCH_MAX, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++)
		ret_packets[i] = (struct vtap_packet){
			.payload = { receiver->slot[i].iov.iov_base, receiver->message[i].msg_len },
			.source = source_read(&receiver->slot[i].source),
			.interface_index = interface_read(&receiver->message[i].msg_hdr),
		};
	return n;
}
