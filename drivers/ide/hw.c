// SPDX-License-Identifier: MIT
/* hw.c - a channel's registers: commands, data, resets. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "ide.h"

static void put(const struct ide_channel *ch, size_t reg, uint8_t val)
{
	udrv_write8(&ch->cmd, reg, val);
}

uint8_t ide_hw_status(const struct ide_channel *ch)
{
	return udrv_read8(&ch->ctl, ch->ctl_off);
}

void ide_hw_interrupts(struct ide_channel *ch, bool on)
{
	udrv_write8(&ch->ctl, ch->ctl_off, on ? 0 : DEVICE_CONTROL_NIEN);
	ch->silent = !on;
}

/* ATA-6 9.2: SRST for 5 us at least. */
void ide_hw_srst(struct ide_channel *ch)
{
	udrv_write8(&ch->ctl, ch->ctl_off, DEVICE_CONTROL_SRST | DEVICE_CONTROL_NIEN);
	udrv_usleep(5);
	udrv_write8(&ch->ctl, ch->ctl_off, DEVICE_CONTROL_NIEN);
	ch->selected = -1;
	ch->silent = true;
}

static void bm_put(const struct ide_channel *ch, size_t reg, uint8_t val)
{
	udrv_write8(&ch->bm, ch->bm_off + reg, val);
}

void ide_hw_dma_off(struct ide_channel *ch)
{
	ch->bmic &= (uint8_t)~BMIC_SSBM;
	bm_put(ch, BMIC, ch->bmic);
	bm_put(ch, BMIS, ch->bmis_keep | BMIS_INT | BMIS_ERR);
}

/* SFF-8038i 3.1: table, direction; after the drive's command comes the start.
 * The direction must not change while the bus master is at work. */
void ide_hw_dma_aim(struct ide_channel *ch, bool to_memory)
{
	uint8_t bmic = to_memory ? BMIC_RWCON : 0;

	udrv_write32(&ch->bm, ch->bm_off + BMIDTP, ch->prd_iova);
	if (ch->bmic != bmic)
		bm_put(ch, BMIC, bmic);
	ch->bmic = bmic;
}

void ide_hw_dma_go(struct ide_channel *ch)
{
	ch->bmic |= BMIC_SSBM;
	bm_put(ch, BMIC, ch->bmic);
}

/* Written for each command, like the other address registers: drives count
 * in them. */
static int select_drive(struct ide_channel *ch, unsigned int drive, unsigned int lba_top)
{
	put(ch, DEVICE, (uint8_t)(DEVICE_OBS | DEVICE_LBA | (drive ? DEVICE_DEV : 0) | lba_top));
	if (ch->selected == (int)drive)
		return 0;
	/* ATA-6 9.4: a drive takes 400 ns to answer to its selection: the first
	 * of these reads is for waiting. */
	ide_hw_status(ch);
	if (udrv_wait8(&ch->ctl, ch->ctl_off, STATUS_BSY | STATUS_DRQ, 0, IDE_SELECT_US)) {
		ch->selected = -1;
		return -EBUSY;
	}
	ch->selected = (int)drive;
	return 0;
}

int ide_hw_issue(struct ide_channel *ch, unsigned int drive, const struct ide_cmd *cmd)
{
	int ret = select_drive(ch, drive, cmd->ext ? 0 : cmd->lba >> 24 & 0x0f);

	if (ret)
		return ret;
	if (cmd->ext) {
		/* ATA-6 6.20: these registers are two bytes deep, upper first. */
		put(ch, SECTOR_COUNT, (uint8_t)(cmd->count >> 8));
		put(ch, LBA_LOW, (uint8_t)(cmd->lba >> 24));
		put(ch, LBA_MID, (uint8_t)(cmd->lba >> 32));
		put(ch, LBA_HIGH, (uint8_t)(cmd->lba >> 40));
	}
	if (cmd->feature) {
		if (cmd->ext)
			put(ch, FEATURES, 0);
		put(ch, FEATURES, cmd->feature);
	}
	put(ch, SECTOR_COUNT, (uint8_t)cmd->count);
	put(ch, LBA_LOW, (uint8_t)cmd->lba);
	put(ch, LBA_MID, (uint8_t)(cmd->lba >> 8));
	put(ch, LBA_HIGH, (uint8_t)(cmd->lba >> 16));
	put(ch, COMMAND, cmd->command);
	return 0;
}

void ide_hw_data_in(const struct ide_channel *ch, void *to, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 2) {
		uint16_t w = htole16(udrv_read16(&ch->cmd, DATA));

		memcpy((char *)to + i, &w, 2);
	}
}

void ide_hw_data_out(const struct ide_channel *ch, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 2) {
		uint16_t w;

		memcpy(&w, (const char *)from + i, 2);
		udrv_write16(&ch->cmd, DATA, le16toh(w));
	}
}

int ide_hw_polled(struct ide_channel *ch, unsigned int drive, const struct ide_cmd *cmd,
		  void *data, unsigned int ms)
{
	uint8_t status;
	int ret = ide_hw_issue(ch, drive, cmd);

	if (ret)
		return ret;
	ide_hw_status(ch);		/* BSY takes 400 ns to come (ATA-6 9.4) */
	if (udrv_wait8(&ch->ctl, ch->ctl_off, STATUS_BSY, 0, ms * 1000))
		return -ETIMEDOUT;
	status = ide_get(ch, STATUS);
	if (status == 0xff || status == 0)
		return -ENODEV;		/* nobody drives the bus */
	if (status & (STATUS_ERR | STATUS_DF))
		return -EIO;
	if (cmd->protocol != IDE_PIO_IN)
		return 0;
	if (!(status & STATUS_DRQ))
		return -EIO;
	ide_hw_data_in(ch, data, cmd->nsect * IDE_SECTOR);
	ch->selected = -1;		/* it may be busy for a moment yet */
	return 0;
}
