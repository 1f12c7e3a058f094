// SPDX-License-Identifier: Apache-2.0
#include "report/condition.h"

#include <assert.h>
#include <string.h>

#include "base/cleanup.h"

/* Message ids were made once with `systemd-id128 new`; they never change. */
static const struct vtap_condition_row ROWS[] = {
	[VTAP_CONDITION_NO_SESSIONS] = {
		.id = "no-sessions",
		.severity = VTAP_SEVERITY_PAGE,
		.message_id = "4b55f533e81e46229d6e8492674b7a4b",
		.meaning = "no session is ready, so no frame is shown anywhere",
		.cause = "Either no session is configured, or every one waits for something. The "
			 "target is unhealthy: another one would do better.",
		.remedy = "vtapctl status # names what each session waits for; sessions are "
			  "written to /etc/vtapd/conf.d/NAME.conf",
	},
	[VTAP_CONDITION_UNDERLAY_MISSING] = {
		.id = "underlay-missing",
		.severity = VTAP_SEVERITY_PAGE,
		.message_id = "8e73cf8321b843f7b8c24d930f884741",
		.meaning = "a target's underlay interface is not there",
		.cause = "Packets cannot arrive there. The network interface was detached or renamed, or "
			 "`underlay` names one that this host never had.",
		.remedy = "ip -br link # then attach the interface, or change `underlay`",
	},
	[VTAP_CONDITION_PORT_TAKEN] = {
		.id = "port-taken",
		.severity = VTAP_SEVERITY_PAGE,
		.message_id = "9e7113c5b5b44c519517aa0ffc12feed",
		.meaning = "a port that vtapd is to listen on belongs to another program or to a "
			   "vxlan interface",
		.cause = "On a target's UDP port nothing is received. On the TCP port of [health] the "
			 "load balancer's checks fail; on that of [metrics] nobody can look; "
			 "forwarding goes on in both cases.",
		.remedy = "sudo ss -ulpn; sudo ss -tlpn; ip -d link show type vxlan # then end "
			  "the other one, or change the port",
	},
	[VTAP_CONDITION_SOCKET_REFUSED] = {
		.id = "socket-refused",
		.severity = VTAP_SEVERITY_PAGE,
		.message_id = "255da995b18f4bcd9a23d738ce89797a",
		.meaning = "the kernel refused a target's socket or worker for another reason than a "
			   "taken port",
		.cause = "Nothing is received by that target. The kernel's own sentence is shown; "
			 "vtapd tries again by itself, at least once a minute.",
		.remedy = "vtapctl status; journalctl -u vtapd -b",
	},
	[VTAP_CONDITION_LOOP_STALLED] = {
		.id = "loop-stalled",
		.severity = VTAP_SEVERITY_TICKET, /* told when it is over */
		.message_id = "af1b5648630248d6ac15bb2c0dcb03a7",
		.meaning = "the main loop did not move for more than 5 s, within the last minute",
		.cause = "Frames still flowed, but nothing was repaired and no question answered. "
			 "The host was paused (migration, snapshot), is out of memory or "
			 "processors, or this is a bug; systemd restarts vtapd when its watchdog "
			 "runs out.",
		.remedy = "journalctl -u vtapd -b; vmstat 1 5",
	},
	[VTAP_CONDITION_WORKER_STALLED] = {
		.id = "worker-stalled",
		.severity = VTAP_SEVERITY_PAGE,
		.message_id = "56e463cb6afb45a083e6e0b6b3835264",
		.meaning = "a worker has not moved for more than 5 s",
		.cause = "What its socket gets is not read. The host is out of processors, or this "
			 "is a bug; systemd restarts vtapd when its watchdog runs out.",
		.remedy = "journalctl -u vtapd -b; top -H -p $(systemctl show -P MainPID vtapd)",
	},
	[VTAP_CONDITION_INTERFACE_FOREIGN] = {
		.id = "interface-foreign",
		.severity = VTAP_SEVERITY_PAGE,
		.message_id = "8e699b95ceee4eecb9111704b5d58fc7",
		.meaning = "a session's interface name is taken by an interface that vtapd did not "
			   "make",
		.cause = "The session cannot be shown. vtapd leaves the other interface alone "
			 "whatever it is.",
		.remedy = "sudo ip link del NAME # or another `interface` for the session",
	},
	[VTAP_CONDITION_VNI_TAKEN] = {
		.id = "vni-taken",
		.severity = VTAP_SEVERITY_PAGE,
		.message_id = "2dd5bd4c64eb47ec8d240cfb0848617a",
		.meaning = "a session's VNI belongs to a vxlan interface that vtapd did not make",
		.cause = "Only `mode = vxlan`: the kernel gives each VNI of a port to one device. "
			 "That one gets the frames and the session nothing; vtapd leaves it alone.",
		.remedy = "sudo ip link del NAME # vtapctl status tells the NAME",
	},
	[VTAP_CONDITION_UNDERLAY_DOWN] = {
		.id = "underlay-down",
		.severity = VTAP_SEVERITY_PAGE,
		.message_id = "af3fe8ecf31c4ccaab6ce14428d74da9",
		.meaning = "an underlay that is named, or that packets came in on, is there but down",
		.cause = "No packet comes in there. Somebody set the interface down, or nobody set "
			 "it up after it was attached. It breaks no health: the load balancer's "
			 "checks come the same way.",
		.remedy = "sudo ip link set NAME up # then whoever manages it (networkd, "
			  "NetworkManager)",
	},
	[VTAP_CONDITION_SESSION_WAITING] = {
		.id = "session-waiting",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "5623fe35fa7e42ff9576ed7d253a0f46",
		.meaning = "a session's interface could not be made or set right",
		.cause = "The kernel refused; its own sentence is shown. vtapd tries again by "
			 "itself, at least once a minute.",
		.remedy = "vtapctl show NAME",
	},
	[VTAP_CONDITION_REPAIR_LOOP] = {
		.id = "repair-loop",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "106492bded5d44e48c18dc5fa1ff9aec",
		.meaning = "somebody keeps undoing what vtapd repairs",
		.cause = "Another program manages the interface too (NetworkManager, "
			 "systemd-networkd, a script). vtapd repairs it again, but ever less often.",
		.remedy = "ip monitor link # then keep the other program away from the interface",
	},
	[VTAP_CONDITION_CONFIG_REJECTED] = {
		.id = "config-rejected",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "36254623137a41059b5d58bc0aa5e0bb",
		.meaning = "the files on disk have mistakes; the configuration before them stays in "
			   "effect",
		.cause = "A restart would fail. Everything goes on as it was until a reload is "
			 "accepted.",
		.remedy = "vtapd --check && sudo vtapctl reload",
	},
	[VTAP_CONDITION_NO_SENSOR] = {
		.id = "no-sensor",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "9c34ab7e51a341df99fc0ecdb22c4689",
		.meaning = "nothing reads the interface of a required session, and `require = "
			   "sensors` asks for it",
		.cause = "Frames are shown to nobody: no packet socket is bound to the interface. "
			 "The sensor has stopped, or reads another interface.",
		.remedy = "systemctl status suricata # or whatever reads it; vtapctl status "
			  "shows SENSORS",
	},
	[VTAP_CONDITION_NO_TRAFFIC] = {
		.id = "no-traffic",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "83231458d0a84db38affc094c2b70ef7",
		.meaning = "no frame was shown in the last 60 s, and `require = traffic` asks for it",
		.cause = "Dangerous to ask for: a target that the load balancer took out gets no "
			 "traffic, and so stays out.",
		.remedy = "sudo timeout 10 tcpdump -c 5 -ni UNDERLAY udp port 4789; vtapctl "
			  "unknown # or take traffic out of `require`",
	},
	[VTAP_CONDITION_SILENT] = {
		.id = "silent",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "d8d7ce53c1f742d99c0c3551dbbf5019",
		.meaning = "a session that had traffic is quiet for longer than its `silent-after`",
		.cause = "The mirror session on the source was deleted, its filter or its VNI was "
			 "changed, the balancer sends it to another target, the security group "
			 "lost its rule for the port, or the source has nothing to say.",
		.remedy = "sudo timeout 10 tcpdump -c 5 -ni UNDERLAY udp port 4789; vtapctl "
			  "match VNI; vtapctl unknown # packets come: the last two tell who gets "
			  "them; none: aws ec2 describe-traffic-mirror-sessions",
	},
	[VTAP_CONDITION_ONE_WAY] = {
		.id = "one-way",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "e43699caeb3a460d91a8479f94278797",
		.meaning = "most TCP flows of a session show one direction only: sensors see half of "
			   "what is said",
		.cause = "The filter of the mirror has no rule for one direction, the directions "
			 "have VNIs of different sessions, or a balancer splits flows over its "
			 "targets. Judged is TCP alone, by samples of the guard: answers of the AWS "
			 "resolver, which a balancer sends elsewhere than their questions, are UDP "
			 "and not seen here.",
		.remedy = "aws ec2 describe-traffic-mirror-filters; aws elbv2 "
			  "modify-target-group-attributes --target-group-arn ARN --attributes "
			  "Key=stickiness.enabled,Value=true Key=stickiness.type,Value=source_ip "
			  "# the filter needs ingress and egress rules; the second one is for a "
			  "balancer",
	},
	[VTAP_CONDITION_GUARD_OFF] = {
		.id = "guard-off",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "f92a13b6532246a8be4134abdf519e7f",
		.meaning = "a tap interface has no guard: only settings keep mirrored frames from "
			   "this host's own network stack",
		.cause = "The kernel or the service's rights do not allow BPF programs; the sentence "
			 "says which. Without address, ARP, IPv6 and forwarding and with strict "
			 "reverse path filtering, a broadcast from 0.0.0.0 still comes through.",
		.remedy = "systemctl show -P AmbientCapabilities vtapd; tc filter show dev "
			  "INTERFACE ingress # the first must name cap_bpf, the second shows "
			  "somebody's filter; until then run no DHCP server on this host, or bind "
			  "it to its interface",
	},
	[VTAP_CONDITION_FASTPATH_OFF] = {
		.id = "fastpath-off",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "8cf4805a139c48e887b9c3203f818aa2",
		.meaning = "a target has no fast path, and `fastpath` asks for it",
		.cause = "The worker carries every packet, but fewer in a second, and none while "
			 "vtapd is away. The kernel or the service's rights do not allow BPF "
			 "programs, or somebody has our place; the sentence says which.",
		.remedy = "systemctl show -P AmbientCapabilities vtapd; tc filter show dev "
			  "UNDERLAY ingress # the first must name cap_bpf, the second shows "
			  "somebody's filter; or accept the worker: fastpath = off in the "
			  "[target] section",
	},
	[VTAP_CONDITION_FASTPATH_BYPASSED] = {
		.id = "fastpath-bypassed",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "31e9fe17fa354c1788a5d1911b28820c",
		.meaning = "somebody else's filter on an underlay ends the chain before the fast "
			   "path",
		.cause = "The worker carries what comes in there. Filters with a priority below 47 "
			 "and tcx programs run before the fast path, and what they accept goes past "
			 "it.",
		.remedy = "tc filter show dev UNDERLAY ingress # give the other filter a "
			  "priority behind 47, or let it end with `continue` (TC_ACT_UNSPEC)",
	},
	[VTAP_CONDITION_GRO_MERGING] = {
		.id = "gro-merging",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "7270570f20da4aa283143cc9385f0526",
		.meaning = "frames may be merged on an underlay or device of a vxlan-mode target: "
			   "sensors then see super-frames that were never on the wire",
		.cause = "Generic or large receive offload is on and does not stay off. What "
			 "switches it on again is usually tuned, NetworkManager, a systemd .link "
			 "file or a start-up script of the cloud.",
		.remedy = "sudo ethtool -K NAME gro off # then keep the other program (tuned, "
			  "NetworkManager, a .link file, a start-up script) away from it; or mode "
			  "= tap, which needs no offload off",
	},
	[VTAP_CONDITION_SOCKET_DROPS] = {
		.id = "socket-drops",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "f91fc7cd88c6473ebca712c19222a6b3",
		.meaning = "packets were dropped in the last minute because a worker's socket was "
			   "full",
		.cause = "More comes in than the workers carry: a burst, a machine short of "
			 "processors, or much that the fast path leaves to them (fragments, "
			 "unknown VNIs, no fast path at all). Counted as socket-full.",
		.remedy = "vtapctl status # tells the PATH; then a larger `receive-buffer` or "
			  "more `workers` in the [target] section",
	},
	[VTAP_CONDITION_BACKLOG_DROPS] = {
		.id = "backlog-drops",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "3385365cdb304d05b9c57b6fd618df45",
		.meaning = "frames were lost on their way to a tap interface in the last minute, because "
			   "a processor's queue was full",
		.cause = "What the fast path hands over waits in that queue. Frames of ours are "
			 "lost-in-handover; the kernel counts full queues for the whole host "
			 "(/proc/net/softnet_stat). A queue holds 1000 unless somebody set it.",
		.remedy = "sudo sysctl -w net.core.netdev_max_backlog=16384 # and the same in "
			  "/etc/sysctl.d",
	},
	[VTAP_CONDITION_ENA_ALLOWANCE] = {
		.id = "ena-allowance",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "cf0da04a4feb40ffabb90264805275f3",
		.meaning = "AWS dropped packets in the last minute that went beyond what the "
			   "instance is allowed",
		.cause = "Each instance type has its bandwidth, packets a second and tracked "
			 "connections; what is beyond is dropped before it gets to the host, and "
			 "only the interface's own statistics tell.",
		.remedy = "ethtool -S UNDERLAY | grep allowance # then a larger instance type, "
			  "or more targets",
	},
	[VTAP_CONDITION_RP_FILTER] = {
		.id = "rp-filter",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "a8d6d11eb0ff4d5783fe9737ed3aa1d2",
		.meaning = "this host drops packets by strict reverse path filtering, and it is on "
			   "for an underlay",
		.cause = "A mirrored packet comes from a machine that the host would answer over "
			 "another interface, as on a sensor with two of them. The fast path takes "
			 "packets before this filter; those that the worker gets, and all in mode "
			 "vxlan, go through it.",
		.remedy = "sudo sysctl -w net.ipv4.conf.UNDERLAY.rp_filter=2 # and the same in "
			  "/etc/sysctl.d",
	},
	[VTAP_CONDITION_UDP_CHECKSUM] = {
		.id = "udp-checksum",
		.severity = VTAP_SEVERITY_INFO,
		.message_id = "5b2332114b3b4edabb1a655d339ae20f",
		.meaning = "this host dropped UDP packets with a wrong checksum in the last minute",
		.cause = "Whoever sends them leaves the checksum to a card that does not fill it "
			 "in, or the packets are damaged on the way. The kernel counts them for "
			 "the whole host, to whatever port. AWS sends none (0), which is right.",
		.remedy = "sudo timeout 30 tcpdump -nnvvi UNDERLAY udp | grep 'bad udp cksum' # "
			  "on the sender: ethtool -K NAME tx off",
	},
	[VTAP_CONDITION_CONNTRACK] = {
		.id = "conntrack",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "2a962e3769b34ae1a2610960d436d08e",
		.meaning = "this host tracks connections of a target's port",
		.cause = "Mirrored flows are many and one-way: they fill the table, and a full one "
			 "drops packets of everybody. A rule of the firewall, or NAT, made the "
			 "kernel track; only packets that the fast path does not take are.",
		.remedy = "sudo nft 'table inet vtapd_notrack { chain prerouting { type filter "
			  "hook prerouting priority raw; udp dport 4789 notrack; }; }'",
	},
	[VTAP_CONDITION_UNKNOWN_VNI] = {
		.id = "unknown-vni",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "149c8bb278974d199942586e2018670d",
		.meaning = "frames of a VNI that no session takes came in the last minute",
		.cause = "A mirror session was made that nobody configured here, or somebody sends "
			 "junk to the port. The frames are dropped and shown to nobody; the "
			 "remedy prints the session that would take them.",
		.remedy = "vtapctl unknown # prints the session that would take them",
	},
	[VTAP_CONDITION_UNKNOWN_SOURCE] = {
		.id = "unknown-source",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "f13d79c75ecc44f9ba40015f987b058c",
		.meaning = "frames of a configured VNI came in the last minute, from a source that "
			   "its session does not take",
		.cause = "Another account or VPC uses the same VNI, a network was added that "
			 "`source` does not name, or somebody sends junk.",
		.remedy = "vtapctl unknown # then `source` of the session, or a session for the "
			  "others",
	},
	[VTAP_CONDITION_NOT_ALLOWED] = {
		.id = "not-allowed",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "adeeb5d25cea4a168e807991fa5a4f03",
		.meaning = "packets from sources outside `allow` came in the last minute, and none "
			   "that a session takes",
		.cause = "`allow` does not have the sources of the mirror: it was set before all of "
			 "them were known, or a network was added. While frames of others are "
			 "delivered it is only worth knowing: somebody sends junk, or one network "
			 "is missing. The packets are dropped unread, so `vtapctl unknown` does not "
			 "have them: the sentence names those who sent most.",
		.remedy = "sudo timeout 10 tcpdump -nni UNDERLAY -c 20 udp port 4789 # who sends; "
			  "then their networks into `allow` of the [target] section",
	},
	[VTAP_CONDITION_TRUNCATED] = {
		.id = "truncated",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "9e5e8708520c4066aa011ae2fd341d0d",
		.meaning = "frames of a session came cut short in the last minute",
		.cause = "The source cut them: to PacketLength of the mirror session, which is "
			 "8500 at most behind a Network Load Balancer, or to the MTU of a single "
			 "interface that is the target. Sensors miss what was cut, and call "
			 "checksums wrong. Where fewer than 1 % of the session's frames of the "
			 "last minute were cut it is only worth knowing: behind a balancer some "
			 "jumbo frames always are.",
		.remedy = "aws ec2 describe-traffic-mirror-sessions # a larger PacketLength; or "
			  "on the sources an MTU of 8486 (behind an NLB), 8947 (one interface)",
	},
	[VTAP_CONDITION_DECAP_ERROR] = {
		.id = "decap-error",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "e1e4a40c544248dca7e59eb61d34d030",
		.meaning = "packets of a session were dropped in the last minute by its vxlan "
			   "interface, with a receive error",
		.cause = "Only `mode = vxlan`. The kernel does not say which error: an inner IP "
			 "header that was cut (PacketLength of the mirror session under 34), an "
			 "ECN mark (CE) on an outer packet whose inner one does not know ECN, or "
			 "reserved bits after somebody changed the interface by hand "
			 "(`reserved-bits`). Where fewer than 1 % of the session's packets of the "
			 "last minute were dropped it is only worth knowing.",
		.remedy = "sudo timeout 10 tcpdump -c 20 -nvi UNDERLAY -T vxlan udp port 4789 # "
			  "short frames: a larger PacketLength; outer tos 0x3: ECN on the way; or "
			  "mode = tap, which shows them all",
	},
	[VTAP_CONDITION_DRAIN] = {
		.id = "drain",
		.severity = VTAP_SEVERITY_INFO,
		.message_id = "df2c7e7540ab42718626b2b2b41f6ed4",
		.meaning = "the target is draining: health checks are refused, forwarding goes on",
		.cause = "Somebody asked for it. The load balancer sends new flows elsewhere.",
		.remedy = "sudo vtapctl undrain",
	},
	[VTAP_CONDITION_RESERVED_BITS] = {
		.id = "reserved-bits",
		.severity = VTAP_SEVERITY_INFO,
		.message_id = "54cea187c4704a7eaf90ca2a85ddcfab",
		.meaning = "VXLAN packets with reserved bits are dropped, in `mode = vxlan`",
		.cause = "RFC 7348 has them ignored, and a kernel before 6.14 cannot be told to: it "
			 "drops them uncounted. A newer one can, until somebody changes the "
			 "interface's tunnel by hand; they are `decap-error` then. AWS sets none of "
			 "them.",
		.remedy = "# an old kernel: mode = tap, or 6.14 or newer; a changed interface: "
			  "ip link del NAME, and vtapd makes it anew",
	},
	[VTAP_CONDITION_NEVER_SEEN] = {
		.id = "never-seen",
		.severity = VTAP_SEVERITY_INFO,
		.message_id = "2b7425c42ba5438aa95d26524bf23f59",
		.meaning = "a session has been ready for a while, and no frame ever came",
		.cause = "The while is `silent-after`, or 10 minutes. The VNI in the configuration "
			 "is not that of the mirror session, there is none yet, or its packets do "
			 "not reach this host: a security group, a balancer. A session with `vni = "
			 "any` is told only while nobody else at its target gets frames.",
		.remedy = "sudo timeout 10 tcpdump -c 5 -ni UNDERLAY udp port 4789; vtapctl "
			  "match VNI; vtapctl unknown # packets come: the last two tell who gets "
			  "them; none: aws ec2 describe-traffic-mirror-sessions",
	},
	[VTAP_CONDITION_HOST_ANSWERS] = {
		.id = "host-answers",
		.severity = VTAP_SEVERITY_TICKET,
		.message_id = "5d5f557bdb8f460cb427fc8d85fcc5f0",
		.meaning = "this host answers UDP packets to ports that nobody listens on, with ICMP",
		.cause = "A ticket while nobody listens on the port of a target, and only worth "
			 "knowing else: the kernel counts that for the whole host, so it may have "
			 "nothing to do with the mirror. If mirrored packets are answered (another port, an "
			 "underlay that no target names, a family without session in mode vxlan), "
			 "the answers go to the machines whose traffic is mirrored.",
		.remedy = "sudo timeout 30 tcpdump -nni UNDERLAY 'icmp[icmptype] = icmp-unreach "
			  "or icmp6[0] = 1' # then another `port` or `underlay`, or the security "
			  "group",
	},
	[VTAP_CONDITION_HOST_DROPS] = {
		.id = "host-drops",
		.severity = VTAP_SEVERITY_INFO,
		.message_id = "abab18683ec847ce860ef261bb4164b0",
		.meaning = "this host dropped packets in the last minute because a processor's "
			   "queue was full, and no target lost a frame that way",
		.cause = "The kernel counts it for the whole host (/proc/net/softnet_stat). "
			 "Mirrored packets may be among them that no target ever saw, where "
			 "packets are steered to other processors (RPS) or the underlay is "
			 "virtual.",
		.remedy = "sudo sysctl -w net.core.netdev_max_backlog=16384 # and the same in "
			  "/etc/sysctl.d",
	},
	[VTAP_CONDITION_ALLOW_ANY] = {
		.id = "allow-any",
		.severity = VTAP_SEVERITY_INFO,
		.message_id = "657b26c2c1554381832c9dd9007e1e49",
		.meaning = "any host that reaches the port can put frames before the sensors",
		.cause = "VXLAN has no authentication: the security group is the only fence by now.",
		.remedy = "# allow = PREFIX of the mirror sources, in the [target] section; in "
			  "`mode = vxlan` the security group, or the nftables rules of vtapd(8)",
	},
};
static_assert(VTAP_ARRAY_LEN(ROWS) == VTAP_CONDITION_COUNT, "every condition has its row");

static const char *const SEVERITY_NAMES[] = {
	[VTAP_SEVERITY_PAGE] = "page",
	[VTAP_SEVERITY_TICKET] = "ticket",
	[VTAP_SEVERITY_INFO] = "info",
};
static_assert(VTAP_ARRAY_LEN(SEVERITY_NAMES) == VTAP_SEVERITY_COUNT, "every severity has a name");

const struct vtap_condition_row *vtap_condition_row(enum vtap_condition condition)
{
	return &ROWS[condition];
}

enum vtap_condition vtap_condition_find(const char *id)
{
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++)
		if (strcmp(ROWS[i].id, id) == 0)
			return (enum vtap_condition)i;
	return VTAP_CONDITION_COUNT;
}

const char *vtap_severity_name(enum vtap_severity severity)
{
	return SEVERITY_NAMES[severity];
}
