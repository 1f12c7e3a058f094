/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TAP devices: the part that only ioctls on /dev/net/tun can do (rtnetlink cannot create them).
 * Dressing them (alias, address, MTU, IPv6, up) is netlink's.
 *
 * One descriptor for one single-queue device, shared by all workers: a write is one frame and
 * parallel-safe, and a multi-queue device costs eleven times the memory and gains nothing
 * (measured).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/** VTAP_TAP_NAME_MAX - bytes of an interface name with its NUL. Source: linux/if.h IFNAMSIZ */
#define VTAP_TAP_NAME_MAX 16

/**
 * vtap_tap_create() - make a TAP device that nobody has yet, and set who may attach to it
 * @name:   interface name, 1..15 bytes, validated
 * @uid:    the only user (TUNSETOWNER)
 * @gid:    the only group (TUNSETGROUP)
 * @ret_fd: new descriptor, close-on-exec, non-blocking; caller owns. The device is not persistent
 *          yet: if the caller fails later, closing the descriptor removes the device, unmarked or
 * not. Context: main thread; needs CAP_NET_ADMIN. Return: 0; -EEXIST when the name is taken;
 * -ENOENT without /dev/net/tun; -EPERM; other negative errno. Source: kernel
 * Documentation/networking/tuntap.rst, drivers/net/tun.c tun_set_iff().
 */
int vtap_tap_create(const char *name, uid_t uid, gid_t gid, int *ret_fd, struct vtap_err *err);

/**
 * vtap_tap_attach() - take up a persistent TAP device that exists, and set who may attach to it
 * Context: as above. Return: 0; -ENODEV when it is gone; -EBUSY when another process holds it;
 *          -EINVAL when it is no single-queue TAP; other negative errno.
 */
int vtap_tap_attach(const char *name, uid_t uid, gid_t gid, int *ret_fd, struct vtap_err *err);

/** vtap_tap_set_owner() - who may attach, of a device that is held. Return: 0 or negative errno. */
int vtap_tap_set_owner(int fd, uid_t uid, gid_t gid, struct vtap_err *err);

/** vtap_tap_set_persistent() - keep the device when its last descriptor closes, or not. Return: 0
 * or negative errno. */
int vtap_tap_set_persistent(int fd, bool is_persistent, struct vtap_err *err);

/**
 * vtap_tap_name() - what the device behind a descriptor is called now
 * Return: 0; -EBADFD when it was deleted; other negative errno.
 */
int vtap_tap_name(int fd, char ret_name[static VTAP_TAP_NAME_MAX]);
