// SPDX-License-Identifier: Apache-2.0
#include "daemon/host_count.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define UDP_LINE   "Udp: "
#define UDP6_START "Udp6"

/* Longest file, bytes: both are under 5,000 on kernel 6.18. */
#define FILE_BYTES_MAX 32768

/* Which counter goes where. */
static const struct {
	const char *name;
	size_t offset; /* in struct vtap_report_host */
} COUNTERS[] = {
	{ "InDatagrams", offsetof(struct vtap_report_host, udp_in_datagrams) },
	{ "NoPorts", offsetof(struct vtap_report_host, udp_no_ports) },
	{ "InErrors", offsetof(struct vtap_report_host, udp_in_errors) },
	{ "RcvbufErrors", offsetof(struct vtap_report_host, udp_rcvbuf_errors) },
	{ "InCsumErrors", offsetof(struct vtap_report_host, udp_in_csum_errors) },
};

/* Return: was it one that we want? */
static bool counter_add(
	struct vtap_report_host *host, const char *name, size_t len, const char *value)
{
	for (size_t i = 0; i < VTAP_ARRAY_LEN(COUNTERS); i++) {
		uint64_t *sum = (uint64_t *)((char *)host + COUNTERS[i].offset);
		char *end;
		uint64_t n;

		if (strlen(COUNTERS[i].name) != len || strncmp(name, COUNTERS[i].name, len) != 0)
			continue;
		n = strtoull(value, &end, 10);
		if (end == value)
			return false;
		*sum += n;
		return true;
	}
	return false;
}

/* The line behind this one, or NULL. */
static const char *line_next(const char *line)
{
	const char *end = strchr(line, '\n');

	return end != NULL && end[1] != '\0' ? end + 1 : NULL;
}

/* The next word of a line, or NULL at its end. */
static const char *word_next(const char *word)
{
	word += strcspn(word, " \n");
	return *word == ' ' && word[1] != '\n' && word[1] != '\0' ? word + 1 : NULL;
}

/* Names on one line, their numbers on the next. Return: counters found. */
static size_t snmp_add(struct vtap_report_host *host, const char *line)
{
	const char *name, *value;
	size_t n = 0;

	while (line != NULL && strncmp(line, UDP_LINE, strlen(UDP_LINE)) != 0)
		line = line_next(line);
	value = line != NULL ? line_next(line) : NULL;
	if (value == NULL || strncmp(value, UDP_LINE, strlen(UDP_LINE)) != 0)
		return 0;
	name = word_next(line);
	value = word_next(value);
	for (; name != NULL && value != NULL; name = word_next(name), value = word_next(value))
		n += counter_add(host, name, strcspn(name, " \n"), value);
	return n;
}

static size_t snmp6_add(struct vtap_report_host *host, const char *line)
{
	size_t n = 0;

	for (; line != NULL; line = line_next(line)) {
		const char *name;
		size_t len;

		if (strncmp(line, UDP6_START, strlen(UDP6_START)) != 0)
			continue;
		name = line + strlen(UDP6_START);
		len = strcspn(name, " \t\n");
		n += counter_add(host, name, len, name + len);
	}
	return n;
}

int vtap_host_count_parse(const char *snmp, const char *snmp6, struct vtap_report_host *ret_host)
{
	struct vtap_report_host host = { .is_known = true };

	if (snmp_add(&host, snmp) != VTAP_ARRAY_LEN(COUNTERS))
		return -EPROTO;
	if (snmp6 != NULL && snmp6_add(&host, snmp6) != VTAP_ARRAY_LEN(COUNTERS))
		return -EPROTO;
	*ret_host = host;
	return 0;
}

/* Return: heap string; NULL when it cannot be read. */
static char *file_read(const char *path)
{
	_auto_file FILE *file = fopen(path, "re");
	_auto_free char *text = file != NULL ? malloc(FILE_BYTES_MAX) : NULL;
	size_t n;

	if (text == NULL)
		return NULL;
	n = fread(text, 1, FILE_BYTES_MAX - 1, file);
	if (ferror(file))
		return NULL;
	text[n] = '\0';
	return vtap_steal(&text);
}

int vtap_host_count_read(struct vtap_report_host *ret_host)
{
	_auto_free char *snmp = file_read("/proc/self/net/snmp");
	_auto_free char *snmp6 = file_read("/proc/self/net/snmp6");

	return snmp == NULL ? -ENOENT : vtap_host_count_parse(snmp, snmp6, ret_host);
}
