// SPDX-License-Identifier: Apache-2.0
/* What a reload would do: the rows of config/change.c, with what this host says to them. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/load.h"
#include "daemon/answer.h"
#include "daemon/conflict.h"
#include "daemon/sensors.h"
#include "report/json.h"

static size_t files_n_changed(const struct vtap_conf *old, const struct vtap_conf *new)
{
	size_t n = 0, n_same_path = 0;

	for (size_t i = 0; i < new->n_files; i++) {
		const struct vtap_file *before = NULL;

		for (size_t j = 0; j < old->n_files; j++)
			if (strcmp(old->files[j].path, new->files[i].path) == 0)
				before = &old->files[j];
		n_same_path += before != NULL;
		n += before == NULL || before->hash != new->files[i].hash;
	}
	return n + (old->n_files - n_same_path);
}

/* Who reads what goes away is told. */
static char *why_with_sensors(const struct vtap_change *change,
	const struct vtap_interface *interface, const struct vtap_sensors *sensors,
	unsigned *ret_n_sensors)
{
	unsigned n = interface != NULL && interface->wish.held_index != 0
			     ? vtap_sensors_on(sensors, interface->wish.held_index, NULL)
			     : 0;

	*ret_n_sensors = n;
	if (change->lost_interface[0] == '\0')
		return strdup(change->why);
	if (change->kind == VTAP_CHANGE_REPLACE && n > 0)
		return vtap_text_format("%s; %u %s %s and must be pointed at the new one",
			change->why, n, n == 1 ? "sensor reads" : "sensors read",
			change->lost_interface);
	if (n > 0)
		return vtap_text_format(
			"%s; %u %s it", change->why, n, n == 1 ? "sensor reads" : "sensors read");
	return vtap_text_format("%s; nobody reads %s", change->why,
		change->kind == VTAP_CHANGE_REPLACE ? change->lost_interface : "it");
}

/* The device that has this name and is not ours, as the last look found it, or NULL. */
static const struct vtap_device *foreign_find(const struct vtap_manager *manager, const char *name)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	const struct vtap_interface *interface = vtap_interfaces_find(manager->interfaces, name);

	for (size_t i = 0; i < devices->n; i++) {
		const struct vtap_device *device = &devices->device[i];

		if (strcmp(device->name, name) == 0)
			return vtap_device_is_ours(device) ||
					       (interface != NULL &&
						       interface->wish.held_index == device->index)
				       ? NULL
				       : device;
	}
	return NULL;
}

/* Say it in other words. Takes both. */
static int change_retell(struct vtap_change *change, char *what, char *why)
{
	if (what == NULL || why == NULL) {
		free(what);
		free(why);
		return -ENOMEM;
	}
	free(change->what);
	free(change->why);
	change->what = what;
	change->why = why;
	return 0;
}

/* What goes away is not ours: then it stays. */
static int loss_retell(const struct vtap_manager *manager, struct vtap_change *change)
{
	const char *lost = change->lost_interface;
	int r;

	if (lost[0] == '\0' || foreign_find(manager, lost) == NULL)
		return 0;
	r = change_retell(change,
		change->kind == VTAP_CHANGE_REMOVE ? vtap_text_format("leave %s", lost)
						   : strdup(change->what),
		vtap_text_format("%s; %s is not ours and stays", change->why, lost));
	change->lost_interface[0] = '\0';
	return r;
}

/* Somebody else's vxlan device has the VNI that a session is to have: then it waits. */
static int vni_retell(const struct vtap_manager *manager, const struct vtap_conf *new,
	const struct vtap_session *session, struct vtap_change *change,
	struct vtap_report_plan *plan)
{
	const struct vtap_target *target = &new->targets[session->i_target];
	struct vtap_wish wish = {
		.mode = target->mode, .port = target->port, .family = session->family
	};
	const struct vtap_device *holder;

	if (target->mode != VTAP_MODE_VXLAN)
		return 0;
	wish.vni = session->vnis[0].first; /* the only one: config/check_modes.c */
	holder = vtap_conflict_find_vni(vtap_interfaces_devices(manager->interfaces), &wish);
	if (holder == NULL)
		return 0;
	plan->n_will_wait++;
	return change_retell(change, strdup(change->what),
		vtap_text_format("%s; will wait: the vxlan interface %s has this VNI, and is not "
				 "ours",
			change->why, holder->name));
}

/* What is to be made is there and not ours: then the session waits. */
static int gain_retell(const struct vtap_manager *manager, const struct vtap_conf *new,
	struct vtap_change *change, struct vtap_report_plan *plan)
{
	bool is_new = change->kind == VTAP_CHANGE_ADD;
	const struct vtap_session *session = is_new || change->kind == VTAP_CHANGE_REPLACE
						     ? vtap_conf_find_session(new, change->name)
						     : NULL;
	const struct vtap_device *foreign =
		session != NULL ? foreign_find(manager, session->interface) : NULL;
	char kind[VTAP_KIND_MAX + 24];

	if (foreign == NULL)
		return session != NULL ? vni_retell(manager, new, session, change, plan) : 0;
	plan->n_will_wait++;
	return change_retell(change,
		is_new ? vtap_text_format("wait for %s", session->interface) : strdup(change->what),
		vtap_text_format("%s; will wait: %s is %s that vtapd did not make", change->why,
			session->interface, vtap_device_kind_text(foreign, kind, sizeof(kind))));
}

/* None of the underlays that a target is to have is there: then it waits. */
static int underlay_retell(
	const struct vtap_manager *manager, const struct vtap_conf *new, struct vtap_change *change)
{
	static const char TARGET[] = "target ";
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	const struct vtap_target *target =
		change->kind != VTAP_CHANGE_REMOVE &&
				strncmp(change->name, TARGET, strlen(TARGET)) == 0
			? vtap_conf_find_target(new, change->name + strlen(TARGET))
			: NULL;

	if (target == NULL || target->n_underlays == 0)
		return 0;
	for (size_t i = 0; i < devices->n; i++)
		if (vtap_target_names(target, devices->device[i].name))
			return 0;
	return change_retell(change, strdup(change->what),
		vtap_text_format("%s; will wait: no interface of this host is called %s%s",
			change->why, target->underlays[0],
			target->n_underlays > 1 ? ", or as the others" : ""));
}

static int plan_retell(const struct vtap_manager *manager, const struct vtap_conf *new,
	struct vtap_changes *changes, struct vtap_report_plan *plan)
{
	int r = 0;

	for (size_t i = 0; i < changes->n && r == 0; i++) {
		r = loss_retell(manager, &changes->change[i]);
		if (r == 0)
			r = gain_retell(manager, new, &changes->change[i], plan);
		if (r == 0)
			r = underlay_retell(manager, new, &changes->change[i]);
	}
	return r;
}

static int plan_rows(const struct vtap_manager *manager, const struct vtap_changes *changes,
	struct vtap_report_plan *plan)
{
	struct vtap_sensors sensors = { 0 };
	int r = 0;

	plan->row = calloc(changes->n + 1, sizeof(*plan->row));
	if (plan->row == NULL)
		return -ENOMEM;
	(void)vtap_sensors_read(&sensors); /* refused: nobody is known to read */
	for (size_t i = 0; i < changes->n && r == 0; i++) {
		const struct vtap_change *change = &changes->change[i];
		unsigned n_sensors = 0;

		plan->row[i] = (struct vtap_report_change){
			.sign = vtap_change_sign(change->kind),
			.name = change->name,
			.what = change->what,
			.why = why_with_sensors(change,
				vtap_interfaces_find(manager->interfaces, change->lost_interface),
				&sensors, &n_sensors),
		};
		plan->n++;
		plan->n_sensors_disturbed += n_sensors;
		r = plan->row[i].why == NULL ? -ENOMEM : 0;
	}
	vtap_sensors_done(&sensors);
	return r;
}

static void plan_counts(const struct vtap_changes *changes, struct vtap_report_plan *plan)
{
	plan->n_added = vtap_changes_count(changes, VTAP_CHANGE_ADD);
	plan->n_changed = vtap_changes_count(changes, VTAP_CHANGE_IN_PLACE);
	plan->n_replaced = vtap_changes_count(changes, VTAP_CHANGE_REPLACE);
	plan->n_removed = vtap_changes_count(changes, VTAP_CHANGE_REMOVE);
	plan->n_untouched = changes->n_untouched;
}

static bool is_among(const char *const *pointers, size_t n, const char *pointer)
{
	for (size_t i = 0; i < n; i++)
		if (pointers[i] == pointer)
			return true;
	return false;
}

/* Whom a session's trouble is about: its target, or all sessions of its interface. */
static char *pending_format(
	const struct vtap_manager *manager, const struct vtap_session *session, const char *message)
{
	const struct vtap_interface *interface =
		vtap_interfaces_find(manager->interfaces, session->interface);

	if (interface != NULL && message == interface->message)
		return vtap_text_format("%s: %s", interface->sessions, message);
	return vtap_text_format(
		"target %s: %s", manager->conf->targets[session->i_target].name, message);
}

/* What the reconciler would still do with the configuration in effect, each trouble once. */
static int plan_pending(const struct vtap_manager *manager, struct vtap_report_plan *plan)
{
	size_t n = manager->conf->n_sessions;
	_auto_free const char **told = calloc(n + 1, sizeof(*told));

	plan->pending = calloc(n + 1, sizeof(*plan->pending));
	if (plan->pending == NULL || told == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct vtap_standing standing = vtap_manager_standing(manager, i);

		if (standing.message == NULL || is_among(told, plan->n_pending, standing.message))
			continue;
		told[plan->n_pending] = standing.message;
		plan->pending[plan->n_pending] =
			pending_format(manager, &manager->conf->sessions[i], standing.message);
		if (plan->pending[plan->n_pending] == NULL)
			return -ENOMEM;
		plan->n_pending++;
	}
	return 0;
}

static void plan_done(struct vtap_report_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		free(plan->row[i].why);
	for (size_t i = 0; i < plan->n_pending; i++)
		free(plan->pending[i]);
	free(plan->row);
	free(plan->pending);
}

static int plan_make(const struct vtap_manager *manager, const struct vtap_conf *new,
	struct vtap_changes *changes, struct vtap_report_plan *plan)
{
	int r = vtap_changes_find(manager->conf, new, changes);

	if (r == 0)
		r = plan_retell(manager, new, changes, plan);
	if (r == 0)
		r = plan_rows(manager, changes, plan);
	if (r == 0)
		r = plan_pending(manager, plan);
	if (r < 0)
		return r;
	plan_counts(changes, plan);
	plan->n_files_changed = files_n_changed(manager->conf, new);
	plan->since_wall_ns = manager->configured_wall_ns;
	return 0;
}

struct vtap_answer vtap_answer_plan(const struct vtap_manager *manager)
{
	_auto(conf) const struct vtap_conf *new = NULL;
	struct vtap_diags diags = { 0 };
	struct vtap_changes changes = { 0 };
	struct vtap_report_plan plan = { 0 };
	struct vtap_answer answer;
	int r = vtap_load(manager->config_path, 0, &new, &diags);

	if (r == 0)
		r = plan_make(manager, new, &changes, &plan);
	if (r == VTAP_LOAD_REFUSED)
		answer = vtap_answer_refusal(manager, &diags);
	else
		answer = r < 0 ? vtap_answer_trouble(r) : vtap_answer_ok(vtap_json_plan(&plan));
	plan_done(&plan);
	vtap_changes_done(&changes);
	vtap_diags_done(&diags);
	return answer;
}
