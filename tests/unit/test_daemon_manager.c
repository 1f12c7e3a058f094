// SPDX-License-Identifier: Apache-2.0
/* Law: a look that fails is tried again each second, and told once. */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "daemon/log.h"
#include "daemon/manager.h"
#include "datapath/rights.h"
#include "netlink/dump.h"

#include <linux/capability.h>

static unsigned n_looks;
static const char *look_text; /* why a look fails; NULL: it does not */

int __real_vtap_links_dump(
	struct vtap_nl *nl, struct vtap_devices *ret_devices, struct vtap_err *err);
int __wrap_vtap_links_dump(
	struct vtap_nl *nl, struct vtap_devices *ret_devices, struct vtap_err *err);

int __wrap_vtap_links_dump(
	struct vtap_nl *nl, struct vtap_devices *ret_devices, struct vtap_err *err)
{
	n_looks++;
	return look_text != NULL ? vtap_err_set(err, -ENOBUFS, "%s", look_text)
				 : __real_vtap_links_dump(nl, ret_devices, err);
}

static void looks_wait(struct vtap_manager *manager, unsigned n)
{
	uint64_t deadline_ns = 0;

	while (n_looks < n) {
		assert_true(wait_more(&deadline_ns));
		assert_true(
			sd_event_run(manager->event, 100 * VTAP_NS_PER_MS / VTAP_NS_PER_US) >= 0);
	}
}

/* How often the log has these words. */
static unsigned log_count(const char *path, const char *words)
{
	char line[512];
	unsigned n = 0;
	_auto_file FILE *log = fopen(path, "re");

	assert_non_null(log);
	while (fgets(line, sizeof(line), log) != NULL)
		n += strstr(line, words) != NULL;
	return n;
}

static void test_look_when_it_fails_again_then_told_once_until_the_reason_changes(void **state)
{
	char folder[] = "/tmp/vtapd-manager-XXXXXX", log[64];
	const struct vtap_conf *conf = vtap_conf_new();
	struct vtap_manager manager = { 0 };
	int terminal = dup(STDERR_FILENO);

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(log, sizeof(log), "%s/log", folder); /* fits */
	assert_non_null(freopen(log, "we", stderr));
	assert_int_equal(vtap_manager_init(&manager, "/nonexistent", folder, conf, NULL), 0);
	vtap_manager_trigger(&manager);

	look_text = "no room";
	looks_wait(&manager, 3);
	look_text = "another reason";
	looks_wait(&manager, 4);
	vtap_manager_done(&manager);
	vtap_conf_unref(conf);
	(void)fflush(stderr);
	(void)dup2(terminal, STDERR_FILENO);
	(void)close(terminal);

	assert_int_equal(log_count(log, "no room"), 1);
	assert_int_equal(log_count(log, "another reason"), 1);
	(void)unlink(log);
	(void)rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_look_when_it_fails_again_then_told_once_until_the_reason_changes),
	};

	namespace_enter_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
