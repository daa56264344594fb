// SPDX-License-Identifier: MIT
/*
 * tick.c - while a command is under way, a look at it now and then: is there an
 * interrupt that did not wake us, a drive that knows of no command, is the time up?
 */
#include "ide.h"

#define TICK_MS		50	/* how late something lost is noticed, half of it */
#define LOST_MAX	3	/* lost interrupts in a row: then without */

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

void ide_tick_arm(struct ide_channel *ch)
{
	if (!ch->ticking)
		ch->ticking = !udrv_loop_timer(udrv_loop(ch->ide->dev), TICK_MS, &ch->tick_op);
}

/* BMIS_INT is there, but nobody woke us up. */
static void lost_interrupt(struct ide_channel *ch, uint8_t bmis)
{
	ch->lost_interrupts++;
	if (++ch->lost_in_row == 1)
		udrv_log(ch->ide->dev, UDRV_WARN, "channel %u: an interrupt got lost", ch->n);
	if (ch->lost_in_row < LOST_MAX)
		ide_irq_renew(ch);
	ide_advance(ch, bmis);
	if (ch->lost_in_row < LOST_MAX || ch->polled || ch->state == IDE_DEAD)
		return;
	udrv_log(ch->ide->dev, UDRV_ERR, "channel %u: %u interrupts in a row got lost: going on without",
		 ch->n, ch->lost_in_row);
	ch->polled = true;
	ide_poll_soon(ch);
}

/* The drive has nothing to do, or waits for a bus master that does nothing, and no
 * interrupt says that this is the end: it never got the command, or we lost a write
 * on the way. */
static bool is_lost(const struct ide_channel *ch, uint8_t bmis)
{
	uint8_t status = ide_hw_status(ch);

	return !(status & STATUS_BSY) &&
	       !(status & STATUS_DRQ && ide_is_dma(ch) && bmis & BMIS_ACTIVE);
}

/* At the first look something may just be on its way, or the loop not have come to it. */
static void look(struct ide_channel *ch)
{
	uint8_t bmis = ide_bmis(ch);
	bool pending = bmis & BMIS_INT, lost = !pending && is_lost(ch, bmis);

	if (pending && ch->pending_seen) {
		lost_interrupt(ch, bmis);
	} else if (lost && ch->lost_seen) {
		ide_channel_trouble(ch, "the command got lost");
	} else {
		ch->pending_seen = pending;
		ch->lost_seen = lost;
	}
}

void ide_tick(struct udrv_op *op, int res, unsigned int flags)
{
	struct ide_channel *ch = container_of(op, struct ide_channel, tick_op);
	uint64_t started = ch->started_ns;

	ch->ticking = false;
	if (ch->state == IDE_RUN && !ch->polled)
		look(ch);
	if ((ch->state == IDE_RUN || ch->state == IDE_WAIT_DRQ) && ch->started_ns == started &&
	    udrv_now_ns() >= ch->deadline_ns)
		ide_channel_trouble(ch, "no answer");
	if (ch->state == IDE_RUN || ch->state == IDE_WAIT_DRQ)
		ide_tick_arm(ch);
}
