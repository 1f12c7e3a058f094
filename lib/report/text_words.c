// SPDX-License-Identifier: Apache-2.0
#include "report/text_words.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define S_PER_MIN  60ULL
#define S_PER_HOUR 3600ULL
#define S_PER_DAY  86400ULL

/** What is younger than this is "now": rates and ages are sampled about once a second. */
#define NOW_NS (5 * VTAP_NS_PER_S)

/** Different sensors of an interface that are named. */
#define SENSORS_SHOWN 3

void vtap_text_words_add(struct vtap_text_words *words, const char *fmt, ...)
{
	static const char cut[] = "…";
	size_t used = strlen(words->text);
	size_t room = sizeof(words->text) - used;
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(words->text + used, room, fmt, args);
	va_end(args);
	if (len >= 0 && (size_t)len >= room)
		memcpy(words->text + sizeof(words->text) - sizeof(cut), cut, sizeof(cut));
}

struct vtap_text_words vtap_text_count(uint64_t n)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < len; i++)
		vtap_text_words_add(
			&words, "%s%c", i > 0 && (len - i) % 3 == 0 ? "," : "", digits[i]);
	return words;
}

struct vtap_text_words vtap_text_counted(uint64_t n, const char *noun)
{
	struct vtap_text_words words = vtap_text_count(n);

	vtap_text_words_add(&words, " %s%s", noun, n == 1 ? "" : "s");
	return words;
}

struct vtap_text_words vtap_text_findings_counted(uint64_t n_findings, uint64_t n_notes)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (n_findings > 0 || n_notes == 0)
		vtap_text_words_add(&words, "%s", vtap_text_counted(n_findings, "finding").text);
	if (n_notes > 0)
		vtap_text_words_add(&words, "%s%s", n_findings > 0 ? " and " : "",
			vtap_text_counted(n_notes, "note").text);
	return words;
}

struct vtap_text_words vtap_text_rate(double per_second)
{
	if (per_second > 0 && per_second < 1)
		return (struct vtap_text_words){ .text = "<1" };
	if (per_second >= (double)INT64_MAX)
		return (struct vtap_text_words){ .text = "?" };
	return vtap_text_count((uint64_t)(per_second + 0.5));
}

struct vtap_text_words vtap_text_rate_fine(double per_second)
{
	if (per_second >= (double)INT64_MAX / 10)
		return (struct vtap_text_words){ .text = "?" };
	uint64_t tenths = (uint64_t)(per_second * 10 + 0.5);
	struct vtap_text_words words = vtap_text_count(tenths / 10);

	vtap_text_words_add(&words, ".%" PRIu64, tenths % 10);
	return words;
}

struct vtap_text_words vtap_text_bits(double per_second)
{
	static const char *const units[] = { "", " k", " M", " G", " T", " P" };
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	size_t unit = 0;

	if (per_second < 999.5)
		return vtap_text_rate(per_second);
	/* 999.5 and more would show as 1000: the next unit */
	for (; per_second >= 999.5 && unit + 1 < VTAP_ARRAY_LEN(units); unit++)
		per_second /= 1000;
	int digits = per_second < 9.995 ? 2 : per_second < 99.95 ? 1 : 0;
	vtap_text_words_add(&words, "%.*f%s", digits, per_second, units[unit]);
	return words;
}

static struct vtap_text_words two_units(
	uint64_t seconds, uint64_t big_s, const char *big, uint64_t small_s, const char *small)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	uint64_t rest = seconds % big_s / small_s;

	vtap_text_words_add(&words, "%s %s", vtap_text_count(seconds / big_s).text, big);
	if (rest > 0)
		vtap_text_words_add(&words, " %" PRIu64 " %s", rest, small);
	return words;
}

struct vtap_text_words vtap_text_duration(uint64_t ns)
{
	uint64_t seconds = ns / VTAP_NS_PER_S + (ns % VTAP_NS_PER_S > 0 ? 1 : 0);

	if (seconds >= S_PER_DAY)
		return two_units(seconds, S_PER_DAY, "d", S_PER_HOUR, "h");
	if (seconds >= S_PER_HOUR)
		return two_units(seconds, S_PER_HOUR, "h", S_PER_MIN, "min");
	if (seconds >= S_PER_MIN)
		return two_units(seconds, S_PER_MIN, "min", 1, "s");
	return two_units(seconds > 0 ? seconds : 1, 1, "s", 1, "");
}

struct vtap_text_words vtap_text_elapsed(uint64_t ns)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (ns < VTAP_NS_PER_MS)
		vtap_text_words_add(&words, "less than 1 ms");
	else if (ns < VTAP_NS_PER_S)
		vtap_text_words_add(&words, "%" PRIu64 " ms", (uint64_t)(ns / VTAP_NS_PER_MS));
	else
		vtap_text_words_add(&words, "%.1f s", (double)ns / (double)VTAP_NS_PER_S);
	return words;
}

struct vtap_text_words vtap_text_age(uint64_t ns)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	uint64_t seconds = ns / VTAP_NS_PER_S;

	if (ns < NOW_NS)
		vtap_text_words_add(&words, "now");
	else if (seconds < S_PER_MIN)
		vtap_text_words_add(&words, "%" PRIu64 " s ago", seconds);
	else if (seconds < S_PER_HOUR)
		vtap_text_words_add(&words, "%" PRIu64 " min ago", (uint64_t)(seconds / S_PER_MIN));
	else if (seconds < S_PER_DAY)
		vtap_text_words_add(&words, "%" PRIu64 " h ago", (uint64_t)(seconds / S_PER_HOUR));
	else
		vtap_text_words_add(&words, "%s d ago", vtap_text_count(seconds / S_PER_DAY).text);
	return words;
}

static struct tm local_time(uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / VTAP_NS_PER_S);
	struct tm tm = { 0 };

	(void)localtime_r(&seconds, &tm); /* fails only for years that do not fit an int */
	return tm;
}

long vtap_text_utc_offset_s(uint64_t wall_ns)
{
	return local_time(wall_ns).tm_gmtoff;
}

/* Month names are English, whatever the locale: the same words everywhere. */
static struct vtap_text_words date_words(const struct tm *tm, bool has_year)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&words, "%s %d", months[tm->tm_mon], tm->tm_mday);
	if (has_year)
		vtap_text_words_add(&words, " %d", tm->tm_year + 1900);
	return words;
}

struct vtap_text_words vtap_text_minute(uint64_t wall_ns, uint64_t now_ns)
{
	struct tm tm = local_time(wall_ns);
	struct tm now = local_time(now_ns);
	struct vtap_text_words words = date_words(&tm, tm.tm_year != now.tm_year);

	vtap_text_words_add(&words, " %02d:%02d", tm.tm_hour, tm.tm_min);
	return words;
}

struct vtap_text_words vtap_text_date(uint64_t wall_ns, uint64_t now_ns)
{
	struct vtap_text_words words = vtap_text_minute(wall_ns, now_ns);

	vtap_text_words_add(&words, ":%02d", local_time(wall_ns).tm_sec);
	return words;
}

struct vtap_text_words vtap_text_clock(uint64_t wall_ns, uint64_t now_ns)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	struct tm tm = local_time(wall_ns);
	struct tm now = local_time(now_ns);

	if (tm.tm_year != now.tm_year || tm.tm_yday != now.tm_yday)
		return vtap_text_date(wall_ns, now_ns);
	vtap_text_words_add(&words, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	return words;
}

void vtap_text_names_add(struct vtap_text_names *names, const char *name)
{
	if (names->n < names->n_max)
		vtap_text_words_add(&names->words, "%s%s", names->n > 0 ? ", " : "", name);
	names->n++;
}

struct vtap_text_words vtap_text_names_told(const struct vtap_text_names *names)
{
	struct vtap_text_words words = names->words;

	if (names->n == 0)
		vtap_text_words_add(&words, "-");
	if (names->n > names->n_max)
		vtap_text_words_add(&words, " and %zu more", names->n - names->n_max);
	return words;
}

struct vtap_text_words vtap_text_joined(
	struct vtap_text_answer *answer, const struct json_t *list, size_t n_max)
{
	struct vtap_text_names names = { .n_max = n_max };

	for (size_t i = 0; i < vtap_text_list_len(list); i++)
		vtap_text_names_add(&names, vtap_text_list_string(answer, list, i));
	return vtap_text_names_told(&names);
}

struct vtap_text_words vtap_text_drops(struct vtap_text_answer *answer, const struct json_t *object)
{
	const struct json_t *drops = vtap_text_get_object(answer, object, "drops");
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	const char *between = "";
	const char *verdict = NULL;

	while ((verdict = vtap_text_next_key(drops, verdict)) != NULL) {
		uint64_t n = vtap_text_get_count(answer, drops, verdict);

		if (n == 0)
			continue;
		vtap_text_words_add(&words, "%s%s %s", between, vtap_text_count(n).text, verdict);
		between = ", ";
	}
	return words;
}

struct vtap_text_words vtap_text_sources(
	struct vtap_text_answer *answer, const struct json_t *object)
{
	const struct json_t *sources = vtap_text_get_list(answer, object, "sources");
	bool is_complete = vtap_text_get_bool(answer, object, "sources_complete");
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	size_t n = vtap_text_list_len(sources);

	vtap_text_words_add(&words, "%s", n > 0 ? vtap_text_list_string(answer, sources, 0) : "-");
	if (n == 0 || (n == 1 && is_complete))
		return words;
	if (is_complete)
		vtap_text_words_add(&words, " and %s", vtap_text_counted(n - 1, "other").text);
	else if (n == 1)
		vtap_text_words_add(&words, " and others");
	else
		vtap_text_words_add(&words, " and %zu or more others", n - 1);
	return words;
}

struct vtap_text_words vtap_text_last(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	uint64_t age_ns;

	if (!vtap_text_read_count(answer, object, key, &age_ns))
		return (struct vtap_text_words){ .text = "never" };
	return vtap_text_age(age_ns);
}

struct vtap_text_words vtap_text_last_frame(
	struct vtap_text_answer *answer, const struct json_t *session)
{
	struct vtap_text_words words = vtap_text_last(answer, session, "last_frame_age_ns");
	uint64_t age_ns;

	if (!vtap_text_read_count(answer, session, "last_frame_age_ns", &age_ns) &&
		vtap_text_get_count(answer, session, "delivered") > 0)
		return (struct vtap_text_words){ .text = "-" };
	return words;
}

struct vtap_text_words vtap_text_sensors(
	struct vtap_text_answer *answer, const struct json_t *session)
{
	uint64_t n = vtap_text_get_count(answer, session, "sensors");
	const struct json_t *names = vtap_text_has(session, "sensor_names")
					     ? vtap_text_get_list(answer, session, "sensor_names")
					     : NULL; /* of an older daemon */
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&words, "%s", n > 0 ? vtap_text_count(n).text : "-");
	if (n > 0 && vtap_text_list_len(names) > 0)
		vtap_text_words_add(
			&words, " %s", vtap_text_joined(answer, names, SENSORS_SHOWN).text);
	return words;
}

struct vtap_text_words vtap_text_seen(struct vtap_text_answer *answer, const struct json_t *object,
	const char *key, uint64_t now_ns)
{
	uint64_t wall_ns;

	if (!vtap_text_read_time(answer, object, key, &wall_ns))
		return (struct vtap_text_words){ .text = "-" };
	return vtap_text_minute(wall_ns, now_ns);
}

struct vtap_text_words vtap_text_counting(
	struct vtap_text_answer *answer, const struct json_t *daemon, uint64_t now_ns)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	uint64_t started_ns, since_ns, apart_ns;

	if (!vtap_text_has(daemon, "counting_since")) /* an older daemon: since it started */
		return words;
	if (!vtap_text_read_time(answer, daemon, "started", &started_ns))
		return words;
	if (!vtap_text_read_time(answer, daemon, "counting_since", &since_ns))
		return (struct vtap_text_words){ .text = "since before vtapd started" };
	apart_ns = since_ns > started_ns ? since_ns - started_ns : started_ns - since_ns;
	if (apart_ns >= VTAP_NS_PER_S)
		vtap_text_words_add(&words, "since %s", vtap_text_date(since_ns, now_ns).text);
	return words;
}

struct vtap_text_words vtap_text_retry(struct vtap_text_answer *answer, const struct json_t *object)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	uint64_t retry_ns;

	if (vtap_text_read_count(answer, object, "retry_in_ns", &retry_ns))
		vtap_text_words_add(&words, " Next try in %s.", vtap_text_duration(retry_ns).text);
	return words;
}

const char *vtap_text_stop(const char *sentence)
{
	size_t len = strlen(sentence);

	return len > 0 && strchr(".!?", sentence[len - 1]) != NULL ? "" : ".";
}
