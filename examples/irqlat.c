// SPDX-License-Identifier: MIT
/*
 * irqlat.c - what a register access costs, and how long an interrupt takes
 * from the write that raises it to the driver's function; on any backend:
 *
 *	irqlat qtest:edu
 *	irqlat n=10000 irq=msi 0000:00:04.0
 *
 * It needs a card that interrupts on request.  Registers: QEMU's
 * docs/specs/edu.rst; Intel's 8254x and 82574 manuals, "ICS", "ICR", "IMS",
 * "IMC", "IVAR".
 */
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <udrv.h>

#define N_DEFAULT	1000u
#define N_MAX		1000000u
#define BATCH		8	/* accesses between two looks at the clock */
#define TIMEOUT_MS	2000

struct card {
	struct udrv_id id;
	unsigned int idle;	/* reading it and writing 0 to it change nothing */
	unsigned int raise, cause, bit;
	unsigned int ack;	/* 0: reading the cause acknowledges it */
	unsigned int enable, disable;	/* interrupt mask; 0: none */
	unsigned int route, route_val;	/* MSI-X: which vector; 0: none */
};
static const struct card cards[] = {
	{ .id = { 0x1234, 0x11e8 }, .idle = 0x04, .raise = 0x60, .cause = 0x24, .bit = 0x01,
	  .ack = 0x64 },
	{ .id = { 0x8086, 0x100e }, .idle = 0xd8, .raise = 0xc8, .cause = 0xc0, .bit = 0x04,
	  .enable = 0xd0, .disable = 0xd8 },
	{ .id = { 0x8086, 0x10d3 }, .idle = 0xd8, .raise = 0xc8, .cause = 0xc0, .bit = 0x04 | 1 << 24,
	  .ack = 0xc0,	/* with MSI-X reading does not clear it */
	  .enable = 0xd0, .disable = 0xd8, .route = 0xe4, .route_val = 0x8 << 16 },
};
static const struct udrv_id ids[] = {
	{ 0x1234, 0x11e8 }, { 0x8086, 0x100e }, { 0x8086, 0x10d3 }, { 0, 0 }
};

struct irqlat {
	struct udrv_dev *dev;
	const struct card *card;
	struct udrv_bar regs;
	struct udrv_op next, timeout;
	const char *irq_name;
	uint64_t *ns;
	uint64_t raised;
	unsigned int n, done, seen;
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *what, uint64_t *ns, unsigned int n)
{
	const unsigned int mid = n / 2, p99 = n - 1 - n / 100;

	qsort(ns, n, sizeof(*ns), compare);
	printf("%-10s n %-7u min %8.3f  p50 %8.3f  p99 %8.3f  max %8.3f us\n", what, n,
	       (double)ns[0] / 1e3, (double)ns[mid] / 1e3, (double)ns[p99] / 1e3,
	       (double)ns[n - 1] / 1e3);
}

static void measure_access(struct irqlat *l, const char *what, bool write)
{
	for (unsigned int i = 0; i < l->n; i++) {
		uint64_t start = udrv_now_ns();

		for (unsigned int j = 0; j < BATCH; j++) {
			if (write)
				udrv_write32(&l->regs, l->card->idle, 0);
			else
				udrv_read32(&l->regs, l->card->idle);
		}
		l->ns[i] = (udrv_now_ns() - start) / BATCH;
	}
	print(what, l->ns, l->n);
}

static void next_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct irqlat *l = (struct irqlat *)((char *)op - offsetof(struct irqlat, next));

	l->raised = udrv_now_ns();
	udrv_write32(&l->regs, l->card->raise, l->card->bit);
}

/* Raised from a turn of the loop of its own: the line must be re-armed. */
static void queue_next(struct irqlat *l)
{
	io_uring_prep_nop(udrv_loop_sqe(udrv_loop(l->dev), &l->next));
}

static void irqlat_irq(struct udrv_dev *dev, unsigned int vec)
{
	struct irqlat *l = udrv_priv(dev);
	uint64_t now = udrv_now_ns();
	uint32_t cause = udrv_read32(&l->regs, l->card->cause);

	if (cause == UINT32_MAX || !l->raised)
		return;			/* the device is gone, or not ours */
	if (l->card->ack)
		udrv_write32(&l->regs, l->card->ack, cause);
	l->ns[l->done++] = now - l->raised;
	l->raised = 0;
	if (l->done < l->n) {
		queue_next(l);
		return;
	}
	print(l->irq_name, l->ns, l->n);
	udrv_loop_stop(udrv_loop(dev), 0);
}

static void timeout_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct irqlat *l = (struct irqlat *)((char *)op - offsetof(struct irqlat, timeout));

	if (l->done == l->seen) {
		udrv_log(l->dev, UDRV_ERR, "interrupt %u did not come within %d s", l->done + 1,
			 TIMEOUT_MS / 1000);
		udrv_loop_stop(udrv_loop(l->dev), 1);
		return;
	}
	l->seen = l->done;
	udrv_loop_timer(udrv_loop(l->dev), TIMEOUT_MS, op);
}

static int get_options(struct irqlat *l)
{
	static const char *const names[UDRV_IRQ_TYPES] = { "intx", "msi", "msix" };
	const char *n = udrv_option(l->dev, "n"), *irq = udrv_option(l->dev, "irq");
	unsigned long val = n ? strtoul(n, NULL, 10) : N_DEFAULT;
	enum udrv_irq_type type = UDRV_IRQ_INTX;

	if (val < 1 || val > N_MAX) {
		udrv_log(l->dev, UDRV_ERR, "n=%s: expected a number from 1 to %u", n, N_MAX);
		return -EINVAL;
	}
	l->n = (unsigned int)val;
	while (irq && type < UDRV_IRQ_TYPES && strcmp(irq, names[type]) != 0)
		type++;
	if (type == UDRV_IRQ_TYPES || (irq && !udrv_irq_count(l->dev, type))) {
		udrv_log(l->dev, UDRV_ERR, "irq=%s: expected intx, msi or msix, and that the device has it",
			 irq);
		return -EINVAL;
	}
	l->irq_name = irq ? irq : "interrupt";
	return irq ? udrv_irq_select(l->dev, type) : 0;
}

static int irqlat_reset(struct udrv_dev *dev)
{
	struct irqlat *l = udrv_priv(dev);
	int ret = udrv_bar_map(dev, 0, &l->regs);

	if (ret)
		return ret;
	l->dev = dev;
	for (l->card = cards; l->card->id.device != udrv_id(dev).device; l->card++)
		;
	if (l->card->disable)
		udrv_write32(&l->regs, l->card->disable, 0xffffffff);
	if (l->card->ack)
		udrv_write32(&l->regs, l->card->ack, 0xffffffff);
	return udrv_read32(&l->regs, l->card->cause) == UINT32_MAX ? -ENODEV : 0;
}

static int irqlat_start(struct udrv_dev *dev)
{
	struct irqlat *l = udrv_priv(dev);
	int ret = get_options(l);

	if (ret)
		return ret;
	l->next.done = next_done;
	l->timeout.done = timeout_done;
	l->ns = calloc(l->n, sizeof(*l->ns));
	if (!l->ns)
		return -ENOMEM;
	measure_access(l, "read", false);
	measure_access(l, "write", true);
	ret = udrv_irq_enable(dev, 0, irqlat_irq);
	if (!ret)
		ret = udrv_loop_timer(udrv_loop(dev), TIMEOUT_MS, &l->timeout);
	if (ret) {
		free(l->ns);
		return ret;
	}
	if (l->card->route)
		udrv_write32(&l->regs, l->card->route, l->card->route_val);
	if (l->card->enable)
		udrv_write32(&l->regs, l->card->enable, l->card->bit);
	queue_next(l);
	return 0;
}

static void irqlat_stop(struct udrv_dev *dev)
{
	struct irqlat *l = udrv_priv(dev);

	udrv_reset(dev);
	free(l->ns);
}

static const struct udrv_driver irqlat_driver = {
	.name = "irqlat", .ids = ids, .priv_size = sizeof(struct irqlat),
	.reset = irqlat_reset, .start = irqlat_start, .stop = irqlat_stop,
};

int main(int argc, char *argv[])
{
	return udrv_main(&irqlat_driver, argc, argv);
}
