// SPDX-License-Identifier: Apache-2.0
#include "tap/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

static const char TUN_PATH[] = "/dev/net/tun";

static int tun_open(int *ret_fd, struct vtap_err *err)
{
	int fd = open(TUN_PATH, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return vtap_err_set(err, -errno, "open %s: %s", TUN_PATH, vtap_errno_text(errno));
	*ret_fd = fd;
	return 0;
}

int vtap_tap_set_owner(int fd, uid_t uid, gid_t gid, struct vtap_err *err)
{
	if (ioctl(fd, TUNSETOWNER, (unsigned long)uid) < 0)
		return vtap_err_set(err, -errno, "TUNSETOWNER: %s", vtap_errno_text(errno));
	if (ioctl(fd, TUNSETGROUP, (unsigned long)gid) < 0)
		return vtap_err_set(err, -errno, "TUNSETGROUP: %s", vtap_errno_text(errno));
	return 0;
}

static int tun_attach(const char *name, short extra_flags, const char *verb, uid_t uid, gid_t gid,
	int *ret_fd, struct vtap_err *err)
{
	_auto_fd int fd = -1;
	struct ifreq request = { .ifr_flags = (short)(IFF_TAP | IFF_NO_PI | extra_flags) };
	int r = tun_open(&fd, err);

	if (r < 0)
		return r;
	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return vtap_err_set(err, -errno, "%s %s: %s", verb, name, vtap_errno_text(errno));
	r = vtap_tap_set_owner(fd, uid, gid, err);
	if (r < 0)
		return r;
	*ret_fd = vtap_steal_fd(&fd);
	return 0;
}

int vtap_tap_create(const char *name, uid_t uid, gid_t gid, int *ret_fd, struct vtap_err *err)
{
	int r = tun_attach(name, (short)IFF_TUN_EXCL, "create", uid, gid, ret_fd, err);

	/* the kernel says EBUSY where everybody else says EEXIST */
	return r == -EBUSY ? vtap_err_set(err, -EEXIST, "create %s: the name is taken", name) : r;
}

int vtap_tap_attach(const char *name, uid_t uid, gid_t gid, int *ret_fd, struct vtap_err *err)
{
	_auto_fd int fd = -1;
	unsigned index = if_nametoindex(name);
	int r;

	/* TUNSETIFF creates what does not exist; the caller wants this one or none */
	if (index == 0 && errno == ENODEV)
		return vtap_err_set(err, -ENODEV, "attach to %s: it is gone", name);
	if (index == 0)
		return vtap_err_set(
			err, -errno, "attach to %s: look it up: %s", name, vtap_errno_text(errno));
	r = tun_attach(name, 0, "attach to", uid, gid, &fd, err);
	if (r < 0)
		return r;
	if (if_nametoindex(name) != index)
		return vtap_err_set(err, -ENODEV, "attach to %s: it was replaced meanwhile", name);
	*ret_fd = vtap_steal_fd(&fd);
	return 0;
}

int vtap_tap_set_persistent(int fd, bool is_persistent, struct vtap_err *err)
{
	if (ioctl(fd, TUNSETPERSIST, (unsigned long)is_persistent) < 0)
		return vtap_err_set(err, -errno, "TUNSETPERSIST: %s", vtap_errno_text(errno));
	return 0;
}

int vtap_tap_name(int fd, char ret_name[static VTAP_TAP_NAME_MAX])
{
	struct ifreq request = { 0 };

	if (ioctl(fd, TUNGETIFF, &request) < 0)
		return -errno;
	memcpy(ret_name, request.ifr_name, VTAP_TAP_NAME_MAX - 1);
	ret_name[VTAP_TAP_NAME_MAX - 1] = '\0';
	return 0;
}
