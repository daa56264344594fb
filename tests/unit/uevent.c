// SPDX-License-Identifier: MIT
/* The kernel's words on devices that come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../supervisor/uevent.h"

#define BDF	"0000:02:00.0"

/* As Linux 6.12 sends them. */
static const char add[] = "add@/devices/pci0000:00/0000:00:1d.0/" BDF "\0ACTION=add\0"
	"DEVPATH=/devices/pci0000:00/0000:00:1d.0/" BDF "\0SUBSYSTEM=pci\0PCI_CLASS=20000\0"
	"PCI_ID=8086:10D3\0PCI_SLOT_NAME=" BDF "\0SEQNUM=2044";
static const char bound[] = "bind@/devices/pci0000:00/0000:00:1d.0/" BDF "\0ACTION=bind\0"
	"SUBSYSTEM=pci\0DRIVER=udrv\0PCI_SLOT_NAME=" BDF "\0SEQNUM=2045";

static void keys(void **state)
{
	assert_string_equal(udrvd_uevent_get(add, sizeof(add), "ACTION"), "add");
	assert_string_equal(udrvd_uevent_get(add, sizeof(add), "SEQNUM"), "2044");
	assert_null(udrvd_uevent_get(add, sizeof(add), "DRIVER"));
	assert_null(udrvd_uevent_get(add, sizeof(add), "PCI"));
	assert_null(udrvd_uevent_get(add, 0, "ACTION"));
}

static void when_it_comes(void **state)
{
	assert_true(udrvd_uevent_comes(add, sizeof(add), BDF, true));
	assert_false(udrvd_uevent_comes(add, sizeof(add), BDF, false));
	assert_false(udrvd_uevent_comes(bound, sizeof(bound), BDF, true));
	assert_true(udrvd_uevent_comes(bound, sizeof(bound), BDF, false));
	assert_false(udrvd_uevent_comes(add, sizeof(add), "0000:02:00.1", true));
	assert_false(udrvd_uevent_comes(add, sizeof(add), "none", true));
}

/* Cut anywhere, and with any byte another: never read beyond its end. */
static void damaged(void **state)
{
	srandom(1);
	for (size_t len = 0; len <= sizeof(add); len++) {
		for (int i = 0; i < 50; i++) {
			char *copy = malloc(len ? len : 1);

			memcpy(copy, add, len);
			if (len && i)
				copy[(size_t)random() % len] = (char)random();
			(void)udrvd_uevent_comes(copy, len, BDF, true);
			(void)udrvd_uevent_get(copy, len, "NONE");
			free(copy);
		}
	}
}

static void nobody_to_ask(void **state)
{
	static const char line[] = "4,1042,73450012,-;udrv " BDF
		": No device request channel registered, blocked until released by user";

	assert_true(udrvd_uevent_blocked(line, BDF));
	assert_false(udrvd_uevent_blocked(line, "000:02:00.0"));
	assert_false(udrvd_uevent_blocked(line, "0000:03:00.0"));
	assert_false(udrvd_uevent_blocked("4,1,1,-;udrv " BDF ": enabling device", BDF));
	assert_false(udrvd_uevent_blocked(": No device request channel registered", BDF));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(when_it_comes),
		cmocka_unit_test(damaged),
		cmocka_unit_test(nobody_to_ask),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
