// SPDX-License-Identifier: MIT
/* probe.c - the start: reset a channel in whatever state, see who answers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ide.h"

#define RESET_MS	31000	/* ATA-6 9.2: as long as drives may take */
#define IDENTIFY_MS	5000
#define SETUP_MS	5000

/*
 * The last driver may have died in the middle of a transfer: first the bus
 * master, then the drives, whose protocol only a reset gets back to its start.
 */
static int reset_begin(struct ide_channel *ch)
{
	ch->bmic = 0;
	ide_hw_dma_off(ch);
	if (udrv_read8(&ch->bm, ch->bm_off + BMIS) & BMIS_ACTIVE) {
		udrv_log(ch->ide->dev, UDRV_ERR, "channel %u: the bus master does not stop", ch->n);
		return -EIO;
	}
	ide_hw_srst(ch);
	return 0;
}

static int reset_end(struct ide_channel *ch)
{
	if (ide_hw_status(ch) == 0xff)
		return -ENODEV;		/* no drive pulls a line down */
	if (udrv_wait8(&ch->ctl, ch->ctl_off, STATUS_BSY, 0, RESET_MS * 1000)) {
		udrv_log(ch->ide->dev, UDRV_ERR,
			 "channel %u: busy for %d s after a reset (Status %#x): given up",
			 ch->n, RESET_MS / 1000, ide_hw_status(ch));
		return -ETIMEDOUT;
	}
	return 0;
}

/* One pause for all: somebody waits for his disk. */
void ide_probe_reset(struct ide *ide, unsigned int mask, int fates[IDE_CHANNELS])
{
	for (unsigned int n = 0; n < IDE_CHANNELS; n++)
		fates[n] = mask & 1u << n ? reset_begin(&ide->ch[n]) : -ENODEV;
	udrv_usleep(IDE_SRST_US);
	for (unsigned int n = 0; n < IDE_CHANNELS; n++)
		if (!fates[n])
			fates[n] = reset_end(&ide->ch[n]);
}

/* ATA-6 9.12: after a reset the registers say what a drive is.  An absent
 * drive 1 is answered for by drive 0, with a Status of 0. */
static int signature(struct ide_channel *ch, unsigned int drive)
{
	uint8_t dev = (uint8_t)(DEVICE_OBS | (drive ? DEVICE_DEV : 0));

	udrv_write8(&ch->cmd, DEVICE, dev);
	ch->selected = -1;
	ide_hw_status(ch);
	/* Drive 1 may be slower than drive 0. */
	if (udrv_wait8(&ch->ctl, ch->ctl_off, STATUS_BSY, 0, RESET_MS * 1000))
		return -ETIMEDOUT;
	/* A pulled-down bus without drives does not keep what is written. */
	if ((udrv_read8(&ch->cmd, DEVICE) & DEVICE_DEV) != (dev & DEVICE_DEV) ||
	    udrv_read8(&ch->cmd, SECTOR_COUNT) != 1 || udrv_read8(&ch->cmd, LBA_LOW) != 1)
		return -ENODEV;
	return udrv_read8(&ch->cmd, LBA_HIGH) << 8 | udrv_read8(&ch->cmd, LBA_MID);
}

static void refuse_packet(struct ide_channel *ch, unsigned int drive)
{
	const struct ide_cmd cmd = {
		.command = IDENTIFY_PACKET_DEVICE, .protocol = IDE_PIO_IN, .nsect = 1,
	};
	uint8_t data[IDE_SECTOR];
	char model[41] = "?";

	if (!ide_hw_polled(ch, drive, &cmd, data, IDENTIFY_MS))
		ide_identify_model(model, data);
	udrv_log(ch->ide->dev, UDRV_WARN,
		 "%u:%u %s: an ATAPI device (CD, tape); this driver knows disks only and leaves it alone",
		 ch->n, drive, model);
}

static void announce(const struct ide_channel *ch, unsigned int drive)
{
	const struct ide_drive *d = &ch->drives[drive];

	udrv_log(ch->ide->dev, UDRV_INFO, "%u:%u %s %s, %llu MiB, %s%s%s%s%s%s", ch->n, drive,
		 d->id.model, d->id.serial, (unsigned long long)(d->id.sectors >> 11),
		 ide_mode_name(d->mode), d->id.lba48 ? ", LBA48" : "",
		 d->id.write_cache ? ", write cache" : "", d->id.fua ? ", FUA" : "", d->id.trim ? ", TRIM" : "",
		 ch->ide->polled ? ", polled" : "");
}

static void identify(struct ide_channel *ch, unsigned int drive)
{
	const struct ide_cmd cmd = {
		.command = IDENTIFY_DEVICE, .protocol = IDE_PIO_IN, .nsect = 1,
	};
	const struct ide *ide = ch->ide;
	struct ide_drive *d = &ch->drives[drive];
	uint8_t data[IDE_SECTOR];
	const char *why;
	int ret = ide_hw_polled(ch, drive, &cmd, data, IDENTIFY_MS);

	/* Its users wait for a drive that was there before: one more try. */
	if (ret == -EIO)
		ret = ide_hw_polled(ch, drive, &cmd, data, IDENTIFY_MS);
	if (ret == -ENODEV)
		return;			/* drive 0 had answered for it */
	if (ret) {
		udrv_log(ide->dev, UDRV_ERR, "%u:%u does not say what it is: %s", ch->n, drive,
			 strerror(-ret));
		return;
	}
	why = ide_identify(&d->id, data);
	if (why) {
		udrv_log(ide->dev, UDRV_WARN, "%u:%u %s: %s; it is left alone", ch->n, drive,
			 d->id.model, why);
		return;
	}
	d->present = true;
	d->mode = ide->pio ? 0 : ide_mode_first(&d->id, ide->chip->mdma, ide->chip->udma);
	d->setup = IDE_SETUP_ALL;
}

/* Tell each drive what it has to know. */
static void set_up(struct ide_channel *ch)
{
	while (ide_setup_next(ch)) {
		struct ide_drive *d = &ch->drives[ch->now_drive];
		int ret = ide_hw_polled(ch, ch->now_drive, &ch->now, NULL, SETUP_MS);

		if (ret && ch->now_setup == IDE_SETUP_MULTIPLE)
			d->multiple = 0;
		else if (ret && ch->now_setup == IDE_SETUP_MODE)
			d->mode = 0;
	}
}

void ide_probe(struct ide_channel *ch)
{
	int sig[IDE_DRIVES];

	memset(ch->drives, 0, sizeof(ch->drives));
	for (unsigned int i = 0; i < IDE_DRIVES; i++)
		sig[i] = signature(ch, i);
	for (unsigned int i = 0; i < IDE_DRIVES; i++) {
		if (sig[i] == SIGNATURE_PACKET)
			refuse_packet(ch, i);
		else if (sig[i] == SIGNATURE_ATA)
			identify(ch, i);
	}
	set_up(ch);
	for (unsigned int i = 0; i < IDE_DRIVES; i++)
		if (ch->drives[i].present)
			announce(ch, i);
}
