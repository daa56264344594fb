// SPDX-License-Identifier: MIT
/*
 * trace.c - a record of what driver and device say to each other: an ops table
 * around any backend's (and around the faults': it shows what the driver sees).
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <udrv/trace.h>

#include "internal.h"

struct udrv_tracer {
	struct udrv_dev *dev;
	struct udrv_backend_ops ops;	/* what the core calls */
	const struct udrv_backend_ops *inner;
	struct udrv_trace *ring;	/* one of these two */
	FILE *text;
	struct trace_bar {
		struct udrv_tracer *t;
		unsigned int n;
		struct udrv_bar inner;
	} bars[UDRV_BARS];
	struct udrv_irq_ops irq_ops[UDRV_VECTORS];
	const struct udrv_irq_ops *inner_irq[UDRV_VECTORS];
};

/* ---- writing ------------------------------------------------------------------- */

static void print_entry(FILE *to, const struct udrv_trace_entry *e)
{
	char where[40];

	switch (e->kind) {
	case UDRV_TRACE_IRQ:
		snprintf(where, sizeof(where), "interrupt %u", e->off);
		break;
	case UDRV_TRACE_CONFIG_READ:
	case UDRV_TRACE_CONFIG_WRITE:
		snprintf(where, sizeof(where), "config 0x%03x", e->off);
		break;
	default:
		snprintf(where, sizeof(where), "BAR%u 0x%05x %s", e->bar, e->off, e->name);
	}
	if (e->at)
		snprintf(where + strlen(where), sizeof(where) - strlen(where), "+0x%x", e->at);
	fprintf(to, "%llu.%09llu %c %-30s 0x%0*x\n", (unsigned long long)(e->ns / 1000000000),
		(unsigned long long)(e->ns % 1000000000), e->kind, where, 2 * e->width, e->val);
}

static void record(struct udrv_tracer *t, const struct udrv_trace_entry *e)
{
	if (t->text) {
		print_entry(t->text, e);
		return;
	}
	t->ring->ring[t->ring->n % UDRV_TRACE_ENTRIES] = *e;
	/* Whoever reads after our death finds whole entries only. */
	__atomic_store_n(&t->ring->n, t->ring->n + 1, __ATOMIC_RELEASE);
}

static void name_it(const struct udrv_tracer *t, struct udrv_trace_entry *e)
{
	for (const struct udrv_reg *r = t->dev->drv->regs; r && r->len; r++) {
		if (r->bar != e->bar || e->off < r->off || e->off >= r->off + r->len)
			continue;
		e->at = (uint8_t)(e->off - r->off);
		snprintf(e->name, sizeof(e->name), "%s", r->name);
		return;
	}
}

static void record_access(const struct trace_bar *b, enum udrv_trace_kind kind, size_t off,
			  unsigned int width, uint32_t val)
{
	struct udrv_trace_entry e = {
		.ns = udrv_now_ns(), .off = (uint32_t)off, .val = val, .kind = (uint8_t)kind,
		.bar = (uint8_t)b->n, .width = (uint8_t)width,
	};

	name_it(b->t, &e);
	record(b->t, &e);
}

static void record_config(struct udrv_tracer *t, enum udrv_trace_kind kind, unsigned int off,
			  unsigned int len, uint32_t val)
{
	struct udrv_trace_entry e = {
		.ns = udrv_now_ns(), .off = off, .val = val, .kind = (uint8_t)kind,
		.width = (uint8_t)len,
	};

	record(t, &e);
}

/* ---- around the backend ----------------------------------------------------------- */

static uint32_t trace_read(const struct udrv_bar *bar, size_t off, unsigned int width)
{
	struct trace_bar *b = bar->io_arg;
	uint32_t val = udrv_bar_read(&b->inner, off, width);

	record_access(b, UDRV_TRACE_READ, off, width, val);
	return val;
}

static void trace_write(const struct udrv_bar *bar, size_t off, unsigned int width, uint32_t val)
{
	struct trace_bar *b = bar->io_arg;

	/* Before: it may be the last thing that happens. */
	record_access(b, UDRV_TRACE_WRITE, off, width, val);
	udrv_bar_write(&b->inner, off, width, val);
}

static const struct udrv_bar_io trace_io = { .read = trace_read, .write = trace_write };

static int trace_bar_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar)
{
	struct trace_bar *b = &dev->tracer->bars[n];
	int ret = dev->tracer->inner->bar_map(dev, n, &b->inner);

	if (ret)
		return ret;
	b->t = dev->tracer;
	b->n = n;
	*bar = (struct udrv_bar){ .len = b->inner.len, .io = &trace_io, .io_arg = b };
	return 0;
}

static void trace_bar_unmap(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar)
{
	if (dev->tracer->inner->bar_unmap)
		dev->tracer->inner->bar_unmap(dev, n, &dev->tracer->bars[n].inner);
}

static int trace_config_read(struct udrv_dev *dev, unsigned int off, unsigned int len,
			     uint32_t *val)
{
	int ret = dev->tracer->inner->config_read(dev, off, len, val);

	if (!ret)
		record_config(dev->tracer, UDRV_TRACE_CONFIG_READ, off, len, *val);
	return ret;
}

static int trace_config_write(struct udrv_dev *dev, unsigned int off, unsigned int len,
			      uint32_t val)
{
	record_config(dev->tracer, UDRV_TRACE_CONFIG_WRITE, off, len, val);
	return dev->tracer->inner->config_write(dev, off, len, val);
}

static bool trace_wakeup(struct udrv_irq *irq)
{
	struct udrv_tracer *t = irq->dev->tracer;
	const struct udrv_irq_ops *inner = t->inner_irq[irq->vec];
	struct udrv_trace_entry e = {
		.ns = udrv_now_ns(), .off = irq->vec, .val = (uint32_t)irq->count,
		.kind = UDRV_TRACE_IRQ, .width = 4,
	};

	if (inner->wakeup && !inner->wakeup(irq))
		return false;
	record(t, &e);
	return true;
}

static int trace_irq_open(struct udrv_dev *dev, enum udrv_irq_type type, struct udrv_irq *irq)
{
	struct udrv_tracer *t = dev->tracer;
	int ret = t->inner->irq_open(dev, type, irq);

	if (ret)
		return ret;
	t->inner_irq[irq->vec] = irq->ops;
	t->irq_ops[irq->vec] = *irq->ops;
	t->irq_ops[irq->vec].wakeup = trace_wakeup;
	irq->ops = &t->irq_ops[irq->vec];
	return 0;
}

/* ---- beginning and end ---------------------------------------------------------------- */

static void let_go(struct udrv_tracer *t)
{
	if (t->ring)
		munmap(t->ring, sizeof(*t->ring));
	if (t->text && t->text != stderr)
		fclose(t->text);
	free(t);
}

static void trace_close(struct udrv_dev *dev)
{
	struct udrv_tracer *t = dev->tracer;

	dev->ops = t->inner;
	dev->ops->close(dev);
	dev->tracer = NULL;
	let_go(t);
}

/* 0, also if nobody wants a trace. */
static int open_ring(struct udrv_tracer *t, int fd)
{
	struct udrv_trace *ring;
	struct stat st;

	if (fstat(fd, &st) || st.st_size < (off_t)sizeof(*ring))
		return -EINVAL;
	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	if (ring->magic == UDRV_TRACE_MAGIC && ring->on)
		t->ring = ring;
	else
		munmap(ring, sizeof(*ring));
	return 0;
}

static int open_text(struct udrv_tracer *t, const char *path)
{
	t->text = strcmp(path, "-") ? fopen(path, "we") : stderr;
	if (!t->text)
		return -errno;
	/* A crash must not take the last lines along. */
	setvbuf(t->text, NULL, _IOLBF, BUFSIZ);
	return 0;
}

static int open_sink(struct udrv_tracer *t)
{
	const char *path = getenv("UDRV_TRACE");
	int fd = udrv_fds_find(&t->dev->fds, "trace");
	int ret = fd >= 0 ? open_ring(t, fd) : path && *path ? open_text(t, path) : 0;

	if (ret)
		udrv_log(t->dev, UDRV_ERR, "no trace can be written%s%s: %s", fd < 0 ? " to " : "",
			 fd < 0 ? path : "", strerror(-ret));
	return ret;
}

int udrv_trace_wrap(struct udrv_dev *dev)
{
	struct udrv_tracer *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return -ENOMEM;
	t->dev = dev;
	ret = open_sink(t);
	if (ret || (!t->ring && !t->text)) {
		let_go(t);
		return ret;
	}
	/* What is not wrapped stays the inner backend's, also "has none". */
	t->inner = dev->ops;
	t->ops = *dev->ops;
	t->ops.close = trace_close;
	t->ops.config_read = trace_config_read;
	t->ops.config_write = trace_config_write;
	t->ops.bar_map = trace_bar_map;
	t->ops.bar_unmap = trace_bar_unmap;
	t->ops.irq_open = trace_irq_open;
	dev->tracer = t;
	dev->ops = &t->ops;
	return 0;
}
