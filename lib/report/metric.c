// SPDX-License-Identifier: Apache-2.0
#include "report/metric.h"

#include <assert.h>

#include "base/cleanup.h"

#define OF_SESSION "session", "target", "interface"

static const struct vtap_metric_row ROWS[] = {
	[VTAP_METRIC_SESSION_FRAMES] = {
		.name = "vtapd_session_frames_total",
		.is_counter = true,
		.labels = { OF_SESSION },
		.help = "Frames shown on the session's interface. If it stands still: `vtapctl "
			"show NAME`; if all stand still, nothing is mirrored to this target.",
	},
	[VTAP_METRIC_SESSION_BYTES] = {
		.name = "vtapd_session_bytes_total",
		.is_counter = true,
		.labels = { OF_SESSION },
		.help = "Bytes of these frames, without the outer headers. It is what the sensors "
			"have to keep up with.",
	},
	[VTAP_METRIC_SESSION_DROPPED] = {
		.name = "vtapd_session_dropped_frames_total",
		.is_counter = true,
		.labels = { OF_SESSION, "verdict" },
		.help = "Frames of the session that its sensors did not get, by verdict, from the "
			"first one on. If it rises: `vtapctl doctor`; vtapd(8) explains the "
			"verdicts.",
	},
	[VTAP_METRIC_SESSION_WORKER] = {
		.name = "vtapd_session_worker_frames_total",
		.is_counter = true,
		.labels = { OF_SESSION },
		.help = "Of the session's frames, those that the worker carried; absent unless "
			"the fast path carried others. If they are most: outer fragments, IP "
			"options or UDP checksums, `vtapctl show NAME`.",
	},
	[VTAP_METRIC_SESSION_TRUNCATED] = {
		.name = "vtapd_session_truncated_frames_total",
		.is_counter = true,
		.labels = { OF_SESSION },
		.help = "Frames shown whose IP packet was cut before it came here; not known in "
			"`mode = vxlan`. If it rises: MTU of the path and PacketLength of the "
			"mirror session.",
	},
	[VTAP_METRIC_SESSION_LAST_FRAME] = {
		.name = "vtapd_session_last_frame_timestamp_seconds",
		.is_ns = true,
		.labels = { OF_SESSION },
		.help = "When the session's last frame came; absent before the first one. If it "
			"stays behind: `vtapctl show NAME`, then the mirror session and its "
			"filter.",
	},
	[VTAP_METRIC_SESSION_READY] = {
		.name = "vtapd_session_ready",
		.labels = { OF_SESSION },
		.help = "1 while the session's frames can be shown. At 0: `vtapctl status` says "
			"what it waits for.",
	},
	[VTAP_METRIC_SESSION_SENSORS] = {
		.name = "vtapd_session_sensors",
		.labels = { OF_SESSION },
		.help = "Packet sockets that read the session's interface. At 0 nobody looks: "
			"start the sensor, or point it at this interface.",
	},
	[VTAP_METRIC_TARGET_RECEIVED] = {
		.name = "vtapd_target_received_packets_total",
		.is_counter = true,
		.labels = { "target" },
		.help = "Packets that reached the target's port: always delivered + dropped. In "
			"`mode = vxlan` without those that the kernel drops uncounted. If it "
			"stands still: security group, then mirror sessions.",
	},
	[VTAP_METRIC_TARGET_DELIVERED] = {
		.name = "vtapd_target_delivered_frames_total",
		.is_counter = true,
		.labels = { "target" },
		.help = "Frames that were shown on interfaces of the target. If it rises slower "
			"than what was received, the drops say why.",
	},
	[VTAP_METRIC_TARGET_DROPPED] = {
		.name = "vtapd_target_dropped_packets_total",
		.is_counter = true,
		.labels = { "target", "verdict" },
		.help = "Packets that no sensor got, by verdict, losses of the socket and in the "
			"handover included; a verdict that the target's mode cannot tell is "
			"absent. If it rises: `vtapctl doctor`.",
	},
	[VTAP_METRIC_TARGET_PATH_FRAMES] = {
		.name = "vtapd_target_path_frames_total",
		.is_counter = true,
		.labels = { "target", "path" },
		.help = "Delivered frames by the path that they took, in `mode = tap`. If most go "
			"through the worker: `vtapctl status` says why.",
	},
	[VTAP_METRIC_TARGET_READY] = {
		.name = "vtapd_target_ready",
		.labels = { "target" },
		.help = "1 while the target receives. At 0: `vtapctl status` says what it waits "
			"for.",
	},
	[VTAP_METRIC_UNDERLAY_UP] = {
		.name = "vtapd_underlay_up",
		.labels = { "interface" },
		.help = "1 while the interface that mirrored packets come in on is up. At 0: `ip "
			"link set NAME up`, or attach it again.",
	},
	[VTAP_METRIC_UNDERLAY_ALLOWANCE] = {
		.name = "vtapd_underlay_allowance_exceeded_packets_total",
		.is_counter = true,
		.labels = { "interface", "allowance" },
		.help = "Packets that the cloud dropped or delayed before this host, because the "
			"instance has used up an allowance; only of ENA interfaces. If it rises: "
			"a larger instance, or more targets.",
	},
	[VTAP_METRIC_HOST + VTAP_HOST_UDP_IN_DATAGRAMS] = {
		.name = "vtapd_host_udp_in_datagrams_total",
		.is_counter = true,
		.help = "UDP datagrams that reached a socket or vxlan device of this host, "
			"whichever port. The measure for the errors beside it.",
	},
	[VTAP_METRIC_HOST + VTAP_HOST_UDP_NO_PORTS] = {
		.name = "vtapd_host_udp_no_ports_total",
		.is_counter = true,
		.help = "UDP datagrams to ports of this host that nobody listens on. If it rises "
			"with the mirrored traffic, the port is closed and this host answers with "
			"ICMP: `vtapctl status`.",
	},
	[VTAP_METRIC_HOST + VTAP_HOST_UDP_IN_ERRORS] = {
		.name = "vtapd_host_udp_in_errors_total",
		.is_counter = true,
		.help = "UDP datagrams that this host dropped, whichever port and reason. If it "
			"rises: the two counters of reasons, then `nstat -az 'Udp*'`.",
	},
	[VTAP_METRIC_HOST + VTAP_HOST_UDP_RCVBUF_ERRORS] = {
		.name = "vtapd_host_udp_rcvbuf_errors_total",
		.is_counter = true,
		.help = "UDP datagrams dropped because a socket's buffer was full. If "
			"`socket-full` rises with it: a larger `receive-buffer`, more `workers`, "
			"or the fast path.",
	},
	[VTAP_METRIC_HOST + VTAP_HOST_UDP_IN_CSUM_ERRORS] = {
		.name = "vtapd_host_udp_in_csum_errors_total",
		.is_counter = true,
		.help = "UDP datagrams dropped for a wrong checksum. If it rises, something on "
			"the way damages packets or writes wrong checksums: `vtapctl doctor`.",
	},
	[VTAP_METRIC_HOST + VTAP_HOST_IP_REVERSE_PATH_FILTER] = {
		.name = "vtapd_host_ip_reverse_path_filter_total",
		.is_counter = true,
		.help = "IPv4 packets that reverse path filtering dropped. If it rises with the "
			"mirrored traffic: rp_filter = 2 on the underlay, or a route to the "
			"sources.",
	},
	[VTAP_METRIC_HOST + VTAP_HOST_IP_REASM_FAILS] = {
		.name = "vtapd_host_ip_reasm_fails_total",
		.is_counter = true,
		.help = "IP packets that were not put together from their fragments. If it rises, "
			"outer fragments are lost: raise the MTU of the path, so that there are "
			"none.",
	},
	[VTAP_METRIC_HOST + VTAP_HOST_ICMP_OUT_UNREACHABLE] = {
		.name = "vtapd_host_icmp_out_unreachable_total",
		.is_counter = true,
		.help = "ICMP `destination unreachable` that this host has sent. If it rises while "
			"a target's port is closed, production gets answers: "
			"`vtapctl doctor host-answers` is a ticket then.",
	},
	[VTAP_METRIC_HOST + VTAP_HOST_SOFTNET_DROPPED] = {
		.name = "vtapd_host_softnet_dropped_total",
		.is_counter = true,
		.help = "Packets dropped because a processor's queue was full, all network "
			"namespaces together. If it rises: a larger net.core.netdev_max_backlog, "
			"or more receive queues.",
	},
	[VTAP_METRIC_CONDITION] = {
		.name = "vtapd_condition",
		.labels = { "condition", "severity" },
		.help = "1 while the condition holds for anybody with this severity. At 1: "
			"`vtapctl doctor CONDITION` says for whom, and what to do.",
	},
	[VTAP_METRIC_HEALTHY] = {
		.name = "vtapd_healthy",
		.help = "1 while nothing breaks the target's health, as `[health] require` has "
			"it. At 0 another target would do better: `vtapctl doctor`.",
	},
	[VTAP_METRIC_DRAINING] = {
		.name = "vtapd_draining",
		.help = "1 while somebody drains the target: health checks are refused, "
			"forwarding goes on. If it was forgotten: `vtapctl undrain`.",
	},
	[VTAP_METRIC_REPAIRS] = {
		.name = "vtapd_repairs_total",
		.is_counter = true,
		.help = "What somebody else undid and vtapd set right: interfaces, offloads. If "
			"it goes on rising: `journalctl -u vtapd` and `ip monitor link` show "
			"what.",
	},
	[VTAP_METRIC_RELOADS] = {
		.name = "vtapd_reloads_total",
		.is_counter = true,
		.labels = { "result" },
		.help = "Reloads, by what came of them. If `refused` rises: `vtapd --check`; the "
			"former configuration stays in effect.",
	},
	[VTAP_METRIC_CONFIG_TIME] = {
		.name = "vtapd_config_timestamp_seconds",
		.is_ns = true,
		.help = "Since when the configuration is in effect. If it is older than the last "
			"roll-out: `vtapctl plan`, then `vtapctl reload`.",
	},
	[VTAP_METRIC_TURNS] = {
		.name = "vtapd_reconcile_turns_total",
		.is_counter = true,
		.help = "Looks at the kernel's interfaces, each time something changed and every "
			"30 s. If many a second: `ip monitor link` shows who keeps changing them.",
	},
	[VTAP_METRIC_PLAN_STEPS] = {
		.name = "vtapd_plan_steps",
		.help = "What the last look found still to do; 0 is as configured. If it stays "
			"above 0: `vtapctl status` says what was refused.",
	},
	[VTAP_METRIC_NEWS_LOST] = {
		.name = "vtapd_netlink_news_lost_total",
		.is_counter = true,
		.help = "Times that the kernel had more news of interfaces than fits; every "
			"interface was looked at then. If it rises often, somebody makes and "
			"removes thousands.",
	},
	[VTAP_METRIC_LOOP_LAG] = {
		.name = "vtapd_loop_lag_seconds",
		.is_ns = true,
		.help = "How late the last once-a-second look came. Beyond 1 the host is short of "
			"processors: frames go on in the fast path, repairs and answers are late.",
	},
	[VTAP_METRIC_BUILD_INFO] = {
		.name = "vtapd_build_info",
		.labels = { "version" },
		.help = "Always 1; which version runs. If targets differ: finish the roll-out.",
	},
	[VTAP_METRIC_START_TIME] = {
		.name = "vtapd_start_time_seconds",
		.is_ns = true,
		.help = "When the daemon started. If it changes by itself: `journalctl -u vtapd` "
			"says why it ended. Counters of sessions and targets go on where they are "
			"pinned, else they begin at 0.",
	},
	[VTAP_METRIC_PROCESS_CPU] = {
		.name = "process_cpu_seconds_total",
		.is_counter = true,
		.is_ns = true,
		.help = "CPU time of the daemon, workers included. If one CPU is used up: "
			"`vtapctl status` says why frames take the worker and not the fast path.",
	},
	[VTAP_METRIC_PROCESS_RESIDENT] = {
		.name = "process_resident_memory_bytes",
		.help = "Memory of the daemon that is in RAM. If it goes on rising while the "
			"configuration stays as it is, that is a bug of vtapd.",
	},
	[VTAP_METRIC_PROCESS_FDS] = {
		.name = "process_open_fds",
		.help = "Open descriptors: one for each tap interface, each worker's socket and "
			"each client. Near LimitNOFILE: raise it in a drop-in of the unit.",
	},
	[VTAP_METRIC_PROCESS_START_TIME] = {
		.name = "process_start_time_seconds",
		.is_ns = true,
		.help = "As vtapd_start_time_seconds, under the name that dashboards for any "
			"process look for.",
	},
};
static_assert(VTAP_ARRAY_LEN(ROWS) == VTAP_METRIC_COUNT, "every metric has its row");

const struct vtap_metric_row *vtap_metric_row(enum vtap_metric metric)
{
	return &ROWS[metric];
}

const char *vtap_metric_type(const struct vtap_metric_row *row)
{
	return row->is_counter ? "counter" : "gauge";
}
