// SPDX-License-Identifier: MIT
/*
 * ide: reading, writing and the rest on QEMU's PIIX and CMD646, compared with
 * the disks' files byte by byte.
 */
#include <sys/stat.h>

#include "ide_rig.h"

#define RAW	"format=raw,discard=unmap,file="
#define MIB	(1ull << 20)
#define BIG	(200ull << 30)		/* needs 48-bit addresses */

static struct rig rig;

static int begin(void **state)
{
	rig_begin(&rig);
	return log_begin(state);
}

static int end(void **state)
{
	rig_end(&rig);
	return log_end(state);
}

/* Both ways, at the disk's start and end. */
static void check_disk(unsigned int disk, uint64_t sectors, uint32_t n)
{
	const uint64_t places[] = { 0, 1, sectors - n };

	for (unsigned int i = 0; i < 3; i++) {
		rig_file_fill(&rig, disk, places[i], n, i);
		memset(rig.buf.va, 0, RIG_BUF);
		assert_int_equal(rig_do(&rig, disk, IDE_READ, places[i], n, 4096), 0);
		assert_true(rig_is((char *)rig.buf.va + 4096, places[i], n, i));
		/* Nothing beyond it. */
		assert_int_equal(((uint8_t *)rig.buf.va)[4095], 0);
		assert_int_equal(((uint8_t *)rig.buf.va)[4096 + n * 512], 0);

		rig_fill((char *)rig.buf.va + 4096, places[i], n, 100 + i);
		assert_int_equal(rig_do(&rig, disk, IDE_WRITE, places[i], n, 4096), 0);
		if (!rig_file_is(&rig, disk, places[i], n, 100 + i))
			fail_msg("disk %u: %u sectors at %llu are not as written", disk, n,
				 (unsigned long long)places[i]);
	}
}

static void identifies(void **state)
{
	const struct ide_id *id;

	rig_disk(&rig, 0, 16 * MIB, RAW, ",model=Test,serial=one");
	rig_open(&rig, "piix4-ide");
	id = &rig_channel(&rig, 0)->drives[0].id;
	assert_string_equal(id->model, "Test");
	assert_string_equal(id->serial, "one");
	assert_int_equal(id->sectors, 16 * MIB / 512);
	assert_true(id->lba48 && id->dma && id->flush && id->write_cache);
	assert_int_equal(id->physical, 512);
	assert_false(rig.ide->ch[0].drives[1].present || rig.ide->ch[1].drives[0].present);
	assert_false(rig.ide->ch[0].polled);
	assert_logged("0:0 Test one, 16 MiB, UDMA/33, LBA48, write cache, TRIM");
	assert_int_equal(rig_do(&rig, 1, IDE_READ, 0, 1, 0), -ENODEV);
	assert_int_equal(rig_do(&rig, 2, IDE_READ, 0, 1, 0), -ENODEV);
}

static void dma_both_ways(void **state)
{
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	check_disk(0, 16 * MIB / 512, 8);
	check_disk(0, 16 * MIB / 512, 256);
	check_disk(0, 16 * MIB / 512, 1024);		/* more than LBA28 can say */
	assert_int_equal(rig.ide->ch[0].drives[0].mode, XFER_UDMA | 2);
	assert_int_equal(rig.ide->ch[0].lost_interrupts, 0);
	assert_true(rig.ide->ch[0].interrupts >= 18);
}

static void pio_both_ways(void **state)
{
	rig_options.pio = true;
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	assert_int_equal(rig.ide->ch[0].drives[0].multiple, 16);
	check_disk(0, 16 * MIB / 512, 1);
	check_disk(0, 16 * MIB / 512, 40);		/* two blocks and a half */
	rig.ide->ch[0].drives[0].multiple = 0;		/* an old drive */
	check_disk(0, 16 * MIB / 512, 3);
	assert_int_equal(rig.ide->ch[0].lost_interrupts, 0);
}

static void without_interrupts(void **state)
{
	rig_options.polled = true;
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_disk(&rig, 2, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	check_disk(0, 16 * MIB / 512, 64);
	assert_int_equal(rig_do(&rig, 0, IDE_FLUSH, 0, 0, 0), 0);
	rig.ide->ch[1].drives[0].mode = 0;
	check_disk(2, 16 * MIB / 512, 20);
	assert_int_equal(rig.ide->ch[0].interrupts + rig.ide->ch[1].interrupts, 0);
}

static void beyond_128_gib(void **state)
{
	rig_disk(&rig, 0, BIG, RAW, "");
	rig_open(&rig, "piix3-ide");
	assert_int_equal(rig.ide->ch[0].drives[0].id.sectors, BIG / 512);
	assert_int_equal(rig.ide->ch[0].drives[0].mode, XFER_MDMA | 2);
	check_disk(0, BIG / 512, 8);
	check_disk(0, 1ull << 28, 8);			/* up to the edge, */
	check_disk(0, (1ull << 28) + 4, 8);		/* over it */
	rig.ide->ch[0].drives[0].mode = 0;
	check_disk(0, BIG / 512, 17);
	/* The edge must not have become sector 0. */
	assert_true(rig_file_is(&rig, 0, 0, 1, 100));
}

/* DMA memory at every place around a multiple of 64 KiB. */
static void buffers_over_64_kib(void **state)
{
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	rig_file_fill(&rig, 0, 0, 512, 7);
	for (size_t at = 0x10000 - 1024; at <= 0x10000 + 512; at += 512) {
		size_t offset = at - (rig.buf.iova & 0xffff);

		if (at < (rig.buf.iova & 0xffff))
			offset += 0x10000;
		memset(rig.buf.va, 0, RIG_BUF);
		assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 512, offset), 0);
		assert_true(rig_is((char *)rig.buf.va + offset, 0, 512, 7));
	}
}

static void two_drives_on_each_channel(void **state)
{
	struct rig_op ops[32];

	for (unsigned int i = 0; i < 4; i++)
		rig_disk(&rig, i, (i + 8) * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(rig_channel(&rig, i)->drives[i % 2].id.sectors, (i + 8) * MIB / 512);
	/* All at once, so that the drives of a channel take turns. */
	for (unsigned int i = 0; i < 32; i++) {
		rig_fill((char *)rig.buf.va + i * 8192, i * 16, 16, i % 4);
		rig_submit(&rig, &ops[i], i % 4, IDE_WRITE, i * 16, 16, i * 8192);
	}
	for (unsigned int i = 0; i < 32; i++) {
		rig_wait(&rig, &ops[i]);
		assert_int_equal(ops[i].status, 0);
		assert_true(rig_file_is(&rig, i % 4, i * 16, 16, i % 4));
	}
	for (unsigned int i = 0; i < 4; i++)
		check_disk(i, (i + 8) * MIB / 512, 8);
	assert_true(rig.ide->ch[0].interrupts && rig.ide->ch[1].interrupts);
	assert_int_equal(rig.ide->ch[0].lost_interrupts + rig.ide->ch[1].lost_interrupts, 0);
}

static void flush_and_trim(void **state)
{
	struct stat before, after;

	rig_options.standby = 120;
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_disk(&rig, 1, 16 * MIB, RAW, ",discard_granularity=0");
	rig_open(&rig, "piix4-ide");
	rig_file_fill(&rig, 0, 0, 16384, 1);
	assert_int_equal(fstat(rig.disks[0].fd, &before), 0);
	assert_int_equal(rig_do(&rig, 0, IDE_FLUSH, 0, 0, 0), 0);
	assert_int_equal(rig_do(&rig, 0, IDE_DISCARD, 2048, 8192, 0), 0);
	assert_int_equal(fstat(rig.disks[0].fd, &after), 0);
	assert_true(after.st_blocks <= before.st_blocks - 8192);
	assert_true(rig_file_is(&rig, 0, 0, 2048, 1));
	assert_true(rig_file_is(&rig, 0, 2048 + 8192, 2048, 1));
	assert_false(rig_file_is(&rig, 0, 2048, 1, 1));
	assert_int_equal(rig_do(&rig, 1, IDE_DISCARD, 0, 8, 0), -EOPNOTSUPP);
	assert_int_equal(rig_do(&rig, 1, IDE_FLUSH, 0, 0, 0), 0);
}

static void requests_that_make_no_sense(void **state)
{
	const uint64_t n = 16 * MIB / 512;

	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	assert_int_equal(rig_do(&rig, 0, IDE_READ, n, 1, 0), -EINVAL);
	assert_int_equal(rig_do(&rig, 0, IDE_READ, n - 1, 2, 0), -EINVAL);
	assert_int_equal(rig_do(&rig, 0, IDE_READ, UINT64_MAX, 2, 0), -EINVAL);
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 0, 0), -EINVAL);
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 8, RIG_BUF - 512), -EINVAL);
	check_disk(0, n, 8);
}

static void atapi_is_left_alone(void **state)
{
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_arg(&rig, " -device ide-cd,bus=ide.0,unit=1,model=Shiny -device ide-cd,bus=ide.1,unit=0");
	rig_open(&rig, "piix4-ide");
	assert_logged("0:1 Shiny: an ATAPI device (CD, tape); this driver knows disks only and leaves it alone");
	assert_logged("1:0 QEMU DVD-ROM: an ATAPI device");
	assert_int_equal(rig_do(&rig, 1, IDE_READ, 0, 1, 0), -ENODEV);
	check_disk(0, 16 * MIB / 512, 8);
}

static void no_disk_at_all(void **state)
{
	struct udrv_dev *dev;

	setenv("UDRV_QEMU_ARGS", "-device ide-cd,bus=ide.0,unit=0", 1);
	assert_int_equal(udrv_open(&dev, "qtest:piix4-ide,id=ide", &rig_driver), 0);
	assert_int_equal(udrv_start(dev), -ENODEV);
	assert_logged("this PIIX4 has no disk");
	udrv_close(dev);
}

/* BARs and INTx, shared by both channels; on Debian only Alpha's QEMU has it. */
static void native_mode(void **state)
{
	if (access("/usr/bin/qemu-system-alpha", X_OK)) {
		print_message("qemu-system-alpha is not installed (Debian: qemu-system-misc)\n");
		skip();
	}
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_disk(&rig, 3, BIG, RAW, "");
	rig_open(&rig, "alpha/cmd646-ide,secondary=1");
	assert_int_equal(rig.ide->native, 3);
	assert_false(rig.ide->ch[0].polled);
	check_disk(0, 16 * MIB / 512, 64);
	check_disk(3, BIG / 512, 64);
	rig.ide->ch[0].drives[0].mode = 0;
	check_disk(0, 16 * MIB / 512, 20);
	assert_int_equal(rig_do(&rig, 3, IDE_FLUSH, 0, 0, 0), 0);
	assert_int_equal(rig.ide->ch[0].lost_interrupts + rig.ide->ch[1].lost_interrupts, 0);
	assert_true(rig.ide->ch[0].interrupts && rig.ide->ch[1].interrupts);
}

/* A drive that goes through its cache when told to: QEMU's does not know such
 * commands, so the hook turns them into what it knows. */
static struct {
	uint8_t command[8];
	unsigned int n;
	bool drive_knows;
} seen;

static bool see_commands(enum rig_window w, size_t off, uint32_t val)
{
	uint8_t known = val == WRITE_DMA_FUA_EXT ? WRITE_DMA_EXT :
			val == WRITE_MULTIPLE_FUA_EXT ? WRITE_MULTIPLE_EXT : 0;

	if (w != RIG_CMD || off != COMMAND)
		return true;
	if (seen.n < sizeof(seen.command))
		seen.command[seen.n++] = (uint8_t)val;
	if (!known || !seen.drive_knows)
		return true;
	udrv_write8(&rig.ide->ch[0].cmd, COMMAND, known);
	seen.n--;			/* it came by here, too */
	return false;
}

static void check_fua(uint32_t nsect, unsigned int n, const uint8_t *commands)
{
	seen.n = 0;
	rig_fill(rig.buf.va, 5000, nsect, n);
	assert_int_equal(rig_do(&rig, 0, IDE_WRITE, 5000, nsect, 0), 0);
	assert_int_equal(seen.n, n);
	assert_memory_equal(seen.command, commands, n);
	assert_true(rig_file_is(&rig, 0, 5000, nsect, n));
}

static void writes_through_the_cache(void **state)
{
	static const struct rig_hooks hooks = { .write = see_commands };
	struct ide_drive *drive;

	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	rig_hook(rig_channel(&rig, 0), &hooks);
	drive = &rig_channel(&rig, 0)->drives[0];
	rig_options.fua = true;
	/* As QEMU's drives are: the cache has to be flushed afterwards. */
	check_fua(8, 2, (uint8_t []){ WRITE_DMA, FLUSH_CACHE_EXT });
	check_fua(256, 2, (uint8_t []){ WRITE_DMA, FLUSH_CACHE_EXT });

	seen.drive_knows = drive->id.fua = true;
	check_fua(8, 1, (uint8_t []){ WRITE_DMA_FUA_EXT });
	check_fua(256, 1, (uint8_t []){ WRITE_DMA_FUA_EXT });
	drive->mode = 0;
	check_fua(40, 1, (uint8_t []){ WRITE_MULTIPLE_FUA_EXT });
	drive->multiple = 0;
	check_fua(3, 2, (uint8_t []){ WRITE_SECTORS, FLUSH_CACHE_EXT });

	/* One that says it does, and then does not. */
	seen.drive_knows = false;
	drive->mode = XFER_UDMA | 2;
	check_fua(8, 3, (uint8_t []){ WRITE_DMA_FUA_EXT, WRITE_DMA, FLUSH_CACHE_EXT });
	assert_logged("Error 0x4");
	check_fua(8, 2, (uint8_t []){ WRITE_DMA, FLUSH_CACHE_EXT });
}

/* How a command's end is noticed: by watching, too late for that, or never. */
static void commands_that_are_watched(void **state)
{
	struct ide_channel *ch;

	rig_options.spin_us = 1000000;
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	ch = rig_channel(&rig, 0);
	check_disk(0, 16 * MIB / 512, 64);
	assert_int_equal(ch->interrupts, 0);
	assert_int_equal(ch->watched, 0);
	/* With interrupts again: nobody knows how long the drive needs for it. */
	assert_int_equal(rig_do(&rig, 0, IDE_FLUSH, 0, 0, 0), 0);
	assert_int_equal(ch->interrupts, 1);
	assert_int_equal(ch->lost_interrupts + ch->all_resets, 0);
}

static void commands_too_long_to_watch(void **state)
{
	struct ide_channel *ch;
	unsigned int before;

	/* A drive that does 5 commands a second, after the first few. */
	rig_disk(&rig, 0, 16 * MIB, "throttling.iops-total=5," RAW, "");
	rig_open(&rig, "piix4-ide");
	ch = rig_channel(&rig, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 8, 0), 0);
	before = ch->interrupts;
	rig.ide->spin_us = 200;
	for (unsigned int i = 0; i < 8; i++) {
		rig_fill(rig.buf.va, 8 * i, 8, i);
		assert_int_equal(rig_do(&rig, 0, IDE_WRITE, 8 * i, 8, 0), 0);
		assert_true(rig_file_is(&rig, 0, 8 * i, 8, i));
	}
	/* Number 0, 2 and 5 are watched; all end by an interrupt. */
	assert_int_equal(ch->watched, 3);
	assert_int_equal(ch->unwatched, 2);
	assert_int_equal(ch->interrupts - before, 8);
	assert_int_equal(ch->lost_interrupts + ch->all_resets, 0);
}

static bool drive_hides;

static uint32_t hide_the_end(enum rig_window w, size_t off, uint32_t val)
{
	return drive_hides && w == RIG_CTL && rig.ide->ch[0].silent ? STATUS_BSY : val;
}

/* Between the last look and the order to interrupt again: QEMU's drives say
 * nothing then. */
static void ends_that_nobody_saw(void **state)
{
	static const struct rig_hooks hooks = { .read = hide_the_end };
	struct ide_channel *ch;

	rig_options.spin_us = 100000;
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	ch = rig_channel(&rig, 0);
	rig_hook(ch, &hooks);
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 8, 0), 0);
	drive_hides = true;
	check_disk(0, 16 * MIB / 512, 8);
	drive_hides = false;
	assert_true(ch->watched > 0);
	assert_int_equal(ch->lost_interrupts + ch->all_resets, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(identifies), T(dma_both_ways), T(pio_both_ways), T(without_interrupts),
		T(beyond_128_gib), T(buffers_over_64_kib), T(two_drives_on_each_channel),
		T(flush_and_trim), T(requests_that_make_no_sense), T(atapi_is_left_alone),
		T(no_disk_at_all), T(native_mode), T(writes_through_the_cache),
		T(commands_that_are_watched), T(commands_too_long_to_watch), T(ends_that_nobody_saw),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ide", tests, NULL, NULL);
}
