// SPDX-License-Identifier: Apache-2.0
#include "daemon/drain.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config/value.h"

/* Quiet is less than this share of the rate before, or less than this many packets a second. */
#define QUIET_SHARE 0.01
#define QUIET_RATE  10.0

/* The state file: a line each of "since WALL_NS", "rate PACKETS_PER_SECOND", and the reason. */
static int state_write(const struct vtap_drain *drain, const char *path, struct vtap_err *err)
{
	_auto_free char *temporary = vtap_text_format("%s.new", path);
	FILE *file = temporary != NULL ? fopen(temporary, "we") : NULL;
	int r;

	if (file == NULL)
		return vtap_err_set(err, -errno, "write %s: %s", path, vtap_errno_text(errno));
	(void)fprintf(file, "since %" PRIu64 "\nrate %.0f\n%s\n", drain->since_wall_ns,
		drain->rate_before, drain->reason); /* fclose tells */
	r = fclose(file) == 0 && rename(temporary, path) == 0 ? 0 : -errno;
	return r < 0 ? vtap_err_set(err, r, "write %s: %s", path, vtap_errno_text(r)) : 0;
}

/* The number behind "@key " on the next line. */
static bool number_read(FILE *file, const char *key, uint64_t *ret_number)
{
	struct vtap_complaint complaint;
	size_t len = strlen(key);
	char line[64];

	if (fgets(line, sizeof(line), file) == NULL || strncmp(line, key, len) != 0 ||
		line[len] != ' ')
		return false;
	line[strcspn(line, "\n")] = '\0';
	return vtap_value_number(line + len + 1, 0, UINT64_MAX, ret_number, &complaint) == 0;
}

static bool state_parse(FILE *file, struct vtap_drain *drain)
{
	char reason[VTAP_DRAIN_REASON_MAX + 1];
	uint64_t rate = 0;

	if (!number_read(file, "since", &drain->since_wall_ns) || !number_read(file, "rate", &rate))
		return false;
	drain->rate_before = (double)rate;
	if (fgets(reason, sizeof(reason), file) == NULL)
		return true;
	reason[strcspn(reason, "\n")] = '\0';
	(void)snprintf(drain->reason, sizeof(drain->reason), "%.*s", /* cut: not one of ours */
		(int)sizeof(drain->reason) - 1, reason);
	return true;
}

int vtap_drain_load(
	struct vtap_drain *drain, const char *path, uint64_t now_ns, struct vtap_err *err)
{
	_auto_file FILE *file = fopen(path, "re");
	struct vtap_drain loaded = { .is_on = true, .since_ns = now_ns, .asked_ns = now_ns };

	*drain = (struct vtap_drain){ 0 };
	if (file == NULL)
		return errno == ENOENT ? 0
				       : vtap_err_set(err, -errno, "read %s: %s", path,
						 vtap_errno_text(errno));
	if (!state_parse(file, &loaded)) /* cut by a full disk: it was asked for all the same */
		loaded = (struct vtap_drain){
			.is_on = true, .since_ns = now_ns, .asked_ns = now_ns
		};
	*drain = loaded;
	return 0;
}

int vtap_drain_begin(struct vtap_drain *drain, const char *path, const char *reason,
	uint64_t now_ns, uint64_t wall_ns, struct vtap_err *err)
{
	if (!drain->is_on)
		*drain = (struct vtap_drain){
			.is_on = true,
			.since_ns = now_ns,
			.since_wall_ns = wall_ns,
			.rate_before = drain->rate,
			.rate = drain->rate,
		};
	drain->asked_ns = now_ns;
	(void)snprintf(drain->reason, sizeof(drain->reason), "%s",
		reason != NULL ? reason : ""); /* validated to fit */
	return state_write(drain, path, err);
}

int vtap_drain_end(struct vtap_drain *drain, const char *path, struct vtap_err *err)
{
	*drain = (struct vtap_drain){ .rate = drain->rate };
	if (unlink(path) < 0 && errno != ENOENT)
		return vtap_err_set(err, -errno, "remove %s: %s; a restart would drain again", path,
			vtap_errno_text(errno));
	return 0;
}

static bool is_below(const struct vtap_drain *drain)
{
	return drain->rate < QUIET_RATE || drain->rate < QUIET_SHARE * drain->rate_before;
}

void vtap_drain_sample(struct vtap_drain *drain, double rate, uint64_t delivered, uint64_t dropped,
	uint64_t now_ns)
{
	drain->rate = rate;
	if (!drain->is_on)
		return;
	if (!drain->has_first) {
		drain->first_delivered = delivered;
		drain->first_dropped = dropped;
		drain->has_first = true;
	}
	if (!is_below(drain))
		drain->below_ns = 0;
	else if (drain->below_ns == 0)
		drain->below_ns = now_ns;
}

bool vtap_drain_is_quiet(const struct vtap_drain *drain, uint64_t now_ns)
{
	return drain->is_on && drain->below_ns != 0 &&
	       now_ns - drain->below_ns >= VTAP_DRAIN_QUIET_NS;
}
