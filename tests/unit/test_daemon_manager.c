// SPDX-License-Identifier: Apache-2.0
/* Law: a look that fails is tried again each second, and told once; what kernel devices counted is
 * looked at anew when some of them were taken over. */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "daemon/log.h"
#include "daemon/manager.h"
#include "datapath/rights.h"
#include "netlink/dump.h"
#include "netlink/stats.h"

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

/* ---- a turn that takes devices over, while the clock stands still ---- */

static unsigned n_turns, n_dumps, n_dumps_at_turn;
static uint64_t frozen_ns; /* 0: time goes by */

uint64_t __real_vtap_clock_mono_ns(void);
uint64_t __wrap_vtap_clock_mono_ns(void);
int __real_vtap_link_stats_dump(struct vtap_nl *nl, struct vtap_link_stats **ret_stats,
	size_t *ret_n, struct vtap_err *err);
int __wrap_vtap_link_stats_dump(struct vtap_nl *nl, struct vtap_link_stats **ret_stats,
	size_t *ret_n, struct vtap_err *err);
int __real_vtap_interfaces_turn(struct vtap_interfaces *set, const struct vtap_occasion *occasion,
	struct vtap_turn *ret_turn);
int __wrap_vtap_interfaces_turn(struct vtap_interfaces *set, const struct vtap_occasion *occasion,
	struct vtap_turn *ret_turn);

uint64_t __wrap_vtap_clock_mono_ns(void)
{
	return frozen_ns != 0 ? frozen_ns : __real_vtap_clock_mono_ns();
}

int __wrap_vtap_link_stats_dump(
	struct vtap_nl *nl, struct vtap_link_stats **ret_stats, size_t *ret_n, struct vtap_err *err)
{
	n_dumps++;
	return __real_vtap_link_stats_dump(nl, ret_stats, ret_n, err);
}

/* The first turn looks at what devices count, as one does that removes some, and takes over others.
 */
int __wrap_vtap_interfaces_turn(struct vtap_interfaces *set, const struct vtap_occasion *occasion,
	struct vtap_turn *ret_turn)
{
	int r = __real_vtap_interfaces_turn(set, occasion, ret_turn);

	if (++n_turns != 1 || frozen_ns == 0)
		return r;
	occasion->count(occasion->arg);
	n_dumps_at_turn = n_dumps;
	ret_turn->is_unfinished = true;
	return r;
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

static const struct vtap_conf *conf_of_the_kernel(void)
{
	struct vtap_conf *conf = vtap_conf_new();

	assert_non_null(conf);
	conf->targets = calloc(1, sizeof(*conf->targets));
	assert_non_null(conf->targets);
	conf->targets[0] =
		(struct vtap_target){ .name = "default", .port = 4789, .mode = VTAP_MODE_VXLAN };
	conf->n_targets = 1;
	return conf;
}

static void test_counts_when_a_turn_took_devices_over_then_the_next_look_is_a_new_sample(
	void **state)
{
	char folder[] = "/tmp/vtapd-manager-XXXXXX";
	const struct vtap_conf *conf = conf_of_the_kernel();
	struct vtap_manager manager = { 0 };

	(void)state;
	assert_non_null(mkdtemp(folder));
	frozen_ns = __real_vtap_clock_mono_ns();
	n_turns = n_dumps = 0;
	look_text = NULL;
	assert_int_equal(vtap_manager_init(&manager, "/nonexistent", folder, conf, NULL), 0);
	/* it samples in any case */
	assert_true(sd_event_source_set_enabled(manager.sample_timer, SD_EVENT_OFF) >= 0);
	vtap_manager_trigger(&manager);
	for (unsigned i = 0; i < 50 && !manager.has_settled; i++)
		assert_true(
			sd_event_run(manager.event, 100 * VTAP_NS_PER_MS / VTAP_NS_PER_US) >= 0);
	assert_true(manager.has_settled && n_turns > 1);
	assert_int_equal(n_dumps, n_dumps_at_turn + 1);
	vtap_manager_done(&manager);
	vtap_conf_unref(conf);
	frozen_ns = 0;
	(void)rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_look_when_it_fails_again_then_told_once_until_the_reason_changes),
		cmocka_unit_test(
			test_counts_when_a_turn_took_devices_over_then_the_next_look_is_a_new_sample),
	};

	namespace_enter_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
