/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where packets come from: a UDP socket in a SO_REUSEPORT group, read in batches. The stack below
 * it has checked lengths and checksums, reassembled fragments, and undone GRO.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/prefix.h"

/** VTAP_BATCH_MAX - packets of one recvmmsg; more gains nothing measurable and delays the table
 * swap */
#define VTAP_BATCH_MAX 64

/** struct vtap_socket_spec - what a worker's socket is to be */
struct vtap_socket_spec {
	uint16_t port;
	const char *device;    /* bound to this interface; NULL: packets of every interface */
	uint64_t buffer_bytes; /* SO_RCVBUFFORCE, or SO_RCVBUF without CAP_NET_ADMIN */
};

/**
 * vtap_socket_open() - a bound UDP socket, dual stack, or IPv4 alone where IPv6 is switched off
 * @ret_fd: new descriptor, close-on-exec, non-blocking; caller owns. It fills from now on.
 * Context: any thread. SO_BINDTODEVICE needs no capability on a fresh socket since Linux 5.7.
 * Return: 0; -EADDRINUSE; -ENODEV when there is no such interface; other negative errno.
 * Source: udp(7), ipv6(7); UDP_NO_CHECK6_RX for IPv6 senders without checksum: linux/udp.h, RFC
 * 6935.
 */
int vtap_socket_open(const struct vtap_socket_spec *spec, int *ret_fd, struct vtap_err *err);

/**
 * vtap_socket_is_free() - has nobody bound the port yet, not even with SO_REUSEPORT?
 *
 * A stranger of the same user who shares the port would take a share of the packets, unseen.
 * Return: 0; -EADDRINUSE; other negative errno. Source: tests/probes/reuseport_share.c.
 */
int vtap_socket_is_free(const struct vtap_socket_spec *spec, struct vtap_err *err);

/** vtap_socket_set_buffer() - change SO_RCVBUF of a socket in use. Return: 0 or negative errno. */
int vtap_socket_set_buffer(int fd, uint64_t buffer_bytes);

/**
 * vtap_socket_leave_group() - no new packet reaches this socket, what it holds stays readable
 *
 * A connected UDP socket only takes packets of its peer, and the kernel passes over connected
 * sockets when it picks one of a SO_REUSEPORT group. So connecting to our own loopback takes the
 * socket out without closing it.
 * Return: 0; negative errno where loopback cannot be reached: the socket goes on receiving.
 * Source: kernel net/core/sock_reuseport.c reuseport_select_sock_by_hash();
 * tests/probes/leave_group.c.
 */
int vtap_socket_leave_group(int fd);

/**
 * vtap_socket_refuse() - from now on the socket drops what arrives, counted by vtap_socket_drops()
 *
 * For a socket that cannot leave its group: what it would lose when it closes is counted at least.
 * Return: 0 or negative errno. Source: socket(7) SO_ATTACH_FILTER; a filter of one "return 0".
 */
int vtap_socket_refuse(int fd);

/**
 * vtap_socket_drops() - packets that the kernel dropped on this socket since it was opened, modulo
 * 2^32
 *
 * Mostly "buffer full"; the kernel counts wrong outer UDP checksums on the same counter.
 * Return: 0 or negative errno. Source: SO_MEMINFO, linux/sock_diag.h SK_MEMINFO_DROPS; unlike
 * SO_RXQ_OVFL it does not lag (tests/probes/meminfo_drops.c).
 */
int vtap_socket_drops(int fd, uint32_t *ret_drops);

/** struct vtap_packet - one packet of a batch; the view borrows the receiver's memory */
struct vtap_packet {
	struct vtap_view payload; /* of the UDP datagram */
	struct vtap_addr source;  /* outer */
	int interface_index;      /* it came in on; 0 if the kernel did not say */
};

struct vtap_receiver;

/** vtap_receiver_new() - buffers for one batch, 4 MiB touched as needed. Return: 0, -ENOMEM. */
int vtap_receiver_new(struct vtap_receiver **ret_receiver);

/** vtap_receiver_free() - NULL is allowed */
void vtap_receiver_free(struct vtap_receiver *receiver);

/**
 * vtap_receiver_batch() - read what is there, at most VTAP_BATCH_MAX packets, without waiting
 * @ret_packets: valid until the next call
 * Context: the worker. One system call, no allocation.
 * Return: the number of packets; 0 when the socket is empty; negative errno.
 */
int vtap_receiver_batch(struct vtap_receiver *receiver, int fd,
	struct vtap_packet ret_packets[static VTAP_BATCH_MAX]);
