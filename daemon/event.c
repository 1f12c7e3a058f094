// SPDX-License-Identifier: Apache-2.0
#include "daemon/event.h"

#include <assert.h>

#include "base/cleanup.h"

#define STATE_OF_SESSIONS "sessions that wait or are ready"
#define STATE_OF_TARGETS  "targets that wait or are ready"

/* Message ids were made once with `systemd-id128 new`; they never change. */
static const struct vtap_event_row ROWS[] = {
	[VTAP_EVENT_READY] = {
		.message_id = "e8fbb3e87b714744a5d032e72753940f",
		.meaning = "vtapd has started: every session is ready, or waits for a reason that "
			   "is told",
		.cause = "Sessions that wait do not hold up the others, and are tried again by "
			 "themselves.",
		.remedy = "vtapctl doctor # where some wait; else there is nothing to do",
		.is_asked_for = true,
	},
	[VTAP_EVENT_STOPPED] = {
		.message_id = "b443dc72225043ceae6bbe33988782c0",
		.meaning = "vtapd has stopped",
		.cause = "It was asked to. The entry says what stays, and whether this host now "
			 "answers mirrored packets with ICMP port unreachable, which goes to the "
			 "machines whose traffic is mirrored.",
		.remedy = "sudo systemctl start vtapd # for good: end the mirror sessions first, "
			  "then sudo vtapctl teardown",
		.is_asked_for = true,
	},
	[VTAP_EVENT_RELOADED] = {
		.message_id = "da80981828ee4dd5b52090184b2f53d3",
		.meaning = "another configuration is in effect",
		.cause = "Somebody asked for a reload. The entry names what changed, with the signs "
			 "of `vtapctl plan`, and is found by the names of those sessions. Others were "
			 "not touched.",
		.remedy = "vtapctl status # shows what came of it",
		.is_asked_for = true,
	},
	[VTAP_EVENT_RELOAD_REFUSED] = {
		.message_id = "a2c487bffe0f492fb5ace97f47249cd5",
		.meaning = "a reload failed, and nothing was changed",
		.cause = "The files are good, but something else was missing: memory, for "
			 "instance. The entry says what.",
		.remedy = "sudo vtapctl reload # once that is there",
		.is_asked_for = true,
	},
	[VTAP_EVENT_SESSION_READY] = {
		.message_id = "40eb5e4b97514c559b67cd9b996dcafc",
		.meaning = "a session that had waited is ready",
		.cause = "What stood in its way is gone; VTAPD_CONDITION names what that was.",
		.remedy = "# nothing",
		.state = STATE_OF_SESSIONS,
	},
	[VTAP_EVENT_SESSION_WAITING] = {
		.message_id = "61710707bdfb48cb9d78757c68fd6e8d",
		.meaning = "a session is not shown",
		.cause = "The entry says what it waits for, and when it is tried again. Of more than "
			 "16 at once the others are named together.",
		.remedy = "vtapctl doctor",
		.state = STATE_OF_SESSIONS,
	},
	[VTAP_EVENT_REPAIRED] = {
		.message_id = "fd7cd4fd233b4d9eb2ae400b14048dff",
		.meaning = "somebody changed what vtapd looks after, and it was put right",
		.cause = "An interface was deleted, renamed, set down or changed, a filter taken "
			 "away, or an offload switched on. Frames of those milliseconds may be "
			 "lost.",
		.remedy = "ip monitor link # if it comes again and again: keep the other program "
			  "away from it",
	},
	[VTAP_EVENT_INTERFACE_REMOVED] = {
		.message_id = "d60023669be14903bcde93fd3869a7fd",
		.meaning = "interfaces that no session has any more were removed",
		.cause = "The configuration does not name them any more, and they carry the mark "
			 "of vtapd. Others are never removed.",
		.remedy = "# nothing; vtapctl plan would have told so before the reload",
	},
	[VTAP_EVENT_TARGET_READY] = {
		.message_id = "6c1987fc5f26436291c8922a533f8b55",
		.meaning = "a target that had waited receives on its port",
		.cause = "What stood in its way is gone; VTAPD_CONDITION names what that was.",
		.remedy = "# nothing",
		.state = STATE_OF_TARGETS,
	},
	[VTAP_EVENT_TARGET_WAITING] = {
		.message_id = "67191ec803fc4042990d75408bcd2233",
		.meaning = "a target does not receive",
		.cause = "The entry says what it waits for. It is tried again by itself.",
		.remedy = "vtapctl doctor",
		.state = STATE_OF_TARGETS,
	},
	[VTAP_EVENT_SOCKETS_CLOSED] = {
		.message_id = "49d63e42866b4190a0ea5649b1cc701a",
		.meaning = "sockets of ports that are no longer configured were closed",
		.cause = "They came back from systemd, which had kept them over a restart, and "
			 "the configuration has changed meanwhile. What is sent to those ports is "
			 "answered with ICMP port unreachable now.",
		.remedy = "# nothing, or close the port in the security group",
	},
	[VTAP_EVENT_UNDERLAY] = {
		.message_id = "33a3163bbe9248099638fc92b6f94096",
		.meaning = "an interface that mirrored packets come in on has changed",
		.cause = "It came or went, or vtapd treats it otherwise from now on: the fast path "
			 "is on or off there, or what merges frames.",
		.remedy = "ip -br link # gone, and not by intention: attach it again; else "
			  "nothing",
	},
	[VTAP_EVENT_NEWS_LOST] = {
		.message_id = "58a832e44eee4ee39243ed67bb137fba",
		.meaning = "the kernel had more news of interfaces than fits",
		.cause = "Something changes very many of them at once. vtapd looks at every "
			 "interface instead, and misses nothing.",
		.remedy = "ip monitor link # if it does not end; else nothing",
	},
	[VTAP_EVENT_DROPS] = {
		.message_id = "9597c1d92a5d463aa4f88f442210047f",
		.meaning = "packets were lost on this host",
		.cause = "The entry names the verdict, how many there were since the last entry, "
			 "and what helps. While it goes on there is one such entry a minute.",
		.remedy = "vtapctl status # \"Verdicts\" of vtapd(8) explains each",
	},
	[VTAP_EVENT_HEALTH] = {
		.message_id = "dba363a57acd4d7bb90b3675e0d5af94",
		.meaning = "health checks of the load balancer are answered from now on, or refused",
		.cause = "The state has lasted `settle`. Forwarding goes on in any case; "
			 "VTAPD_CONDITION names what made it unhealthy.",
		.remedy = "vtapctl doctor",
		.state = "health checks",
		.is_urgent = true,
	},
	[VTAP_EVENT_CONDITION] = {
		.message_id = "73a2793c396f401ba9f0a035df658ad6",
		.meaning = "many conditions begin or end at once",
		.cause = "The first 16 have an entry each; this one counts the others.",
		.remedy = "vtapctl doctor",
	},
	[VTAP_EVENT_TROUBLE] = {
		.message_id = "98eecfe562aa45b1bf4e5614652ef358",
		.meaning = "something that vtapd does for itself failed",
		.cause = "The entry says what was tried, what the kernel answered, and what becomes "
			 "of it. ERRNO has the number.",
		.remedy = "vtapctl doctor # and what the entry names: memory, rights, a full "
			  "file system",
	},
};
static_assert(VTAP_ARRAY_LEN(ROWS) == VTAP_EVENT_COUNT, "every event has its row");

const struct vtap_event_row *vtap_event_row(enum vtap_event event)
{
	return &ROWS[event];
}
