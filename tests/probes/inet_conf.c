// SPDX-License-Identifier: Apache-2.0
/*
 * Relied upon by vtap_link_set(): IFLA_AF_SPEC / AF_INET / IFLA_INET_CONF of RTM_SETLINK sets
 * rp_filter and forwarding of an interface, as writing /proc/sys would, which a sandbox may not let
 * us do.
 */
#include "tests/probes/probe.h"

#include <linux/ip.h>
#include <linux/rtnetlink.h>

/** struct request - RTM_SETLINK with one nested setting */
struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	struct rtattr af_spec, inet, conf, setting;
	uint32_t value;
};

static struct rtattr attribute(unsigned short type, size_t len)
{
	return (struct rtattr){ .rta_type = type, .rta_len = (unsigned short)len };
}

/* Return: 0 or the errno of the kernel's answer */
static int setting_set(const char *name, unsigned short setting, uint32_t value)
{
	_auto_fd int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	const size_t leaf = sizeof(struct rtattr) + sizeof(uint32_t);
	struct request request = {
		.header = { .nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_SETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.link.ifi_index = (int)if_nametoindex(name),
		.af_spec = attribute(IFLA_AF_SPEC, leaf + 3 * sizeof(struct rtattr)),
		.inet = attribute(AF_INET, leaf + 2 * sizeof(struct rtattr)),
		.conf = attribute(IFLA_INET_CONF, leaf + sizeof(struct rtattr)),
		.setting = attribute(setting, leaf),
		.value = value,
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[512];
	} answer = { 0 };

	must(send(fd, &request, sizeof(request), 0));
	must(recv(fd, &answer, sizeof(answer), 0));
	must(answer.header.nlmsg_type == NLMSG_ERROR ? 0 : -1);
	return -answer.error.error;
}

static int setting_get(const char *setting)
{
	char path[128];
	int value = -1;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/lo/%s", setting); /* fits */
	file = fopen(path, "re");
	if (file == NULL)
		test_skip(path, strerror(errno));
	must(fscanf(file, "%d", &value) == 1 ? 0 : -1);
	(void)fclose(file); /* was read */
	return value;
}

static void probe_setting(unsigned short number, const char *name, const uint32_t values[static 3])
{
	for (int i = 0; i < 3; i++) {
		int r = setting_set("lo", number, values[i]), now;

		claim(r == 0, "%s = %u: %s", name, values[i], strerror(r));
		now = setting_get(name);
		claim(now == (int)values[i], "%s is %d", name, now);
	}
}

int main(void)
{
	namespace_enter_or_skip();
	probe_setting(IPV4_DEVCONF_RP_FILTER, "rp_filter", (const uint32_t[]){ 0, 1, 2 });
	probe_setting(IPV4_DEVCONF_FORWARDING, "forwarding", (const uint32_t[]){ 1, 0, 1 });
	return EXIT_SUCCESS;
}
