// SPDX-License-Identifier: MIT
/* The network class's pure parts: frames judged, checksums, the checkpoint. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../libudrv/net/net_internal.h"

#define MAX	1518

static void checks_checksum_jobs(void **state)
{
	static const struct { uint16_t start, offset, len; bool ok; } cases[] = {
		{ 34, 16, 60, true }, { 14, 0, 16, true }, { 34, 24, 60, true },
		{ 34, 25, 60, false }, { 59, 0, 60, false }, { 60, 0, 60, false },
		{ 13, 16, 60, false }, { 0, 0, 60, false }, { 0xffff, 0, 60, false },
		{ 34, 0xffff, 60, false }, { 0xffff, 0xffff, 60, false },
	};
	struct udrv_net_tx tx;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct virtio_net_hdr hdr = {
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.csum_start = cases[i].start, .csum_offset = cases[i].offset,
		};

		assert_int_equal(udrv_net_check_tx(&hdr, cases[i].len, MAX, &tx),
				 cases[i].ok ? 0 : -EINVAL);
		assert_int_equal(tx.csum, cases[i].ok);
		hdr.flags = 0;			/* then nobody looks at them */
		assert_int_equal(udrv_net_check_tx(&hdr, cases[i].len, MAX, &tx), 0);
		assert_false(tx.csum);
	}
}

/* RFC 1071's example (section 3), and UDP's two zeros. */
static void sums_up_in_software(void **state)
{
	uint8_t f[] = { 0xee, 0xee, 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0, 0 };
	struct udrv_net_tx tx = { .csum = true, .csum_start = 2, .csum_offset = 8 };
	uint8_t zero[] = { 0xff, 0xff, 0x00, 0x00 };
	uint8_t odd[] = { 0x00, 0x00, 0x01, 0x02, 0x03 };

	udrv_net_csum(f, sizeof(f), &tx);
	assert_int_equal(f[10] << 8 | f[11], 0xffff - 0xddf2);
	tx = (struct udrv_net_tx){ .csum = true, .csum_offset = 2 };
	udrv_net_csum(zero, sizeof(zero), &tx);
	assert_int_equal(zero[2] << 8 | zero[3], 0xffff);
	tx.csum_offset = 0;
	udrv_net_csum(odd, sizeof(odd), &tx);
	assert_int_equal(odd[0] << 8 | odd[1], 0xffff - 0x0402);
}

static void believes_no_checkpoint(void **state)
{
	static const struct { uint64_t taken, sent, dropped; int64_t ret; uint64_t now; } c[] = {
		{ 0, 0, 0, 0, 0 },
		{ 10, 7, 1, 2, 3 },
		{ 10, 10, 1, -EUCLEAN, 1 },			/* more than taken */
		{ 70000, 0, 0, -EUCLEAN, 0 },			/* no ring is so large */
		{ ~0ull, 0, 0, -EUCLEAN, 0 },
		{ 5, ~0ull, 6, -EUCLEAN, 0 },			/* the sum overflows */
	};
	struct udrv_checkpoint cp;

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		memset(&cp, 0, sizeof(cp));
		cp.class = UDRV_CLASS_NET;
		cp.net.tx_taken = c[i].taken;
		cp.net.tx_sent = c[i].sent;
		cp.net.tx_dropped = c[i].dropped;
		assert_int_equal(udrv_net_state_resume(&cp), c[i].ret);
		assert_int_equal(cp.net.tx_dropped, c[i].now);
		assert_int_equal(cp.net.tx_taken, cp.net.tx_sent + cp.net.tx_dropped);
	}
	memset(&cp, 0xff, sizeof(cp));
	cp.class = UDRV_CLASS_BLK;			/* another class's page */
	assert_int_equal(udrv_net_state_resume(&cp), -EUCLEAN);
	assert_int_equal(cp.class, UDRV_CLASS_NET);
	assert_int_equal(cp.net.tx_taken, 0);
	cp.net.mac_valid = 1;				/* but the address is zero */
	assert_int_equal(udrv_net_state_resume(&cp), 0);
	assert_int_equal(cp.net.mac_valid, 0);
	cp.net.mac_valid = 1;
	memcpy(cp.net.mac, "\xff\xff\xff\xff\xff\xff", 6);
	assert_int_equal(udrv_net_state_resume(&cp), 0);
	assert_int_equal(cp.net.mac_valid, 0);
}

/* Frames in flight that the page does not know of, or the other way round. */
static void adopts_what_fits(void **state)
{
	struct udrv_checkpoint cp = { .class = UDRV_CLASS_NET }, before;

	cp.net.tx_taken = 10;
	cp.net.tx_sent = 6;
	cp.net.tx_dropped = 1;
	cp.net.mac_valid = 1;
	memcpy(cp.net.mac, "\x52\x54\0\0\0\4", 6);
	before = cp;
	assert_int_equal(udrv_net_state_adopt(&cp, 3), 0);
	assert_int_equal(udrv_net_state_adopt(&cp, 2), -EUCLEAN);
	assert_int_equal(udrv_net_state_adopt(&cp, 4), -EUCLEAN);
	cp.net.mac_valid = 0;
	assert_int_equal(udrv_net_state_adopt(&cp, 3), -EUCLEAN);
	cp.net.mac_valid = 1;
	cp.class = UDRV_CLASS_SND;
	assert_int_equal(udrv_net_state_adopt(&cp, 3), -EUCLEAN);
	cp.class = UDRV_CLASS_NET;
	assert_memory_equal(&cp, &before, sizeof(cp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_checksum_jobs),
		cmocka_unit_test(sums_up_in_software),
		cmocka_unit_test(believes_no_checkpoint),
		cmocka_unit_test(adopts_what_fits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
