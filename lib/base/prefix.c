// SPDX-License-Identifier: Apache-2.0
#include "base/prefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t V4_MAPPED[12] = { [10] = 0xff, [11] = 0xff };

struct vtap_addr vtap_addr_from_v4(struct in_addr v4)
{
	struct vtap_addr addr;

	memcpy(addr.byte, V4_MAPPED, sizeof(V4_MAPPED));
	memcpy(addr.byte + sizeof(V4_MAPPED), &v4.s_addr, sizeof(v4.s_addr));
	return addr;
}

bool vtap_addr_is_v4(const struct vtap_addr *addr)
{
	return memcmp(addr->byte, V4_MAPPED, sizeof(V4_MAPPED)) == 0;
}

int vtap_addr_parse(const char *text, struct vtap_addr *ret_addr)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ret_addr = vtap_addr_from_v4(v4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6) != 1)
		return -EINVAL;
	memcpy(ret_addr->byte, &v6, sizeof(ret_addr->byte));
	return 0;
}

void vtap_addr_format(const struct vtap_addr *addr, char ret_text[static VTAP_ADDR_TEXT_MAX])
{
	const char *text = vtap_addr_is_v4(addr)
				   ? inet_ntop(AF_INET, addr->byte + sizeof(V4_MAPPED), ret_text,
					     VTAP_ADDR_TEXT_MAX)
				   : inet_ntop(AF_INET6, addr->byte, ret_text, VTAP_ADDR_TEXT_MAX);

	if (text == NULL) /* cannot be: families and sizes are fixed */
		ret_text[0] = '\0';
}

struct vtap_addr vtap_addr_masked(const struct vtap_addr *addr, unsigned len)
{
	struct vtap_addr masked = { 0 };
	unsigned whole = len / 8;

	memcpy(masked.byte, addr->byte, whole);
	if (len % 8 != 0)
		masked.byte[whole] = addr->byte[whole] & (uint8_t)(0xff00U >> (len % 8));
	return masked;
}

int vtap_addr_compare(const struct vtap_addr *a, const struct vtap_addr *b)
{
	return memcmp(a->byte, b->byte, sizeof(a->byte));
}

/* "24" -> 24. Only digits, at most three, so that "+8", " 8" and "08x" are refused. */
static int prefix_len_parse(const char *text, unsigned max, unsigned *ret_len)
{
	size_t n_digits = strspn(text, "0123456789");
	unsigned len = 0;

	if (n_digits == 0 || n_digits > 3 || text[n_digits] != '\0')
		return -EINVAL;
	for (size_t i = 0; i < n_digits; i++)
		len = len * 10 + (unsigned)(text[i] - '0');
	if (len > max)
		return -EINVAL;
	*ret_len = len;
	return 0;
}

int vtap_prefix_parse(const char *text, struct vtap_prefix *ret_prefix)
{
	char addr_text[VTAP_ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t addr_len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct vtap_addr addr;
	unsigned base, len;

	if (addr_len >= sizeof(addr_text))
		return -EINVAL;
	memcpy(addr_text, text, addr_len);
	addr_text[addr_len] = '\0';
	if (vtap_addr_parse(addr_text, &addr) < 0)
		return -EINVAL;
	base = strchr(addr_text, ':') == NULL ? VTAP_PREFIX_V4_BITS : 0;
	len = 128 - base;
	if (slash != NULL && prefix_len_parse(slash + 1, 128 - base, &len) < 0)
		return -EINVAL;
	ret_prefix->len = (uint8_t)(base + len);
	ret_prefix->addr = vtap_addr_masked(&addr, ret_prefix->len);
	return vtap_addr_compare(&addr, &ret_prefix->addr) == 0 ? 0 : VTAP_PREFIX_HOST_BITS;
}

void vtap_prefix_format(const struct vtap_prefix *prefix, char ret_text[static VTAP_ADDR_TEXT_MAX])
{
	bool is_v4 = vtap_addr_is_v4(&prefix->addr) && prefix->len >= VTAP_PREFIX_V4_BITS;
	unsigned len = is_v4 ? prefix->len - VTAP_PREFIX_V4_BITS : prefix->len;
	size_t used;

	if (prefix->len == 0) {
		memcpy(ret_text, "any", sizeof("any"));
		return;
	}
	vtap_addr_format(&prefix->addr, ret_text);
	if (prefix->len == 128)
		return;
	used = strlen(ret_text);
	(void)snprintf(ret_text + used, VTAP_ADDR_TEXT_MAX - used, "/%u", len); /* sized for it */
}

bool vtap_prefix_has(const struct vtap_prefix *prefix, const struct vtap_addr *addr)
{
	struct vtap_addr masked = vtap_addr_masked(addr, prefix->len);

	return vtap_addr_compare(&masked, &prefix->addr) == 0;
}

bool vtap_prefix_equal(const struct vtap_prefix *a, const struct vtap_prefix *b)
{
	return a->len == b->len && vtap_addr_compare(&a->addr, &b->addr) == 0;
}
