// SPDX-License-Identifier: Apache-2.0
#include "daemon/matches.h"

#include <assert.h>
#include <errno.h>
#include <linux/if.h>
#include <stdio.h>
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
	const struct vtap_target *target = &manager->conf->targets[session->i_target];
	const struct vtap_interface *interface =
		vtap_interfaces_find(manager->interfaces, session->interface);
	const char *message = standing->message != NULL ? standing->message : "it is being made";

	if (target->mode == VTAP_MODE_VXLAN)
		return vtap_text_format("session %s is %s: %s", session->name,
			vtap_state_name(standing->state), message);
	if (interface != NULL && interface->state == VTAP_STATE_READY)
		return vtap_text_format("target %s is %s and takes no packet: %s", target->name,
			vtap_state_name(standing->state), message);
	if (verdict != VTAP_VERDICT_DELIVERED)
		return vtap_text_format("session %s is %s, its packets are dropped as %s: %s",
			session->name, vtap_state_name(standing->state), vtap_verdict_name(verdict),
			message);
	return vtap_text_format(
		"session %s is %s, its packets go to the interface that it holds: %s",
		session->name, vtap_state_name(standing->state), message);
}

/* How the session is that gets it: it may have no interface to write to. */
static void explain_state(const struct vtap_manager *manager, struct vtap_report_match *report)
{
	const struct vtap_conf *conf = manager->conf;
	const struct vtap_session *session = vtap_conf_find_session(conf, report->session);
	struct vtap_standing standing;

	if (session == NULL) /* a reload under way removes it */
		return;
	standing = vtap_manager_standing(manager, (size_t)(session - conf->sessions));
	report->state = vtap_state_name(standing.state);
	if (standing.state != VTAP_STATE_READY)
		report->trouble = trouble_format(manager, session, &standing, report->verdict);
}

/* @verdict is what becomes of it at the session's interface. */
static void taker_report(const struct vtap_manager *manager, const struct vtap_session *session,
	const struct vtap_match *match, enum vtap_verdict verdict, struct vtap_report_match *report)
{
	report->verdict = verdict;
	report->session = session->name;
	report->interface = session->interface;
	report->level = vtap_level_name(match->level);
	if (match->source.len > 0)
		vtap_prefix_format(&match->source, report->prefix);
	explain_rule(session, match, report);
	explain_state(manager, report);
}

/* ---- one answer by the table ---- */

static void explain_nobody(const struct vtap_manager *manager, size_t i_target, uint32_t vni,
	const struct vtap_addr *source, struct vtap_report_match *report)
{
	report->explain[0] =
		report->verdict == VTAP_VERDICT_NOT_ALLOWED
			? vtap_observe_allowed(report->target)
			: vtap_observe_why(manager, i_target, vni, vtap_family_of(source));
}

static void class_report(const struct vtap_manager *manager, size_t i_target, uint32_t vni,
	const struct vtap_class *class, struct vtap_report_match *report)
{
	const struct vtap_table *table = vtap_intake_table(manager->intake[i_target]);
	uint32_t i_session = class->match.i_session;

	report->target = &manager->conf->targets[i_target];
	report->verdict = class->verdict;
	if (class->verdict != VTAP_VERDICT_DELIVERED) {
		explain_nobody(manager, i_target, vni, &class->sample, report);
		return;
	}
	taker_report(manager, &manager->table_conf->sessions[i_session], &class->match,
		vtap_table_exit(table, i_session)->tap_fd >= 0 ? VTAP_VERDICT_DELIVERED
							       : VTAP_VERDICT_INTERFACE_GONE,
		report);
}

/* ---- one answer by the configuration: a vxlan device of the kernel's ---- */

/* It needs a device, and that must be up. */
static enum vtap_verdict device_verdict(
	const struct vtap_manager *manager, const struct vtap_session *session)
{
	const struct vtap_interface *interface =
		vtap_interfaces_find(manager->interfaces, session->interface);
	const struct vtap_device *device =
		interface == NULL
			? NULL
			: vtap_devices_find_index(vtap_interfaces_devices(manager->interfaces),
				  interface->wish.held_index);

	if (device == NULL)
		return VTAP_VERDICT_INTERFACE_GONE;
	return (device->flags & IFF_UP) != 0 ? VTAP_VERDICT_DELIVERED : VTAP_VERDICT_INTERFACE_DOWN;
}

/* Is a device of that family up, so that the kernel has the port open for it? */
static bool has_family(const struct vtap_manager *manager, size_t i_target, enum vtap_family family)
{
	const struct vtap_conf *conf = manager->conf;

	for (size_t i = 0; i < conf->n_sessions; i++)
		if (conf->sessions[i].i_target == i_target && conf->sessions[i].family == family &&
			device_verdict(manager, &conf->sessions[i]) == VTAP_VERDICT_DELIVERED)
			return true;
	return false;
}

/* The port is open in the families that devices are up of. Where it is not, an IPv6 packet without
 * a UDP checksum gets no answer: it is invalid but for those who ask for it (RFC 6936; the kernel's
 * __udp6_lib_rcv(), checked by tests/netns/test_vxlan_match.py). */
static void explain_refused(const struct vtap_manager *manager, size_t i_target, uint32_t vni,
	enum vtap_family family, struct vtap_report_match *report)
{
	report->is_uncounted = true;
	if (has_family(manager, i_target, family)) {
		report->explain[0] = vtap_text_format("dropped and counted nowhere");
		report->explain[1] = vtap_observe_why(manager, i_target, vni, family);
		return;
	}
	report->explain[0] = vtap_text_format("answered with ICMP port unreachable%s",
		family == VTAP_FAMILY_IPV6 ? ", or dropped if its UDP checksum is 0" : "");
	report->explain[1] = vtap_text_format(
		"no session of this target with family = %s is up", vtap_family_name(family));
}

static void family_report(const struct vtap_manager *manager, size_t i_target, uint32_t vni,
	enum vtap_family family, struct vtap_report_match *report)
{
	static const struct vtap_match NAMES_VNI = { .level = VTAP_LEVEL_VNI };
	const struct vtap_session *session =
		vtap_conf_find_vni(manager->conf, i_target, vni, family);

	report->target = &manager->conf->targets[i_target];
	if (session == NULL)
		explain_refused(manager, i_target, vni, family, report);
	else
		taker_report(
			manager, session, &NAMES_VNI, device_verdict(manager, session), report);
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

static int families_add(const struct vtap_manager *manager, size_t i_target,
	const struct vtap_request *request, struct vtap_matches *matches)
{
	static const char *const FROM[] = {
		[VTAP_FAMILY_IPV4] = "IPv4",
		[VTAP_FAMILY_IPV6] = "IPv6",
	};
	static_assert(VTAP_ARRAY_LEN(FROM) == VTAP_FAMILY_COUNT, "every family has its line");
	int r = matches_grow(matches, VTAP_FAMILY_COUNT);

	for (unsigned i = 0; i < VTAP_FAMILY_COUNT && r == 0; i++) {
		struct vtap_report_match *report = &matches->match[matches->n];

		if (request->has_source && vtap_family_of(&request->source) != i)
			continue;
		if (!request->has_source)
			(void)snprintf(
				report->from, sizeof(report->from), "%s", FROM[i]); /* fits */
		family_report(manager, i_target, request->vni, (enum vtap_family)i, report);
		matches->n++;
	}
	return r;
}

int vtap_matches_find(const struct vtap_manager *manager, const struct vtap_request *request,
	struct vtap_matches *ret_matches)
{
	struct vtap_matches matches = { 0 };
	int r = 0;

	for (size_t i = 0; i < manager->conf->n_targets && r == 0; i++) {
		if (manager->conf->targets[i].mode == VTAP_MODE_VXLAN)
			r = families_add(manager, i, request, &matches);
		else if (vtap_intake_table(manager->intake[i]) == NULL)
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
