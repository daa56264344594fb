// SPDX-License-Identifier: MIT
/*
 * recover.c - when the command under way fails: try again, more slowly, without
 * DMA, after a reset; give up the request, the channel, the device.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "ide.h"

#define TRIES_MEDIUM	2	/* drives try hard enough themselves */
#define TRIES_TROUBLE	3
#define TRIES_CABLE	8	/* a mode less each time */
#define RESETS_MAX	4	/* for a drive, without a request of its that went well */
#define DMA_TROUBLE_MAX	2	/* in a row: then PIO */

static const char *op_name(const struct ide_channel *ch)
{
	static const char *const names[] = {
		[IDE_READ] = "read", [IDE_WRITE] = "write", [IDE_FLUSH] = "flush",
		[IDE_DISCARD] = "discard",
	};

	return ch->req ? names[ch->req->op] : "set-up";
}

static void slower(struct ide_channel *ch, uint8_t mode)
{
	struct ide_drive *d = &ch->drives[ch->now_drive];

	udrv_log(ch->ide->dev, UDRV_WARN, "%u:%u from %s down to %s", ch->n, ch->now_drive,
		 ide_mode_name(d->mode), ide_mode_name(mode));
	d->mode = mode;
	d->dma_trouble = 0;
	d->setup |= IDE_SETUP_MODE;
}

/* One of our own commands: the drive has to do without. */
static void setup_failed(struct ide_channel *ch)
{
	struct ide_drive *d = &ch->drives[ch->now_drive];

	if (ch->now_setup == IDE_SETUP_MULTIPLE)
		d->multiple = 0;
	else if (ch->now_setup == IDE_SETUP_MODE)
		d->mode = 0;
}

/* ---- resets ---------------------------------------------------------------------- */

static bool is_gone(const struct ide_channel *ch)
{
	uint32_t id;

	return udrv_config_read(ch->ide->dev, PCI_VENDOR_ID, 2, &id) || id == 0xffff;
}

void ide_channel_die(struct ide_channel *ch, int status)
{
	struct ide_req *req = ch->req, *next = ch->head;

	if (!ch->exists || ch->state == IDE_DEAD)
		return;
	udrv_log(ch->ide->dev, UDRV_ERR, "channel %u: given up; its requests fail", ch->n);
	ide_forget(ch);
	ch->state = IDE_DEAD;
	if (req)
		req->done(req, status);
	for (req = next; req; req = next) {
		next = req->next;
		req->done(req, status);
	}
}

static void reset(struct ide_channel *ch)
{
	ch->all_resets++;
	ide_hw_dma_off(ch);
	ide_hw_srst(ch);
	udrv_usleep(IDE_SRST_US);
	for (unsigned int i = 0; i < IDE_DRIVES; i++)
		ch->drives[i].setup = IDE_SETUP_ALL;
	ch->deadline_ns = udrv_now_ns() + ch->ide->reset_ms * 1000000ull;
	ch->state = IDE_WAIT_RESET;
	ide_reset_check(ch);
}

void ide_reset_check(struct ide_channel *ch)
{
	bool late = udrv_now_ns() >= ch->deadline_ns;
	uint8_t bm = udrv_read8(&ch->bm, ch->bm_off + BMIS);

	if (!(ide_hw_status(ch) & STATUS_BSY) && !(bm & BMIS_ACTIVE)) {
		ide_hw_dma_off(ch);	/* what the reset left behind */
		ide_hw_interrupts(ch, !ch->polled);
		ch->state = IDE_IDLE;
		ide_pump(ch);
	} else if (!late) {
		ide_poll_soon(ch);
	} else {
		udrv_log(ch->ide->dev, UDRV_ERR, "channel %u: %s %u ms after a reset (Status %#x)",
			 ch->n, bm & BMIS_ACTIVE ? "the bus master is active" : "busy",
			 ch->ide->reset_ms, ide_hw_status(ch));
		ide_channel_die(ch, -ENODEV);
	}
}

static bool none_left(const struct ide_channel *ch)
{
	for (unsigned int i = 0; i < IDE_DRIVES; i++)
		if (ch->drives[i].present)
			return false;
	return true;
}

/* The other drive goes on.  Only after the reset does nobody write to the buffers of
 * its requests any more. */
static void drive_die(struct ide_channel *ch, unsigned int drive)
{
	struct ide_req *req, *lost;

	udrv_log(ch->ide->dev, UDRV_ERR, "%u:%u given up; its requests fail", ch->n, drive);
	ch->drives[drive].present = false;
	if (ch->req)
		ide_again(ch, ch->req);
	ch->req = NULL;
	lost = ide_take_all(ch, drive);
	if (none_left(ch)) {
		ide_hw_dma_off(ch);
		ide_hw_srst(ch);
		ide_channel_die(ch, -EIO);
	} else {
		reset(ch);
	}
	while ((req = lost)) {
		lost = req->next;
		req->done(req, -EIO);
	}
	ide_pump(ch);
}

/* ---- what failed ------------------------------------------------------------------- */

/* Its tries are used up, or it comes first when the channel goes on. */
static void retry(struct ide_channel *ch, unsigned int max, int final, bool with_reset)
{
	struct ide_req *req = ch->req;

	ch->req = NULL;
	if (req && ++req->tries < max) {
		ide_again(ch, req);
		req = NULL;
	}
	if (with_reset)
		reset(ch);
	else
		ch->state = IDE_IDLE;
	if (req)
		req->done(req, final);
	ide_pump(ch);
}

/* A flush, or the second half of a write that is to be on the medium. */
static bool is_flush(const struct ide_channel *ch)
{
	return ch->req->op == IDE_FLUSH || ch->req->written;
}

/*
 * What cannot be written leaves the drive's cache, and the next flush succeeds without
 * it (ATA-6, FLUSH CACHE): it is not asked again.  A write is done again as a whole.
 */
static void flush_failed(struct ide_channel *ch, uint8_t status, uint8_t error)
{
	struct ide_drive *d = &ch->drives[ch->now_drive];

	if (!d->id.flush && error & ERROR_ABRT) {
		udrv_log(ch->ide->dev, UDRV_WARN, "%u:%u has no command to empty its cache: flushes do nothing",
			 ch->n, ch->now_drive);
		d->no_flush = true;
		ide_finish(ch, 0);
		return;
	}
	ch->req->written = false;
	retry(ch, ch->req->op == IDE_FLUSH ? 1 : TRIES_MEDIUM, ide_errno(error), status & STATUS_DRQ);
}

void ide_drive_error(struct ide_channel *ch, uint8_t status, uint8_t error)
{
	struct ide_drive *d = &ch->drives[ch->now_drive];
	bool crc = d->mode >= XFER_UDMA && error & ERROR_ICRC;

	udrv_log(ch->ide->dev, UDRV_WARN, "%u:%u %s of %u at %llu: Status %#x, Error %#x", ch->n,
		 ch->now_drive, op_name(ch), ch->req ? ch->req->nsect : 0,
		 ch->req ? (unsigned long long)ch->req->sector : 0, status, error);
	if (!ch->req) {
		setup_failed(ch);
		retry(ch, 0, 0, false);
	} else if (ch->req->op == IDE_DISCARD && !crc) {
		d->id.trim = false;
		retry(ch, 0, -EOPNOTSUPP, false);
	} else if (crc) {
		slower(ch, ide_mode_lower(d->mode));
		retry(ch, TRIES_CABLE, -EIO, false);
	} else if (is_flush(ch)) {
		flush_failed(ch, status, error);
	} else {
		if (ch->now.command == WRITE_DMA_FUA_EXT || ch->now.command == WRITE_MULTIPLE_FUA_EXT)
			d->id.fua = d->id.fua && !(error & ERROR_ABRT);
		/* With DRQ the drive still wants to move data: only a reset
		 * makes it forget them. */
		retry(ch, TRIES_MEDIUM, ide_errno(error), status & STATUS_DRQ);
	}
}

void ide_channel_trouble(struct ide_channel *ch, const char *what)
{
	struct ide_drive *d = &ch->drives[ch->now_drive];

	if (is_gone(ch)) {
		ide_gone(ch->ide);
		return;
	}
	udrv_log(ch->ide->dev, UDRV_WARN, "%u:%u %s: %s (Status %#x, BMIS %#x): reset", ch->n,
		 ch->now_drive, op_name(ch), what, ide_hw_status(ch),
		 udrv_read8(&ch->bm, ch->bm_off + BMIS));
	if (++d->resets > RESETS_MAX) {
		drive_die(ch, ch->now_drive);
		return;
	}
	if (ch->now.protocol >= IDE_DMA_IN && d->mode && ++d->dma_trouble >= DMA_TROUBLE_MAX)
		slower(ch, 0);
	retry(ch, TRIES_TROUBLE, -ETIMEDOUT, true);
}
