// SPDX-License-Identifier: MIT
/*
 * A driver on libudrv for all MSI-X vectors of the 82574L: raises each in turn and
 * waits for it.  Registers: 82574 manual, section 10.2.4.
 *
 *	irqdrv [n=ROUNDS] [pause=US] BDF	bound to udrv or to vfio-pci
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <udrv.h>

enum {
	ICR = 0xc0, ICS = 0xc8, IMS = 0xd0, IMC = 0xd8, EIAC = 0xdc, IVAR = 0xe4,
	VECTORS = 5,
	FIRST_CAUSE = 20,		/* RxQ0, RxQ1, TxQ0, TxQ1, other */
	CAUSES = 0x1f << FIRST_CAUSE,
	EACH_ITS_OWN = 0xcba98,		/* IVAR: valid, and vectors 0 to 4 */
	TIMEOUT_MS = 5000, ROUNDS = 20,
};

struct irqdrv {
	struct udrv_op timeout;		/* first member: its address is ours */
	struct udrv_dev *dev;
	struct udrv_bar regs;
	unsigned int next, left;
	unsigned int pause;		/* us, after each */
};

static void raise_next(struct irqdrv *d)
{
	uint32_t cause = 1u << (FIRST_CAUSE + d->next);

	/* EIAC clears the cause when it is sent, and its mask besides. */
	udrv_write32(&d->regs, IMS, cause);
	udrv_write32(&d->regs, ICS, cause);
}

static void irqdrv_irq(struct udrv_dev *dev, unsigned int vec)
{
	struct irqdrv *d = udrv_priv(dev);

	/* QEMU sends some a second time, when its throttle of 128 us ends. */
	if (vec != d->next)
		return;
	d->next = (d->next + 1) % VECTORS;
	if (d->pause)
		udrv_usleep(d->pause);
	if (--d->left)
		raise_next(d);
	else
		udrv_loop_stop(udrv_loop(dev), 0);
}

static void irqdrv_timeout(struct udrv_op *op, int res, unsigned int flags)
{
	struct irqdrv *d = (struct irqdrv *)op;

	udrv_log(d->dev, UDRV_ERR, "vector %u did not come; %u were to come yet", d->next, d->left);
	udrv_loop_stop(udrv_loop(d->dev), 1);
}

static int irqdrv_reset(struct udrv_dev *dev)
{
	struct irqdrv *d = udrv_priv(dev);
	int ret = udrv_bar_map(dev, 0, &d->regs);

	if (ret)
		return ret;
	udrv_write32(&d->regs, IMC, 0xffffffff);
	/* What is pending from before, a change of link for one, is not sent again. */
	udrv_write32(&d->regs, ICR, 0xffffffff);
	return 0;
}

static int irqdrv_start(struct udrv_dev *dev)
{
	struct irqdrv *d = udrv_priv(dev);
	const char *n = udrv_option(dev, "n"), *pause = udrv_option(dev, "pause");
	int ret = udrv_irq_select(dev, UDRV_IRQ_MSIX);

	d->dev = dev;
	d->timeout.done = irqdrv_timeout;
	d->next = 0;
	d->pause = pause ? (unsigned int)strtoul(pause, NULL, 10) : 0;
	d->left = VECTORS * (n ? (unsigned int)strtoul(n, NULL, 10) : ROUNDS);
	for (unsigned int vec = 0; !ret && vec < VECTORS; vec++)
		ret = udrv_irq_enable(dev, vec, irqdrv_irq);
	if (!ret)
		ret = udrv_loop_timer(udrv_loop(dev), n ? 3600000 : TIMEOUT_MS, &d->timeout);
	if (ret)
		return ret;
	udrv_write32(&d->regs, IVAR, EACH_ITS_OWN);
	udrv_write32(&d->regs, EIAC, CAUSES);
	raise_next(d);
	return 0;
}

static void irqdrv_stop(struct udrv_dev *dev)
{
	udrv_reset(dev);
}

static const struct udrv_driver irqdrv_driver = {
	.name = "irqdrv", .ids = (const struct udrv_id[]){ { 0x8086, 0x10d3 }, { 0, 0 } },
	.priv_size = sizeof(struct irqdrv),
	.reset = irqdrv_reset, .start = irqdrv_start, .stop = irqdrv_stop,
};

int main(int argc, char *argv[])
{
	return udrv_main(&irqdrv_driver, argc, argv);
}
