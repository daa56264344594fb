// SPDX-License-Identifier: MIT
/* What drivers say, from the right to the malicious. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../supervisor/message.h"

/* Copied to the heap without a NUL, so that ASan sees a read too far. */
static int parse_n(const char *text, size_t len, struct udrvd_message *m)
{
	char *copy = malloc(len ? len : 1);
	int ret;

	memcpy(copy, text, len);
	ret = udrvd_message_parse(copy, len, m);
	free(copy);
	return ret;
}

static int parse(const char *text, struct udrvd_message *m)
{
	return parse_n(text, strlen(text), m);
}

static void understands_each(void **state)
{
	struct udrvd_message m;

	assert_int_equal(parse("READY=1", &m), 0);
	assert_true(m.ready && !m.watchdog && !m.stopping && !m.first_io && !m.has_status);
	assert_int_equal(parse("WATCHDOG=1\n", &m), 0);
	assert_true(m.watchdog && !m.ready);
	assert_int_equal(parse("STOPPING=1", &m), 0);
	assert_true(m.stopping && !m.standby);
	assert_int_equal(parse("X_UDRV_STANDBY=1", &m), 0);
	assert_true(m.standby && !m.ready);
	assert_int_equal(parse("X_UDRV_STANDBY=2", &m), -EINVAL);
	assert_int_equal(parse("READY=1\nX_UDRV_LAYOUT=e1000-1", &m), 0);
	assert_true(m.ready && !m.handover);
	assert_string_equal(m.layout, "e1000-1");
	assert_int_equal(parse("X_UDRV_HANDOVER=1", &m), 0);
	assert_true(m.handover && !m.layout[0]);
	assert_int_equal(parse("X_UDRV_FIRST_IO=123456789012", &m), 0);
	assert_true(m.first_io == 123456789012);
	assert_int_equal(parse("X_UDRV_STATE=carrier=1", &m), 0);
	assert_string_equal(m.state, "carrier=1");
	assert_int_equal(parse("STATUS=", &m), 0);
	assert_true(m.has_status);
	assert_string_equal(m.status, "");
}

static void understands_several(void **state)
{
	struct udrvd_message m;

	assert_int_equal(parse("READY=1\nSTATUS=fine = good\nX_FOO=bar\nMAINPID=1", &m), 0);
	assert_true(m.ready && m.has_status);
	assert_string_equal(m.status, "fine = good");
}

static void understands_disks(void **state)
{
	struct udrvd_message m;

	assert_int_equal(parse("READY=1", &m), 0);
	assert_false(m.has_blk);
	assert_int_equal(parse("X_UDRV_BLK=0", &m), 0);
	assert_true(m.has_blk);
	assert_int_equal(m.blk, 0);
	assert_int_equal(parse("X_UDRV_BLK=7", &m), 0);
	assert_int_equal(m.blk, 7);
}

static void cuts_a_long_status(void **state)
{
	struct udrvd_message m;
	char text[600] = "STATUS=";

	memset(text + 7, 'x', 500);
	assert_int_equal(parse(text, &m), 0);
	assert_int_equal(strlen(m.status), UDRVD_STATUS_MAX - 1);
}

static void refuses_nonsense(void **state)
{
	static const char *const bad[] = {
		"", "\n", "READY", "READY=", "READY=2", "READY=11", "READY=1 ", "=1", "ready=1",
		"READY=1\n\n", "READY=1\nWATCHDOG", "READY=1\nWATCHDOG=0", "A B=1", "READY =1",
		"X_UDRV_FIRST_IO=", "X_UDRV_FIRST_IO=0", "X_UDRV_FIRST_IO=-1",
		"X_UDRV_FIRST_IO=1x", "X_UDRV_FIRST_IO=18446744073709551616",
		"X_UDRV_FIRST_IO=99999999999999999999", "STATUS=\033[2J", "STATUS=\t",
		"STATUS=\xc3\xa4", "READY=1\r",
		"X_UDRV_HANDOVER=", "X_UDRV_HANDOVER=2", "X_UDRV_LAYOUT=",
		"X_UDRV_LAYOUT=12345678901234567890123456789012",
		"X_UDRV_BLK=", "X_UDRV_BLK=8", "X_UDRV_BLK=00", "X_UDRV_BLK=-", "X_UDRV_BLK=a",
	};
	static const struct udrvd_message nothing;
	struct udrvd_message m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i], &m) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_memory_equal(&m, &nothing, sizeof(m));
	}
	assert_int_equal(parse_n("READY=1\0", 8, &m), -EINVAL);
	assert_int_equal(parse_n("\0", 1, &m), -EINVAL);
}

static void refuses_what_is_too_long(void **state)
{
	char text[UDRVD_MESSAGE_MAX + 1] = "X=";
	struct udrvd_message m;

	memset(text + 2, 'a', sizeof(text) - 2);
	assert_int_equal(parse_n(text, UDRVD_MESSAGE_MAX, &m), 0);
	assert_int_equal(parse_n(text, UDRVD_MESSAGE_MAX + 1, &m), -EINVAL);
}

/* Anything at all: no crash, and nothing is believed that was not said. */
static void random_bytes(void **state)
{
	static const char alphabet[] = "READYWTCHOGSUX_=1\n\0 9";
	char text[64];

	srandom(1);
	for (int i = 0; i < 200000; i++) {
		size_t len = (size_t)random() % sizeof(text);
		struct udrvd_message m;

		for (size_t j = 0; j < len; j++)
			text[j] = alphabet[(size_t)random() % (sizeof(alphabet) - 1)];
		if (!parse_n(text, len, &m) && m.ready)
			assert_non_null(memmem(text, len, "READY=1", 7));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_each),
		cmocka_unit_test(understands_several),
		cmocka_unit_test(understands_disks),
		cmocka_unit_test(cuts_a_long_status),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(random_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
