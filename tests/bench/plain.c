// SPDX-License-Identifier: Apache-2.0
/*
 * Plain: what somebody writes as a first tool of their own. One socket, one TAP; recvfrom(), look
 * at the VXLAN header, write(). The worker is measured against it.
 *
 * usage: plain INTERFACE VNI RECEIVE_BUFFER_BYTES
 * Says "ready" when it listens; ends with SIGTERM.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/bench/core.h"
#include "wire/vxlan.h"

static int tap_open(const char *interface)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = must(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
	_auto_fd int any_fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface); /* cut: ours */
	must(ioctl(fd, TUNSETIFF, &request));
	request.ifr_flags = IFF_UP;
	must(ioctl(any_fd, SIOCSIFFLAGS, &request));
	return fd;
}

static int socket_open(int buffer_bytes)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(VTAP_VXLAN_PORT) };
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	/* the kernel doubles it: socket(7) */
	buffer_bytes /= 2;
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)));
	must(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	return fd;
}

static void packet_forward(int tap_fd, const uint8_t *packet, ssize_t n_bytes, uint32_t vni)
{
	if (n_bytes < VTAP_VXLAN_HEADER_BYTES + VTAP_ETH_HEADER_BYTES)
		return;
	if ((packet[0] & VTAP_VXLAN_FLAG_I) == 0)
		return;
	if (((uint32_t)packet[4] << 16 | (uint32_t)packet[5] << 8 | packet[6]) != vni)
		return;
	(void)!write(tap_fd, packet + VTAP_VXLAN_HEADER_BYTES,
		(size_t)n_bytes - VTAP_VXLAN_HEADER_BYTES); /* refused: the frame is lost */
}

int main(int argc, char **argv)
{
	static uint8_t packet[65536];
	struct sockaddr_in from;
	uint32_t vni;
	int tap_fd, fd;

	if (argc != 4)
		return 64;
	vni = (uint32_t)number_read(argv[2]);
	tap_fd = tap_open(argv[1]);
	fd = socket_open((int)number_read(argv[3]));
	(void)puts("ready"); /* whoever reads it misses the line */
	must(fflush(stdout));
	while (true) {
		socklen_t length = sizeof(from);
		ssize_t n =
			recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &length);

		packet_forward(tap_fd, packet, n, vni);
	}
}
