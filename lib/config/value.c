// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"

#define DIGITS "0123456789"
#define BLANKS " \t,"

/* Bytes of the longest word that a list may hold, with NUL: an IPv6 prefix has 43. */
#define WORD_MAX 64

/* Bytes of the longest description: with its key it fits the 199 bytes of a line. */
#define TEXT_MAX 160

int vtap_value_complain(
	struct vtap_complaint *ret_complaint, const char *value, const char *fmt, ...)
{
	va_list args;

	ret_complaint->rest = NULL;
	(void)snprintf(
		ret_complaint->value, sizeof(ret_complaint->value), "%s", value); /* cut is fine */
	va_start(args, fmt);
	(void)vsnprintf(
		ret_complaint->rule, sizeof(ret_complaint->rule), fmt, args); /* cut is fine */
	va_end(args);
	return VTAP_VALUE_REFUSED;
}

int vtap_value_words(const char *text,
	int (*take)(const char *word, void *arg, struct vtap_complaint *c), void *arg,
	struct vtap_complaint *ret_complaint)
{
	char word[WORD_MAX];
	const char *at = text + strspn(text, BLANKS);
	int r;

	if (*at == '\0')
		return vtap_value_complain(ret_complaint, text, "an empty list");
	for (; *at != '\0'; at += strspn(at, BLANKS)) {
		size_t len = strcspn(at, BLANKS);

		if (len >= sizeof(word))
			return vtap_value_complain(
				ret_complaint, at, "longer than %zu bytes", sizeof(word) - 1);
		memcpy(word, at, len);
		word[len] = '\0';
		r = take(word, arg, ret_complaint);
		at += len;
		if (r == VTAP_VALUE_REFUSED && at[strspn(at, BLANKS)] != '\0')
			ret_complaint->rest = at;
		if (r != 0)
			return r;
	}
	return 0;
}

/* Digits at @text, at most @max. Returns the first byte behind them, or NULL if there are none or
 * too much. */
static const char *digits_read(const char *text, uint64_t max, uint64_t *ret_number)
{
	size_t n = strspn(text, DIGITS);
	uint64_t number = 0;

	if (n == 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned)(text[i] - '0');

		if (number > (max - digit) / 10 || digit > max)
			return NULL;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return text + n;
}

int vtap_value_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number,
	struct vtap_complaint *ret_complaint)
{
	uint64_t number;
	const char *end = digits_read(text, max, &number);

	if (text[strspn(text, DIGITS)] != '\0' || text[0] == '\0')
		return vtap_value_complain(ret_complaint, text, "not a number; must be %ju..%ju",
			(uintmax_t)min, (uintmax_t)max);
	if (end == NULL || number < min)
		return vtap_value_complain(
			ret_complaint, text, "must be %ju..%ju", (uintmax_t)min, (uintmax_t)max);
	*ret_number = number;
	return 0;
}

static unsigned size_unit_shift(char unit)
{
	switch (unit) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	default:
		return 0;
	}
}

int vtap_value_size(const char *text, uint64_t min, uint64_t max, uint64_t *ret_bytes,
	struct vtap_complaint *ret_complaint)
{
	char min_text[24], max_text[24];
	uint64_t number = 0;
	const char *end = digits_read(text, max, &number);
	unsigned shift = end != NULL ? size_unit_shift(*end) : 0;

	if (end != NULL && shift > 0)
		end++;
	if (end == NULL || *end != '\0' || number > max >> shift || number << shift < min)
		return vtap_value_complain(ret_complaint, text,
			"must be a size from %s to %s, in bytes or with K, M or G",
			vtap_value_format_size(min, min_text, sizeof(min_text)),
			vtap_value_format_size(max, max_text, sizeof(max_text)));
	*ret_bytes = number << shift;
	return 0;
}

const char *vtap_value_format_size(uint64_t bytes, char *ret_text, size_t size)
{
	static const char UNITS[] = { 'G', 'M', 'K' };

	for (size_t i = 0; i < sizeof(UNITS); i++) {
		unsigned shift = size_unit_shift(UNITS[i]);

		if (bytes != 0 && bytes % (1ULL << shift) == 0) {
			(void)snprintf(
				ret_text, size, "%ju%c", (uintmax_t)(bytes >> shift), UNITS[i]);
			return ret_text;
		}
	}
	(void)snprintf(ret_text, size, "%ju", (uintmax_t)bytes); /* cut is harmless */
	return ret_text;
}

static uint64_t duration_unit_s(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	default:
		return 0;
	}
}

int vtap_value_duration(const char *text, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns,
	struct vtap_complaint *ret_complaint)
{
	char min_text[24], max_text[24];
	uint64_t number = 0, max_s = max_ns / VTAP_NS_PER_S;
	const char *end = digits_read(text, max_s, &number);
	uint64_t unit_s = end != NULL ? duration_unit_s(*end) : 0;

	if (unit_s == 0 || end[1] != '\0' || number > max_s / unit_s ||
		number * unit_s * VTAP_NS_PER_S < min_ns)
		return vtap_value_complain(ret_complaint, text,
			"must be a duration from %s to %s, like 30s, 5m or 1h",
			vtap_value_format_duration(min_ns, min_text, sizeof(min_text)),
			vtap_value_format_duration(max_ns, max_text, sizeof(max_text)));
	*ret_ns = number * unit_s * VTAP_NS_PER_S;
	return 0;
}

const char *vtap_value_format_duration(uint64_t ns, char *ret_text, size_t size)
{
	static const char UNITS[] = { 'h', 'm' };
	uint64_t seconds = ns / VTAP_NS_PER_S;

	for (size_t i = 0; i < sizeof(UNITS); i++) {
		uint64_t unit_s = duration_unit_s(UNITS[i]);

		if (seconds != 0 && seconds % unit_s == 0) {
			(void)snprintf(ret_text, size, "%ju%c", /* of both: cut is harmless */
				(uintmax_t)(seconds / unit_s), UNITS[i]);
			return ret_text;
		}
	}
	(void)snprintf(ret_text, size, "%jus", (uintmax_t)seconds);
	return ret_text;
}

int vtap_value_bool(const char *text, bool *ret_bool, struct vtap_complaint *ret_complaint)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return vtap_value_complain(ret_complaint, text, "must be yes or no");
	*ret_bool = text[0] == 'y';
	return 0;
}

/* "10.0.0.1" or "[2001:db8::1]": the brackets keep the colons of an address from that of the port.
 */
static int listen_addr_parse(const char *text, size_t len, struct vtap_addr *ret_addr)
{
	char addr[VTAP_ADDR_TEXT_MAX];
	bool is_v6 = len >= 2 && text[0] == '[' && text[len - 1] == ']';

	if (is_v6) {
		text++;
		len -= 2;
	}
	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';
	return (strchr(addr, ':') != NULL) == is_v6 ? vtap_addr_parse(addr, ret_addr) : -EINVAL;
}

int vtap_value_listen(const char *text, bool is_auto_ok, struct vtap_listen *ret_listen,
	struct vtap_complaint *ret_complaint)
{
	struct vtap_listen listen = { .kind = VTAP_LISTEN_ADDRESS };
	const char *colon = strrchr(text, ':');
	uint64_t port = 0;

	if (strcmp(text, "off") == 0 || (is_auto_ok && strcmp(text, "auto") == 0)) {
		listen.kind = text[0] == 'o' ? VTAP_LISTEN_OFF : VTAP_LISTEN_AUTO;
		*ret_listen = listen;
		return 0;
	}
	if (colon == NULL || listen_addr_parse(text, (size_t)(colon - text), &listen.addr) < 0)
		return vtap_value_complain(ret_complaint, text,
			"must be %soff or ADDRESS:PORT, like 127.0.0.1:9478 or [::1]:9478",
			is_auto_ok ? "auto, " : "");
	if (vtap_value_number(colon + 1, 1, UINT16_MAX, &port, ret_complaint) != 0)
		return vtap_value_complain(
			ret_complaint, text, "the port must be 1..%d", UINT16_MAX);
	listen.port = (uint16_t)port;
	*ret_listen = listen;
	return 0;
}

const char *vtap_value_format_listen(
	const struct vtap_listen *listen, char ret_text[static VTAP_LISTEN_TEXT_MAX])
{
	char addr[VTAP_ADDR_TEXT_MAX];
	bool is_v6 = !vtap_addr_is_v4(&listen->addr);

	vtap_addr_format(&listen->addr, addr);
	if (listen->kind == VTAP_LISTEN_ADDRESS)
		(void)snprintf(ret_text, VTAP_LISTEN_TEXT_MAX, "%s%s%s:%u", /* sized for it */
			is_v6 ? "[" : "", addr, is_v6 ? "]" : "", listen->port);
	else
		(void)snprintf(ret_text, VTAP_LISTEN_TEXT_MAX, "%s", /* fits */
			listen->kind == VTAP_LISTEN_AUTO ? "auto" : "off");
	return ret_text;
}

int vtap_value_vni(
	const char *text, struct vtap_range *ret_vni, struct vtap_complaint *ret_complaint)
{
	uint64_t first = 0, last = 0;
	const char *end = digits_read(text, VTAP_CONF_VNI_MAX, &first);

	last = first;
	if (end != NULL && *end == '-')
		end = digits_read(end + 1, VTAP_CONF_VNI_MAX, &last);
	if (end == NULL || *end != '\0')
		return vtap_value_complain(ret_complaint, text,
			"must be 0..%u, a range like 100-199, or any", VTAP_CONF_VNI_MAX);
	if (last < first)
		return vtap_value_complain(ret_complaint, text, "the range ends before it begins");
	*ret_vni = (struct vtap_range){ .first = (uint32_t)first, .last = (uint32_t)last };
	return 0;
}

int vtap_value_prefix(
	const char *text, struct vtap_prefix *ret_prefix, struct vtap_complaint *ret_complaint)
{
	char meant[VTAP_ADDR_TEXT_MAX];
	struct vtap_prefix prefix;
	int r = vtap_prefix_parse(text, &prefix);

	if (r == VTAP_PREFIX_HOST_BITS) {
		vtap_prefix_format(&prefix, meant);
		return vtap_value_complain(
			ret_complaint, text, "has bits after the prefix; did you mean %s?", meant);
	}
	if (r < 0)
		return vtap_value_complain(ret_complaint, text,
			"must be an address or a prefix like 10.0.0.0/16 or 2001:db8::/32");
	*ret_prefix = prefix;
	return 0;
}

/* Bytes of the UTF-8 character at @text, or 0 if it is none or not printable. Source: RFC 3629
 * section 4. */
static size_t utf8_char_len(const unsigned char *text)
{
	uint32_t code, least;
	size_t len;

	if (text[0] < 0x80)
		return text[0] >= 0x20 && text[0] != 0x7f ? 1 : 0;
	len = (text[0] & 0xe0) == 0xc0   ? 2
	      : (text[0] & 0xf0) == 0xe0 ? 3
	      : (text[0] & 0xf8) == 0xf0 ? 4
					 : 0;
	if (len == 0)
		return 0;
	code = text[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fU);
	}
	least = len == 2 ? 0x80 : len == 3 ? 0x800 : 0x10000;
	if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || code < 0xa0)
		return 0;
	return len;
}

int vtap_value_text(const char *text, struct vtap_complaint *ret_complaint)
{
	size_t total = strlen(text), len;

	if (total > TEXT_MAX)
		return vtap_value_complain(
			ret_complaint, text, "%zu bytes, at most %d are allowed", total, TEXT_MAX);
	for (const char *at = text; *at != '\0'; at += len) {
		len = utf8_char_len((const unsigned char *)at);
		if (len == 0)
			return vtap_value_complain(
				ret_complaint, text, "must be printable characters in UTF-8");
	}
	return 0;
}

bool vtap_value_name_ok(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= VTAP_NAME_MAX || strchr("._-", text[0]) != NULL)
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyz" DIGITS "._-") == len;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool letter_is(char typed, char meant)
{
	return tolower((unsigned char)typed) == meant;
}

/* Damerau-Levenshtein distance (optimal string alignment): a swap of neighbours counts once, a
 * capital letter in @a not at all. */
static size_t text_distance(const char *a, const char *b)
{
	size_t row[3][VTAP_NAME_MAX + 1];
	size_t n_a = strlen(a), n_b = strlen(b);

	if (n_a >= VTAP_NAME_MAX || n_b >= VTAP_NAME_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n_b; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t cost = letter_is(a[i - 1], b[j - 1]) ? 0 : 1;

			now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return row[n_a % 3][n_b];
}

const char *vtap_value_nearest(const char *text, const char *const *candidates, size_t n)
{
	const char *nearest = NULL;
	/* more than two slips are another word, as are two in a short one */
	size_t best = least(2, (strlen(text) + 1) / 3) + 1;

	for (size_t i = 0; i < n; i++) {
		size_t distance = text_distance(text, candidates[i]);

		if (distance < best) {
			best = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}
