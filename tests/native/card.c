// SPDX-License-Identifier: MIT
#include "card.h"

struct card *card_of(struct udrv_dev *dev)
{
	return udrv_priv(dev);
}

void card_irq(struct udrv_dev *dev, unsigned int vec)
{
	struct card *c = card_of(dev);

	c->interrupts++;
	c->last_cause = udrv_read32(&c->regs, CARD_ISR);
	udrv_write32(&c->regs, CARD_ACK, c->last_cause);
}

static int card_reset(struct udrv_dev *dev)
{
	struct card *c = card_of(dev);
	int ret = udrv_bar_map(dev, 0, &c->regs);

	if (ret)
		return ret;
	udrv_write32(&c->regs, CARD_STATUS, 0);
	ret = udrv_wait32(&c->regs, CARD_STATUS, CARD_BUSY, 0, 1000000);
	if (!ret)
		ret = udrv_wait32(&c->regs, CARD_CMD, CARD_GO, 0, 1000000);
	udrv_write32(&c->regs, CARD_ACK, UINT32_MAX);
	return ret;
}

static int card_start(struct udrv_dev *dev)
{
	return udrv_dma_mask(dev, 28);
}

static void card_stop(struct udrv_dev *dev)
{
	udrv_reset(dev);
}

static const struct udrv_id ids[] = { { 0x1234, 0x11e8 }, { 0, 0 } };
const struct udrv_driver card_driver = {
	.name = "card", .ids = ids, .priv_size = sizeof(struct card), .dma_size = 256 << 10,
	.reset = card_reset, .start = card_start, .stop = card_stop,
};

struct udrv_dev *card_open(const char *name)
{
	struct udrv_dev *dev;

	assert_int_equal(udrv_open(&dev, name, &card_driver), 0);
	assert_int_equal(udrv_start(dev), 0);
	return dev;
}

void card_dma_begin(struct udrv_dev *dev, uint64_t src, uint64_t dst, uint32_t len, uint32_t cmd)
{
	struct card *c = card_of(dev);

	udrv_write32(&c->regs, CARD_SRC, (uint32_t)src);
	udrv_write32(&c->regs, CARD_DST, (uint32_t)dst);
	udrv_write32(&c->regs, CARD_LEN, len);
	udrv_write32(&c->regs, CARD_CMD, CARD_GO | cmd);
}

int card_dma(struct udrv_dev *dev, uint64_t src, uint64_t dst, uint32_t len, uint32_t cmd)
{
	card_dma_begin(dev, src, dst, len, cmd);
	return udrv_wait32(&card_of(dev)->regs, CARD_CMD, CARD_GO, 0, 2000000);
}
