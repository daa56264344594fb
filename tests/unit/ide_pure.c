// SPDX-License-Identifier: MIT
/* The IDE driver's pure parts: what disks say, commands, descriptors. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../drivers/ide/command.h"
#include "../../drivers/ide/ide_regs.h"

/* ---- IDENTIFY ------------------------------------------------------------- */

static uint8_t data[512];

static void set(unsigned int n, uint16_t val)
{
	data[2 * n] = (uint8_t)val;
	data[2 * n + 1] = (uint8_t)(val >> 8);
}

static void set_text(unsigned int n, const char *text)
{
	for (unsigned int i = 0; text[i]; i++)
		data[2 * n + (i ^ 1)] = (uint8_t)text[i];
}

/* A disk of 300 GiB that knows everything. */
static void large_disk(void)
{
	memset(data, 0, sizeof(data));
	set_text(10, "S1               ");
	set_text(27, "BIG ONE ");
	set(47, 0x8010);
	set(49, 1u << 8 | 1u << 9);
	set(53, 7);
	set(60, 0xffff);
	set(61, 0x0fff);
	set(63, 0x0007);
	set(83, 0x4000 | 1u << 10 | 1u << 12 | 1u << 13);
	set(84, 0x4000 | 1u << 6);
	set(85, 1u << 5);
	set(87, 0x4000);
	set(88, 0x203f);
	set(100, 0);
	set(101, 0x2580);
	set(169, 1);
	set(217, 7200);
}

static void a_large_disk(void **state)
{
	struct ide_id id;

	large_disk();
	assert_null(ide_identify(&id, data));
	assert_string_equal(id.model, "BIG ONE");
	assert_string_equal(id.serial, "S1");
	assert_int_equal(id.sectors, 300ull << 21);
	assert_true(id.lba48 && id.dma && id.flush && id.flush_ext && id.write_cache);
	assert_true(id.cache_known);
	assert_true(id.trim && id.rotational && id.fua);
	assert_int_equal(id.multiple, 16);
	assert_int_equal(id.mdma, 7);
	assert_int_equal(id.udma, 0x3f);
	assert_int_equal(id.udma_on, 0x20);
	assert_int_equal(id.physical, 512);
}

static uint64_t hash_of(const char *model, const char *serial, const char *firmware)
{
	struct ide_id id;

	large_disk();
	set_text(10, serial);
	set_text(23, firmware);
	set_text(27, model);
	assert_null(ide_identify(&id, data));
	return ide_id_hash(&id);
}

static void which_disk(void **state)
{
	uint64_t hash = hash_of("BIG ONE", "S1", "1.0");

	assert_true(hash);
	assert_true(hash == hash_of("BIG ONE", "S1", "1.0"));
	assert_true(hash == hash_of("BIG ONE", "S1", "2.0"));	/* was updated */
	assert_true(hash != hash_of("BIG ONE", "S2", "1.0"));
	assert_true(hash != hash_of("BIG TWO", "S1", "1.0"));
	/* Where one text ends and the other begins counts. */
	assert_true(hash_of("BIG ONES", "1 ", "1.0") != hash);
}

static void an_old_disk(void **state)
{
	struct ide_id id;

	large_disk();
	set(83, 0);			/* words 82 to 87 mean nothing */
	set(84, 1u << 6);
	set(87, 0);
	set(53, 0);
	set(60, 1000);
	set(61, 0);
	set(47, 0x800f);		/* no power of two */
	assert_null(ide_identify(&id, data));
	assert_int_equal(id.sectors, 1000);
	assert_false(id.lba48 || id.flush || id.flush_ext || id.write_cache || id.trim || id.fua);
	assert_false(id.cache_known);
	assert_int_equal(id.mdma | id.udma, 0);
	assert_int_equal(id.multiple, 8);
}

static void disks_we_refuse(void **state)
{
	struct ide_id id;

	large_disk();
	set(0, 0x8580);
	assert_non_null(strstr(ide_identify(&id, data), "not an ATA disk"));
	large_disk();
	set(49, 1u << 8);
	assert_non_null(strstr(ide_identify(&id, data), "LBA"));
	large_disk();
	set(106, 0x5000);
	assert_non_null(strstr(ide_identify(&id, data), "more than 512 bytes"));
	assert_string_equal(id.model, "BIG ONE");
	memset(data, 0, sizeof(data));
	set(49, 1u << 9);
	assert_non_null(strstr(ide_identify(&id, data), "no sectors"));
	memset(data, 0xff, sizeof(data));
	assert_non_null(ide_identify(&id, data));
}

static void sector_sizes(void **state)
{
	struct ide_id id;

	large_disk();
	set(106, 0x6003);
	assert_null(ide_identify(&id, data));
	assert_int_equal(id.physical, 4096);
	set(106, 0x600f);		/* absurd: 16 MiB */
	assert_null(ide_identify(&id, data));
	assert_int_equal(id.physical, 4096);
	set(106, 0x2003);		/* not valid */
	assert_null(ide_identify(&id, data));
	assert_int_equal(id.physical, 512);
	set(217, 1);
	assert_null(ide_identify(&id, data));
	assert_false(id.rotational);
}

static void modes(void **state)
{
	struct ide_id id = { .dma = true, .mdma = 7, .udma = 0x3f, .udma_on = 0x20 };

	assert_int_equal(ide_mode_first(&id, 7, 7), XFER_UDMA | 2);	/* the controller's */
	assert_int_equal(ide_mode_first(&id, 7, 0x7f), XFER_UDMA | 5);	/* the drive's */
	id.udma_on = 2;
	assert_int_equal(ide_mode_first(&id, 7, 7), XFER_UDMA | 1);	/* the firmware's */
	assert_int_equal(ide_mode_first(&id, 3, 0), XFER_MDMA | 1);
	id.mdma = id.udma = 0;
	assert_int_equal(ide_mode_first(&id, 7, 7), 0);

	assert_int_equal(ide_mode_lower(XFER_UDMA | 2), XFER_UDMA | 1);
	assert_int_equal(ide_mode_lower(XFER_UDMA), 0);
	assert_int_equal(ide_mode_lower(XFER_MDMA | 2), 0);
	assert_string_equal(ide_mode_name(XFER_UDMA | 2), "UDMA/33");
	assert_string_equal(ide_mode_name(0xff), "PIO");
}

/* ---- commands ----------------------------------------------------------------- */

static const struct ide_id big = {
	.sectors = 1ull << 40, .lba48 = true, .dma = true, .flush_ext = true, .trim = true,
};
static const struct ide_id small = { .sectors = 1000, .dma = true };

static void check_rw(const struct ide_id *id, bool write, bool dma, uint32_t multiple,
		     uint64_t sector, uint32_t nsect, uint8_t command, uint16_t count)
{
	struct ide_cmd cmd;

	assert_int_equal(ide_cmd_rw(&cmd, id, write, dma, multiple, sector, nsect), 0);
	assert_int_equal(cmd.command, command);
	assert_int_equal(cmd.count, count);
	assert_int_equal(cmd.lba, sector);
	assert_int_equal(cmd.nsect, nsect);
	assert_int_equal(cmd.block, multiple ? multiple : 1);
}

static void reads_and_writes(void **state)
{
	const uint64_t edge = 1ull << 28;

	check_rw(&small, false, true, 0, 0, 8, READ_DMA, 8);
	check_rw(&small, true, true, 0, 744, 256, WRITE_DMA, 0);	/* 256 is 0 */
	check_rw(&small, false, false, 16, 0, 1, READ_MULTIPLE, 1);
	check_rw(&small, true, false, 16, 0, 1, WRITE_MULTIPLE, 1);
	check_rw(&small, true, false, 0, 0, 1, WRITE_SECTORS, 1);
	check_rw(&big, false, true, 0, edge - 9, 8, READ_DMA, 8);
	check_rw(&big, false, true, 0, edge - 8, 8, READ_DMA_EXT, 8);
	check_rw(&big, true, true, 0, 0, 257, WRITE_DMA_EXT, 257);
	check_rw(&big, true, false, 16, edge, 65536, WRITE_MULTIPLE_EXT, 0);
	check_rw(&big, false, false, 0, edge, 1, READ_SECTORS_EXT, 1);
}

static void commands_that_do_not_fit(void **state)
{
	struct ide_cmd cmd;

	assert_int_equal(ide_cmd_rw(&cmd, &small, false, true, 0, 0, 0), -EINVAL);
	assert_int_equal(ide_cmd_rw(&cmd, &small, false, true, 0, 0, 257), -EINVAL);
	assert_int_equal(ide_cmd_rw(&cmd, &small, false, true, 0, 999, 2), -EINVAL);
	assert_int_equal(ide_cmd_rw(&cmd, &small, false, true, 0, 1000, 1), -EINVAL);
	assert_int_equal(ide_cmd_rw(&cmd, &small, false, true, 0, UINT64_MAX, 1), -EINVAL);
	assert_int_equal(ide_cmd_rw(&cmd, &big, false, true, 0, 0, 65537), -EINVAL);
	assert_int_equal(ide_cmd_rw(&cmd, &big, false, true, 0, big.sectors, 1), -EINVAL);
}

static void flushes(void **state)
{
	struct ide_cmd cmd;

	ide_cmd_flush(&cmd, &big);
	assert_int_equal(cmd.command, FLUSH_CACHE_EXT);
	assert_int_equal(cmd.protocol, IDE_NODATA);
	ide_cmd_flush(&cmd, &small);
	assert_int_equal(cmd.command, FLUSH_CACHE);
}

static void writes_through_the_cache(void **state)
{
	struct ide_id fua = big;
	struct ide_cmd cmd;

	fua.fua = true;
	ide_cmd_rw(&cmd, &big, true, true, 0, 0, 256);
	assert_false(ide_cmd_fua(&cmd, &big));
	assert_int_equal(cmd.command, WRITE_DMA);
	assert_true(ide_cmd_fua(&cmd, &fua));
	assert_int_equal(cmd.command, WRITE_DMA_FUA_EXT);
	assert_true(cmd.ext);
	assert_int_equal(cmd.count, 256);	/* 0 in the short form */
	ide_cmd_rw(&cmd, &big, true, false, 16, 0, 65536);
	assert_true(ide_cmd_fua(&cmd, &fua));
	assert_int_equal(cmd.command, WRITE_MULTIPLE_FUA_EXT);
	assert_int_equal(cmd.count, 0);
	ide_cmd_rw(&cmd, &big, true, false, 0, 0, 1);
	assert_false(ide_cmd_fua(&cmd, &fua));
	assert_int_equal(cmd.command, WRITE_SECTORS);
}

static uint64_t range(const uint8_t *ranges, unsigned int n)
{
	uint64_t entry;

	memcpy(&entry, ranges + 8 * n, 8);
	return le64toh(entry);
}

static void trims(void **state)
{
	uint8_t ranges[513];
	struct ide_cmd cmd;

	memset(ranges, 0xaa, sizeof(ranges));
	assert_int_equal(ide_cmd_trim(&cmd, &big, 0x123456789a, 0x10001, ranges), 0);
	assert_int_equal(cmd.command, DATA_SET_MANAGEMENT);
	assert_int_equal(cmd.feature, DSM_TRIM);
	assert_int_equal(cmd.count, 1);
	assert_int_equal(range(ranges, 0), 0xffff00123456789aull);
	assert_int_equal(range(ranges, 1), 0x0002001234577899ull);	/* the rest */
	assert_int_equal(range(ranges, 2), 0);
	assert_int_equal(ide_cmd_trim(&cmd, &big, 0, IDE_MAX_TRIM, ranges), 0);
	assert_int_equal(range(ranges, 63) >> 48, 0xffff);
	assert_int_equal(ranges[512], 0xaa);
	assert_int_equal(ide_cmd_trim(&cmd, &big, 0, IDE_MAX_TRIM + 1, ranges), -EINVAL);
	assert_int_equal(ide_cmd_trim(&cmd, &big, 0, 0, ranges), -EINVAL);
	assert_int_equal(ide_cmd_trim(&cmd, &small, 0, 1, ranges), -EINVAL);
}

static void errors(void **state)
{
	assert_int_equal(ide_errno(ERROR_UNC), -ENODATA);
	assert_int_equal(ide_errno(ERROR_IDNF), -EIO);
	assert_int_equal(ide_errno(ERROR_ABRT), -EIO);
	assert_int_equal(ide_errno(0xff), -EIO);
}

/* ---- descriptors ---------------------------------------------------------------- */

/* The pieces are what was asked for, in order, none over a boundary. */
static int check_prd(uint64_t iova, size_t len)
{
	struct ide_prd prd[IDE_PRDS];
	int n = ide_prd_build(prd, iova, len);
	uint64_t at = iova;

	for (int i = 0; i < n; i++) {
		uint32_t count = le32toh(prd[i].count) & 0xffff;
		uint64_t piece = count ? count : 65536;

		assert_int_equal(le32toh(prd[i].base), at);
		assert_int_equal(at >> 16, (at + piece - 1) >> 16);
		assert_int_equal(!!(le32toh(prd[i].count) & PRD_EOT), i == n - 1);
		at += piece;
	}
	if (n > 0)
		assert_int_equal(at, iova + len);
	return n;
}

static void descriptors(void **state)
{
	assert_int_equal(check_prd(0x10000, 512), 1);
	assert_int_equal(check_prd(0x10000, 65536), 1);
	assert_int_equal(check_prd(0x1f000, 65536), 2);
	assert_int_equal(check_prd(0x1fffe, 4), 2);
	assert_int_equal(check_prd(0x11000, 1 << 20), 17);
	assert_int_equal(check_prd(0xffff0000, 65536), 1);	/* the last of 4 GiB */
	assert_int_equal(check_prd(0, IDE_PRDS * 65536ul), IDE_PRDS);
	for (uint64_t iova = 0; iova < 0x30000; iova += 0x1ffe)
		for (size_t len = 2; len < 0x30000; len += 0x2ffe)
			assert_true(check_prd(iova, len) > 0);
}

static void descriptors_that_cannot_be(void **state)
{
	assert_int_equal(check_prd(0x10000, 0), -EINVAL);
	assert_int_equal(check_prd(0x10001, 512), -EINVAL);
	assert_int_equal(check_prd(0x10000, 511), -EINVAL);
	assert_int_equal(check_prd(0xffff0000, 65538), -EINVAL);
	assert_int_equal(check_prd(1ull << 32, 512), -EINVAL);
	assert_int_equal(check_prd(0x1000, IDE_PRDS * 65536ul), -EINVAL);	/* one too many */
	assert_int_equal(check_prd(0, IDE_PRDS * 65536ul + 2), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_large_disk), cmocka_unit_test(which_disk),
		cmocka_unit_test(an_old_disk),
		cmocka_unit_test(disks_we_refuse), cmocka_unit_test(sector_sizes),
		cmocka_unit_test(modes), cmocka_unit_test(reads_and_writes),
		cmocka_unit_test(commands_that_do_not_fit), cmocka_unit_test(flushes),
		cmocka_unit_test(writes_through_the_cache),
		cmocka_unit_test(trims), cmocka_unit_test(errors),
		cmocka_unit_test(descriptors), cmocka_unit_test(descriptors_that_cannot_be),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ide_pure", tests, NULL, NULL);
}
