// SPDX-License-Identifier: GPL-2.0-only
/*
 * An irq that its owner has for himself, and requested while he has it open.
 * It needs no guard: when nobody has it, the kernel has it shut down.
 *
 * A line of the interrupt controller's (isa.c).  Arrival masks nothing where these
 * are edges: there is no level to storm.  A level it masks, until the next read.
 * Masking is disable_irq(), which touches the controller only if an interrupt comes
 * meanwhile; and enable_irq() delivers that one, so that none is lost.
 */
#include <linux/interrupt.h>

#include "udrv.h"

/* line->lock is held. */
void udrv_sole_mask(struct udrv_desc *desc)
{
	if (!desc->line->off)
		disable_irq_nosync(desc->line->irq);
	desc->line->off = true;
}

/* line->lock is held. */
void udrv_sole_rearm(struct udrv_desc *desc)
{
	struct udrv_line *line = desc->line;

	if (!line->off || (line->level && desc->count))
		return;
	line->off = false;
	enable_irq(line->irq);
}

irqreturn_t udrv_sole_irq(int irq, void *data)
{
	struct udrv_line *line = data;

	spin_lock(&line->lock);
	udrv_desc_count(line->desc, line->dev);
	if (line->level)
		udrv_sole_mask(line->desc);
	spin_unlock(&line->lock);
	return IRQ_HANDLED;
}

int udrv_sole_request(struct udrv_desc *desc, irq_handler_t handler)
{
	struct udrv_line *line = desc->line;
	int ret;

	line->desc = desc;
	line->off = false;
	ret = request_irq(line->irq, handler, 0, line->name, line);
	if (ret)
		line->desc = NULL;
	return ret;
}

/* The descriptor is dead, so that nothing enables the irq any more. */
void udrv_sole_free(struct udrv_line *line)
{
	free_irq(line->irq, line);
	line->desc = NULL;
}
