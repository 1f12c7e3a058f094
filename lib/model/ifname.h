/* SPDX-License-Identifier: Apache-2.0 */
/* Names of network interfaces, and the mark that makes an interface ours. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** VTAP_IFNAME_MAX - bytes of an interface name with its NUL. Source: linux/if.h IFNAMSIZ */
#define VTAP_IFNAME_MAX 16

/** VTAP_ALIAS_MAX - bytes of an alias with its NUL. Source: linux/if.h IFALIASZ */
#define VTAP_ALIAS_MAX 256

/** VTAP_ALIAS_MARK - an alias that begins with this, on a device of our kind, makes it ours (law 5)
 */
#define VTAP_ALIAS_MARK "vtapd:"

/** VTAP_IFNAME_MAKING - a TAP is called so, with a number, until it has its alias; 70-vtapd.rules
 * knows the name */
#define VTAP_IFNAME_MAKING "vtapd-new"

/** VTAP_MAC_BYTES - bytes of an Ethernet address */
#define VTAP_MAC_BYTES 6

/**
 * vtap_ifname_complaint() - what is wrong with a name for a tap interface?
 * Return: NULL if it is fine, else a static sentence for people. Length is the caller's to report.
 * Source: kernel net/core/dev.c dev_valid_name(); '%' makes the kernel number it; "all" and
 *         "default" are taken under /proc/sys/net/ipv4/conf.
 */
const char *vtap_ifname_complaint(const char *name);

/** vtap_ifname_is_usual() - is it one of the names by which udev's rule knows our interfaces, alias
 * or not? Source: systemd/70-vtapd.rules */
bool vtap_ifname_is_usual(const char *name);

/** vtap_ifname_mac() - the fixed, locally administered address of a tap interface, from its name */
void vtap_ifname_mac(const char *name, uint8_t ret_mac[static VTAP_MAC_BYTES]);

/** vtap_ifname_is_marked() - does this alias carry our mark? NULL is allowed. */
bool vtap_ifname_is_marked(const char *alias);
