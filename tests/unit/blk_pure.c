// SPDX-License-Identifier: MIT
/* blk_pure.c - the block class's pure parts: limits, and what the kernel wants. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../libudrv/blk/blk_internal.h"
#include "../../libudrv/blk/ublk_abi.h"

static struct udrv_blk_limits good(void)
{
	return (struct udrv_blk_limits) {
		.sectors = 1000, .logical_block = 512, .physical_block = 4096,
		.max_sectors = 256, .depth = 31,
	};
}

static void limits_good(void **state)
{
	struct udrv_blk_limits l = good();

	assert_null(udrv_blk_limits_check(&l));
	l.flags = UDRV_BLK_WRITE_CACHE | UDRV_BLK_FUA | UDRV_BLK_ROTATIONAL | UDRV_BLK_READ_ONLY;
	l.logical_block = 4096;
	l.depth = 127;
	l.max_sectors = 8192;
	assert_null(udrv_blk_limits_check(&l));
	l.sectors = INT64_MAX / 512 / 8 * 8;
	l.depth = 4;
	l.max_sectors = 8;
	assert_null(udrv_blk_limits_check(&l));
}

/* Each is the good one with one member changed, and a word of the complaint. */
static void limits_bad(void **state)
{
	static const struct {
		size_t at, size;
		uint64_t value;
		const char *word;
	} cases[] = {
#define CASE(m, v, w) { offsetof(struct udrv_blk_limits, m), \
			sizeof(((struct udrv_blk_limits *)0)->m), v, w }
		CASE(sectors, 0, "sectors"),
		CASE(sectors, UINT64_MAX, "sectors"),
		CASE(sectors, INT64_MAX / 512 + 1, "sectors"),
		CASE(logical_block, 0, "logical_block"),
		CASE(logical_block, 256, "logical_block"),
		CASE(logical_block, 520, "logical_block"),
		CASE(logical_block, 8192, "logical_block"),
		CASE(physical_block, 0, "physical_block"),
		CASE(physical_block, 8192, "physical_block"),
		CASE(max_sectors, 0, "max_sectors"),
		CASE(max_sectors, 12, "max_sectors"),
		CASE(max_sectors, 8200, "max_sectors"),
		CASE(depth, 3, "depth"),
		CASE(depth, 128, "depth"),
		CASE(flags, 1 << 4, "flags"),
		CASE(flags, UDRV_BLK_FUA, "FUA"),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct udrv_blk_limits l = good();
		const char *wrong;

		/* Little-endian, as all of our machines: the low bytes. */
		memcpy((char *)&l + cases[i].at, &cases[i].value, cases[i].size);
		wrong = udrv_blk_limits_check(&l);
		assert_non_null(wrong);
		assert_non_null(strstr(wrong, cases[i].word));
	}
}

static void limits_together(void **state)
{
	struct udrv_blk_limits l = good();

	l.logical_block = 4096;
	l.physical_block = 512;
	assert_non_null(strstr(udrv_blk_limits_check(&l), "less than logical_block"));
	l = good();
	l.logical_block = 4096;
	l.sectors = 1001;
	assert_non_null(strstr(udrv_blk_limits_check(&l), "whole logical blocks"));
}

static int decode(unsigned int op, uint64_t sector, uint32_t nsect, struct udrv_blk_req *req)
{
	struct ublksrv_io_desc iod = {
		.op_flags = op, .start_sector = sector, .nr_sectors = nsect,
	};
	struct udrv_blk_limits l = good();

	return udrv_blk_decode(&l, &iod, req);
}

static void decode_good(void **state)
{
	struct udrv_blk_req req = { .nsect = 77, .buf.len = 77, .fua = true };

	assert_int_equal(decode(UBLK_IO_OP_READ, 999, 1, &req), 0);
	assert_int_equal(req.op, UDRV_BLK_READ);
	assert_int_equal(req.sector, 999);
	assert_int_equal(req.buf.len, 512);
	assert_false(req.fua);
	assert_int_equal(decode(UBLK_IO_OP_WRITE, 0, 256, &req), 0);
	assert_int_equal(req.op, UDRV_BLK_WRITE);
	assert_int_equal(req.buf.len, 256 * 512);
	assert_false(req.fua);
	assert_int_equal(decode(UBLK_IO_OP_WRITE | UBLK_IO_F_FUA | UBLK_IO_F_META, 0, 1, &req), 0);
	assert_true(req.fua);
	assert_int_equal(decode(UBLK_IO_OP_DISCARD, 0, 1000, &req), 0);
	assert_int_equal(req.op, UDRV_BLK_DISCARD);
	assert_int_equal(req.nsect, 1000);
	assert_int_equal(req.buf.len, 0);
	/* Where a flush is said to be means nothing. */
	assert_int_equal(decode(UBLK_IO_OP_FLUSH, UINT64_MAX, 0, &req), 0);
	assert_int_equal(req.op, UDRV_BLK_FLUSH);
	assert_int_equal(req.sector, 0);
}

static void decode_bad(void **state)
{
	struct udrv_blk_limits l = good();
	struct ublksrv_io_desc iod = { .op_flags = UBLK_IO_OP_READ, .start_sector = 4, .nr_sectors = 8 };
	struct udrv_blk_req req;

	assert_int_equal(decode(UBLK_IO_OP_WRITE_SAME, 0, 1, &req), -EOPNOTSUPP);
	assert_int_equal(decode(UBLK_IO_OP_WRITE_ZEROES, 0, 1, &req), -EOPNOTSUPP);
	assert_int_equal(decode(UBLK_IO_OP_READ, 0, 0, &req), -EINVAL);
	assert_int_equal(decode(UBLK_IO_OP_READ, 1000, 1, &req), -EINVAL);
	assert_int_equal(decode(UBLK_IO_OP_READ, 999, 2, &req), -EINVAL);
	assert_int_equal(decode(UBLK_IO_OP_READ, UINT64_MAX, 2, &req), -EINVAL);
	assert_int_equal(decode(UBLK_IO_OP_WRITE, 0, 257, &req), -EINVAL);
	assert_int_equal(decode(UBLK_IO_OP_DISCARD, 1, 1000, &req), -EINVAL);
	l.logical_block = 4096;
	assert_int_equal(udrv_blk_decode(&l, &iod, &req), -EINVAL);
	iod.start_sector = 8;
	assert_int_equal(udrv_blk_decode(&l, &iod, &req), 0);
	iod.nr_sectors = 4;
	assert_int_equal(udrv_blk_decode(&l, &iod, &req), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_good),
		cmocka_unit_test(limits_bad),
		cmocka_unit_test(limits_together),
		cmocka_unit_test(decode_good),
		cmocka_unit_test(decode_bad),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
