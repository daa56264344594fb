// SPDX-License-Identifier: MIT
/*
 * ide: what goes wrong: bad sectors, lost commands and interrupts, drives that
 * hang, drivers that die.
 */
#include <sys/wait.h>

#include "ide_rig.h"

#define RAW	"format=raw,file="
#define MIB	(1ull << 20)
#define SECTORS	(16 * MIB / 512)
#define BAD(n, event, sector)								\
	"file.inject-error." #n ".event=" event ",file.inject-error." #n ".sector=" #sector ","
#define BLKDEBUG(rules)									\
	"format=raw,rerror=report,werror=report,file.driver=blkdebug," rules		\
	"file.image.driver=file,file.image.filename="

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

/* Reading, writing, flushing works: the drive is where it should be. */
static void works(unsigned int disk)
{
	for (unsigned int i = 0; i < 3; i++) {
		rig_fill(rig.buf.va, 3000, 40, i);
		assert_int_equal(rig_do(&rig, disk, IDE_WRITE, 3000, 40, 0), 0);
		assert_true(rig_file_is(&rig, disk, 3000, 40, i));
		rig_file_fill(&rig, disk, 4000, 40, i);
		assert_int_equal(rig_do(&rig, disk, IDE_READ, 4000, 40, 0), 0);
		assert_true(rig_is(rig.buf.va, 4000, 40, i));
	}
	assert_int_equal(rig_do(&rig, disk, IDE_FLUSH, 0, 0, 0), 0);
}

/* ---- what the drive reports ------------------------------------------------------ */

static void check_bad_sectors(void)
{
	struct rig_op ops[3];

	/* The bad one in the middle: those around it do not notice. */
	rig_submit(&rig, &ops[0], 0, IDE_READ, 90, 8, 0);
	rig_submit(&rig, &ops[1], 0, IDE_READ, 98, 8, 8192);
	rig_submit(&rig, &ops[2], 0, IDE_READ, 106, 8, 16384);
	for (unsigned int i = 0; i < 3; i++)
		rig_wait(&rig, &ops[i]);
	assert_int_equal(ops[0].status, 0);
	assert_int_equal(ops[1].status, -EIO);
	assert_int_equal(ops[2].status, 0);
	assert_int_equal(rig_do(&rig, 0, IDE_WRITE, 200, 1, 0), -EIO);
	assert_int_equal(rig_do(&rig, 0, IDE_WRITE, 201, 1, 0), 0);
	works(0);
}

static void bad_sectors(void **state)
{
	rig_disk(&rig, 0, 16 * MIB, BLKDEBUG(BAD(0, "read_aio", 100) BAD(1, "write_aio", 200)), "");
	rig_open(&rig, "piix4-ide");
	check_bad_sectors();
	assert_logged("0:0 read of 8 at 98: Status 0x41, Error 0x4");
	assert_int_equal(rig.ide->ch[0].drives[0].mode, XFER_UDMA | 2);
	assert_int_equal(rig.ide->ch[0].all_resets, 0);
	rig.ide->ch[0].drives[0].mode = 0;
	check_bad_sectors();
}

static void errors_that_do_not_come_again(void **state)
{
	rig_disk(&rig, 0, 16 * MIB,
		 BLKDEBUG(BAD(0, "read_aio", 100) "file.inject-error.0.once=on,"
			  BAD(1, "write_aio", 200) "file.inject-error.1.once=on,"), "");
	rig_open(&rig, "piix4-ide");
	rig_file_fill(&rig, 0, 100, 1, 5);
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 100, 1, 0), 0);
	assert_true(rig_is(rig.buf.va, 100, 1, 5));
	rig_fill(rig.buf.va, 200, 1, 6);
	assert_int_equal(rig_do(&rig, 0, IDE_WRITE, 200, 1, 0), 0);
	assert_true(rig_file_is(&rig, 0, 200, 1, 6));
	assert_logged("0:0 write of 1 at 200");
}

/* The next `lies` commands that end, end with this in Error. */
static unsigned int lies;
static uint8_t lie;

static uint32_t lying_drive(enum rig_window w, size_t off, uint32_t val)
{
	if (!rig.ide->ch[0].req)
		return val;			/* the driver's own commands */
	if (w == RIG_CMD && off == STATUS && lies)
		return val | STATUS_ERR;
	if (w == RIG_CMD && off == ERROR && lies) {
		lies--;
		return lie;
	}
	return val;
}

static void open_lying(uint8_t error, unsigned int n)
{
	static const struct rig_hooks hooks = { .read = lying_drive };

	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	rig_hook(&rig.ide->ch[0], &hooks);
	lie = error;
	lies = n;
}

static void unreadable_data(void **state)
{
	open_lying(ERROR_UNC, 2);
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 8, 0), -ENODATA);
	works(0);
}

/* Each CRC error costs a mode, and the controller's timing follows. */
static void a_bad_cable(void **state)
{
	uint32_t ctl, tim;

	open_lying(ERROR_ICRC | ERROR_ABRT, 1);
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 8, 0), 0);
	assert_int_equal(rig.ide->ch[0].drives[0].mode, XFER_UDMA | 1);
	assert_int_equal(udrv_config_read(rig.dev, UDMACTL, 1, &ctl), 0);
	assert_int_equal(udrv_config_read(rig.dev, UDMATIM, 2, &tim), 0);
	assert_int_equal(ctl & 1, 1);
	assert_int_equal(tim & 3, 1);
	lies = 2;
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 8, 0), 0);
	assert_int_equal(rig.ide->ch[0].drives[0].mode, 0);
	works(0);
	assert_logged("0:0 from UDMA/16 down to PIO");
	assert_int_equal(rig.ide->ch[0].all_resets, 0);
}

/* ---- what gets lost ---------------------------------------------------------------- */

static void a_lost_interrupt(void **state)
{
	setenv("UDRV_FAULT", "noirq:3-3", 1);
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	works(0);
	assert_int_equal(rig.ide->ch[0].lost_interrupts, 1);
	assert_false(rig.ide->ch[0].polled);
	assert_int_equal(rig.ide->ch[0].all_resets, 0);
	assert_logged("channel 0: an interrupt got lost");
}

static void all_interrupts_lost(void **state)
{
	setenv("UDRV_FAULT", "noirq:3", 1);
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	works(0);
	works(0);
	assert_int_equal(rig.ide->ch[0].lost_interrupts, 3);
	assert_true(rig.ide->ch[0].polled);
	assert_logged("3 interrupts in a row got lost: going on without");
}

/* Writes to this register are lost, so many of them. */
static enum rig_window lost_window;
static size_t lost_off;
static uint32_t lost_val;
static unsigned int lost;

static bool losing_writes(enum rig_window w, size_t off, uint32_t val)
{
	if (w != lost_window || off != lost_off || (val & lost_val) != lost_val || !lost)
		return true;
	lost--;
	return false;
}

static void open_losing(enum rig_window w, size_t off, uint32_t val, unsigned int n)
{
	static const struct rig_hooks hooks = { .write = losing_writes };

	rig_options.timeout_ms = 150;
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	rig_hook(&rig.ide->ch[0], &hooks);
	lost_window = w;
	lost_off = off;
	lost_val = val;
	lost = n;
}

/* Long before the time is up. */
static void a_lost_command(void **state)
{
	open_losing(RIG_CMD, COMMAND, 0, 1);
	rig.ide->timeout_ms = 30000;
	works(0);
	assert_int_equal(rig.ide->ch[0].all_resets, 1);
	assert_int_equal(rig.ide->ch[0].drives[0].mode, XFER_UDMA | 2);
	assert_logged("0:0 write: the command got lost");
}

/* Of a start: users of the drive that was there before wait for it. */
static void a_lost_identify(void **state)
{
	int fates[IDE_CHANNELS];

	open_losing(RIG_CMD, COMMAND, 0, 1);
	ide_probe_reset(rig.ide, 1, fates);
	ide_probe(&rig.ide->ch[0]);
	assert_int_equal(lost, 0);
	assert_true(rig.ide->ch[0].drives[0].present);
}

static void all_commands_lost(void **state)
{
	open_losing(RIG_CMD, COMMAND, 0, 1000);
	rig_options.reset_ms = 150;
	assert_int_equal(rig_do(&rig, 0, IDE_FLUSH, 0, 0, 0), -EIO);
	assert_logged("channel 0: given up");
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 1, 0), -ENODEV);
}

/* The drive has a command, but the bus master never starts. */
static void dma_does_not_work(void **state)
{
	open_losing(RIG_BM, BMIC, BMIC_SSBM, 1000);
	works(0);
	assert_int_equal(rig.ide->ch[0].all_resets, 2);
	assert_int_equal(rig.ide->ch[0].drives[0].mode, 0);
	assert_logged("0:0 from UDMA/33 down to PIO");
}

/* The PRD table cannot be read: ACTIVE stays, without an interrupt. */
static void table_out_of_reach(void **state)
{
	rig_options.timeout_ms = 150;
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	rig.ide->ch[0].prd_iova = 0x7000;
	works(0);
	assert_int_equal(rig.ide->ch[0].all_resets, 2);
	assert_int_equal(rig.ide->ch[0].drives[0].mode, 0);
}

/* ---- what hangs ---------------------------------------------------------------------- */

static uint32_t busy_for_ever(enum rig_window w, size_t off, uint32_t val)
{
	return w == RIG_CTL || (w == RIG_CMD && off == STATUS) ? val | STATUS_BSY : val;
}

static void stuck_busy(void **state)
{
	static const struct rig_hooks hooks = { .read = busy_for_ever };
	struct rig_op ops[3];

	rig_options.timeout_ms = rig_options.reset_ms = 150;
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_disk(&rig, 2, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	rig_hook(&rig.ide->ch[0], &hooks);
	for (unsigned int i = 0; i < 3; i++)
		rig_submit(&rig, &ops[i], 0, IDE_READ, i, 1, 0);
	for (unsigned int i = 0; i < 3; i++) {
		rig_wait(&rig, &ops[i]);
		assert_int_equal(ops[i].status, -ENODEV);
	}
	assert_logged("channel 0: busy 150 ms after a reset");
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 1, 0), -ENODEV);
	works(2);
}

static void the_device_goes(void **state)
{
	setenv("UDRV_FAULT", "gone:2000", 1);
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	for (unsigned int i = 0; i < 500 && !rig.ide->gone; i++) {
		int ret = rig_do(&rig, 0, IDE_READ, i, 1, 0);

		if (!rig.ide->gone)
			assert_int_equal(ret, 0);
		else
			assert_int_equal(ret, -ENODEV);
	}
	assert_true(rig.ide->gone);
	assert_logged("device is gone");
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 1, 0), -ENODEV);
}

/* ---- life after death ------------------------------------------------------------------ */

static unsigned int writes_left;

static bool last_write(enum rig_window w, size_t off, uint32_t val)
{
	if (!writes_left--)
		_exit(0);
	return true;
}

/* A driver that ends without a word at its nth register write. */
static void short_life(unsigned int n, bool pio)
{
	static const struct rig_hooks hooks = { .write = last_write };

	rig_options.pio = pio;
	if (udrv_open(&rig.dev, getenv("RIG_NAME"), &rig_driver) || udrv_start(rig.dev))
		_exit(1);
	rig.ide = udrv_priv(rig.dev);
	if (udrv_dma_alloc(rig.dev, RIG_BUF, &rig.buf))
		_exit(1);
	rig_hook(&rig.ide->ch[0], &hooks);
	writes_left = n;
	for (;;)
		if (rig_do(&rig, 0, n % 2 ? IDE_READ : IDE_WRITE, 8000, 64, 0))
			_exit(1);
}

/* Each next driver finds the drives where they should be. */
static void check_deaths(const char *device)
{
	struct qemu qemu;

	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	setenv("UDRV_QEMU_ARGS", rig.args, 1);
	qemu_start(&qemu, device, rig_driver.dma_size);
	setenv("RIG_NAME", qemu.name, 1);
	for (unsigned int n = 0; n < 24; n++) {
		int status;
		pid_t pid = fork();

		if (!pid)
			short_life(n * (n > 15 ? 40 : 1), n > 11);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		rig_options.pio = false;
		assert_int_equal(udrv_open(&rig.dev, qemu.name, &rig_driver), 0);
		rig.ide = udrv_priv(rig.dev);
		assert_int_equal(udrv_start(rig.dev), 0);
		assert_int_equal(udrv_dma_alloc(rig.dev, RIG_BUF, &rig.buf), 0);
		works(0);
		assert_int_equal(rig.ide->ch[0].all_resets + rig.ide->ch[0].lost_interrupts, 0);
		rig_close(&rig);
	}
	qemu_stop(&qemu);
}

static void driver_dies_anywhere(void **state)
{
	check_deaths("piix4-ide,id=ide");
}

/* Stopped in the middle of things, again and again. */
static void starts_and_stops(void **state)
{
	struct held before = { 0 }, after;
	struct rig_op op[4];

	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_open(&rig, "piix4-ide");
	for (unsigned int i = 0; i < 30; i++) {
		if (i == 10)
			before = held_now();
		for (unsigned int k = 0; k < 4; k++)
			rig_submit(&rig, &op[k], 0, k % 2 ? IDE_READ : IDE_WRITE, 500, 64, 0);
		udrv_loop_run_for(udrv_loop(rig.dev), i % 3);
		udrv_stop(rig.dev);
		assert_int_equal(udrv_start(rig.dev), 0);
		assert_int_equal(udrv_dma_alloc(rig.dev, RIG_BUF, &rig.buf), 0);
	}
	after = held_now();
	assert_int_equal(after.fds, before.fds);
	assert_int_equal(after.maps, before.maps);
	assert_true(after.heap <= before.heap + 4096);
	works(0);
}

/* ---- native mode ----------------------------------------------------------------------- */

static void need_alpha(void)
{
	if (!access("/usr/bin/qemu-system-alpha", X_OK))
		return;
	print_message("qemu-system-alpha is not installed (Debian: qemu-system-misc)\n");
	skip();
}

/* Both channels share an interrupt: an error on one is none on the other. */
static void native_bad_sectors(void **state)
{
	need_alpha();
	rig_disk(&rig, 0, 16 * MIB, BLKDEBUG(BAD(0, "read_aio", 100) BAD(1, "write_aio", 200)), "");
	rig_disk(&rig, 2, 16 * MIB, RAW, "");
	rig_open(&rig, "alpha/cmd646-ide,secondary=1");
	check_bad_sectors();
	works(2);
	assert_int_equal(rig.ide->ch[0].all_resets + rig.ide->ch[1].all_resets, 0);
	assert_int_equal(rig.ide->ch[0].lost_interrupts + rig.ide->ch[1].lost_interrupts, 0);
}

/* One channel hangs, and is given up; the other one's interrupts go on. */
static void native_stuck_busy(void **state)
{
	static const struct rig_hooks hooks = { .read = busy_for_ever };

	need_alpha();
	rig_options.timeout_ms = rig_options.reset_ms = 150;
	rig_disk(&rig, 0, 16 * MIB, RAW, "");
	rig_disk(&rig, 2, 16 * MIB, RAW, "");
	rig_open(&rig, "alpha/cmd646-ide,secondary=1");
	rig_hook(&rig.ide->ch[0], &hooks);
	assert_int_equal(rig_do(&rig, 0, IDE_READ, 0, 1, 0), -ENODEV);
	assert_logged("channel 0: given up");
	works(2);
	assert_int_equal(rig.ide->ch[1].lost_interrupts, 0);
	assert_false(rig.ide->ch[1].polled);
}

static void native_driver_dies_anywhere(void **state)
{
	need_alpha();
	check_deaths("alpha/cmd646-ide,secondary=1,id=ide");
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bad_sectors), T(errors_that_do_not_come_again), T(unreadable_data),
		T(a_bad_cable), T(a_lost_interrupt), T(all_interrupts_lost), T(a_lost_command),
		T(a_lost_identify), T(all_commands_lost), T(dma_does_not_work), T(table_out_of_reach), T(stuck_busy),
		T(the_device_goes), T(driver_dies_anywhere), T(starts_and_stops),
		T(native_bad_sectors), T(native_stuck_busy), T(native_driver_dies_anywhere),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ide_error", tests, NULL, NULL);
}
