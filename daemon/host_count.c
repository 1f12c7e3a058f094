// SPDX-License-Identifier: Apache-2.0
#include "daemon/host_count.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Longest file, bytes: all are under 8,000 on kernel 6.18, but softnet_stat has up to 136 for each
 * CPU. A longer one is not read at all. */
#define FILE_BYTES_MAX (1 << 18)

/* A sample of this age is taken for the present. */
#define FRESH_NS (500 * VTAP_NS_PER_MS)

/* Of softnet_stat. Source: kernel net/core/net-procfs.c softnet_seq_show(): processed, dropped, …;
 * the 13th is the CPU's number since Linux 5.10. */
#define SOFTNET_DROPPED_COLUMN 1
#define SOFTNET_CPU_COLUMN     12

/* CPUs that a kernel may be built for, at most; more are not believed. Source: kernel
 * arch/x86/Kconfig NR_CPUS_RANGE_END. */
#define CPUS_MAX 8192

#define HEXADECIMAL 16
#define DECIMAL     10

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

/* ---- softnet_stat ---- */

void vtap_softnet_done(struct vtap_softnet *softnet)
{
	free(softnet->told);
	*softnet = (struct vtap_softnet){ 0 };
}

static bool hex_read(const char *line, int column, uint64_t *ret_number)
{
	const char *word = line;
	uint64_t number = 0;

	for (int i = 0; i < column && word != NULL; i++)
		word = word_next(word);
	if (word == NULL || !number_add(word, HEXADECIMAL, &number))
		return false;
	*ret_number = number;
	return true;
}

static int cpus_make_room(struct vtap_softnet *softnet, size_t n)
{
	struct vtap_softnet_cpu *grown;

	if (n <= softnet->n)
		return 0;
	grown = reallocarray(softnet->told, n, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	memset(&grown[softnet->n], 0, (n - softnet->n) * sizeof(*grown));
	softnet->told = grown;
	softnet->n = n;
	return 0;
}

/* One that comes online while we run brings what it dropped before: nobody knows when. */
static void cpu_note(struct vtap_softnet *softnet, size_t i, uint32_t n_dropped)
{
	struct vtap_softnet_cpu *cpu = &softnet->told[i];

	if (cpu->is_known)
		softnet->sum += (uint32_t)(n_dropped - cpu->n_dropped); /* it wraps, too */
	else if (!softnet->is_begun)
		softnet->sum += n_dropped;
	*cpu = (struct vtap_softnet_cpu){ .is_known = true, .n_dropped = n_dropped };
}

/* Every CPU that is online. Return: 0, -EINVAL: it cannot be read; -ENOMEM. */
static int softnet_note(struct vtap_softnet *softnet, const char *text)
{
	int r = text == NULL || *text == '\0' ? -EINVAL : 0;

	for (const char *line = text; r == 0 && line != NULL; line = line_next(line)) {
		uint64_t n_dropped, cpu;

		if (!hex_read(line, SOFTNET_DROPPED_COLUMN, &n_dropped) ||
			!hex_read(line, SOFTNET_CPU_COLUMN, &cpu) || cpu >= CPUS_MAX)
			return -EINVAL;
		r = cpus_make_room(softnet, (size_t)cpu + 1);
		if (r == 0)
			cpu_note(softnet, (size_t)cpu, (uint32_t)n_dropped);
	}
	softnet->is_begun = softnet->is_begun || r == 0;
	return r;
}

/* ---- all files ---- */

void vtap_host_count_parse(const struct vtap_host_files *files, struct vtap_softnet *softnet,
	struct vtap_host_values *ret_values)
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
	if (softnet_note(softnet, files->softnet) == 0) {
		values.is_known[VTAP_HOST_SOFTNET_DROPPED] = true;
		values.value[VTAP_HOST_SOFTNET_DROPPED] = softnet->sum;
	}
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

void vtap_host_count_read(struct vtap_softnet *softnet, struct vtap_host_values *ret_values)
{
	_auto_free char *snmp = file_read("/proc/self/net/snmp");
	_auto_free char *snmp6 = file_read("/proc/self/net/snmp6");
	_auto_free char *netstat = file_read("/proc/self/net/netstat");
	_auto_free char *text = file_read("/proc/self/net/softnet_stat");

	vtap_host_count_parse(
		&(struct vtap_host_files){
			.snmp = snmp, .snmp6 = snmp6, .netstat = netstat, .softnet = text },
		softnet, ret_values);
}

void vtap_host_count_look(struct vtap_host_count *count, uint64_t now_ns)
{
	struct vtap_host_values values;

	if (count->sampled_ns != 0 && now_ns - count->sampled_ns < FRESH_NS)
		return;
	count->sampled_ns = now_ns;
	vtap_host_count_read(&count->softnet, &values);
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

void vtap_host_count_done(struct vtap_host_count *count)
{
	vtap_softnet_done(&count->softnet);
}
