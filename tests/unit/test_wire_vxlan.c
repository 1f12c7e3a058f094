// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a payload has a VNI and an inner frame exactly when it has eight bytes of header with the I
 * flag and fourteen bytes behind them; reserved bits change nothing but are noticed (RFC 7348
 * section 5). A valid packet first, then each field wrong in turn, then every length.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "wire/vxlan.h"

/* As AWS sends it: flags 08, VNI 5569041, everything reserved 0 (seen there). */
static const uint8_t VALID[VTAP_VXLAN_HEADER_BYTES + VTAP_ETH_HEADER_BYTES] = { 0x08, 0, 0, 0, 0x54,
	0xfa, 0x11, 0, 0x02, 0, 0, 0, 0, 0x0b, 0x02, 0, 0, 0, 0, 0x0a, 0x08, 0x00 };

#define UNTOUCHED 0xffffffffU

static enum vtap_verdict parse(const uint8_t *bytes, size_t n, struct vtap_vxlan *ret_vxlan)
{
	*ret_vxlan = (struct vtap_vxlan){ .vni = UNTOUCHED };
	return vtap_vxlan_parse((struct vtap_view){ bytes, n }, ret_vxlan);
}

static void test_vxlan_when_valid_then_vni_and_frame(void **state)
{
	struct vtap_vxlan vxlan;

	(void)state;
	assert_int_equal(parse(VALID, sizeof(VALID), &vxlan), VTAP_VERDICT_DELIVERED);
	assert_int_equal(vxlan.vni, 5569041);
	assert_false(vxlan.has_reserved_bits);
	assert_ptr_equal(vxlan.inner.data, VALID + VTAP_VXLAN_HEADER_BYTES);
	assert_int_equal(vxlan.inner.len_bytes, VTAP_ETH_HEADER_BYTES);
}

static void test_vxlan_when_cut_at_any_length_then_one_verdict(void **state)
{
	(void)state;
	for (size_t n = 0; n <= sizeof(VALID); n++) {
		/* exactly as large as the packet, so that a sanitizer sees a read behind it */
		_auto_free uint8_t *exact = malloc(n > 0 ? n : 1);
		enum vtap_verdict wanted = n < VTAP_VXLAN_HEADER_BYTES ? VTAP_VERDICT_NOT_VXLAN
					   : n < sizeof(VALID)         ? VTAP_VERDICT_TOO_SHORT
								       : VTAP_VERDICT_DELIVERED;
		struct vtap_vxlan vxlan;

		assert_non_null(exact);
		memcpy(exact, VALID, n);
		assert_row(parse(exact, n, &vxlan) == wanted, n);
		assert_row((vxlan.vni == UNTOUCHED) == (wanted != VTAP_VERDICT_DELIVERED), n);
	}
}

static void test_vxlan_when_long_then_the_whole_rest_is_the_frame(void **state)
{
	/* the largest UDP payload: 65,535 less IP and UDP headers */
	static uint8_t bytes[65507];
	struct vtap_vxlan vxlan;

	(void)state;
	memcpy(bytes, VALID, sizeof(VALID));
	assert_int_equal(parse(bytes, sizeof(bytes), &vxlan), VTAP_VERDICT_DELIVERED);
	assert_int_equal(vxlan.inner.len_bytes, sizeof(bytes) - VTAP_VXLAN_HEADER_BYTES);
}

static void test_vxlan_when_flag_is_clear_then_no_vni(void **state)
{
	uint8_t bytes[sizeof(VALID)];
	struct vtap_vxlan vxlan;

	(void)state;
	memcpy(bytes, VALID, sizeof(bytes));
	for (unsigned flags = 0; flags < 256; flags++) {
		bytes[0] = (uint8_t)flags;
		assert_row((parse(bytes, sizeof(bytes), &vxlan) == VTAP_VERDICT_DELIVERED) ==
				   ((flags & VTAP_VXLAN_FLAG_I) != 0),
			flags);
	}
	bytes[0] = 0;
	assert_int_equal(parse(bytes, sizeof(bytes), &vxlan), VTAP_VERDICT_NO_VNI_FLAG);
	assert_int_equal(vxlan.vni, UNTOUCHED);
	assert_int_equal(parse(bytes, VTAP_VXLAN_HEADER_BYTES, &vxlan), VTAP_VERDICT_NO_VNI_FLAG);
}

static void test_vxlan_when_a_reserved_bit_is_set_then_noticed_and_delivered(void **state)
{
	static const size_t reserved_bytes[] = { 0, 1, 2, 3, 7 };
	struct vtap_vxlan vxlan;

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(reserved_bytes); i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t bytes[sizeof(VALID)];
			bool is_flag_i = i == 0 && 1U << bit == VTAP_VXLAN_FLAG_I;

			memcpy(bytes, VALID, sizeof(bytes));
			bytes[reserved_bytes[i]] |= (uint8_t)(1U << bit);
			assert_row(parse(bytes, sizeof(bytes), &vxlan) == VTAP_VERDICT_DELIVERED,
				i * 8 + bit);
			assert_row(vxlan.has_reserved_bits == !is_flag_i, i * 8 + bit);
			assert_row(vxlan.vni == 5569041, i * 8 + bit);
		}
	}
}

static void test_vxlan_when_vni_is_any_of_24_bits_then_read(void **state)
{
	static const uint32_t table[] = { 0, 1, 0xff, 0x100, 0xffff, 0x10000, 0x800000,
		VTAP_VNI_MAX - 1, VTAP_VNI_MAX };
	uint8_t bytes[sizeof(VALID)];
	struct vtap_vxlan vxlan;

	(void)state;
	memcpy(bytes, VALID, sizeof(bytes));
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		bytes[4] = (uint8_t)(table[i] >> 16);
		bytes[5] = (uint8_t)(table[i] >> 8);
		bytes[6] = (uint8_t)table[i];
		assert_row(parse(bytes, sizeof(bytes), &vxlan) == VTAP_VERDICT_DELIVERED, i);
		assert_row(vxlan.vni == table[i], i);
		assert_row(!vxlan.has_reserved_bits, i);
	}
}

static void test_verdict_when_printed_then_its_name_is_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_VERDICT_COUNT; i++) {
		const char *name = vtap_verdict_name((enum vtap_verdict)i);

		assert_row(strspn(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name), i);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name, vtap_verdict_name((enum vtap_verdict)j));
	}
	assert_string_equal(vtap_verdict_name(VTAP_VERDICT_COUNT), "?");
}

static void test_verdict_when_a_sensor_should_have_got_it_then_a_loss(void **state)
{
	static const enum vtap_verdict losses[] = { VTAP_VERDICT_INTERFACE_DOWN,
		VTAP_VERDICT_INTERFACE_GONE, VTAP_VERDICT_WRITE_REFUSED, VTAP_VERDICT_SOCKET_FULL,
		VTAP_VERDICT_LOST_IN_HANDOVER, VTAP_VERDICT_DECAP_ERROR };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(losses); i++)
		assert_row(vtap_verdict_is_loss(losses[i]), i);
	for (int i = 0; i <= VTAP_VERDICT_COUNT; i++)
		n += vtap_verdict_is_loss((enum vtap_verdict)i);
	assert_int_equal(n, VTAP_ARRAY_LEN(losses));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vxlan_when_valid_then_vni_and_frame),
		cmocka_unit_test(test_vxlan_when_cut_at_any_length_then_one_verdict),
		cmocka_unit_test(test_vxlan_when_long_then_the_whole_rest_is_the_frame),
		cmocka_unit_test(test_vxlan_when_flag_is_clear_then_no_vni),
		cmocka_unit_test(test_vxlan_when_a_reserved_bit_is_set_then_noticed_and_delivered),
		cmocka_unit_test(test_vxlan_when_vni_is_any_of_24_bits_then_read),
		cmocka_unit_test(test_verdict_when_printed_then_its_name_is_its_own),
		cmocka_unit_test(test_verdict_when_a_sensor_should_have_got_it_then_a_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
