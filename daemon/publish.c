// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. Tables and TAP descriptors that were replaced go into one queue in the order in
 * which they were retired. Its head is freed when no worker has borrowed it; a descriptor, which
 * stands behind every table that may name it, is closed when it is reached.
 */
#include "daemon/publish.h"

#include <errno.h>
#include <string.h>

static int retire(struct vtap_manager *manager, struct vtap_retired retired)
{
	struct vtap_retired *grown =
		reallocarray(manager->retired, manager->n_retired + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	manager->retired = grown;
	grown[manager->n_retired++] = retired;
	return 0;
}

static bool table_is_used(const struct vtap_manager *manager, const struct vtap_table *table)
{
	for (size_t i = 0; i < manager->n_intakes; i++)
		if (vtap_intake_uses(manager->intake[i], table))
			return true;
	return false;
}

bool vtap_publish_reap(struct vtap_manager *manager)
{
	size_t n = 0;

	while (n < manager->n_retired) {
		struct vtap_retired *retired = &manager->retired[n];

		if (retired->table != NULL && table_is_used(manager, retired->table))
			break;
		vtap_table_free(
			(struct vtap_table *)retired->table); /* its owner, after all readers */
		(void)vtap_fd_close(retired->fd);
		n++;
	}
	if (n > 0 && n < manager->n_retired)
		memmove(manager->retired, manager->retired + n,
			(manager->n_retired - n) * sizeof(*manager->retired));
	manager->n_retired -= n;
	return manager->n_retired > 0;
}

/* ---- making a table ---- */

struct rules {
	struct vtap_rule *rule;
	size_t n;
};

static size_t session_n_rules(const struct vtap_session *session)
{
	return (session->n_vnis + session->is_any) *
	       (session->n_sources > 0 ? session->n_sources : 1);
}

static void rules_add_sources(
	struct rules *rules, struct vtap_rule rule, const struct vtap_session *session)
{
	rule.source = VTAP_PREFIX_ANY;
	if (session->n_sources == 0)
		rules->rule[rules->n++] = rule;
	for (size_t i = 0; i < session->n_sources; i++) {
		rule.source = session->sources[i];
		rules->rule[rules->n++] = rule;
	}
}

static void rules_add(struct rules *rules, const struct vtap_session *session, uint32_t i_session)
{
	struct vtap_rule rule = { .i_session = i_session };

	for (size_t i = 0; i < session->n_vnis; i++) {
		rule.vni = session->vnis[i];
		rule.level = rule.vni.first == rule.vni.last ? VTAP_LEVEL_VNI : VTAP_LEVEL_RANGE;
		rules_add_sources(rules, rule, session);
	}
	if (session->is_any) {
		rule.vni = (struct vtap_range){ 0, VTAP_CONF_VNI_MAX };
		rule.level = VTAP_LEVEL_ANY;
		rules_add_sources(rules, rule, session);
	}
}

/* None of a vxlan-mode target: no packet of it comes to where rules are asked for. */
static int rules_make(const struct vtap_conf *conf, size_t i_target, struct rules *ret_rules)
{
	size_t n_sessions = conf->targets[i_target].mode == VTAP_MODE_TAP ? conf->n_sessions : 0;
	struct rules rules = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < n_sessions; i++)
		if (conf->sessions[i].i_target == i_target)
			n += session_n_rules(&conf->sessions[i]);
	rules.rule = calloc(n + 1, sizeof(*rules.rule));
	if (rules.rule == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n_sessions; i++)
		if (conf->sessions[i].i_target == i_target)
			rules_add(&rules, &conf->sessions[i], (uint32_t)i);
	*ret_rules = rules;
	return 0;
}

/* Where frames of each session go, by its number in the configuration. */
static struct vtap_exit *exits_make(const struct vtap_manager *manager)
{
	const struct vtap_conf *conf = manager->conf;
	struct vtap_exit *exits = calloc(conf->n_sessions + 1, sizeof(*exits));

	for (size_t i = 0; i < conf->n_sessions && exits != NULL; i++) {
		const struct vtap_interface *interface =
			vtap_interfaces_find(manager->interfaces, conf->sessions[i].interface);

		exits[i] = (struct vtap_exit){
			.tap_fd = interface != NULL ? interface->fd : -1,
			.tally = manager->runs.run[i].tally,
		};
	}
	return exits;
}

static int table_make(const struct vtap_manager *manager, size_t i_target,
	const struct vtap_exit *exits, const int *own, size_t n_own, struct vtap_table **ret_table)
{
	const struct vtap_target *target = &manager->conf->targets[i_target];
	struct rules rules;
	int r = rules_make(manager->conf, i_target, &rules);

	if (r < 0)
		return r;
	r = vtap_table_new(
		&(struct vtap_table_spec){
			.exits = exits,
			.n_exits = manager->conf->n_sessions,
			.rules = rules.rule,
			.n_rules = rules.n,
			.allow = target->allow,
			.n_allow = target->n_allow,
			.own_interfaces = own,
			.n_own_interfaces = n_own,
		},
		ret_table);
	free(rules.rule);
	return r;
}

static void tables_free(struct vtap_table **tables, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vtap_table_free(tables[i]);
}

static int tables_make(const struct vtap_manager *manager, struct vtap_table **tables)
{
	_auto_free struct vtap_exit *exits = exits_make(manager);
	_auto_free int *own = NULL;
	size_t n_own = 0;
	int r = exits == NULL ? -ENOMEM
			      : vtap_interfaces_own_indexes(manager->interfaces, &own, &n_own);

	for (size_t i = 0; i < manager->conf->n_targets && r == 0; i++)
		r = table_make(manager, i, exits, own, n_own, &tables[i]);
	return r;
}

static void descriptors_retire(struct vtap_manager *manager)
{
	int fd;

	while ((fd = vtap_interfaces_take_closed(manager->interfaces)) >= 0)
		(void)retire(manager,
			(struct vtap_retired){
				.fd = fd }); /* without memory it is leaked, not closed early */
}

int vtap_publish(struct vtap_manager *manager, struct vtap_err *err)
{
	size_t n = manager->conf->n_targets;
	_auto_free struct vtap_table **tables = calloc(n + 1, sizeof(struct vtap_table *));
	int r = tables == NULL ? -ENOMEM : tables_make(manager, tables);

	if (r < 0) {
		if (tables != NULL)
			tables_free(tables, n);
		return vtap_err_set(err, r, "make the session table: %s", vtap_errno_text(r));
	}
	for (size_t i = 0; i < n; i++) {
		const struct vtap_table *former =
			vtap_intake_publish(manager->intake[i], tables[i]);

		if (former != NULL)
			(void)retire(manager,
				(struct vtap_retired){ .table = former, .fd = -1 }); /* as above */
	}
	descriptors_retire(manager);
	vtap_conf_unref(manager->table_conf);
	manager->table_conf = vtap_conf_ref(manager->conf);
	return 0;
}
