// SPDX-License-Identifier: MIT
/* Whose interrupts are these? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../supervisor/interrupts.h"

static const char text[] =
	"           CPU0       CPU1       \n"
	"  1:          9          0   IO-APIC   1-edge      i8042\n"
	" 14:          5          6   IO-APIC  14-edge      udrv:0000:00:13.0\n"
	" 15:          1          0   IO-APIC  15-edge      udrv:0000:00:13.0\n"
	" 20:         12          3   IO-APIC  20-fasteoi   udrv:0000:00:04.0, udrv:0000:00:08.0\n"
	" 21:        100          0   IO-APIC  21-fasteoi   vfio-intx(0000:00:06.0)\n"
	" 30:          7          0  PCI-MSIX-0000:00:07.0    0-edge      udrv:0000:00:07.0[0]\n"
	" 31:          8          1  PCI-MSIX-0000:00:07.0    1-edge      udrv:0000:00:07.0[1]\n"
	" 32:         50          0  PCI-MSI-10000:00:04.0    0-edge      nvme0q0\n"
	"NMI:          0          0   Non-maskable interrupts\n";

static void wants(const char *bdf, uint64_t count)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	uint64_t n = 12345;
	bool found = udrvd_interrupts_parse(in, bdf, &n);

	fclose(in);
	if (!found || n != count)
		fail_msg("%s: found %d, %llu instead of %llu", bdf, found,
			 (unsigned long long)n, (unsigned long long)count);
}

static void counts(void **state)
{
	wants("0000:00:13.0", 12);
	wants("0000:00:04.0", 15);
	wants("0000:00:08.0", 15);
	wants("0000:00:06.0", 100);
	wants("0000:00:07.0", 16);
}

static void none(void **state)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	uint64_t n = 12345;

	assert_false(udrvd_interrupts_parse(in, "0000:00:05.0", &n));
	assert_int_equal(n, 12345);
	fclose(in);
}

static void rate(void **state)
{
	struct udrvd_rate r = { 0 };
	const uint64_t s = 1000000000;

	udrvd_rate_look(&r, 5 * s, 1000);
	assert_false(r.known);
	udrvd_rate_look(&r, 5 * s + 1, 2000);		/* too soon to say */
	assert_false(r.known);
	udrvd_rate_look(&r, 7 * s, 1500);
	assert_true(r.known && r.per_s == 250);
	udrvd_rate_look(&r, 7 * s + s / 20, 9999);	/* the same answer */
	assert_true(r.per_s == 250);
	udrvd_rate_look(&r, 7 * s + s / 2, 1500);
	assert_true(r.per_s == 0);
	/* Its lines were requested anew. */
	udrvd_rate_look(&r, 8 * s + s / 2, 40);
	assert_true(r.per_s == 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(none),
		cmocka_unit_test(rate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
