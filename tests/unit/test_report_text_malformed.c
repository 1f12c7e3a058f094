// SPDX-License-Identifier: Apache-2.0
/*
 * Law: an answer that is not as the protocol says never crashes a renderer. It is -EPROTO with a
 * sentence and without a byte of text; or, where the field was not needed, an outcome as before.
 *
 * Whole answers are damaged everywhere, one place at a time: each field and item is taken away and
 * replaced by each kind of value, and the text is cut after each byte.
 */
#include "tests/unit/test_report_text.h"

#include "report/text_top.h"

#include <errno.h>
#include <jansson.h>

struct answer {
	vtap_text_fn render;
	const char *single_quoted;
};

/* The screen after this answer alone. */
static int top_render(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	static const struct vtap_text_top_view view = { .width = 79, .height = 24 };
	_auto(text_top) struct vtap_text_top *top = NULL;

	(void)opts;
	assert_int_equal(vtap_text_top_new(&top), 0);
	int r = vtap_text_top_take(top, json, err);
	return r < 0 ? r : vtap_text_top_draw(top, &view, out);
}

#define DRAIN_ANSWER                                                                               \
	"{'version':1,'draining':true,'since':'2026-11-14T06:05:00Z','reason':'r',"                \
	"'frames_per_second':1.5,'frames_per_second_before':2.5,'elapsed_ns':6000000000,"          \
	"'quiet_ns':1,'is_quiet':true,'is_overdue':false,'delivered':1,'lost':1,'settle_ns':1,"    \
	"'drain_time_ns':1,'healthy':true}"

static const struct answer ANSWERS[] = {
	{ vtap_text_status,
		"{'version':1,'daemon':{'version':'1','pid':1,'config':'c','state':'healthy','"
		"checks':"
		"'refused','drain':{'since':'2026-11-14T06:05:00Z','reason':'r',"
		"'frames_per_second':1.5},'uptime_ns':1,"
		"'started':'2026-11-14T06:05:00Z','configured':'2026-11-14T06:05:00Z',"
		"'refused':{'at':'2026-11-14T06:05:00Z','mistakes':5},'repairs':0,"
		"'counting_since':'2026-11-13T06:05:00Z','guard':'off','guard_reason':'r'},"
		"'findings':['no-sessions','drain'],"
		"'targets':[{'name':'default','port':4789,'underlay':['auto'],'bound':['ens5'],"
		"'path':'worker','workers':2,'state':'waiting','reason':'port-taken',"
		"'message':'m','retry_in_ns':1,'received':1,'delivered':0,'dropped':1,"
		"'drops':{'unknown-vni':1},'reserved_bits':0},"
		"{'name':'east','port':4790,'underlay':['auto'],'bound':['ens5'],"
		"'path':'fast path','fastpath':{'setting':'auto','attached':['ens5'],"
		"'reason':'r','idle':'i','bypassed_by':'b',"
		"'recent':{'fast_path':1,'worker':1},'detour':'d'},'workers':2,'state':'ready',"
		"'reason':null,'message':null,'retry_in_ns':null,'received':1,'delivered':1,"
		"'dropped':0,'drops':{},'reserved_bits':0}],"
		"'sessions':[{'name':'a','target':'default','vni':['1'],'interface':'mirror-a',"
		"'state':'ready',"
		"'reason':null,'message':null,'retry_in_ns':null,'received':1,'delivered':1,"
		"'dropped':0,'drops':{},'bytes':1,'frames_per_second':1.0,'bits_per_second':1.0,"
		"'last_frame':null,'last_frame_age_ns':1,'sensors':1,'repairs':0}]}" },
	{ vtap_text_status,
		"{'version':1,'daemon':{'version':'1','state':'healthy','checks':'off',"
		"'drain':null,'uptime_ns':1,'started':'2026-11-14T06:05:00Z','configured':null,"
		"'refused':null,'counting_since':null,'guard':'on','guard_reason':null,"
		"'host':{'udp_in_datagrams':1,'udp_no_ports':1,'udp_in_csum_errors':1}},"
		"'findings':[],"
		"'targets':[{'name':'default','port':4789,'underlay':['ens5'],'bound':[],"
		"'path':'kernel','workers':0,'state':'ready','reason':null,'message':null,"
		"'retry_in_ns':null,'received':1,'delivered':1,'dropped':0,'drops':{},"
		"'mode':'vxlan','counted_by':'kernel','hidden':['unknown-vni'],"
		"'merging':['ens5'],'merging_reason':'r','reserved_bits':null}],"
		"'sessions':[{'name':'a','target':'default','vni':['1'],'interface':'mirror-a',"
		"'state':'ready','reason':null,'message':null,'retry_in_ns':null,'received':1,"
		"'delivered':1,'dropped':0,'drops':{},'bytes':1,'frames_per_second':1.0,"
		"'bits_per_second':1.0,'last_frame':null,'last_frame_age_ns':null,'sensors':1,"
		"'repairs':0,'family':'ipv4','kernel':{'rx_packets':1,'rx_bytes':1,"
		"'rx_errors':1,'rx_dropped':1,'guarded':true,'merging':'gro'},"
		"'reserved_bits':'dropped','truncated':null}]}" },
	{ vtap_text_show,
		"{'version':1,'session':{'name':'a','description':null,'required':true,"
		"'target':'default','vni':['1'],'source':[],'interface':'mirror-a','ifindex':7,"
		"'mtu':9001,'state':'ready','reason':null,'message':null,'retry_in_ns':null,"
		"'received':2,'delivered':1,'dropped':1,'drops':{'decap-error':1},'bytes':1,"
		"'frames_per_second':1.0,'bits_per_second':1.0,'last_frame':null,"
		"'last_frame_age_ns':null,'sensors':1,'repairs':0,'path':'kernel','config':'a:1',"
		"'family':'ipv4','kernel':{'rx_packets':1,'rx_bytes':1,'rx_errors':1,"
		"'rx_dropped':1,'guarded':false,'merging':'gro'},'reserved_bits':'ignored',"
		"'truncated':null,'vnis':[],'vnis_forgotten_frames':0},"
		"'daemon':{'started':'2026-11-14T06:05:00Z','counting_since':null}}" },
	{ vtap_text_show,
		"{'version':1,'session':{'name':'a','description':'d','required':true,'target':'"
		"default',"
		"'vni':['1'],'source':['10.0.0.0/8'],'interface':'mirror-a','ifindex':7,"
		"'mtu':9001,'state':'waiting','reason':'r','message':'m','retry_in_ns':1,"
		"'received':2,'delivered':1,'dropped':1,'drops':{'write-refused':1},'bytes':1,"
		"'frames_per_second':1.0,'bits_per_second':1.0,"
		"'last_frame':'2026-11-14T06:05:00.1Z','last_frame_age_ns':1,'sensors':1,"
		"'repairs':0,'path':'worker','config':'a:1','vnis':[{'vni':1,'frames':1,'bytes':1,"
		"'frames_per_second':1.0,'sources':['10.0.0.1'],'sources_complete':true,"
		"'first_seen':'2026-11-14T06:05:00Z','last_seen':null,'last_seen_age_ns':1}],"
		"'vnis_forgotten_frames':1,'average_frame_bytes':1,'sensor_names':['n'],"
		"'truncated':2,'truncated_recent':1,'silent_after_ns':1,'one_way':{'flows':2,"
		"'one_way_flows':1,'is_one_way':false,'sampled':'2026-11-14T06:05:00Z'}},"
		"'target':{'name':'default','port':4789,'bound':[],'underlay':['auto']},"
		"'findings':[{'id':'drain','severity':'info','sentence':'s','remedy':'r'}],"
		"'other_findings':1,'daemon':{'started':'2026-11-14T06:05:00Z',"
		"'counting_since':'2026-11-13T06:05:00Z'}}" },
	{ top_render,
		"{'version':1,'daemon':{'pid':1,'now':'2026-11-14T06:05:00Z','state':'healthy',"
		"'uptime_ns':1},'findings':['drain'],'targets':[{'name':'default','port':4789,"
		"'bound':[],'underlay':['auto'],'path':'kernel','counted_by':'kernel',"
		"'state':'waiting','received':1,'delivered':0,'dropped':1,"
		"'drops':{'unknown-vni':1}}],'sessions':[{'name':'a','interface':'mirror-a',"
		"'state':'ready','delivered':1,'bytes':1,'dropped':1}]}" },
	{ vtap_text_match,
		"{'version':1,'vni':1,'source':'10.0.0.1','results':[{'target':'default',"
		"'port':4789,'verdict':'delivered','session':'a','interface':'mirror-a',"
		"'level':'vni','prefix':'10.0.0.0/8','from':null,'state':'ready','trouble':null,"
		"'explain':['e']}]}" },
	{ vtap_text_unknown,
		"{'version':1,'rows':[{'vni':1,'target':'default','verdict':'unknown-source',"
		"'frames':1,'bytes':1,'frames_per_second':1.0,'sources':['10.0.0.1'],"
		"'sources_complete':false,'first_seen':'2026-11-14T06:05:00Z','last_seen':null,"
		"'last_seen_age_ns':1,'why':'w','taken_by':null}],'frames':1,'forgotten_frames':"
		"1,'uncounted':[{'target':'east','port':4789}]}" },
	{ vtap_text_plan,
		"{'version':1,'files_changed':1,'since':'2026-11-14T06:05:00Z','rows':[{'sign':'+',"
		"'name':'a','what':'create','why':'new'}],'added':1,'changed':0,'replaced':1,"
		"'removed':0,'untouched':1,'will_wait':0,'sensors_disturbed':0,'pending':['p']}" },
	{ vtap_text_reload, "{'version':1,'mistakes':['m'],'mistake_count':1,'file_count':1,"
			    "'configured':'2026-11-14T06:05:00Z'}" },
	{ vtap_text_reload,
		"{'version':1,'result':'in-effect','elapsed_ns':1,'added':0,'changed':0,"
		"'replaced':1,'removed':0,'untouched':1,'sessions':2,'ready':1,'waiting':['a'],"
		"'configured':null}" },
	{ vtap_text_wait, "{'version':1,'session':'a','interface':'mirror-a','state':'waiting','"
			  "message':'m'}" },
	{ vtap_text_doctor,
		"{'version':1,'findings':[{'id':'no-sessions','severity':'page','subject':null,"
		"'since':'2026-11-14T06:05:00Z','sentence':'s','remedy':'r','breaks_health':true},"
		"{'id':'drain','severity':'info','subject':'a','since':null,'sentence':'s',"
		"'remedy':'r','breaks_health':false}],'checks':[{'id':'no-sessions',"
		"'severity':'page','meaning':'m','cause':'c','remedy':'r','holds':true},"
		"{'id':'drain','severity':'info','meaning':'m','cause':'c','remedy':'r',"
		"'holds':false}]}" },
	{ vtap_text_drain, DRAIN_ANSWER },
	{ vtap_text_undrain, DRAIN_ANSWER },
	{ vtap_text_teardown,
		"{'version':1,'interfaces':1,'fast_paths':['a'],'guards':1,'restored':["
		"{'interface':'a','features':['gro','lro']}],'not_found':["
		"{'interface':'b','features':['gro']}],'message':'a: b'}" },
	{ vtap_text_error, "{'version':1,'error':'e'}" },
};

/* Values of every kind, and texts that are no time. */
static const char *const WRONG[] = { "null", "true", "-1", "1.5", "9223372036854775807", "''",
	"'x'", "'2026-13-14T06:05:00Z'", "'2026-11-14T06:05:00.1'", "[]", "[1]", "{}",
	"{'a':'b'}" };

static void assert_survives(vtap_text_fn fn, const char *json)
{
	_auto_rendered struct rendered rendered = render_json(fn, json, false);

	if (rendered.outcome >= 0)
		return;
	assert_int_equal(rendered.outcome, -EPROTO);
	assert_string_equal(rendered.text, "");
	assert_string_not_equal(rendered.err.text, "");
}

static void assert_root_survives(vtap_text_fn fn, const json_t *root)
{
	_auto_free char *json = json_dumps(root, JSON_ENCODE_ANY);

	assert_non_null(json);
	assert_survives(fn, json);
}

static json_t *wrong_value(size_t i)
{
	_auto_free char *json = json_of(WRONG[i]);
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

	assert_non_null(value);
	return value;
}

static void damage_below(vtap_text_fn fn, const json_t *root, json_t *node);

static void damage_field(vtap_text_fn fn, const json_t *root, json_t *object, const char *key)
{
	json_t *whole = json_incref(json_object_get(object, key));

	for (size_t i = 0; i < VTAP_ARRAY_LEN(WRONG); i++) {
		assert_int_equal(json_object_set_new(object, key, wrong_value(i)), 0);
		assert_root_survives(fn, root);
	}
	assert_int_equal(json_object_del(object, key), 0);
	assert_root_survives(fn, root);
	assert_int_equal(json_object_set_new(object, key, whole), 0);
	damage_below(fn, root, whole);
}

static void damage_item(vtap_text_fn fn, const json_t *root, json_t *list, size_t at)
{
	json_t *whole = json_incref(json_array_get(list, at));

	for (size_t i = 0; i < VTAP_ARRAY_LEN(WRONG); i++) {
		assert_int_equal(json_array_set_new(list, at, wrong_value(i)), 0);
		assert_root_survives(fn, root);
	}
	assert_int_equal(json_array_set_new(list, at, whole), 0);
	damage_below(fn, root, whole);
}

/* Fields are put back at the end of their object, so the keys are walked in a copy. */
static void damage_below(vtap_text_fn fn, const json_t *root, json_t *node)
{
	json_t *names = json_copy(node);
	const char *key;
	json_t *value;

	json_object_foreach (names, key, value)
		damage_field(fn, root, node, key);
	json_decref(names);
	for (size_t i = 0; i < json_array_size(node); i++)
		damage_item(fn, root, node, i);
}

static void test_answer_when_whole_then_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ANSWERS); i++) {
		_auto_rendered struct rendered rendered =
			render(ANSWERS[i].render, ANSWERS[i].single_quoted);

		assert_string_equal(rendered.err.text, "");
		assert_true(rendered.outcome >= 0);
	}
}

static void test_answer_when_a_value_is_wrong_or_missing_then_eproto_or_unharmed(void **state)
{
	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ANSWERS); i++) {
		_auto_free char *json = json_of(ANSWERS[i].single_quoted);
		json_t *root = json_loads(json, 0, NULL);

		assert_non_null(root);
		damage_below(ANSWERS[i].render, root, root);
		json_decref(root);
	}
}

static void test_answer_when_cut_short_then_eproto(void **state)
{
	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ANSWERS); i++) {
		_auto_free char *json = json_of(ANSWERS[i].single_quoted);

		for (size_t len = strlen(json); len-- > 0;) {
			json[len] = '\0';
			_auto_rendered struct rendered rendered =
				render_json(ANSWERS[i].render, json, false);
			assert_int_equal(rendered.outcome, -EPROTO);
			assert_string_equal(rendered.text, "");
		}
	}
}

static void test_answer_when_a_needed_field_is_missing_then_the_sentence_names_it(void **state)
{
	(void)state;
	_auto_rendered struct rendered rendered =
		render(vtap_text_teardown, "{'version':1,'message':null}");

	assert_int_equal(rendered.outcome, -EPROTO);
	assert_string_equal(rendered.err.text, "the daemon's answer is not understood: "
					       "\"interfaces\" is missing or is not a count");
}

static void test_answer_when_another_version_then_eproto(void **state)
{
	(void)state;
	_auto_rendered struct rendered rendered =
		render(vtap_text_error, "{'version':2,'error':'e'}");

	assert_int_equal(rendered.outcome, -EPROTO);
	assert_non_null(strstr(rendered.err.text, "\"version\""));
}

static void test_answer_when_there_is_none_then_einval(void **state)
{
	(void)state;
	_auto_rendered struct rendered rendered = render_json(vtap_text_status, NULL, false);

	assert_int_equal(rendered.outcome, -EINVAL);
	assert_string_equal(rendered.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_when_whole_then_understood),
		cmocka_unit_test(
			test_answer_when_a_value_is_wrong_or_missing_then_eproto_or_unharmed),
		cmocka_unit_test(test_answer_when_cut_short_then_eproto),
		cmocka_unit_test(
			test_answer_when_a_needed_field_is_missing_then_the_sentence_names_it),
		cmocka_unit_test(test_answer_when_another_version_then_eproto),
		cmocka_unit_test(test_answer_when_there_is_none_then_einval),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
