// SPDX-License-Identifier: Apache-2.0
#include "daemon/tracking.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "netlink/conntrack.h"

/* How many connections are tracked, in our network namespace. Source: kernel
 * Documentation/networking/nf_conntrack-sysctl.rst */
#define COUNT_PATH "/proc/sys/net/netfilter/nf_conntrack_count"

/* Between two looks at that, which costs little. */
#define COUNT_NS (5 * VTAP_NS_PER_S)

/* Between two questions: for one whose answer was no, the kernel walked its whole table. */
#define ASK_NS       (60 * VTAP_NS_PER_S)
#define ASK_AGAIN_NS (15 * VTAP_NS_PER_S)
#define ASK_ANY_NS   VTAP_NS_PER_S

/* Unknown where the host has no connection tracking at all. */
static enum vtap_known any_read(void)
{
	_auto_fd int fd = open(COUNT_PATH, O_RDONLY | O_CLOEXEC);
	char first;

	if (fd < 0 || read(fd, &first, 1) != 1)
		return VTAP_UNKNOWN;
	return first == '0' ? VTAP_OFF : VTAP_ON;
}

/* A free row, or that of a port that nobody has asked for of late; NULL: all are in use. */
static struct vtap_tracked *port_make_room(struct vtap_tracking *tracking, uint64_t now_ns)
{
	if (tracking->n < VTAP_TRACKING_PORTS)
		return &tracking->port[tracking->n++];
	for (size_t i = 0; i < tracking->n; i++)
		if (tracking->port[i].due_ns + ASK_NS < now_ns)
			return &tracking->port[i];
	return NULL;
}

static struct vtap_tracked *port_find(
	struct vtap_tracking *tracking, uint16_t port, uint64_t now_ns)
{
	struct vtap_tracked *tracked;

	for (size_t i = 0; i < tracking->n; i++)
		if (tracking->port[i].port == port)
			return &tracking->port[i];
	tracked = port_make_room(tracking, now_ns);
	if (tracked != NULL)
		*tracked = (struct vtap_tracked){ .port = port, .due_ns = now_ns };
	return tracked;
}

static void port_ask(struct vtap_tracked *tracked, uint64_t now_ns)
{
	enum vtap_known known = VTAP_UNKNOWN;

	/* refused: not known, and nothing that anybody could do about it */
	(void)vtap_conntrack_ask(tracked->port, &known, NULL);
	tracked->known = known;
	tracked->due_ns = now_ns + (known == VTAP_ON ? ASK_AGAIN_NS : ASK_NS);
}

enum vtap_known vtap_tracking_look(struct vtap_tracking *tracking, uint16_t port, uint64_t now_ns)
{
	struct vtap_tracked *tracked = port_find(tracking, port, now_ns);

	if (tracking->counted_ns == 0 || now_ns - tracking->counted_ns >= COUNT_NS) {
		tracking->any = any_read();
		tracking->counted_ns = now_ns;
	}
	if (tracked == NULL || tracking->any != VTAP_ON)
		return tracked == NULL ? VTAP_UNKNOWN : tracking->any;
	if (now_ns >= tracked->due_ns &&
		(tracking->asked_ns == 0 || now_ns - tracking->asked_ns >= ASK_ANY_NS)) {
		port_ask(tracked, now_ns);
		tracking->asked_ns = now_ns;
	}
	return tracked->known;
}
