// SPDX-License-Identifier: Apache-2.0
/*
 * Law: where the kernel counts, status, show and unknown say so, what it hides, and that the host's
 * counters are the host's; nothing is told as 0 that nobody counted.
 */
#include "tests/unit/test_report_text.h"

#define HOST                                                                                       \
	"'host':{'udp_in_datagrams':1204,'udp_no_ports':0,'udp_in_errors':9,"                      \
	"'udp_rcvbuf_errors':9,'udp_in_csum_errors':3,'softnet_dropped':null},"
#define HOST_UNKNOWN "'host':{'udp_in_datagrams':1204,'udp_no_ports':null,'udp_in_csum_errors':3},"
#define DAEMON(more)                                                                               \
	"'daemon':{'version':'1.0.0','state':'healthy','checks':'answered','drain':null," more     \
	"'uptime_ns':3900000000000,'configured':'2026-11-20T09:14:03.5Z','refused':null}"
#define TARGET(name, more)                                                                         \
	"{'name':'" name "','port':4789,'underlay':['ens5'],'bound':[],'path':'kernel',"           \
	"'state':'ready','reason':null,'message':null,'retry_in_ns':null,'received':9,"            \
	"'delivered':8,'dropped':1,'drops':{'decap-error':1},'reserved_bits':null" more "}"
#define KERNEL_TARGET(name, merging, why)                                                          \
	TARGET(name, ",'mode':'vxlan','counted_by':'kernel','hidden':['unknown-vni'],'merging'"    \
		     ":" merging ",'merging_reason':" why)
#define SESSION(name, target, reserved_bits, kernel)                                               \
	"{'name':'" name "','description':null,'required':true,'target':'" target                  \
	"','vni':['5'],'source':[],'interface':'mirror-" name "','ifindex':7,'mtu':9001,"          \
	"'state':'ready','reason':null,'message':null,'retry_in_ns':null,'received':9,"            \
	"'delivered':8,'dropped':1,'drops':{'decap-error':1},'bytes':800,'truncated':null,"        \
	"'frames_per_second':0.0,'bits_per_second':0.0,'last_frame':null,"                         \
	"'last_frame_age_ns':null,'sensors':0,'repairs':0,'family':'ipv6','reserved_bits'"         \
	":" reserved_bits ",'kernel':" kernel
#define KERNEL(guarded, merging)                                                                   \
	"{'rx_packets':1204,'rx_bytes':90112,'rx_errors':1,'rx_dropped':3,'guarded':" guarded      \
	",'merging':" merging "}"
#define STATUS(daemon, targets, sessions)                                                          \
	"{'version':1," daemon ",'findings':[],'targets':[" targets "],'sessions':[" sessions "]}"

#define HEADLINE "vtapd 1.0.0 healthy. Up 1 h 5 min, configuration of Nov 20 09:14:03.\n"
#define TABLE                                                                                      \
	"\nTARGET   PORT  UNDERLAY  PATH    RECEIVED  DELIVERED  DROPPED\n"                        \
	"default  4789  ens5      kernel         9          8        1  1 decap-error\n"
#define COUNTED "counted by the kernel's devices; other VNIs and broken packets vanish uncounted.\n"
#define NOBODY(name)                                                                               \
	"  " name ": no session, so nobody has UDP port 4789: this host answers with ICMP port "   \
	"unreachable.\n"
#define HOST_LINE "  host-wide UDP: 1,204 received, 3 wrong checksums, 0 without a port.\n"
#define SESSIONS(name)                                                                             \
	"\nSESSION  VNI  INTERFACE   STATE  FRAMES/s  BITS/s  DROPPED  LAST  SENSORS\n" name       \
	"      5    mirror-" name "  ready         0  0             1  -     -\n"

static void test_status_when_the_kernel_counts_then_what_it_hides_is_said(void **state)
{
	(void)state;
	assert_renders(vtap_text_status,
		STATUS(DAEMON(HOST), KERNEL_TARGET("default", "[]", "null"), ""), 0,
		HEADLINE TABLE "  default: " COUNTED NOBODY("default") HOST_LINE);
	assert_renders(vtap_text_status,
		STATUS(DAEMON(HOST_UNKNOWN), KERNEL_TARGET("default", "null", "null"), ""), 0,
		HEADLINE TABLE "  default: " COUNTED NOBODY("default"));
	assert_renders(vtap_text_status,
		STATUS(DAEMON(HOST_UNKNOWN),
			KERNEL_TARGET("default", "[]", "null,'switched_off':['ens5','ens6']"), ""),
		0,
		HEADLINE TABLE
		"  default: counted by the kernel's devices; other VNIs and broken packets vanish "
		"uncounted. vtapd keeps GRO off on ens5, ens6.\n" NOBODY("default"));
}

static void test_status_when_two_targets_are_the_kernels_then_the_host_is_told_once(void **state)
{
	(void)state;
	assert_renders(vtap_text_status,
		STATUS(DAEMON(HOST),
			KERNEL_TARGET("default", "[]", "null") "," TARGET(
				"older", "") "," KERNEL_TARGET("east", "[]", "null"),
			""),
		0,
		HEADLINE TABLE
		"older    4789  ens5      kernel         9          8        1  1 decap-error\n"
		"east     4789  ens5      kernel         9          8        1  1 decap-error\n"
		"  default: " COUNTED NOBODY("default") "  east: " COUNTED NOBODY("east")
			HOST_LINE);
}

static void test_status_when_no_target_is_the_kernels_then_nothing_is_said_of_the_host(void **state)
{
	(void)state;
	assert_renders(vtap_text_status,
		STATUS(DAEMON(HOST),
			TARGET("default", ",'mode':'tap','counted_by':'vtapd','hidden':[],"
					  "'merging':[],'merging_reason':null"),
			""),
		0, HEADLINE TABLE);
}

static void test_status_when_frames_are_merged_then_where_and_why(void **state)
{
	(void)state;
	assert_renders(vtap_text_status,
		STATUS(DAEMON(""), KERNEL_TARGET("default", "['ens5']", "'somebody insists'"),
			SESSION("web", "default", "'ignored'", KERNEL("true", "'gro'") "}")),
		0,
		HEADLINE TABLE "  default: " COUNTED
			       "  default: frames may be merged on ens5, mirror-web: sensors see "
			       "some that were never on the wire.\n"
			       "  default: somebody insists.\n" SESSIONS("web"));
	assert_renders(vtap_text_status,
		STATUS(DAEMON(""), KERNEL_TARGET("default", "['a','b','c','d','e','f']", "null"),
			""),
		0,
		HEADLINE TABLE
		"  default: " COUNTED NOBODY("default") "  default: frames may be merged on a, b, "
							"c, d and 2 more: sensors "
							"see some that were never on the wire.\n");
}

static void test_status_when_reserved_bits_are_dropped_then_said_of_that_target_once(void **state)
{
	(void)state;
	assert_renders(vtap_text_status,
		STATUS(DAEMON(""), KERNEL_TARGET("default", "[]", "null"),
			SESSION("web", "default", "'dropped'", KERNEL("true", "null") "}")),
		0,
		HEADLINE TABLE "  default: " COUNTED
			       "  default: packets with reserved bits are dropped: "
			       "vtapctl doctor reserved-bits\n" SESSIONS("web"));
	assert_renders(vtap_text_status,
		STATUS(DAEMON(""), KERNEL_TARGET("default", "[]", "null"),
			SESSION("web", "other", "'dropped'", "null}")),
		0, HEADLINE TABLE "  default: " COUNTED NOBODY("default") SESSIONS("web"));
}

#define SHOW(reserved_bits, kernel)                                                                \
	"{'version':1,'session':" SESSION("web", "default", reserved_bits,                         \
		kernel) ",'path':'kernel','config':null,'vnis':[],'vnis_forgotten_frames':0},"     \
			"'daemon':{'started':'2026-11-20T09:00:00Z','counting_since':null}}"

static void assert_shows(const char *single_quoted, const char *const *lines, size_t n)
{
	_auto_rendered struct rendered rendered = render(vtap_text_show, single_quoted);

	assert_int_equal(rendered.outcome, 0);
	assert_null(strstr(rendered.text, "truncated"));
	for (size_t i = 0; i < n; i++)
		if (strstr(rendered.text, lines[i]) == NULL)
			fail_msg("no \"%s\" in:\n%s", lines[i], rendered.text);
}

static void test_show_when_it_has_a_device_then_the_kernels_numbers_are_called_so(void **state)
{
	static const char *const GUARDED[] = {
		"web ready: 0 frames/s, 0 bits/s, last frame -, 0 sensors.\n",
		"\n  path         kernel\n",
		"\n  family       ipv6\n  device       vxlan, reserved bits are ignored\n",
		"\n  counted      since before vtapd started\n",
		"\n  kernel       rx_packets 1,204, rx_bytes 90,112, rx_errors 1, rx_dropped 3\n",
	};
	static const char *const BARE[] = {
		"\n  device       vxlan, packets with reserved bits are dropped, merges frames: "
		"gro, lro\n",
		", rx_dropped 3 (also rises for frames that sensors did get)\n",
	};

	(void)state;
	assert_shows(SHOW("'ignored'", KERNEL("true", "null")), GUARDED, VTAP_ARRAY_LEN(GUARDED));
	assert_shows(SHOW("'dropped'", KERNEL("false", "'gro, lro'")), BARE, VTAP_ARRAY_LEN(BARE));
}

static void test_show_when_there_is_no_device_then_no_number(void **state)
{
	_auto_rendered struct rendered rendered = render(vtap_text_show, SHOW("null", "null"));

	(void)state;
	assert_int_equal(rendered.outcome, 0);
	assert_non_null(strstr(rendered.text, "  family       ipv6\n  required "));
	assert_null(strstr(rendered.text, "rx_"));
}

#define UNKNOWN(rows, uncounted)                                                                   \
	"{'version':1,'rows':[" rows "],'frames':0,'forgotten_frames':0,'uncounted':[" uncounted   \
	"]}"
#define ROW                                                                                        \
	"{'vni':77,'target':'default','verdict':'unknown-vni','frames':9000,'bytes':1,"            \
	"'frames_per_second':0.0,'sources':['10.0.0.1'],'sources_complete':true,"                  \
	"'first_seen':'2026-11-20T09:20:00Z','last_seen':'2026-11-20T09:20:00Z',"                  \
	"'last_seen_age_ns':0,'why':'session new takes it now','taken_by':'new'}"
#define KERNEL_LINE(name, port)                                                                    \
	"  " name ": the kernel drops packets of unknown VNIs and does not count them (mode = "    \
	"vxlan); to see them: sudo tcpdump -ni any -T vxlan udp port " port "\n"

static void test_unknown_when_the_kernel_does_not_count_then_said_and_not_nothing(void **state)
{
	(void)state;
	assert_renders(vtap_text_unknown, UNKNOWN("", ""), 0, "No frames of unknown VNIs.\n");
	assert_renders(vtap_text_unknown,
		UNKNOWN("", "{'target':'east','port':4789},{'target':'west','port':8472}"), 0,
		"No frames of unknown VNIs were counted.\n" KERNEL_LINE("east", "4789")
			KERNEL_LINE("west", "8472"));
	assert_renders(vtap_text_unknown, UNKNOWN(ROW, "{'target':'east','port':4789}"), 0,
		"VNI  FRAMES  FRAMES/s  OUTER SOURCES  FIRST SEEN    LAST SEEN  WHY\n"
		"77    9,000       0.0  10.0.0.1       Nov 20 09:20  now        session new takes "
		"it now\n" KERNEL_LINE("east", "4789") "\n1 row, 9,000 frames.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_when_the_kernel_counts_then_what_it_hides_is_said),
		cmocka_unit_test(
			test_status_when_two_targets_are_the_kernels_then_the_host_is_told_once),
		cmocka_unit_test(
			test_status_when_no_target_is_the_kernels_then_nothing_is_said_of_the_host),
		cmocka_unit_test(test_status_when_frames_are_merged_then_where_and_why),
		cmocka_unit_test(
			test_status_when_reserved_bits_are_dropped_then_said_of_that_target_once),
		cmocka_unit_test(
			test_show_when_it_has_a_device_then_the_kernels_numbers_are_called_so),
		cmocka_unit_test(test_show_when_there_is_no_device_then_no_number),
		cmocka_unit_test(
			test_unknown_when_the_kernel_does_not_count_then_said_and_not_nothing),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
