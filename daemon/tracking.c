// SPDX-License-Identifier: Apache-2.0
#include "daemon/tracking.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pace.h"
#include "netlink/conntrack.h"

/* How many connections are tracked, in our network namespace. Source: kernel
 * Documentation/networking/nf_conntrack-sysctl.rst */
#define COUNT_PATH "/proc/sys/net/netfilter/nf_conntrack_count"

/* Between two looks at that, which costs little. */
#define COUNT_NS (5 * VTAP_NS_PER_S)

/* Between two questions: for one whose answer was no, the kernel walked its whole table, and the
 * main loop waited. A table of 262,144 places with 100 entries takes it 8 ms, one with 250,000
 * entries 60 ms, and on a busy host five times that. */
#define ASK_NS       (60 * VTAP_NS_PER_S)
#define ASK_AGAIN_NS (15 * VTAP_NS_PER_S)
#define ASK_ANY_NS   VTAP_NS_PER_S
#define PAUSE_TIMES  1000

/* Unknown where the host has no connection tracking at all. */
static enum vtap_known any_read(void)
{
	_auto_fd int fd = open(COUNT_PATH, O_RDONLY | O_CLOEXEC);
	char first;

	if (fd < 0 || read(fd, &first, 1) != 1)
		return VTAP_UNKNOWN;
	return first == '0' ? VTAP_OFF : VTAP_ON;
}

/* NULL: there is no room for one more. */
static struct vtap_tracked *port_find(struct vtap_tracking *tracking, uint16_t port)
{
	for (size_t i = 0; i < tracking->n; i++)
		if (tracking->port[i].port == port)
			return &tracking->port[i];
	if (tracking->n == VTAP_TRACKING_PORTS)
		return NULL;
	tracking->port[tracking->n] = (struct vtap_tracked){ .port = port };
	return &tracking->port[tracking->n++];
}

static void port_ask(struct vtap_tracking *tracking, struct vtap_tracked *tracked, uint64_t now_ns)
{
	enum vtap_known known = VTAP_UNKNOWN;
	uint64_t begun_ns = vtap_clock_mono_ns(), took_ns;

	/* refused: not known, and nothing that anybody could do about it */
	(void)vtap_conntrack_ask(tracked->port, tracked->has_ipv6, &known, NULL);
	took_ns = vtap_clock_mono_ns() - begun_ns;
	tracked->known = known;
	/* each of the ports has its turn */
	tracked->due_ns = vtap_pace_next(now_ns, took_ns, PAUSE_TIMES * tracking->n,
		known == VTAP_ON ? ASK_AGAIN_NS : ASK_NS);
	tracking->due_ns = vtap_pace_next(now_ns, took_ns, PAUSE_TIMES, ASK_ANY_NS);
}

void vtap_tracking_follow(struct vtap_tracking *tracking, const struct vtap_conf *conf)
{
	size_t n = 0;

	for (size_t i = 0; i < tracking->n; i++)
		for (size_t j = 0; j < conf->n_targets; j++)
			if (conf->targets[j].port == tracking->port[i].port) {
				tracking->port[n++] = tracking->port[i];
				break;
			}
	tracking->n = n;
}

enum vtap_known vtap_tracking_look(struct vtap_tracking *tracking, uint16_t port,
	const struct vtap_passed *passed, uint64_t now_ns)
{
	struct vtap_tracked *tracked = port_find(tracking, port);

	if (tracking->counted_ns == 0 || now_ns - tracking->counted_ns >= COUNT_NS) {
		tracking->any = any_read();
		tracking->counted_ns = now_ns;
	}
	if (tracked == NULL || tracking->any != VTAP_ON)
		return tracked == NULL ? VTAP_UNKNOWN : tracking->any;
	if (now_ns < tracked->due_ns)
		return tracked->known;
	tracked->has_ipv6 = tracked->has_ipv6 || passed->has_ipv6;
	if (passed->n == tracked->n_passed) {
		tracked->known = VTAP_OFF; /* and when one comes it is asked for at once */
	} else if (now_ns >= tracking->due_ns) {
		port_ask(tracking, tracked, now_ns);
		tracked->n_passed = passed->n;
	}
	return tracked->known;
}
