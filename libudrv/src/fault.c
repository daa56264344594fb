// SPDX-License-Identifier: MIT
/*
 * fault.c - hardware that misbehaves on demand: an ops table around any
 * backend's.  For tests; nothing of it runs without UDRV_FAULT.
 *
 * UDRV_FAULT=WHAT:FROM[-TO][,...]; numbers count from 1; no TO: for ever.
 *   gone:N	from register access N on the device is not there: reads give
 *		all ones, writes and interrupts get lost (surprise removal)
 *   stuck:N-M	register writes N..M do not arrive, so that work which was
 *		queued is never done (counts all accesses)
 *   nodma:N-M	during accesses N..M the device reaches no memory, though
 *		config space says that it may
 *   noirq:N-M	interrupts N..M get lost; one of the level kind stays masked
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum fault_what { GONE, STUCK, NODMA, NOIRQ, WHATS };

static const struct {
	const char *name, *text;
} faults[WHATS] = {
	[GONE]	= { "gone",  "register access: the device is gone" },
	[STUCK]	= { "stuck", "register access: writes get lost" },
	[NODMA]	= { "nodma", "register access: no DMA" },
	[NOIRQ]	= { "noirq", "interrupt: lost" },
};

struct udrv_fault {
	struct udrv_dev *dev;
	struct udrv_backend_ops ops;	/* what the core calls */
	const struct udrv_backend_ops *inner;
	struct {
		uint64_t from, to;	/* to 0: this fault does not happen */
	} when[WHATS];
	uint64_t accesses, interrupts;
	bool master_off, master_wanted;	/* NODMA: what we did, what was asked for */
	struct fault_bar {
		struct udrv_fault *f;
		struct udrv_bar inner;
	} bars[UDRV_BARS];
	struct udrv_irq_ops irq_ops[UDRV_VECTORS];
};

static bool is_on(const struct udrv_fault *f, enum fault_what what, uint64_t count)
{
	return f->when[what].to && count >= f->when[what].from && count <= f->when[what].to;
}

static bool is_gone(const struct udrv_fault *f)
{
	return is_on(f, GONE, f->accesses);
}

static void announce(const struct udrv_fault *f, enum fault_what what, uint64_t count)
{
	if (f->when[what].to && count == f->when[what].from)
		udrv_log(f->dev, UDRV_WARN, "UDRV_FAULT from %llu. %s",
			 (unsigned long long)count, faults[what].text);
}

/* Below the driver's back: it still reads that bus mastering is on. */
static void set_dma(struct udrv_fault *f)
{
	bool off = is_on(f, NODMA, f->accesses);
	uint32_t cmd;

	if (off == f->master_off || f->inner->config_read(f->dev, PCI_COMMAND, 2, &cmd))
		return;
	if (off)
		f->master_wanted = cmd & PCI_COMMAND_MASTER;
	cmd &= ~(uint32_t)PCI_COMMAND_MASTER;
	if (!off && f->master_wanted)
		cmd |= PCI_COMMAND_MASTER;
	f->inner->config_write(f->dev, PCI_COMMAND, 2, cmd);
	f->master_off = off;
}

static void count_access(struct udrv_fault *f)
{
	f->accesses++;
	for (enum fault_what what = GONE; what <= NODMA; what++)
		announce(f, what, f->accesses);
	set_dma(f);
}

static uint32_t fault_read(const struct udrv_bar *bar, size_t off, unsigned int width)
{
	struct fault_bar *b = bar->io_arg;

	count_access(b->f);
	if (is_gone(b->f))
		return UINT32_MAX;
	return udrv_bar_read(&b->inner, off, width);
}

static void fault_write(const struct udrv_bar *bar, size_t off, unsigned int width, uint32_t val)
{
	struct fault_bar *b = bar->io_arg;

	count_access(b->f);
	if (is_gone(b->f) || is_on(b->f, STUCK, b->f->accesses))
		return;
	udrv_bar_write(&b->inner, off, width, val);
}

static const struct udrv_bar_io fault_io = { .read = fault_read, .write = fault_write };

static int fault_bar_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar)
{
	struct fault_bar *b = &dev->fault->bars[n];
	int ret = dev->fault->inner->bar_map(dev, n, &b->inner);

	if (ret)
		return ret;
	b->f = dev->fault;
	*bar = (struct udrv_bar){ .len = b->inner.len, .io = &fault_io, .io_arg = b };
	return 0;
}

static void fault_bar_unmap(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar)
{
	if (dev->fault->inner->bar_unmap)
		dev->fault->inner->bar_unmap(dev, n, &dev->fault->bars[n].inner);
}

static bool has_master(unsigned int off, unsigned int len)
{
	return off == PCI_COMMAND && len >= 2;
}

static int fault_config_read(struct udrv_dev *dev, unsigned int off, unsigned int len,
			     uint32_t *val)
{
	struct udrv_fault *f = dev->fault;
	int ret;

	if (is_gone(f)) {
		*val = UINT32_MAX >> (32 - 8 * len);
		return 0;
	}
	ret = f->inner->config_read(dev, off, len, val);
	if (!ret && f->master_off && has_master(off, len) && f->master_wanted)
		*val |= PCI_COMMAND_MASTER;
	return ret;
}

static int fault_config_write(struct udrv_dev *dev, unsigned int off, unsigned int len,
			      uint32_t val)
{
	struct udrv_fault *f = dev->fault;

	if (is_gone(f))
		return 0;
	if (f->master_off && has_master(off, len)) {
		f->master_wanted = val & PCI_COMMAND_MASTER;
		val &= ~(uint32_t)PCI_COMMAND_MASTER;
	}
	return f->inner->config_write(dev, off, len, val);
}

static bool fault_wakeup(struct udrv_irq *irq)
{
	struct udrv_fault *f = irq->dev->fault;

	announce(f, NOIRQ, ++f->interrupts);
	return !is_gone(f) && !is_on(f, NOIRQ, f->interrupts);
}

static int fault_irq_open(struct udrv_dev *dev, enum udrv_irq_type type, struct udrv_irq *irq)
{
	struct udrv_fault *f = dev->fault;
	int ret = f->inner->irq_open(dev, type, irq);

	if (ret)
		return ret;
	f->irq_ops[irq->vec] = *irq->ops;
	f->irq_ops[irq->vec].wakeup = fault_wakeup;
	irq->ops = &f->irq_ops[irq->vec];
	return 0;
}

static void fault_close(struct udrv_dev *dev)
{
	struct udrv_fault *f = dev->fault;

	dev->ops = f->inner;
	dev->ops->close(dev);
	dev->fault = NULL;
	free(f);
}

/* "WHAT:FROM[-TO]" */
static int parse_one(struct udrv_fault *f, const char *text)
{
	unsigned long long from, to = UINT64_MAX;
	int end = 0;
	char name[8];

	if (sscanf(text, "%7[a-z]:%llu%n-%llu%n", name, &from, &end, &to, &end) < 2 ||
	    text[end] || text[strlen(name) + 1] == '-' || !from || to < from)
		return -EINVAL;
	for (enum fault_what what = GONE; what < WHATS; what++) {
		if (strcmp(name, faults[what].name) != 0)
			continue;
		f->when[what].from = from;
		f->when[what].to = to;
		return 0;
	}
	return -EINVAL;
}

static int parse(struct udrv_fault *f, const char *spec)
{
	char *copy = strdup(spec), *save = NULL;
	int ret = copy ? 0 : -ENOMEM;

	for (char *one = copy ? strtok_r(copy, ",", &save) : NULL; one && !ret;
	     one = strtok_r(NULL, ",", &save)) {
		ret = parse_one(f, one);
		if (ret)
			udrv_log(f->dev, UDRV_ERR, "UDRV_FAULT: '%s' is none of gone:N, stuck:N-M, nodma:N-M, noirq:N-M",
				 one);
	}
	free(copy);
	return ret;
}

int udrv_fault_wrap(struct udrv_dev *dev)
{
	const char *spec = getenv("UDRV_FAULT");
	struct udrv_fault *f;
	int ret;

	if (!spec || !spec[0])
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->dev = dev;
	ret = parse(f, spec);
	if (ret) {
		free(f);
		return ret;
	}
	/* What is not wrapped stays the inner backend's, also "has none". */
	f->inner = dev->ops;
	f->ops = *dev->ops;
	f->ops.close = fault_close;
	f->ops.config_read = fault_config_read;
	f->ops.config_write = fault_config_write;
	f->ops.bar_map = fault_bar_map;
	f->ops.bar_unmap = fault_bar_unmap;
	f->ops.irq_open = fault_irq_open;
	dev->fault = f;
	dev->ops = &f->ops;
	return 0;
}
