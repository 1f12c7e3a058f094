// SPDX-License-Identifier: Apache-2.0
#include "daemon/trends.h"

#include <string.h>

static uint64_t span_of(uint64_t now_ns)
{
	return now_ns / VTAP_TREND_SPAN_NS;
}

/* What came in the spans that are not over yet for somebody who looks in @i_span. */
static uint64_t recent_sum(const struct vtap_trend *trend, uint64_t i_span)
{
	uint64_t sum = 0;

	for (uint64_t age = i_span - trend->i_span; age < VTAP_TREND_SPANS; age++)
		sum += trend->rise[(i_span - age) % VTAP_TREND_SPANS];
	return sum;
}

/* Spans in which nobody looked had no rise: it belongs to the one in which it was seen. */
static void spans_pass(struct vtap_trend *trend, uint64_t i_span)
{
	if (i_span - trend->i_span >= VTAP_TREND_SPANS)
		memset(trend->rise, 0, sizeof(trend->rise));
	else
		for (uint64_t i = trend->i_span + 1; i <= i_span; i++)
			trend->rise[i % VTAP_TREND_SPANS] = 0;
	trend->i_span = i_span;
}

void vtap_trend_note(struct vtap_trend *trend, uint64_t total, uint64_t now_ns)
{
	uint64_t i_span = span_of(now_ns), n_more;
	uint32_t *rise;

	if (!trend->is_known || total < trend->total) {
		*trend = (struct vtap_trend){ .is_known = true, .total = total, .i_span = i_span };
		return;
	}
	spans_pass(trend, i_span);
	n_more = total - trend->total;
	rise = &trend->rise[i_span % VTAP_TREND_SPANS];
	if (recent_sum(trend, i_span) == 0) {
		trend->since_ns = n_more > 0 ? now_ns : 0;
		trend->began_total = trend->total;
	}
	trend->last_ns = n_more > 0 ? now_ns : trend->last_ns;
	*rise = n_more > UINT32_MAX - *rise ? UINT32_MAX : *rise + (uint32_t)n_more;
	trend->total = total;
}

void vtap_trend_forgo(struct vtap_trend *trend, uint64_t n)
{
	if (!trend->is_known)
		return; /* it is there when somebody looks first */
	trend->total += n;
	trend->began_total += n;
}

void vtap_trend_forget(struct vtap_trend *trend)
{
	*trend = (struct vtap_trend){ .is_known = false };
}

struct vtap_report_trend vtap_trend_read(const struct vtap_trend *trend, uint64_t now_ns)
{
	struct vtap_report_trend report = { .is_known = trend->is_known, .total = trend->total };
	uint64_t i_span = span_of(now_ns);

	report.recent = i_span >= trend->i_span ? recent_sum(trend, i_span) : 0;
	if (report.recent == 0)
		return report;
	report.since_mono_ns = trend->since_ns;
	report.last_mono_ns = trend->last_ns;
	report.risen = trend->total - trend->began_total;
	return report;
}
