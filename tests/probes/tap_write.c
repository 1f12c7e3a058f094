// SPDX-License-Identifier: Apache-2.0
/*
 * Relied upon by the worker's verdicts: a write to a TAP fails with EIO while the interface is
 * down, with EBADFD after it was deleted, with EINVAL under 14 bytes; and it never says "full".
 */
#include "tests/probes/probe.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>

static int tap_open(void)
{
	struct ifreq request = { .ifr_name = "probe0", .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		test_skip("/dev/net/tun", strerror(errno));
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		test_skip("a TAP", strerror(errno));
	return fd;
}

static void tap_set_flags(short flags)
{
	_auto_fd int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	struct ifreq request = { .ifr_name = "probe0", .ifr_flags = flags };

	must(ioctl(fd, SIOCSIFFLAGS, &request));
}

static void tap_delete(void)
{
	_auto_fd int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_DELLINK,
			.nlmsg_flags = NLM_F_REQUEST },
		.link.ifi_index = (int)if_nametoindex("probe0"),
	};

	must(send(fd, &request, sizeof(request), 0));
	must(if_nametoindex("probe0") == 0 ? 0 : -1);
}

/* Return: 0 or the errno of a write of @n bytes */
static int frame_write(int fd, size_t n)
{
	static const uint8_t frame[65000] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };

	return write(fd, frame, n) < 0 ? errno : 0;
}

int main(void)
{
	int fd, r = 0;

	namespace_enter_or_skip();
	fd = tap_open();
	r = frame_write(fd, 60);
	claim(r == EIO, "never up: %s", strerror(r));
	tap_set_flags(IFF_UP);
	claim(frame_write(fd, 14) == 0, "up: 14 bytes are taken");
	claim(frame_write(fd, 65000) == 0, "up: 65,000 bytes are taken, whatever the MTU");
	r = frame_write(fd, 13);
	claim(r == EINVAL, "up: 13 bytes: %s", strerror(r));
	for (int i = 0; i < 20000 && r != EAGAIN; i++)
		r = frame_write(fd, 1500);
	claim(r == 0, "up: 20,000 frames that nobody reads: %s", strerror(r));
	tap_set_flags(0);
	r = frame_write(fd, 60);
	claim(r == EIO, "down: %s", strerror(r));
	tap_delete();
	r = frame_write(fd, 60);
	claim(r == EBADFD, "deleted: %s", strerror(r));
	(void)vtap_fd_close(fd); /* always -1 */
	return EXIT_SUCCESS;
}
