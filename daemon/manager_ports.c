// SPDX-License-Identifier: Apache-2.0
/* Who of ours has which UDP port. */
#include "daemon/manager_state.h"

bool vtap_manager_has_port(const struct vtap_manager *manager, uint16_t port)
{
	for (size_t i = 0; i < manager->n_intakes; i++)
		if (vtap_intake_has_port(manager->intake[i], port))
			return true;
	return false;
}

/* The target that keeps sockets on a port, though it is to have another one: nothing of its new
 * configuration is left to be done, and they are no surplus. NULL: none does. */
static const char *port_keeper(const struct vtap_manager *manager, uint16_t port)
{
	for (size_t i = 0; i < manager->n_intakes && !manager->must_publish; i++)
		if (vtap_intake_has_port(manager->intake[i], port) &&
			!vtap_intake_has_surplus(manager->intake[i]))
			return vtap_intake_name(manager->intake[i]);
	return NULL;
}

size_t vtap_manager_busy_ports(const struct vtap_manager *manager, struct vtap_busy *ret_busy)
{
	size_t n = 0;

	for (size_t i = 0; i < manager->conf->n_targets; i++) {
		uint16_t port = manager->conf->targets[i].port;
		struct vtap_stored stored;
		size_t i_stored = 0;

		if (manager->conf->targets[i].mode == VTAP_MODE_VXLAN &&
			(vtap_manager_has_port(manager, port) ||
				vtap_store_find(manager->store, port, &i_stored, &stored)))
			ret_busy[n++] = (struct vtap_busy){ port, port_keeper(manager, port) };
	}
	return n;
}

/* Is there a socket for it that no program stands before? */
static bool is_bare(const struct vtap_manager *manager, uint16_t port)
{
	/* no program is left after a teardown */
	for (size_t i = 0; i < manager->n_intakes; i++)
		if (vtap_intake_port(manager->intake[i]) == port &&
			(i >= manager->conf->n_targets || !vtap_steering_holds_port(manager, i)))
			return true;
	return false;
}

/* 0: none of those that are asked for. */
static uint16_t port_of(const struct vtap_manager *manager, enum vtap_ports which, size_t i)
{
	uint16_t port = vtap_intake_port(manager->intake[i]);

	if (port == 0 && which == VTAP_PORTS_ALL && i < manager->conf->n_targets &&
		manager->conf->targets[i].mode == VTAP_MODE_VXLAN)
		return manager->conf->targets[i].port;
	if (port == 0 || which == VTAP_PORTS_ALL)
		return port;
	return is_bare(manager, port) == (which == VTAP_PORTS_BARE) ? port : 0;
}

unsigned vtap_manager_ports(
	const struct vtap_manager *manager, enum vtap_ports which, char *ret_text, size_t size)
{
	size_t used = 0;
	unsigned n = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < manager->n_intakes; i++) {
		uint16_t port = port_of(manager, which, i);
		bool is_told = port == 0;

		for (size_t j = 0; j < i && !is_told; j++) /* targets may share it */
			is_told = port_of(manager, which, j) == port;
		if (is_told)
			continue;
		if (used < size)
			used += (size_t)snprintf(ret_text + used, size - used, /* cut is fine */
				"%s%u", n > 0 ? " and " : "", port);
		n++;
	}
	return n;
}
