// SPDX-License-Identifier: MIT
/*
 * backend_none.c - no hardware at all: for drivers that make a disk or a network
 * out of something else.  They get a loop, memory and a supervisor like others.
 */
#include <errno.h>

#include "internal.h"

static int none_open(struct udrv_dev *dev, const char *name)
{
	dev->backend_data = dev;	/* not NULL: it is open */
	/* Nobody looks at these addresses, but they are as good as others. */
	return udrv_iova_add(&dev->iova, 0, UINT64_MAX >> 1);
}

static void none_close(struct udrv_dev *dev)
{
	dev->backend_data = NULL;
}

static int none_config_read(struct udrv_dev *dev, unsigned int off, unsigned int len,
			    uint32_t *val)
{
	return -ENODEV;
}

static int none_config_write(struct udrv_dev *dev, unsigned int off, unsigned int len,
			     uint32_t val)
{
	return -ENODEV;
}

static int none_bar_map(struct udrv_dev *dev, unsigned int n, struct udrv_bar *bar)
{
	return -ENOENT;
}

static int none_reset(struct udrv_dev *dev)
{
	return 0;
}

static unsigned int none_irq_count(struct udrv_dev *dev, enum udrv_irq_type type)
{
	return 0;
}

static int none_irq_open(struct udrv_dev *dev, enum udrv_irq_type type, struct udrv_irq *irq)
{
	return -ENODEV;
}

static int none_dma_map(struct udrv_dev *dev, void *va, size_t len, uint64_t iova)
{
	return 0;
}

static int none_dma_unmap(struct udrv_dev *dev, uint64_t iova, size_t len)
{
	return 0;
}

const struct udrv_backend_ops udrv_backend_none = {
	.name = "none",
	.open = none_open,
	.close = none_close,
	.config_read = none_config_read,
	.config_write = none_config_write,
	.bar_map = none_bar_map,
	.reset = none_reset,
	.irq_count = none_irq_count,
	.irq_open = none_irq_open,
	.dma_map = none_dma_map,
	.dma_unmap = none_dma_unmap,
};
