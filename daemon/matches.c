// SPDX-License-Identifier: Apache-2.0
#include "daemon/matches.h"

#include <errno.h>
#include <linux/if.h>
#include <string.h>

#include "base/text.h"
#include "daemon/observe.h"
#include "datapath/classes.h"
#include "datapath/table.h"

void vtap_matches_done(struct vtap_matches *matches)
{
	for (size_t i = 0; i < matches->n; i++) {
		for (size_t j = 0; j < VTAP_ARRAY_LEN(matches->match[i].explain); j++)
			free(matches->match[i].explain[j]);
		free(matches->match[i].trouble);
	}
	free(matches->match);
	*matches = (struct vtap_matches){ 0 };
}

/* ---- one answer ---- */

static void explain_rule(const struct vtap_session *session, const struct vtap_match *match,
	struct vtap_report_match *report)
{
	static const char *const HOW[] = {
		[VTAP_LEVEL_VNI] = "names this VNI",
		[VTAP_LEVEL_RANGE] = "has it in a range",
		[VTAP_LEVEL_ANY] = "takes any VNI",
	};
	char place[64];

	report->explain[0] = vtap_text_format("session %s %s%s%s (%s)", session->name,
		HOW[match->level], match->source.len > 0 ? ", from " : "",
		match->source.len > 0 ? report->prefix : "",
		vtap_place_format(session->vni_place, place, sizeof(place)));
	if (match->level == VTAP_LEVEL_RANGE)
		report->explain[1] =
			vtap_text_format("no session names this VNI alone for that source");
	else if (match->level == VTAP_LEVEL_ANY)
		report->explain[1] = vtap_text_format(
			"no session names this VNI, alone or in a range, for that source");
}

/* The session waits: what then becomes of the packets. */
static char *trouble_format(const struct vtap_manager *manager, const struct vtap_session *session,
	const struct vtap_standing *standing, enum vtap_verdict verdict)
{
	const struct vtap_interface *interface =
		vtap_interfaces_find(manager->interfaces, session->interface);
	const char *message = standing->message != NULL ? standing->message : "it is being made";

	if (interface != NULL && interface->wish.mode == VTAP_MODE_VXLAN)
		return vtap_text_format("session %s is %s: %s", session->name,
			vtap_state_name(standing->state), message);
	if (interface != NULL && interface->state == VTAP_STATE_READY)
		return vtap_text_format("target %s is %s and takes no packet: %s",
			manager->conf->targets[session->i_target].name,
			vtap_state_name(standing->state), message);
	if (verdict != VTAP_VERDICT_DELIVERED)
		return vtap_text_format("session %s is %s, its packets are dropped as %s: %s",
			session->name, vtap_state_name(standing->state), vtap_verdict_name(verdict),
			message);
	return vtap_text_format(
		"session %s is %s, its packets go to the interface that it holds: %s",
		session->name, vtap_state_name(standing->state), message);
}

/* What becomes of what this rule takes: it needs an interface, and a device of the kernel's must be
 * up. */
static enum vtap_verdict exit_verdict(const struct vtap_manager *manager,
	const struct vtap_table *table, const struct vtap_match *match)
{
	const struct vtap_interface *interface = vtap_interfaces_find(
		manager->interfaces, manager->table_conf->sessions[match->i_session].interface);
	const struct vtap_device *device;

	if (interface == NULL || interface->wish.mode != VTAP_MODE_VXLAN)
		return vtap_table_exit(table, match->i_session)->tap_fd >= 0
			       ? VTAP_VERDICT_DELIVERED
			       : VTAP_VERDICT_INTERFACE_GONE;
	device = vtap_devices_find_index(
		vtap_interfaces_devices(manager->interfaces), interface->wish.held_index);
	if (device == NULL)
		return VTAP_VERDICT_INTERFACE_GONE;
	return (device->flags & IFF_UP) != 0 ? VTAP_VERDICT_DELIVERED : VTAP_VERDICT_INTERFACE_DOWN;
}

/* How the session is whose rule matched: it may have no interface to write to. */
static void explain_state(const struct vtap_manager *manager, const struct vtap_table *table,
	const struct vtap_match *match, struct vtap_report_match *report)
{
	const struct vtap_conf *conf = manager->conf;
	const struct vtap_session *session = vtap_conf_find_session(conf, report->session);
	struct vtap_standing standing;

	report->verdict = exit_verdict(manager, table, match);
	if (session == NULL) /* a reload under way removes it */
		return;
	standing = vtap_manager_standing(manager, (size_t)(session - conf->sessions));
	report->state = vtap_state_name(standing.state);
	if (standing.state != VTAP_STATE_READY)
		report->trouble = trouble_format(manager, session, &standing, report->verdict);
}

static void explain_nobody(const struct vtap_manager *manager, size_t i_target, uint32_t vni,
	struct vtap_report_match *report)
{
	_auto_free char *allow = NULL;

	if (report->verdict != VTAP_VERDICT_NOT_ALLOWED) {
		report->explain[0] = vtap_observe_why(manager, i_target, vni);
		return;
	}
	allow = vtap_prefixes_format(report->target->allow, report->target->n_allow);
	report->explain[0] = vtap_text_format(
		"target %s allows %s only", report->target->name, allow != NULL ? allow : "others");
}

static void class_report(const struct vtap_manager *manager, size_t i_target, uint32_t vni,
	const struct vtap_class *class, struct vtap_report_match *report)
{
	const struct vtap_table *table = vtap_intake_table(manager->intake[i_target]);
	const struct vtap_session *session;

	report->target = &manager->conf->targets[i_target];
	report->verdict = class->verdict;
	if (class->verdict != VTAP_VERDICT_DELIVERED) {
		explain_nobody(manager, i_target, vni, report);
		return;
	}
	session = &manager->table_conf->sessions[class->match.i_session];
	report->session = session->name;
	report->interface = session->interface;
	report->level = vtap_level_name(class->match.level);
	if (class->match.source.len > 0)
		vtap_prefix_format(&class->match.source, report->prefix);
	explain_rule(session, &class->match, report);
	explain_state(manager, table, &class->match, report);
}

/* ---- all of them ---- */

static int matches_grow(struct vtap_matches *matches, size_t n)
{
	struct vtap_report_match *grown =
		reallocarray(matches->match, matches->n + n, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	matches->match = grown;
	memset(&grown[matches->n], 0, n * sizeof(*grown));
	return 0;
}

/* Before the first table nobody gets anything. */
static int starting_add(
	const struct vtap_manager *manager, size_t i_target, struct vtap_matches *matches)
{
	int r = matches_grow(matches, 1);

	if (r < 0)
		return r;
	matches->match[matches->n] = (struct vtap_report_match){
		.target = &manager->conf->targets[i_target],
		.verdict = VTAP_VERDICT_NOT_ALLOWED,
		.explain = { vtap_text_format("vtapd is still starting") },
	};
	matches->n++;
	return 0;
}

static int source_add(const struct vtap_manager *manager, size_t i_target,
	const struct vtap_request *request, struct vtap_matches *matches)
{
	const struct vtap_table *table = vtap_intake_table(manager->intake[i_target]);
	struct vtap_class class = {
		.sample = request->source,
		.verdict = VTAP_VERDICT_NOT_ALLOWED,
	};
	int r = matches_grow(matches, 1);

	if (r < 0)
		return r;
	if (vtap_table_allows(table, &request->source))
		class.verdict =
			vtap_table_match(table, request->vni, &request->source, &class.match);
	class_report(manager, i_target, request->vni, &class, &matches->match[matches->n++]);
	return 0;
}

static int classes_add(const struct vtap_manager *manager, size_t i_target, uint32_t vni,
	struct vtap_matches *matches)
{
	_auto_free struct vtap_class *classes = NULL;
	size_t n = 0;
	int r = vtap_classes_find(vtap_intake_table(manager->intake[i_target]), vni, &classes, &n);

	if (r == 0)
		r = matches_grow(matches, n);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct vtap_report_match *report = &matches->match[matches->n++];

		vtap_prefix_format(&classes[i].from, report->from);
		class_report(manager, i_target, vni, &classes[i], report);
	}
	return r;
}

int vtap_matches_find(const struct vtap_manager *manager, const struct vtap_request *request,
	struct vtap_matches *ret_matches)
{
	struct vtap_matches matches = { 0 };
	int r = 0;

	for (size_t i = 0; i < manager->conf->n_targets && r == 0; i++) {
		if (vtap_intake_table(manager->intake[i]) == NULL)
			r = starting_add(manager, i, &matches);
		else if (request->has_source)
			r = source_add(manager, i, request, &matches);
		else
			r = classes_add(manager, i, request->vni, &matches);
	}
	if (r < 0)
		vtap_matches_done(&matches);
	else
		*ret_matches = matches;
	return r;
}
