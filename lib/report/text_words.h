/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and times as people read them. Each function returns its text by value, so that it can
 * stand among the arguments of a printf: `vtap_text_count(n).text` lives until the end of the call.
 */
#pragma once

#include "report/text_answer.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** VTAP_TEXT_WORDS_MAX - bytes of a piece of text with its NUL; longer ones end in "…" */
#define VTAP_TEXT_WORDS_MAX 512

struct vtap_text_words {
	char text[VTAP_TEXT_WORDS_MAX];
};

#define VTAP_TEXT_WORDS_NULL                                                                       \
	{                                                                                          \
		.text = ""                                                                         \
	}

/** vtap_text_words_add() - append; what does not fit is cut and marked with "…" */
void vtap_text_words_add(struct vtap_text_words *words, const char *fmt, ...) VTAP_PRINTF(2, 3);

/** VTAP_TEXT_NAMES_SHOWN - interfaces that a sentence names */
#define VTAP_TEXT_NAMES_SHOWN 4

/** struct vtap_text_names - names that come one by one, the first few of which are told */
struct vtap_text_names {
	size_t n_max;
	size_t n; /* of all */
	struct vtap_text_words words;
};

void vtap_text_names_add(struct vtap_text_names *names, const char *name);

/** vtap_text_names_told() - "a, b and 3 more"; "-" without any */
struct vtap_text_words vtap_text_names_told(const struct vtap_text_names *names);

/** vtap_text_count() - "18,204,113,870" */
struct vtap_text_words vtap_text_count(uint64_t n);

/** vtap_text_counted() - "1 session", "2 sessions" */
struct vtap_text_words vtap_text_counted(uint64_t n, const char *noun);

/** vtap_text_findings_counted() - "2 findings and 3 notes", "1 note", "0 findings"; notes are what
 * is only worth knowing */
struct vtap_text_words vtap_text_findings_counted(uint64_t n_findings, uint64_t n_notes);

/** vtap_text_rate() - a rate per second without fraction: "212,418", "<1", "0" */
struct vtap_text_words vtap_text_rate(double per_second);

/** vtap_text_rate_fine() - a rate per second with one digit of fraction: "12.4" */
struct vtap_text_words vtap_text_rate_fine(double per_second);

/** vtap_text_bits() - three digits and a unit: "1.41 G", "18.2 M", "640", "0" */
struct vtap_text_words vtap_text_bits(double per_second);

/** vtap_text_duration() - its two largest units: "6 d 4 h", "12 min", "40 s"; at least "1 s" */
struct vtap_text_words vtap_text_duration(uint64_t ns);

/** vtap_text_elapsed() - how long something took: "38 ms", "1.2 s" */
struct vtap_text_words vtap_text_elapsed(uint64_t ns);

/** vtap_text_age() - "now" (less than 5 s), "41 s ago", "3 h ago", "1 d ago" */
struct vtap_text_words vtap_text_age(uint64_t ns);

/** vtap_text_utc_offset_s() - how far local time is from UTC then, east of it above 0 */
long vtap_text_utc_offset_s(uint64_t wall_ns);

/** vtap_text_date() - "Nov 20 09:14:03" in local time; the year too if it is not that of @now_ns */
struct vtap_text_words vtap_text_date(uint64_t wall_ns, uint64_t now_ns);

/** vtap_text_minute() - like vtap_text_date without seconds: "Nov 20 09:14" */
struct vtap_text_words vtap_text_minute(uint64_t wall_ns, uint64_t now_ns);

/** vtap_text_clock() - "09:14:03" if that is today, else as vtap_text_date */
struct vtap_text_words vtap_text_clock(uint64_t wall_ns, uint64_t now_ns);

/** vtap_text_joined() - the first @n_max strings of a list, "a, b and 3 more"; "-" if it is empty
 */
struct vtap_text_words vtap_text_joined(
	struct vtap_text_answer *answer, const struct json_t *list, size_t n_max);

/** vtap_text_drops() - "8,891 unknown-vni, 11 unknown-source", in the order of the answer */
struct vtap_text_words vtap_text_drops(
	struct vtap_text_answer *answer, const struct json_t *object);

/** vtap_text_sources() - "10.0.3.17 and 9 others" out of "sources" and "sources_complete" */
struct vtap_text_words vtap_text_sources(
	struct vtap_text_answer *answer, const struct json_t *object);

/** vtap_text_last() - the age in the field @key, "never" where it is null */
struct vtap_text_words vtap_text_last(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key);

/** vtap_text_last_frame() - of a session: the age of its last frame; "-" where there were some and
 * nobody knows when */
struct vtap_text_words vtap_text_last_frame(
	struct vtap_text_answer *answer, const struct json_t *session);

/** vtap_text_sensors() - who reads a session's interface: "8 suricata", "9 suricata, zeek", "1"
 * where no name is known; "-" for nobody */
struct vtap_text_words vtap_text_sensors(
	struct vtap_text_answer *answer, const struct json_t *session);

/** vtap_text_seen() - the time in the field @key as vtap_text_minute, "-" where it is null */
struct vtap_text_words vtap_text_seen(struct vtap_text_answer *answer, const struct json_t *object,
	const char *key, uint64_t now_ns);

/** vtap_text_counting() - "since Nov 18 08:00:00", when counting began at another time than the
 * daemon, "since before vtapd started" where that is not known; else "" */
struct vtap_text_words vtap_text_counting(
	struct vtap_text_answer *answer, const struct json_t *daemon, uint64_t now_ns);

/** vtap_text_retry() - " Next try in 40 s." out of "retry_in_ns", "" where it is null */
struct vtap_text_words vtap_text_retry(
	struct vtap_text_answer *answer, const struct json_t *object);

/** vtap_text_stop() - the full stop that a sentence lacks, or "" */
const char *vtap_text_stop(const char *sentence);
