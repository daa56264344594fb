// SPDX-License-Identifier: MIT
/* LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES: right, wrong, and not for us. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../libudrv/src/internal.h"

static void finds_by_name(void **state)
{
	struct udrv_fds f;

	assert_int_equal(udrv_fds_parse(&f, "42", "3", "device:container:irq", 42), 1);
	assert_int_equal(udrv_fds_find(&f, "device"), 3);
	assert_int_equal(udrv_fds_find(&f, "container"), 4);
	assert_int_equal(udrv_fds_find(&f, "irq"), 5);
	assert_int_equal(udrv_fds_find(&f, "ir"), -ENOENT);
	assert_int_equal(udrv_fds_find(&f, "tap"), -ENOENT);
	assert_int_equal(udrv_fds_find(&f, ""), -ENOENT);
}

static void not_supervised(void **state)
{
	struct udrv_fds f;

	assert_int_equal(udrv_fds_parse(&f, NULL, NULL, NULL, 42), 0);
	assert_int_equal(udrv_fds_parse(&f, "42", NULL, "device", 42), 0);
	assert_int_equal(udrv_fds_parse(&f, "41", "1", "device", 42), 0);	/* not for us */
	assert_int_equal(udrv_fds_find(&f, "device"), -ENOENT);
}

static void empty_names_keep_their_place(void **state)
{
	struct udrv_fds f;

	assert_int_equal(udrv_fds_parse(&f, "42", "3", "::tap", 42), 1);
	assert_int_equal(udrv_fds_find(&f, "tap"), 5);
}

/* Behind '@': how it stands with the descriptor. */
static void knows_what_is_mapped(void **state)
{
	static const char *const bad[] = {
		"arena", "arena@", "arena@1000", "arena@1000+", "arena@1000+0", "arena@x+1",
		"arena@1000-1000", "arena@1000+1000x", "arena@ffffffffffffffff+2",
	};
	uint64_t iova = 1, len = 2;
	struct udrv_fds f;

	assert_int_equal(udrv_fds_parse(&f, "42", "3", "device:arena@1000000+4000:irq", 42), 1);
	assert_int_equal(udrv_fds_find(&f, "arena"), 4);
	assert_int_equal(udrv_fds_find(&f, "irq"), 5);
	assert_int_equal(udrv_fds_find(&f, "arena@1000000+4000"), -ENOENT);
	assert_int_equal(udrv_fds_find(&f, "aren"), -ENOENT);
	assert_int_equal(udrv_fds_mapped(&f, "irq", &iova, &len), -ENOENT);
	assert_int_equal(udrv_fds_mapped(&f, "nobody", &iova, &len), -ENOENT);
	assert_true(iova == 1 && len == 2);
	assert_int_equal(udrv_fds_mapped(&f, "arena", &iova, &len), 0);
	assert_true(iova == 0x1000000 && len == 0x4000);
	assert_int_equal(udrv_fds_parse(&f, "42", "2", "device@running:irq", 42), 1);
	assert_int_equal(udrv_fds_find(&f, "device"), 3);
	assert_true(udrv_fds_is(&f, "device", "running"));
	assert_false(udrv_fds_is(&f, "device", "runnin") || udrv_fds_is(&f, "irq", "running"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(udrv_fds_parse(&f, "42", "1", bad[i], 42), 1);
		assert_int_equal(udrv_fds_find(&f, "arena"), 3);
		assert_int_equal(udrv_fds_mapped(&f, "arena", &iova, &len), -ENOENT);
	}
}

static void refuses_nonsense(void **state)
{
	static const struct { const char *pid, *n, *names; } bad[] = {
		{ "42", "0", "" }, { "42", "-1", "a" }, { "42", "x", "a" }, { "42", "1x", "a" },
		{ "42", "33", "a" }, { "42", "99999999999999999999", "a" }, { "42", "", "a" },
		{ "4 2", "1", "a" }, { "", "1", "a" }, { "42", "2", "a" }, { "42", "1", "a:b" },
		{ "42", "1", NULL }, { " 42", "1", "a" },
	};
	char names[600];
	struct udrv_fds f;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(udrv_fds_parse(&f, bad[i].pid, bad[i].n, bad[i].names, 42),
				 -EINVAL);
		assert_int_equal(udrv_fds_find(&f, "a"), -ENOENT);
	}
	memset(names, 'a', sizeof(names) - 1);
	names[sizeof(names) - 1] = '\0';
	assert_int_equal(udrv_fds_parse(&f, "42", "1", names, 42), -EINVAL);
}

static void notify_refuses_nonsense(void **state)
{
	struct udrv_notify n;

	assert_int_equal(udrv_notify_init(&n, -1, NULL, "garbage"), 0);
	assert_int_equal(udrv_notify_text(&n, "READY=1"), 0);	/* nobody listens: fine */
	assert_int_equal(udrv_notify_init(&n, -1, "relative", NULL), -EINVAL);
	assert_int_equal(udrv_notify_init(&n, -1, "@x", "12s"), -EINVAL);
	assert_int_equal(udrv_notify_init(&n, -1, "@x", "0"), -EINVAL);
	assert_int_equal(udrv_notify_init(&n, -1, "@x", "-5"), -EINVAL);
	assert_true(udrv_notify_init(&n, -1, "/nonexistent/socket", NULL) < 0);
	assert_int_equal(n.fd < 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_name),
		cmocka_unit_test(not_supervised),
		cmocka_unit_test(empty_names_keep_their_place),
		cmocka_unit_test(knows_what_is_mapped),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(notify_refuses_nonsense),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
