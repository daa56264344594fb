// SPDX-License-Identifier: MIT
/*
 * irq.c - interrupts as reads.  For each enabled vector one read of a u64 is
 * in flight; its completion runs the driver's function, re-arms the vector
 * and queues the next read.  An eventfd and a descriptor of udrv.ko look the
 * same here: only re-arming differs (udrv.ko's next read does it by itself).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

static const char *const type_names[UDRV_IRQ_TYPES] = { "INTx", "MSI", "MSI-X" };

unsigned int udrv_irq_count(struct udrv_dev *dev, enum udrv_irq_type type)
{
	if ((unsigned int)type >= UDRV_IRQ_TYPES)
		return 0;
	return dev->ops->irq_count(dev, type);
}

int udrv_irq_select(struct udrv_dev *dev, enum udrv_irq_type type)
{
	for (unsigned int i = 0; i < UDRV_VECTORS; i++)
		if (dev->irqs[i])
			return -EBUSY;
	if (!udrv_irq_count(dev, type))
		return -ENOENT;
	dev->irq_type = type;
	dev->irq_selected = true;
	return 0;
}

static int irq_select_default(struct udrv_dev *dev)
{
	for (enum udrv_irq_type t = UDRV_IRQ_INTX; t < UDRV_IRQ_TYPES; t++)
		if (!udrv_irq_select(dev, t))
			return 0;
	udrv_log(dev, UDRV_ERR, "the device has no interrupt that can be used");
	return -ENOENT;
}

static void irq_read(struct udrv_irq *irq)
{
	struct io_uring_sqe *sqe = udrv_loop_sqe(&irq->dev->loop, &irq->op);

	io_uring_prep_read(sqe, irq->fd, &irq->count, sizeof(irq->count), 0);
	irq->reading = true;
}

/* A disabled vector whose read is still under way, or whose function is what
 * disables it, must stay in memory. */
static void irq_drop(struct udrv_irq *irq)
{
	if (!irq->reading && !irq->running) {
		free(irq);
		return;
	}
	irq->next = irq->dev->irq_orphans;
	irq->dev->irq_orphans = irq;
}

static void irq_orphan_done(struct udrv_irq *irq)
{
	struct udrv_irq **at = &irq->dev->irq_orphans;

	while (*at != irq)
		at = &(*at)->next;
	*at = irq->next;
	free(irq);
}

static void irq_lost(struct udrv_irq *irq, const char *what, int ret)
{
	udrv_log(irq->dev, UDRV_ERR, "interrupt %u %s: %s", irq->vec, what, strerror(-ret));
	udrv_loop_stop(&irq->dev->loop, ret);
}

static void irq_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_irq *irq = container_of(op, struct udrv_irq, op);
	struct udrv_dev *dev = irq->dev;
	int ret;

	irq->reading = false;
	if (!irq->fn) {
		irq_orphan_done(irq);	/* disabled while the read was under way */
		return;
	}
	if (res == -EINTR || res == -EAGAIN) {
		irq_read(irq);
		return;
	}
	if (res != sizeof(irq->count)) {
		irq_lost(irq, "is lost", res < 0 ? res : -EIO);
		return;
	}
	if (irq->ops->wakeup && !irq->ops->wakeup(irq)) {
		/* Not re-armed, so that a level interrupt stays lost. */
		if (dev->irq_type != UDRV_IRQ_INTX)
			irq_read(irq);
		return;
	}
	irq->running = true;
	irq->fn(dev, irq->vec);
	irq->running = false;
	if (!irq->fn)
		irq_orphan_done(irq);	/* it disabled itself */
	else if (irq->ops->rearm && (ret = irq->ops->rearm(irq)))
		irq_lost(irq, "cannot be unmasked", ret);
	else
		irq_read(irq);
}

int udrv_irq_enable(struct udrv_dev *dev, unsigned int vec, udrv_irq_fn *fn)
{
	struct udrv_irq *irq;
	int ret;

	if (!dev->irq_selected && (ret = irq_select_default(dev)))
		return ret;
	if (vec >= UDRV_VECTORS || vec >= udrv_irq_count(dev, dev->irq_type) || !fn)
		return -EINVAL;
	if (dev->irqs[vec])
		return -EBUSY;

	irq = calloc(1, sizeof(*irq));
	if (!irq)
		return -ENOMEM;
	*irq = (struct udrv_irq){
		.op.done = irq_done, .dev = dev, .vec = vec, .fn = fn, .fd = -1,
	};
	ret = dev->ops->irq_open(dev, dev->irq_type, irq);
	if (ret) {
		udrv_log(dev, UDRV_ERR, "%s %u cannot be opened: %s",
			 type_names[dev->irq_type], vec, strerror(-ret));
		free(irq);
		return ret;
	}
	dev->irqs[vec] = irq;
	irq_read(irq);
	return 0;
}

void udrv_irq_disable(struct udrv_dev *dev, unsigned int vec)
{
	struct udrv_irq *irq;

	if (vec >= UDRV_VECTORS || !dev->irqs[vec])
		return;
	irq = dev->irqs[vec];
	dev->irqs[vec] = NULL;
	irq->fn = NULL;
	if (irq->reading) {
		udrv_loop_cancel(&dev->loop, &irq->op);
		/* Before the descriptor is closed: its number may soon be the
		 * next vector's, whose interrupt a read still in the queue
		 * would take.  If this fails the cancel follows later. */
		io_uring_submit(&dev->loop.ring);
	}
	if (irq->ops->close)
		irq->ops->close(irq);
	if (irq->own_fd)
		close(irq->fd);
	irq_drop(irq);
}

void udrv_irq_close_all(struct udrv_dev *dev)
{
	for (unsigned int i = 0; i < UDRV_VECTORS; i++)
		udrv_irq_disable(dev, i);
}

void udrv_irq_free_orphans(struct udrv_dev *dev)
{
	while (dev->irq_orphans) {
		struct udrv_irq *irq = dev->irq_orphans;

		dev->irq_orphans = irq->next;
		free(irq);
	}
}
