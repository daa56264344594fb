// SPDX-License-Identifier: MIT
/* ide.c - the controller: its windows, its interrupts, its start and end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ide.h"

#define TIMEOUT_MS	30000	/* a drive may have to spin up first */
#define RESET_MS	31000	/* ATA-6 9.2 */
#define FLUSH_MS	60000

#define MDMA_ALL	0x07u
#define UDMA_33		0x07u	/* modes 0 to 2: no special cable */

/* 82371AB, UDMACTL and UDMATIM: the host paces what it writes, so it must know
 * the mode.  Other modes are timed by what the firmware wrote to IDETIM. */
static void piix4_set_mode(const struct ide_channel *ch, unsigned int drive, uint8_t mode)
{
	unsigned int n = IDE_DRIVES * ch->n + drive;
	struct udrv_dev *dev = ch->ide->dev;
	uint32_t ctl, tim;

	if (udrv_config_read(dev, UDMACTL, 1, &ctl) || udrv_config_read(dev, UDMATIM, 2, &tim))
		return;
	ctl &= ~(1u << n);
	tim &= ~(3u << 4 * n);
	if (mode >= XFER_UDMA) {
		ctl |= 1u << n;
		tim |= (mode - XFER_UDMA) << 4 * n;
	}
	udrv_config_write(dev, UDMATIM, 2, tim);
	udrv_config_write(dev, UDMACTL, 1, ctl);
}

static const struct ide_chip chips[] = {
	{ "PIIX3", { 0x8086, 0x7010 }, MDMA_ALL, 0, NULL },
	{ "PIIX4", { 0x8086, 0x7111 }, MDMA_ALL, UDMA_33, piix4_set_mode },
	{ "CMD646", { 0x1095, 0x0646 }, MDMA_ALL, 0, NULL },
};

const struct udrv_id ide_ids[] = {
	{ 0x8086, 0x7010 }, { 0x8086, 0x7111 }, { 0x1095, 0x0646 }, { 0, 0 }
};

static const struct ide_chip *chip_find(struct udrv_id id)
{
	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++)
		if (chips[i].id.vendor == id.vendor && chips[i].id.device == id.device)
			return &chips[i];
	return NULL;
}

/* ---- windows --------------------------------------------------------------------- */

/* A channel in native mode has four ports in its control block, the register
 * is the third; in compatibility mode there is one port, which is it. */
static int map_channel(struct ide_channel *ch)
{
	struct ide *ide = ch->ide;
	int ret;

	ret = udrv_bar_map(ide->dev, 2 * ch->n, &ch->cmd);
	if (!ret)
		ret = udrv_bar_map(ide->dev, 2 * ch->n + 1, &ch->ctl);
	if (!ret)
		ret = udrv_bar_map(ide->dev, 4, &ch->bm);
	ch->ctl_off = ide->native & 1u << ch->n ? 2 : 0;
	ch->bm_off = BM_CHANNEL * ch->n;
	if (!ret && (ch->cmd.len < 8 || ch->ctl.len < ch->ctl_off + 1 || ch->bm.len < 16))
		ret = -ENODEV;
	if (ret)
		return ret;
	ch->bmis_keep = udrv_read8(&ch->bm, ch->bm_off + BMIS) & BMIS_KEEP;
	return 0;
}

static int map(struct ide *ide)
{
	uint32_t prog_if;
	int ret = udrv_config_read(ide->dev, PROG_IF, 1, &prog_if);

	ide->native = (prog_if & 1) | (prog_if >> 1 & 2);
	for (unsigned int n = 0; n < IDE_CHANNELS && !ret; n++)
		ret = map_channel(&ide->ch[n]);
	return ret;
}

/* ---- interrupts -------------------------------------------------------------------- */

static bool own_vectors(const struct ide *ide)
{
	return ide->native == 0;
}

static void irq(struct udrv_dev *dev, unsigned int vec)
{
	struct ide *ide = udrv_priv(dev);

	if (own_vectors(ide)) {
		ide_interrupt(&ide->ch[vec]);
		return;
	}
	for (unsigned int n = 0; n < IDE_CHANNELS; n++)
		ide_interrupt(&ide->ch[n]);
}

/* Compatibility mode: ISA 14 and 15, a vector each; native mode: one INTx for
 * both.  What else there might be (a mixture, no way to those lines) works
 * without interrupts. */
static void irq_setup(struct ide *ide)
{
	unsigned int count = udrv_irq_count(ide->dev, UDRV_IRQ_INTX);
	unsigned int want = own_vectors(ide) ? IDE_CHANNELS : 1;
	bool ok = count >= want && (ide->native == 0 || ide->native == 3) && !ide->polled;

	for (unsigned int n = 0; n < want && ok; n++)
		ok = !udrv_irq_enable(ide->dev, n, irq);
	if (!ok && !ide->polled)
		udrv_log(ide->dev, UDRV_WARN, "no interrupts for this controller here: drives are polled");
	for (unsigned int n = 0; n < IDE_CHANNELS; n++) {
		ide->ch[n].polled = !ok;
		if (ide->ch[n].exists)
			ide_hw_interrupts(&ide->ch[n], ok);
	}
}

void ide_irq_renew(struct ide_channel *ch)
{
	struct udrv_dev *dev = ch->ide->dev;
	unsigned int vec = own_vectors(ch->ide) ? ch->n : 0;

	udrv_irq_disable(dev, vec);
	if (udrv_irq_enable(dev, vec, irq))
		ch->polled = true;
}

/* ---- life ---------------------------------------------------------------------------- */

/* All but the timers' ops: they may be in flight since the last life. */
static void channel_init(struct ide *ide, unsigned int n)
{
	struct ide_channel *ch = &ide->ch[n];
	bool ticking = ch->ticking, polling = ch->polling;

	*ch = (struct ide_channel){
		.ide = ide, .n = n, .selected = -1, .tick_op = ch->tick_op,
		.poll_op = ch->poll_op, .poll_ts = ch->poll_ts,
		.ticking = ticking, .polling = polling,
	};
	ide_forget(ch);
	ide_timers_init(ch);
}

int ide_reset(struct udrv_dev *dev)
{
	struct ide *ide = udrv_priv(dev);
	int fates[IDE_CHANNELS], ret, first = 0, good = 0;

	ide->dev = dev;
	ide->chip = chip_find(udrv_id(dev));
	if (!ide->chip)
		return -ENODEV;
	for (unsigned int n = 0; n < IDE_CHANNELS; n++)
		channel_init(ide, n);
	ret = map(ide);
	if (ret)
		return ret;
	ide_probe_reset(ide, 3, fates);
	for (unsigned int n = 0; n < IDE_CHANNELS; n++) {
		ide->ch[n].exists = !fates[n];
		good += !fates[n];
		/* One channel can work without the other, if its bus master is off. */
		if (fates[n] == -EIO)
			return -EIO;
		if (!first)
			first = fates[n];
	}
	return good ? 0 : first;
}

static int alloc(struct ide *ide)
{
	const size_t prds = IDE_PRDS * sizeof(struct ide_prd), each = prds + IDE_SECTOR;
	int ret = udrv_dma_alloc(ide->dev, IDE_CHANNELS * each, &ide->page);

	/* One page: no table crosses 64 KiB (SFF-8038i 1.2). */
	for (unsigned int n = 0; n < IDE_CHANNELS && !ret; n++) {
		struct ide_channel *ch = &ide->ch[n];
		char *at = (char *)ide->page.va + n * each;

		ch->prd = (struct ide_prd *)at;
		ch->ranges = (uint8_t *)at + prds;
		ch->prd_iova = (uint32_t)(ide->page.iova + n * each);
		ch->ranges_iova = ch->prd_iova + (uint32_t)prds;
	}
	return ret;
}

int ide_start(struct udrv_dev *dev)
{
	struct ide *ide = udrv_priv(dev);
	unsigned int disks = 0;
	int ret = alloc(ide);

	if (ret)
		return ret;
	ide->gone = false;
	if (!ide->timeout_ms)
		ide->timeout_ms = TIMEOUT_MS;
	if (!ide->reset_ms)
		ide->reset_ms = RESET_MS;
	/* Interrupts last: until then the drives are asked by polling. */
	for (unsigned int n = 0; n < IDE_CHANNELS; n++)
		if (ide->ch[n].exists)
			ide_probe(&ide->ch[n]);
	for (unsigned int i = 0; i < IDE_CHANNELS * IDE_DRIVES; i++)
		disks += ide->ch[i / IDE_DRIVES].drives[i % IDE_DRIVES].present;
	if (!disks) {
		udrv_log(dev, UDRV_ERR, "this %s has no disk", ide->chip->name);
		return -ENODEV;
	}
	irq_setup(ide);
	return 0;
}

/* What is under way is abandoned; what the drives have taken is kept. */
void ide_stop(struct udrv_dev *dev)
{
	struct ide *ide = udrv_priv(dev);
	unsigned int alive = 0;
	int fates[IDE_CHANNELS];

	for (unsigned int n = 0; n < IDE_CHANNELS; n++) {
		if (ide->ch[n].exists && ide->ch[n].state != IDE_DEAD)
			alive |= 1u << n;
		ide_forget(&ide->ch[n]);
	}
	ide_probe_reset(ide, alive, fates);
	for (unsigned int n = 0; n < IDE_CHANNELS; n++) {
		struct ide_channel *ch = &ide->ch[n];

		if (fates[n])
			continue;
		for (unsigned int i = 0; i < IDE_DRIVES; i++) {
			const struct ide_drive *d = &ch->drives[i];
			struct ide_cmd cmd;

			if (!d->present || !d->id.flush)
				continue;
			ide_cmd_flush(&cmd, &d->id);
			if (ide_hw_polled(ch, i, &cmd, NULL, FLUSH_MS))
				udrv_log(dev, UDRV_ERR, "%u:%u its cache could not be flushed", n, i);
		}
	}
}

void ide_gone(struct ide *ide)
{
	if (ide->gone)
		return;
	ide->gone = true;
	udrv_log(ide->dev, UDRV_ERR, "device is gone: its registers read as all ones");
	for (unsigned int n = 0; n < IDE_CHANNELS; n++)
		ide_channel_die(&ide->ch[n], -ENODEV);
	udrv_loop_stop(udrv_loop(ide->dev), -ENODEV);
}
