// SPDX-License-Identifier: Apache-2.0
/* What merges frames on an underlay, switched off and on again, and what is told of it. */
#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/offloads_state.h"

static struct vtap_log_context log_context(const struct vtap_remembered *underlay, int error)
{
	return (struct vtap_log_context){ .interface = underlay->former.name, .error = error };
}

/* Something stays on: said when it begins, or for another reason. */
static void why_set(struct vtap_remembered *underlay, int error, const char *why)
{
	struct vtap_log_context context = log_context(underlay, error);
	bool is_new = strcmp(underlay->why, why) != 0;

	context.condition = "gro-merging";
	(void)snprintf(underlay->why, sizeof(underlay->why), "%s", why); /* same size, or cut */
	if (is_new)
		vtap_log(vtap_log_priority(context.condition), VTAP_EVENT_UNDERLAY, &context,
			"%s; what comes in there may be merged", underlay->why);
}

/* Nothing stays on any more. */
static void why_clear(struct vtap_remembered *underlay)
{
	struct vtap_log_context context = log_context(underlay, 0);

	if (underlay->why[0] == '\0')
		return;
	context.condition = "gro-merging";
	underlay->why[0] = '\0';
	vtap_log(LOG_NOTICE, VTAP_EVENT_UNDERLAY, &context,
		"gro-merging: over, nothing merges on %s any more", underlay->former.name);
}

/* The repairs that are done meanwhile, one when it is due, are counted in silence. */
static void give_way(struct vtap_remembered *underlay, unsigned merging)
{
	char names[VTAP_MERGING_TEXT_MAX], why[VTAP_ERR_MAX];

	if (underlay->is_given_way)
		return;
	underlay->is_given_way = true;
	(void)snprintf(why, sizeof(why), "somebody keeps switching %s of %s on", /* fits */
		vtap_merging_format(merging, names, sizeof(names)), underlay->former.name);
	why_set(underlay, 0, why);
}

static void refused(struct vtap_remembered *underlay, unsigned merging, int error,
	const struct vtap_err *err, uint64_t now_ns)
{
	char names[VTAP_MERGING_TEXT_MAX], why[VTAP_ERR_MAX];

	underlay->is_given_way = false;
	vtap_backoff_delay(&underlay->backoff, now_ns);
	(void)snprintf(why, sizeof(why), "%s of %s cannot be switched off: %.200s", /* fits */
		vtap_merging_format(merging, names, sizeof(names)), underlay->former.name,
		vtap_err_text(err, error));
	why_set(underlay, error, why);
}

static void is_fixed(struct vtap_remembered *underlay, unsigned merging)
{
	char names[VTAP_MERGING_TEXT_MAX], why[VTAP_ERR_MAX];

	(void)snprintf(why, sizeof(why),
		"%s of %s cannot be switched off: the driver has it fixed", /* fits */
		vtap_merging_format(merging, names, sizeof(names)), underlay->former.name);
	why_set(underlay, 0, why);
}

static void switched_off(
	struct vtap_offloads *offloads, const struct vtap_remembered *underlay, unsigned merging)
{
	struct vtap_log_context context = log_context(underlay, 0);
	const char *name = underlay->former.name;
	char names[VTAP_MERGING_TEXT_MAX];

	(void)vtap_merging_format(merging, names, sizeof(names)); /* returns it */
	if (underlay->was_off) {
		offloads->n_repairs++;
		if (!underlay->is_given_way)
			vtap_log(LOG_NOTICE, VTAP_EVENT_REPAIRED, &context,
				"%s: %s was switched on by somebody; off again", name, names);
	} else if (underlay->is_known) {
		vtap_log(LOG_INFO, VTAP_EVENT_UNDERLAY, &context, "%s: %s was on again; off", name,
			names);
	} else {
		vtap_log(LOG_INFO, VTAP_EVENT_UNDERLAY, &context,
			"%s: %s off, for as long as vxlan sessions receive there", name, names);
	}
}

/* What is on and can be switched off. */
static void switch_off(struct vtap_offloads *offloads, struct vtap_remembered *underlay,
	unsigned which, uint64_t now_ns)
{
	bool is_repair = underlay->was_off;
	struct vtap_err err = VTAP_ERR_NULL;
	int r;

	if (is_repair && (!vtap_backoff_is_due(&underlay->backoff, now_ns) ||
				 !vtap_backoff_repair(&underlay->backoff, now_ns))) {
		give_way(underlay, which);
		return;
	}
	if (!vtap_backoff_is_due(&underlay->backoff, now_ns))
		return;
	r = vtap_offload_set(offloads->offload, underlay->index, which, 0, &err);
	if (r == -ENODEV)
		return; /* gone since the look: the next one sees it */
	if (r < 0) {
		underlay->was_off = false;
		refused(underlay, which, r, &err, now_ns);
		return;
	}
	if (!is_repair)
		vtap_backoff_clear(&underlay->backoff);
	underlay->merging &= ~which;
	switched_off(offloads, underlay, which);
}

void vtap_remembered_hold_off(struct vtap_offloads *offloads, struct vtap_remembered *underlay,
	const struct vtap_device *device, uint64_t now_ns)
{
	unsigned which = device->merging & ~device->merging_fixed;

	if (vtap_backoff_is_quiet(&underlay->backoff, now_ns))
		underlay->is_given_way = false;
	underlay->merging = device->merging;
	if (which != 0)
		switch_off(offloads, underlay, which, now_ns);
	if ((underlay->merging & ~device->merging_fixed) != 0)
		return;
	underlay->was_off = underlay->is_known = true;
	if (underlay->is_given_way)
		return;
	if (underlay->merging != 0)
		is_fixed(underlay, underlay->merging);
	else
		why_clear(underlay);
}

/* ---- on again ---- */

static void switched_on(
	struct vtap_remembered *underlay, unsigned which, int r, const struct vtap_err *err)
{
	struct vtap_log_context context = log_context(underlay, r);
	const char *name = underlay->former.name;
	const char *why = r < 0 ? vtap_err_text(err, r) : "";
	char names[VTAP_MERGING_TEXT_MAX];

	(void)vtap_merging_format(which, names, sizeof(names)); /* returns it */
	if (r == 0 && which != 0)
		vtap_log(LOG_INFO, VTAP_EVENT_UNDERLAY, &context,
			"%s: %s on again, as before: no vxlan session receives there any more",
			name, names);
	else if (r < 0 && strcmp(underlay->why, why) != 0)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &context, "%s: switch %s on again: %s", name,
			names, why);
	(void)snprintf(underlay->why, sizeof(underlay->why), "%s", why); /* same size */
}

bool vtap_remembered_restore(struct vtap_offloads *offloads, struct vtap_remembered *underlay,
	const struct vtap_device *device, bool is_last, uint64_t now_ns)
{
	unsigned which = underlay->former.merging & ~device->merging;
	struct vtap_err err = VTAP_ERR_NULL;
	int r;

	if (!vtap_backoff_is_due(&underlay->backoff, now_ns))
		return false;
	r = which == 0 ? 0
		       : vtap_offload_set(offloads->offload, underlay->index, which, which, &err);
	if (r == -ENODEV)
		return true; /* gone since the look */
	switched_on(underlay, which, r, &err);
	/* a driver that does not follow will not do so later, unless another is first */
	if (r == 0 || (r == -EOPNOTSUPP && is_last))
		return true;
	vtap_backoff_delay(&underlay->backoff, now_ns);
	return false;
}
