// SPDX-License-Identifier: Apache-2.0
/* What sessions wait for: their interface, or somebody who reads it. */
#include "report/finding_gather.h"

#include <stdio.h>
#include <string.h>

#include "model/ifname.h"

/* Also one that is shown, and not as it should be: that has a reason all the same. */
static bool is_ready(const struct vtap_report_session *report)
{
	return strcmp(report->state.state, "ready") == 0;
}

/* The part of a state's message that says what is wrong; what vtapd does about it follows a ';'. */
static int complaint_len(const char *message)
{
	return (int)strcspn(message, ";");
}

static bool is_of_target(const struct vtap_report_session *session)
{
	enum vtap_condition condition = vtap_condition_find(session->state.reason);

	return condition == VTAP_CONDITION_UNDERLAY_MISSING ||
	       condition == VTAP_CONDITION_PORT_TAKEN ||
	       condition == VTAP_CONDITION_SOCKET_REFUSED ||
	       condition == VTAP_CONDITION_FASTPATH_OFF;
}

bool vtap_finding_other_vxlan(const char *message, char ret_name[static VTAP_IFNAME_MAX])
{
	static const char WORDS[] = "the vxlan interface ";
	static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-";
	const char *name = strstr(message, WORDS);
	size_t len = name != NULL ? strcspn(name + strlen(WORDS), ",") : 0;

	if (len == 0 || len >= VTAP_IFNAME_MAX || name[strlen(WORDS)] == '-' ||
		strspn(name + strlen(WORDS), PLAIN) < len)
		return false;
	(void)snprintf(ret_name, VTAP_IFNAME_MAX, "%.*s", (int)len, name + strlen(WORDS)); /* fits
											    */
	return true;
}

static void vni_remedy_set(struct vtap_finding *finding, const struct vtap_report_session *report)
{
	char name[VTAP_IFNAME_MAX], place[64];

	vtap_place_format(report->session->vni_place, place, sizeof(place));
	if (vtap_finding_other_vxlan(report->state.message, name))
		vtap_finding_remedy(
			finding, "sudo ip link del %s # or another `vni` in %s", name, place);
	else
		vtap_finding_remedy(finding,
			"# ip link del the interface that has it, or another `vni` in %s", place);
}

/* Who has a name like those of ours is in our way; who has one that somebody wrote down may be what
 * this host is reached by. */
static void interface_remedy_set(struct vtap_finding *finding, const struct vtap_session *session)
{
	char place[64];

	vtap_place_format(session->interface_place, place, sizeof(place));
	if (vtap_ifname_is_usual(session->interface))
		vtap_finding_remedy(finding, "sudo ip link del %s # or another `interface` in %s",
			session->interface, place);
	else
		vtap_finding_remedy(finding,
			"# another `interface` in %s, or without: mirror-%s; `ip -d link show %s` "
			"tells whose it is",
			place, session->name, session->interface);
}

static void gather_waiting(
	struct vtap_gathering *gathering, const struct vtap_report_session *report)
{
	const struct vtap_session *session = report->session;
	bool breaks = session->is_required && vtap_finding_requires(gathering, VTAP_REQUIRE_ALL) &&
		      !is_ready(report);
	enum vtap_condition condition = vtap_condition_find(report->state.reason);
	struct vtap_finding *finding;

	if (condition == VTAP_CONDITION_COUNT)
		condition = VTAP_CONDITION_SESSION_WAITING;
	finding = vtap_finding_add(gathering, condition, vtap_subject_session(session->name),
		breaks, "session %s %s: %.*s", session->name,
		condition == VTAP_CONDITION_REPAIR_LOOP ? "is not set right for the moment"
							: "cannot be shown",
		complaint_len(report->state.message), report->state.message);
	if (condition == VTAP_CONDITION_INTERFACE_FOREIGN)
		interface_remedy_set(finding, session);
	else if (condition == VTAP_CONDITION_VNI_TAKEN)
		vni_remedy_set(finding, report);
	else if (condition == VTAP_CONDITION_SESSION_WAITING)
		vtap_finding_remedy(finding, "vtapctl show %s", session->name);
}

static void gather_session(
	struct vtap_gathering *gathering, const struct vtap_report_session *report)
{
	const struct vtap_session *session = report->session;

	if (report->state.reason != NULL && report->state.message != NULL && !is_of_target(report))
		gather_waiting(gathering, report);
	if (!vtap_finding_requires(gathering, VTAP_REQUIRE_SENSORS) || !session->is_required ||
		report->n_sensors > 0)
		return;
	(void)vtap_finding_add(gathering, VTAP_CONDITION_NO_SENSOR,
		vtap_subject_session(session->name), true, "session %s: nothing reads %s",
		session->name, session->interface);
}

static void gather_no_sessions(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;

	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (is_ready(&snapshot->sessions[i]))
			return;
	if (snapshot->n_sessions == 0)
		vtap_finding_remedy(vtap_finding_add(gathering, VTAP_CONDITION_NO_SESSIONS,
					    vtap_subject_host(), true, "no session is configured"),
			"# write /etc/vtapd/conf.d/NAME.conf, then: sudo vtapctl reload");
	else
		vtap_finding_remedy(
			vtap_finding_add(gathering, VTAP_CONDITION_NO_SESSIONS, vtap_subject_host(),
				vtap_finding_requires(gathering, VTAP_REQUIRE_ANY),
				"no session is ready"),
			"vtapctl status");
}

void vtap_finding_gather_waiting(struct vtap_gathering *gathering)
{
	gather_no_sessions(gathering);
	for (size_t i = 0; i < gathering->snapshot->n_sessions; i++)
		gather_session(gathering, &gathering->snapshot->sessions[i]);
}
