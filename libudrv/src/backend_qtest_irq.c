// SPDX-License-Identifier: MIT
/*
 * backend_qtest_irq.c - interrupts: an eventfd per vector, written when QEMU
 * says that a line was raised (INTx), or when a message was caught (MSI).
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend_qtest.h"

#define MSI_ENTRY	16		/* bytes of an MSI-X table entry */

static void fire(struct udrv_qtest_vector *v)
{
	v->masked = true;
	/* Fails only on a counter of 2^64-1. */
	if (eventfd_write(v->fd, 1))
		v->masked = false;
}

void udrv_qtest_line(struct udrv_qtest *q, unsigned int line, bool raised)
{
	uint64_t bit;

	if (line >= 64)
		return;
	bit = 1ull << line;
	q->level = raised ? q->level | bit : q->level & ~bit;
	for (unsigned int i = 0; raised && i < UDRV_VECTORS; i++)
		if (q->vectors[i].lines & bit && !q->vectors[i].masked)
			fire(&q->vectors[i]);
}

/* The catcher collects one bit per vector until they are all acknowledged; a
 * message that comes in between keeps its line up, so none is lost. */
void udrv_qtest_catch(struct udrv_qtest *q)
{
	uint32_t came;

	if (q->catching)
		return;			/* these commands are our own */
	q->catching = true;
	while (q->level & q->catcher_line && !q->dead) {
		came = (uint32_t)udrv_qtest_read(q, QTEST_CATCHER + QTEST_CATCH_STATUS, 4);
		udrv_qtest_write(q, QTEST_CATCHER + QTEST_CATCH_ACK, 4, came);
		for (unsigned int i = 0; i < UDRV_VECTORS && !q->dead; i++)
			if (came >> i & 1 && q->vectors[i].fd >= 0 && !q->vectors[i].lines)
				fire(&q->vectors[i]);
	}
	q->catching = false;
}

static bool is_compat_ide(struct udrv_qtest *q)
{
	return q->bars[0].ports && q->bars[0].addr == q->machine->ports + 0x1f0;
}

unsigned int udrv_qtest_irq_count(struct udrv_dev *dev, enum udrv_irq_type type)
{
	struct udrv_qtest *q = dev->backend_data;
	unsigned int cap, n;

	switch (type) {
	case UDRV_IRQ_INTX:
		/* Without an INTx pin, but wired to ISA 14 and 15. */
		if (is_compat_ide(q))
			return 2;
		return udrv_qtest_config(q, PCI_INTERRUPT_PIN, 1) && !q->dead ? 1 : 0;
	case UDRV_IRQ_MSI:
		return q->catcher_line && udrv_qtest_cap(q, PCI_CAP_ID_MSI) ? 1 : 0;
	case UDRV_IRQ_MSIX:
		cap = q->catcher_line ? udrv_qtest_cap(q, PCI_CAP_ID_MSIX) : 0;
		if (!cap)
			return 0;
		n = (udrv_qtest_config(q, cap + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE) + 1;
		return n < UDRV_VECTORS ? n : UDRV_VECTORS;
	default:
		return 0;
	}
}

/* As VFIO does: the pin is silent unless INTx is what was opened. */
static void intx_pin(struct udrv_qtest *q, bool on)
{
	uint32_t cmd = udrv_qtest_config(q, PCI_COMMAND, 2);

	cmd = on ? cmd & ~(uint32_t)PCI_COMMAND_INTX_DISABLE : cmd | PCI_COMMAND_INTX_DISABLE;
	udrv_qtest_config_set(q, PCI_COMMAND, 2, cmd);
}

static int intx_rearm(struct udrv_irq *irq)
{
	struct udrv_qtest *q = irq->dev->backend_data;
	struct udrv_qtest_vector *v = &q->vectors[irq->vec];

	if (q->machine->lines)
		q->machine->lines(q);
	v->masked = false;
	if (q->level & v->lines)
		fire(v);
	return 0;
}

static void intx_close(struct udrv_irq *irq)
{
	struct udrv_qtest *q = irq->dev->backend_data;

	q->vectors[irq->vec] = (struct udrv_qtest_vector){ .fd = -1 };
	intx_pin(q, false);
}

static const struct udrv_irq_ops intx_ops = { .rearm = intx_rearm, .close = intx_close };

static int intx_open(struct udrv_qtest *q, struct udrv_irq *irq)
{
	struct udrv_qtest_vector *v = &q->vectors[irq->vec];

	v->lines = is_compat_ide(q) ? 1ull << (14 + irq->vec) : q->intx_lines;
	v->masked = true;
	irq->ops = &intx_ops;
	intx_pin(q, true);
	return intx_rearm(irq);
}

static void msi_set(struct udrv_qtest *q, bool on)
{
	unsigned int cap = udrv_qtest_cap(q, PCI_CAP_ID_MSI);
	uint32_t flags = udrv_qtest_config(q, cap + PCI_MSI_FLAGS, 2);
	bool wide = flags & PCI_MSI_FLAGS_64BIT;

	udrv_qtest_config_set(q, cap + PCI_MSI_ADDRESS_LO, 4, QTEST_MSI_IOVA + QTEST_CATCH_RAISE);
	if (wide)
		udrv_qtest_config_set(q, cap + PCI_MSI_ADDRESS_HI, 4, 0);
	udrv_qtest_config_set(q, cap + (wide ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32), 2, 1);
	flags &= ~(uint32_t)(PCI_MSI_FLAGS_QSIZE | PCI_MSI_FLAGS_ENABLE);
	udrv_qtest_config_set(q, cap + PCI_MSI_FLAGS, 2, on ? flags | PCI_MSI_FLAGS_ENABLE : flags);
}

static void msix_set(struct udrv_qtest *q, unsigned int vec, bool on)
{
	unsigned int cap = udrv_qtest_cap(q, PCI_CAP_ID_MSIX);
	uint32_t table = udrv_qtest_config(q, cap + PCI_MSIX_TABLE, 4);
	uint32_t flags = udrv_qtest_config(q, cap + PCI_MSIX_FLAGS, 2);
	const struct udrv_qtest_bar *bar = &q->bars[table & PCI_MSIX_TABLE_BIR];
	uint64_t entry = bar->addr + (table & PCI_MSIX_TABLE_OFFSET) + MSI_ENTRY * vec;
	bool any = false;

	udrv_qtest_write(q, entry + PCI_MSIX_ENTRY_LOWER_ADDR, 4,
			 QTEST_MSI_IOVA + QTEST_CATCH_RAISE);
	udrv_qtest_write(q, entry + PCI_MSIX_ENTRY_UPPER_ADDR, 4, 0);
	udrv_qtest_write(q, entry + PCI_MSIX_ENTRY_DATA, 4, 1u << vec);
	udrv_qtest_write(q, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 4,
			 on ? 0 : PCI_MSIX_ENTRY_CTRL_MASKBIT);
	for (unsigned int i = 0; i < UDRV_VECTORS; i++)
		any |= q->vectors[i].fd >= 0;
	flags &= ~(uint32_t)(PCI_MSIX_FLAGS_MASKALL | PCI_MSIX_FLAGS_ENABLE);
	udrv_qtest_config_set(q, cap + PCI_MSIX_FLAGS, 2, any ? flags | PCI_MSIX_FLAGS_ENABLE : flags);
}

static void msi_close(struct udrv_irq *irq)
{
	struct udrv_qtest *q = irq->dev->backend_data;

	q->vectors[irq->vec] = (struct udrv_qtest_vector){ .fd = -1 };
	if (irq->dev->irq_type == UDRV_IRQ_MSI)
		msi_set(q, false);
	else
		msix_set(q, irq->vec, false);
}

static const struct udrv_irq_ops msi_ops = { .close = msi_close };

int udrv_qtest_irq_open(struct udrv_dev *dev, enum udrv_irq_type type, struct udrv_irq *irq)
{
	struct udrv_qtest *q = dev->backend_data;

	irq->fd = eventfd(0, EFD_CLOEXEC);
	if (irq->fd < 0)
		return -errno;
	irq->own_fd = true;
	q->vectors[irq->vec] = (struct udrv_qtest_vector){ .fd = irq->fd };
	if (type == UDRV_IRQ_INTX)
		return intx_open(q, irq);
	irq->ops = &msi_ops;
	intx_pin(q, false);
	if (type == UDRV_IRQ_MSI)
		msi_set(q, true);
	else
		msix_set(q, irq->vec, true);
	return 0;
}
