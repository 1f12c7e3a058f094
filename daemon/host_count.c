// SPDX-License-Identifier: Apache-2.0
#include "daemon/host_count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Longest file, bytes: all are under 8,000 on kernel 6.18, but softnet_stat has up to 136 for each
 * CPU. A longer one is not read at all. */
#define FILE_BYTES_MAX (1 << 18)

/* A sample of this age is taken for the present. */
#define FRESH_NS (500 * VTAP_NS_PER_MS)

/* Of softnet_stat. Source: kernel net/core/net-procfs.c softnet_seq_show(): processed, dropped, …
 */
#define SOFTNET_DROPPED_COLUMN 1
#define HEXADECIMAL            16
#define DECIMAL                10

/** struct source - where a counter stands: on a line of names, and for IPv6 as a name of its own */
struct source {
	enum vtap_host_counter counter;
	bool is_in_netstat; /* else in snmp */
	const char *line;   /* how its lines begin */
	const char *name;
	const char *name6; /* in snmp6; NULL: there is none */
};

static const struct source SOURCES[] = {
	{ VTAP_HOST_UDP_IN_DATAGRAMS, false, "Udp: ", "InDatagrams", "Udp6InDatagrams" },
	{ VTAP_HOST_UDP_NO_PORTS, false, "Udp: ", "NoPorts", "Udp6NoPorts" },
	{ VTAP_HOST_UDP_IN_ERRORS, false, "Udp: ", "InErrors", "Udp6InErrors" },
	{ VTAP_HOST_UDP_RCVBUF_ERRORS, false, "Udp: ", "RcvbufErrors", "Udp6RcvbufErrors" },
	{ VTAP_HOST_UDP_IN_CSUM_ERRORS, false, "Udp: ", "InCsumErrors", "Udp6InCsumErrors" },
	{ VTAP_HOST_IP_REVERSE_PATH_FILTER, true, "TcpExt: ", "IPReversePathFilter", NULL },
	{ VTAP_HOST_IP_REASM_FAILS, false, "Ip: ", "ReasmFails", "Ip6ReasmFails" },
	{ VTAP_HOST_ICMP_OUT_UNREACHABLE, false, "Icmp: ", "OutDestUnreachs",
		"Icmp6OutDestUnreachs" },
};

/* The line behind this one, or NULL. */
static const char *line_next(const char *line)
{
	const char *end = strchr(line, '\n');

	return end != NULL && end[1] != '\0' ? end + 1 : NULL;
}

/* The first line from @line on that begins so, or NULL. */
static const char *line_find(const char *line, const char *start)
{
	while (line != NULL && strncmp(line, start, strlen(start)) != 0)
		line = line_next(line);
	return line;
}

/* The next word of a line, or NULL at its end. */
static const char *word_next(const char *word)
{
	word += strcspn(word, " \n");
	word += strspn(word, " ");
	return *word != '\n' && *word != '\0' ? word : NULL;
}

static bool word_is(const char *word, const char *wanted)
{
	size_t len = strcspn(word, " \t\n");

	return strlen(wanted) == len && strncmp(word, wanted, len) == 0;
}

/* Of a number and nothing else. Return: false if it is none. */
static bool number_add(const char *word, int base, uint64_t *sum)
{
	char *end;
	uint64_t n;

	if (strcspn(word, "0123456789abcdefABCDEF") != 0)
		return false; /* what strtoull() would pass over: a sign, blanks */
	n = strtoull(word, &end, base);
	if (end == word || strchr(" \t\n", *end) == NULL) /* the NUL is among them */
		return false;
	*sum += n;
	return true;
}

/* Names on one line, their numbers on the next. */
static bool columns_add(const char *text, const struct source *source, uint64_t *sum)
{
	const char *name = text != NULL ? line_find(text, source->line) : NULL;
	const char *value = name != NULL ? line_next(name) : NULL;

	if (value == NULL || strncmp(value, source->line, strlen(source->line)) != 0)
		return false;
	while (name != NULL && value != NULL && !word_is(name, source->name)) {
		name = word_next(name);
		value = word_next(value);
	}
	return name != NULL && value != NULL && number_add(value, DECIMAL, sum);
}

/* A name and its number on a line. */
static bool row_add(const char *text, const char *name, uint64_t *sum)
{
	const char *line = text;

	while (line != NULL && !word_is(line, name))
		line = line_next(line);
	if (line == NULL)
		return false;
	line += strlen(name);
	return number_add(line + strspn(line, " \t"), DECIMAL, sum);
}

/* Of every CPU. */
static bool softnet_add(const char *text, uint64_t *sum)
{
	const char *line = text;

	for (; line != NULL && *line != '\0'; line = line_next(line)) {
		const char *word = line;

		for (int i = 0; i < SOFTNET_DROPPED_COLUMN && word != NULL; i++)
			word = word_next(word);
		if (word == NULL || !number_add(word, HEXADECIMAL, sum))
			return false;
	}
	return text != NULL && *text != '\0';
}

void vtap_host_count_parse(const struct vtap_host_files *files, struct vtap_host_values *ret_values)
{
	struct vtap_host_values values = { .is_known = { false } };

	for (size_t i = 0; i < VTAP_ARRAY_LEN(SOURCES); i++) {
		const struct source *source = &SOURCES[i];
		uint64_t sum = 0;

		if (!columns_add(
			    source->is_in_netstat ? files->netstat : files->snmp, source, &sum))
			continue;
		if (source->name6 != NULL && files->snmp6 != NULL &&
			!row_add(files->snmp6, source->name6, &sum))
			continue;
		values.is_known[source->counter] = true;
		values.value[source->counter] = sum;
	}
	values.is_known[VTAP_HOST_SOFTNET_DROPPED] =
		softnet_add(files->softnet, &values.value[VTAP_HOST_SOFTNET_DROPPED]);
	if (!values.is_known[VTAP_HOST_SOFTNET_DROPPED])
		values.value[VTAP_HOST_SOFTNET_DROPPED] = 0;
	*ret_values = values;
}

/* Return: heap string; NULL when it cannot be read, or not whole. */
static char *file_read(const char *path)
{
	_auto_file FILE *file = fopen(path, "re");
	_auto_free char *text = file != NULL ? malloc(FILE_BYTES_MAX) : NULL;
	size_t n;

	if (text == NULL)
		return NULL;
	n = fread(text, 1, FILE_BYTES_MAX - 1, file);
	if (ferror(file) || n == FILE_BYTES_MAX - 1)
		return NULL;
	text[n] = '\0';
	return vtap_steal(&text);
}

void vtap_host_count_read(struct vtap_host_values *ret_values)
{
	_auto_free char *snmp = file_read("/proc/self/net/snmp");
	_auto_free char *snmp6 = file_read("/proc/self/net/snmp6");
	_auto_free char *netstat = file_read("/proc/self/net/netstat");
	_auto_free char *softnet = file_read("/proc/self/net/softnet_stat");

	vtap_host_count_parse(
		&(struct vtap_host_files){
			.snmp = snmp, .snmp6 = snmp6, .netstat = netstat, .softnet = softnet },
		ret_values);
}

void vtap_host_count_look(struct vtap_host_count *count, uint64_t now_ns)
{
	struct vtap_host_values values;

	if (count->sampled_ns != 0 && now_ns - count->sampled_ns < FRESH_NS)
		return;
	count->sampled_ns = now_ns;
	vtap_host_count_read(&values);
	for (int i = 0; i < VTAP_HOST_COUNT; i++)
		if (values.is_known[i])
			vtap_trend_note(&count->trend[i], values.value[i], now_ns);
		else
			vtap_trend_forget(&count->trend[i]);
}

void vtap_host_count_fill(const struct vtap_host_count *count, uint64_t now_ns,
	struct vtap_report_trend ret_counters[VTAP_HOST_COUNT])
{
	for (int i = 0; i < VTAP_HOST_COUNT; i++)
		ret_counters[i] = vtap_trend_read(&count->trend[i], now_ns);
}
