// SPDX-License-Identifier: MIT
/*
 * ide_drive: one drive of a channel: it fails and the other goes on, its cache
 * cannot be emptied, it lacks a command.
 */
#include "ide_rig.h"

#define RAW	"format=raw,file="
#define MIB	(1ull << 20)

static struct rig rig;

static unsigned int selected;			/* drive */
static unsigned int commands[256];		/* how often it was told what */
static bool (*arrives)(unsigned int drive, uint8_t command);

static bool spy(enum rig_window w, size_t off, uint32_t val)
{
	if (w == RIG_CMD && off == DEVICE)
		selected = val & DEVICE_DEV ? 1 : 0;
	if (w != RIG_CMD || off != COMMAND)
		return true;
	commands[val & 0xff]++;
	return !arrives || arrives(selected, (uint8_t)val);
}

static int begin(void **state)
{
	rig_begin(&rig);
	memset(commands, 0, sizeof(commands));
	arrives = NULL;
	return log_begin(state);
}

static int end(void **state)
{
	rig_end(&rig);
	return log_end(state);
}

/* With two disks on the first channel, whose registers go through the spy. */
static void open_two(void)
{
	static const struct rig_hooks hooks = { .write = spy };

	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_disk(&rig, 1, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	rig_hook(&rig.ide->ch[0], &hooks);
}

static void works(unsigned int disk)
{
	rig_fill(rig.buf.va, 3000, 40, disk);
	assert_int_equal(rig_do(&rig, disk, IDE_WRITE, 3000, 40, 0), 0);
	assert_true(rig_file_is(&rig, disk, 3000, 40, disk));
	assert_int_equal(rig_do(&rig, disk, IDE_READ, 3000, 40, 0), 0);
	assert_int_equal(rig_do(&rig, disk, IDE_FLUSH, 0, 0, 0), 0);
}

/* ---- one drive fails ---------------------------------------------------------- */

static bool not_to_drive_1(unsigned int drive, uint8_t command)
{
	return drive != 1;
}

/* Its own set-up goes well for the other one after each reset: no reason to go on. */
static void one_drive_dies(void **state)
{
	struct rig_op ops[4];

	open_two();
	works(1);
	arrives = not_to_drive_1;
	for (unsigned int i = 0; i < 4; i++)
		rig_submit(&rig, &ops[i], i % 2, IDE_READ, i, 1, i * 512);
	for (unsigned int i = 0; i < 4; i++) {
		rig_wait(&rig, &ops[i]);
		assert_int_equal(ops[i].status, i % 2 ? -EIO : 0);
	}
	assert_logged("0:1 given up");
	assert_int_equal(rig.ide->ch[0].all_resets, 5);
	works(0);
	assert_int_equal(rig_do(&rig, 1, IDE_READ, 0, 1, 0), -ENODEV);
}

static bool no_multiple(unsigned int drive, uint8_t command)
{
	return command != SET_MULTIPLE_MODE;
}

/* It answers to one of our own commands, and never to the next. */
static void a_drive_that_cannot_be_set_up(void **state)
{
	open_two();
	rig.ide->ch[0].drives[0].setup = IDE_SETUP_MULTIPLE;
	rig.ide->ch[0].drives[1].present = false;
	arrives = no_multiple;
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 1, 0), -EIO);
	assert_logged("0:0 given up");
	assert_logged("channel 0: given up");
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 1, 0), -ENODEV);
}

static unsigned int lost;

static bool every_third_read(unsigned int drive, uint8_t command)
{
	return command != READ_DMA || ++lost % 3;
}

/* It is slow of hearing: many resets in all, but what is asked gets done. */
static void a_drive_that_needs_resets(void **state)
{
	open_two();
	lost = 0;
	arrives = every_third_read;
	for (unsigned int i = 0; i < 24; i++)
		assert_int_equal(rig_do(&rig, 0, IDE_READ, i, 1, 0), 0);
	assert_true(rig.ide->ch[0].all_resets > 5);
	assert_true(rig.ide->ch[0].drives[0].present);
}

/* ---- its cache --------------------------------------------------------------------- */

#define FLUSH_FAILS							\
	"format=raw,rerror=report,werror=report,file.driver=blkdebug,"	\
	"file.inject-error.0.event=flush_to_disk,file.inject-error.0.iotype=flush,"	\
	"file.inject-error.0.once=on,file.image.driver=file,file.image.filename="

/* What could not be written has left the cache: the next flush says nothing of it. */
static void a_failed_flush_is_told(void **state)
{
	rig_disk(&rig, 0, 16 * MIB, FLUSH_FAILS, "");
	rig_open(&rig, "piix4-ide");
	rig_fill(rig.buf.va, 100, 8, 1);
	assert_int_equal(rig_do(&rig, 0, IDE_WRITE, 100, 8, 0), 0);
	assert_int_equal(rig_do(&rig, 0, IDE_FLUSH, 0, 0, 0), -EIO);
	assert_int_equal(rig_do(&rig, 0, IDE_FLUSH, 0, 0, 0), 0);
}

/* With the data at hand it can be made good. */
static void a_write_through_is_done_again(void **state)
{
	static const struct rig_hooks hooks = { .write = spy };

	rig_options.fua = true;
	rig_disk(&rig, 0, 16 * MIB, FLUSH_FAILS, "");
	rig_open(&rig, "piix4-ide");
	rig_hook(&rig.ide->ch[0], &hooks);
	rig_fill(rig.buf.va, 100, 8, 1);
	assert_int_equal(rig_do(&rig, 0, IDE_WRITE, 100, 8, 0), 0);
	assert_true(rig_file_is(&rig, 0, 100, 8, 1));
	assert_int_equal(commands[WRITE_DMA], 2);
	assert_int_equal(commands[FLUSH_CACHE_EXT], 2);
}

static uint32_t does_not_know(enum rig_window w, size_t off, uint32_t val)
{
	const struct ide_channel *ch = &rig.ide->ch[0];

	if (w != RIG_CMD || !ch->req || ch->now.command != FLUSH_CACHE)
		return val;
	return off == STATUS ? val | STATUS_ERR : off == ERROR ? ERROR_ABRT : val;
}

/* From before ATA-4: its users' flushes must not fail for that. */
static void a_drive_without_flush(void **state)
{
	static const struct rig_hooks hooks = { .write = spy, .read = does_not_know };

	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	rig_hook(&rig.ide->ch[0], &hooks);
	rig.ide->ch[0].drives[0].id.flush = rig.ide->ch[0].drives[0].id.flush_ext = false;
	works(0);
	works(0);
	assert_int_equal(commands[FLUSH_CACHE], 1);
	assert_logged("no command to empty its cache");
}

/* One that knows it has failed. */
static void a_drive_with_flush(void **state)
{
	static const struct rig_hooks hooks = { .read = does_not_know };

	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	rig_hook(&rig.ide->ch[0], &hooks);
	rig.ide->ch[0].drives[0].id.flush_ext = false;
	assert_int_equal(rig_do(&rig, 0, IDE_FLUSH, 0, 0, 0), -EIO);
}

/* ---- what it is told --------------------------------------------------------------- */

static bool once_no_read(unsigned int drive, uint8_t command)
{
	return command != READ_DMA || lost++;
}

/* A reset must not stop its motor. */
static void standby_comes_later(void **state)
{
	enum { STANDBY = 0xe2 };

	rig_options.standby = 120;
	open_two();
	lost = 0;
	arrives = once_no_read;
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 1, 0), 0);
	assert_int_equal(rig.ide->ch[0].all_resets, 1);
	assert_int_equal(commands[IDLE], 2);
	assert_int_equal(commands[STANDBY], 0);
}

/* TRIM has a form for DMA only. */
static void no_trim_without_dma(void **state)
{
	rig_disk(&rig, 0, 16 * MIB, "discard=unmap," RAW, "");
	rig_open(&rig, "piix4-ide");
	assert_int_equal(rig_do(&rig, 0, IDE_DISCARD, 0, 64, 0), 0);
	rig.ide->ch[0].drives[0].mode = 0;
	assert_int_equal(rig_do(&rig, 0, IDE_DISCARD, 0, 64, 0), -EOPNOTSUPP);
	assert_int_equal(rig.ide->ch[0].all_resets, 0);
	assert_true(rig.ide->ch[0].drives[0].id.trim);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_drive_dies), T(a_drive_that_cannot_be_set_up), T(a_drive_that_needs_resets),
		T(a_failed_flush_is_told), T(a_write_through_is_done_again),
		T(a_drive_without_flush), T(a_drive_with_flush), T(standby_comes_later), T(no_trim_without_dma),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ide_drive", tests, NULL, NULL);
}
