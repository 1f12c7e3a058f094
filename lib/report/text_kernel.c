// SPDX-License-Identifier: Apache-2.0
#include "report/text_kernel.h"

#include <inttypes.h>
#include <string.h>

static bool is_kernel(struct vtap_text_answer *answer, const struct json_t *target)
{
	return vtap_text_has(target, "counted_by") &&
	       strcmp(vtap_text_get_string(answer, target, "counted_by"), "kernel") == 0;
}

/* What a session says, or NULL where it says nothing or comes from an older daemon. */
static const char *find_word(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	return vtap_text_has(object, key) ? vtap_text_find_string(answer, object, key) : NULL;
}

static const struct json_t *find_kernel(
	struct vtap_text_answer *answer, const struct json_t *session)
{
	return vtap_text_has(session, "kernel") ? vtap_text_find_object(answer, session, "kernel")
						: NULL;
}

/* ---- status ---- */

/** struct facts - what is to be said of a target */
struct facts {
	struct vtap_text_names merging; /* interfaces that merge frames */
	size_t n_sessions;
	bool drops_reserved;
};

static void facts_add_session(
	struct facts *facts, struct vtap_text_answer *answer, const struct json_t *session)
{
	const struct json_t *kernel = find_kernel(answer, session);
	const char *reserved_bits = find_word(answer, session, "reserved_bits");

	facts->n_sessions++;
	if (kernel != NULL && find_word(answer, kernel, "merging") != NULL)
		vtap_text_names_add(
			&facts->merging, vtap_text_get_string(answer, session, "interface"));
	if (reserved_bits != NULL && strcmp(reserved_bits, "dropped") == 0)
		facts->drops_reserved = true;
}

static struct facts facts_of(
	struct vtap_text_answer *answer, const struct json_t *target, const struct json_t *sessions)
{
	const struct json_t *merging = vtap_text_find_list(answer, target, "merging");
	const char *name = vtap_text_get_string(answer, target, "name");
	struct facts facts = { .merging = { .n_max = VTAP_TEXT_NAMES_SHOWN } };

	for (size_t i = 0; i < vtap_text_list_len(merging); i++)
		vtap_text_names_add(&facts.merging, vtap_text_list_string(answer, merging, i));
	for (size_t i = 0; i < vtap_text_list_len(sessions); i++) {
		const struct json_t *session = vtap_text_list_object(answer, sessions, i);

		if (strcmp(vtap_text_get_string(answer, session, "target"), name) == 0)
			facts_add_session(&facts, answer, session);
	}
	return facts;
}

static void write_target(
	struct vtap_text_render *render, const struct json_t *target, const struct json_t *sessions)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *name = vtap_text_get_string(answer, target, "name");
	const char *why = vtap_text_find_string(answer, target, "merging_reason");
	const struct json_t *switched_off =
		vtap_text_has(target, "switched_off")
			? vtap_text_find_list(answer, target, "switched_off")
			: NULL;
	struct facts facts = facts_of(answer, target, sessions);

	vtap_text_put(render,
		"  %s: counted by the kernel's devices; other VNIs and broken packets vanish "
		"uncounted.",
		name);
	if (vtap_text_list_len(switched_off) > 0)
		vtap_text_put(render, " vtapd keeps GRO off on %s.",
			vtap_text_joined(answer, switched_off, VTAP_TEXT_NAMES_SHOWN).text);
	vtap_text_put(render, "\n");
	if (facts.n_sessions == 0) /* their devices have the port */
		vtap_text_put(render,
			"  %s: no session, so nobody has UDP port %" PRIu64
			": this host answers with ICMP port unreachable.\n",
			name, vtap_text_get_count(answer, target, "port"));
	if (facts.drops_reserved)
		vtap_text_put(render,
			"  %s: packets with reserved bits are dropped: vtapctl doctor "
			"reserved-bits\n",
			name);
	if (facts.merging.n > 0)
		vtap_text_put(render,
			"  %s: frames may be merged on %s: sensors see some that were never on the "
			"wire.\n",
			name, vtap_text_names_told(&facts.merging).text);
	if (why != NULL)
		vtap_text_put(render, "  %s: %s%s\n", name, why, vtap_text_stop(why));
}

/* "  host-wide UDP: 1,204 received, 3 wrong checksums, 0 without a port." */
static void write_host(struct vtap_text_render *render, const struct json_t *daemon)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *host = vtap_text_has(daemon, "host")
					    ? vtap_text_get_object(answer, daemon, "host")
					    : NULL; /* of an older daemon */
	uint64_t n_received, n_wrong, n_without;

	if (host == NULL || !vtap_text_read_count(answer, host, "udp_in_datagrams", &n_received) ||
		!vtap_text_read_count(answer, host, "udp_in_csum_errors", &n_wrong) ||
		!vtap_text_read_count(answer, host, "udp_no_ports", &n_without))
		return;
	vtap_text_put(render, "  host-wide UDP: %s received, ", vtap_text_count(n_received).text);
	vtap_text_put(render, "%s, ", vtap_text_counted(n_wrong, "wrong checksum").text);
	vtap_text_put(render, "%s without a port.\n", vtap_text_count(n_without).text);
}

void vtap_text_kernel_targets(struct vtap_text_render *render, const struct json_t *daemon,
	const struct json_t *targets, const struct json_t *sessions)
{
	struct vtap_text_answer *answer = &render->answer;
	size_t n = 0;

	for (size_t i = 0; i < vtap_text_list_len(targets); i++) {
		const struct json_t *target = vtap_text_list_object(answer, targets, i);

		if (!is_kernel(answer, target))
			continue;
		write_target(render, target, sessions);
		n++;
	}
	if (n > 0)
		write_host(render, daemon);
}

/* ---- show ---- */

void vtap_text_kernel_device(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *family = find_word(answer, session, "family");
	const char *reserved_bits = find_word(answer, session, "reserved_bits");
	const struct json_t *kernel = find_kernel(answer, session);
	const char *merging = kernel != NULL ? find_word(answer, kernel, "merging") : NULL;

	if (family == NULL)
		return;
	vtap_text_put(render, "  %-11s  %s\n", "family", family);
	if (reserved_bits == NULL)
		return; /* there is no device */
	vtap_text_put(render, "  %-11s  vxlan, %s%s%s\n", "device",
		strcmp(reserved_bits, "ignored") == 0 ? "reserved bits are ignored"
						      : "packets with reserved bits are dropped",
		merging != NULL ? ", merges frames: " : "", merging != NULL ? merging : "");
}

static void write_number(
	struct vtap_text_render *render, const struct json_t *kernel, const char *key)
{
	vtap_text_put(render, "%s %s", key,
		vtap_text_count(vtap_text_get_count(&render->answer, kernel, key)).text);
}

/* "  kernel       rx_packets 9, rx_bytes 774, rx_errors 0, rx_dropped 3", as `ip -s link` has them
 */
void vtap_text_kernel_counts(struct vtap_text_render *render, const struct json_t *session)
{
	static const char *const KEYS[] = { "rx_packets", "rx_bytes", "rx_errors", "rx_dropped" };
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *kernel = find_kernel(answer, session);

	if (kernel == NULL)
		return;
	vtap_text_put(render, "  %-11s  ", "kernel");
	for (size_t i = 0; i < VTAP_ARRAY_LEN(KEYS); i++) {
		vtap_text_put(render, "%s", i > 0 ? ", " : "");
		write_number(render, kernel, KEYS[i]);
	}
	if (!vtap_text_get_bool(answer, kernel, "guarded"))
		vtap_text_put(render, " (also rises for frames that sensors did get)");
	vtap_text_put(render, "\n");
}

/* ---- unknown ---- */

void vtap_text_kernel_unknown(struct vtap_text_render *render, const struct json_t *uncounted)
{
	struct vtap_text_answer *answer = &render->answer;

	for (size_t i = 0; i < vtap_text_list_len(uncounted); i++) {
		const struct json_t *target = vtap_text_list_object(answer, uncounted, i);

		vtap_text_put(render,
			"  %s: the kernel drops packets of unknown VNIs and does not count them "
			"(mode = vxlan); to see them: sudo tcpdump -ni any -T vxlan udp port "
			"%" PRIu64 "\n",
			vtap_text_get_string(answer, target, "target"),
			vtap_text_get_count(answer, target, "port"));
	}
}
