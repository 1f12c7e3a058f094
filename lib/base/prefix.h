/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses and prefixes, both families in one form: 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291
 * section 2.5.5.2), as a dual-stack socket hands them out. An IPv4 prefix /n is /(96+n) here, so
 * one comparison serves both families and /0 contains everything.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/** VTAP_ADDR_TEXT_MAX - bytes of an address or prefix as text, "/128" and NUL included */
#define VTAP_ADDR_TEXT_MAX (INET6_ADDRSTRLEN + 4)

/** VTAP_PREFIX_V4_BITS - bits in front of an IPv4 address in the mapped form */
#define VTAP_PREFIX_V4_BITS 96

struct vtap_addr {
	uint8_t byte[16]; /* network order */
};

struct vtap_prefix {
	struct vtap_addr addr; /* bits after len are 0 */
	uint8_t len;           /* 0..128, of the mapped form */
};

/** VTAP_PREFIX_ANY - contains every address of both families */
#define VTAP_PREFIX_ANY ((struct vtap_prefix){ .len = 0 })

/** vtap_addr_from_v4() - map an IPv4 address */
struct vtap_addr vtap_addr_from_v4(struct in_addr v4);

/** vtap_addr_is_v4() - is it a mapped IPv4 address? */
bool vtap_addr_is_v4(const struct vtap_addr *addr);

/** vtap_addr_parse() - "10.0.0.1" or "2001:db8::1". Return: 0, or -EINVAL. */
int vtap_addr_parse(const char *text, struct vtap_addr *ret_addr);

/** vtap_addr_format() - writes the usual text form (IPv4 dotted) into @ret_text */
void vtap_addr_format(const struct vtap_addr *addr, char ret_text[static VTAP_ADDR_TEXT_MAX]);

/** vtap_addr_masked() - the address with every bit after @len cleared */
struct vtap_addr vtap_addr_masked(const struct vtap_addr *addr, unsigned len);

/** vtap_addr_compare() - <0, 0, >0, in the order of the bytes */
int vtap_addr_compare(const struct vtap_addr *a, const struct vtap_addr *b);

enum {
	VTAP_PREFIX_HOST_BITS = 1, /* "10.0.0.1/8": bits are set after the prefix */
};

/**
 * vtap_prefix_parse() - "10.0.0.0/8", "2001:db8::/32", or an address for itself alone
 * Return: 0; VTAP_PREFIX_HOST_BITS (*ret_prefix then holds the prefix that was probably meant);
 *         -EINVAL when it is no prefix.
 */
int vtap_prefix_parse(const char *text, struct vtap_prefix *ret_prefix);

/** vtap_prefix_format() - the text form; /0 of both families is "any" */
void vtap_prefix_format(const struct vtap_prefix *prefix, char ret_text[static VTAP_ADDR_TEXT_MAX]);

/** vtap_prefix_has() - does the prefix contain the address? */
bool vtap_prefix_has(const struct vtap_prefix *prefix, const struct vtap_addr *addr);

/** vtap_prefix_equal() - same bits, same length */
bool vtap_prefix_equal(const struct vtap_prefix *a, const struct vtap_prefix *b);
