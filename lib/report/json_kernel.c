// SPDX-License-Identifier: Apache-2.0
/* What reports tell of vxlan-mode targets: what the kernel counts, and what it hides. Nothing that
 * is not known is ever 0. */
#include <jansson.h>

#include "report/json_value.h"

/* Of these fates nobody tells in vxlan mode: the kernel drops such packets without counting them.
 * Those that this mode does not have (`source`, `allow`, sockets) are not among them. */
static const enum vtap_verdict HIDDEN[] = {
	VTAP_VERDICT_NOT_VXLAN,
	VTAP_VERDICT_NO_VNI_FLAG,
	VTAP_VERDICT_TOO_SHORT,
	VTAP_VERDICT_UNKNOWN_VNI,
	VTAP_VERDICT_INTERFACE_DOWN,
	VTAP_VERDICT_INTERFACE_GONE,
};

json_t *vtap_json_host(const struct vtap_report_trend counters[VTAP_HOST_COUNT])
{
	json_t *object = json_object();

	for (int i = 0; i < VTAP_HOST_COUNT; i++)
		if (json_object_set_new(object, vtap_host_counter_name((enum vtap_host_counter)i),
			    counters[i].is_known ? json_integer((json_int_t)counters[i].total)
						 : json_null()) < 0)
			break;
	return object;
}

static bool is_kernel(const struct vtap_target *target)
{
	return target->mode == VTAP_MODE_VXLAN;
}

static json_t *hidden_json(const struct vtap_snapshot *snapshot, const struct vtap_target *target)
{
	json_t *array = json_array();

	for (size_t i = 0; i < VTAP_ARRAY_LEN(HIDDEN) && is_kernel(target); i++)
		if (json_array_append_new(array, json_string(vtap_verdict_name(HIDDEN[i]))) < 0)
			break;
	if (is_kernel(target) && vtap_snapshot_hides_losses(snapshot, target))
		(void)json_array_append_new(/* missing only without memory */
			array, json_string(vtap_verdict_name(VTAP_VERDICT_LOST_IN_HANDOVER)));
	return array;
}

json_t *vtap_json_target_kernel(
	const struct vtap_snapshot *snapshot, const struct vtap_report_target *report)
{
	const struct vtap_target *target = report->target;
	bool is_merging_known = !is_kernel(target) || report->merging != NULL;

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "mode",
		vtap_mode_name(target->mode), "counted_by", is_kernel(target) ? "kernel" : "vtapd",
		"hidden", hidden_json(snapshot, target), "merging",
		is_merging_known ? vtap_json_strings(report->merging, report->n_merging)
				 : json_null(),
		"merging_reason", vtap_json_shown(report->merging_why), "switched_off",
		vtap_json_strings(report->switched_off, report->n_switched_off), "reserved_bits",
		is_kernel(target) ? json_null() : json_integer((json_int_t)report->reserved_bits),
		"unknown_bytes",
		is_kernel(target) ? json_null() : json_integer((json_int_t)report->unknown_bytes));
}

static json_t *kernel_json(const struct vtap_report_kernel *kernel)
{
	char merging[32];

	if (!kernel->is_known)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:b, s:s?}", "rx_packets",
		(json_int_t)kernel->rx_packets, "rx_bytes", (json_int_t)kernel->rx_bytes,
		"rx_errors", (json_int_t)kernel->rx_errors, "rx_dropped",
		(json_int_t)kernel->rx_dropped, "guarded", kernel->is_guarded ? 1 : 0, "merging",
		kernel->merging == 0
			? NULL
			: vtap_merging_format(kernel->merging, merging, sizeof(merging)));
}

static const char *reserved_bits_word(const struct vtap_report_session *report)
{
	if (!is_kernel(report->target))
		return "ignored";
	if (!report->kernel.is_known)
		return NULL;
	return report->kernel.reserved_bits == VTAP_OFF ? "ignored" : "dropped";
}

json_t *vtap_json_session_kernel(const struct vtap_report_session *report)
{
	bool has_kernel = is_kernel(report->target);

	const struct vtap_report_trend *trend = &report->truncated_trend;

	return json_pack("{s:s?, s:o, s:s?, s:o, s:o}", "family",
		has_kernel ? vtap_family_name(report->session->family) : NULL, "kernel",
		has_kernel ? kernel_json(&report->kernel) : json_null(), "reserved_bits",
		reserved_bits_word(report), "truncated",
		has_kernel ? json_null() : json_integer((json_int_t)report->truncated),
		"truncated_recent",
		trend->is_known ? json_integer((json_int_t)trend->recent) : json_null());
}

json_t *vtap_json_uncounted(const struct vtap_snapshot *snapshot)
{
	json_t *array = json_array();

	for (size_t i = 0; i < snapshot->n_targets; i++) {
		const struct vtap_target *target = snapshot->targets[i].target;

		if (is_kernel(target) &&
			json_array_append_new(array, json_pack("{s:s, s:i}", "target", target->name,
							     "port", (int)target->port)) < 0)
			break;
	}
	return array;
}
