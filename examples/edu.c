// SPDX-License-Identifier: MIT
/* edu.c - a whole driver, for QEMU's teaching device: computes 10!, then hands it to
 * the card by DMA.  Names in quotes are headings of QEMU's docs/specs/edu.rst. */
#include <udrv.h>

enum {					/* "MMIO area spec" */
	EDU_FACT = 0x08, EDU_STATUS = 0x20, EDU_ISR = 0x24, EDU_ACK = 0x64, EDU_DMA_SRC = 0x80,
	EDU_DMA_DST = 0x88, EDU_DMA_LEN = 0x90, EDU_DMA_CMD = 0x98, EDU_CARD_BUF = 0x40000,
	EDU_STATUS_BUSY = 0x01, EDU_STATUS_IRQ = 0x80, EDU_ISR_FACT = 0x001, EDU_ISR_DMA = 0x100,
	EDU_DMA_GO = 0x01, EDU_DMA_IRQ = 0x04,		/* "DMA controller" */
};

struct edu {
	struct udrv_op timeout;
	struct udrv_dev *dev;
	struct udrv_bar regs;
	struct udrv_dma buf;
};

static void edu_irq(struct udrv_dev *dev, unsigned int vec)
{
	struct edu *edu = udrv_priv(dev);
	uint32_t *result = edu->buf.va, cause = udrv_read32(&edu->regs, EDU_ISR);

	udrv_write32(&edu->regs, EDU_ACK, cause);
	if (cause == EDU_ISR_DMA) {
		udrv_log(dev, UDRV_INFO, "interrupt %u: DMA done", vec);
		udrv_loop_stop(udrv_loop(dev), 0);
	} else if (cause == EDU_ISR_FACT) {
		*result = udrv_read32(&edu->regs, EDU_FACT);
		udrv_log(dev, UDRV_INFO, "interrupt %u: 10! = %u", vec, *result);
		udrv_write32(&edu->regs, EDU_DMA_SRC, (uint32_t)edu->buf.iova);
		udrv_write32(&edu->regs, EDU_DMA_DST, EDU_CARD_BUF);
		udrv_write32(&edu->regs, EDU_DMA_LEN, sizeof(*result));
		udrv_write32(&edu->regs, EDU_DMA_CMD, EDU_DMA_GO | EDU_DMA_IRQ);
	}
}

static void edu_timeout(struct udrv_op *op, int res, unsigned int flags)
{
	struct edu *edu = (struct edu *)op;	/* whose first member it is */

	udrv_log(edu->dev, UDRV_ERR, "no answer for 2 s");
	udrv_loop_stop(udrv_loop(edu->dev), 1);
}

static int edu_reset(struct udrv_dev *dev)	/* the device has none of its own */
{
	struct edu *edu = udrv_priv(dev);
	int ret = udrv_bar_map(dev, 0, &edu->regs);

	if (ret)
		return ret;
	udrv_write32(&edu->regs, EDU_STATUS, 0);
	if (!(ret = udrv_wait32(&edu->regs, EDU_STATUS, EDU_STATUS_BUSY, 0, 1000000)))
		ret = udrv_wait32(&edu->regs, EDU_DMA_CMD, EDU_DMA_GO, 0, 1000000); /* it takes 0.1 s */
	udrv_write32(&edu->regs, EDU_ACK, 0xffffffff);
	return ret;
}

static int edu_start(struct udrv_dev *dev)
{
	struct edu *edu = udrv_priv(dev);
	int ret;

	*edu = (struct edu){ .timeout.done = edu_timeout, .dev = dev, .regs = edu->regs };
	if ((ret = udrv_dma_mask(dev, 28)) || (ret = udrv_dma_alloc(dev, 4096, &edu->buf)) ||
	    (ret = udrv_irq_enable(dev, 0, edu_irq)) ||
	    (ret = udrv_loop_timer(udrv_loop(dev), 2000, &edu->timeout)))
		return ret;			/* the device owns it, and gives it back */
	udrv_write32(&edu->regs, EDU_STATUS, EDU_STATUS_IRQ);
	udrv_write32(&edu->regs, EDU_FACT, 10);
	return 0;
}

static void edu_stop(struct udrv_dev *dev)
{
	udrv_reset(dev);			/* no DMA after this line */
}

static const struct udrv_driver edu_driver = {
	.name = "edu", .ids = (const struct udrv_id[]){ { 0x1234, 0x11e8 }, { 0, 0 } },
	.priv_size = sizeof(struct edu), .reset = edu_reset, .start = edu_start, .stop = edu_stop,
};

int main(int argc, char *argv[])
{
	return udrv_main(&edu_driver, argc, argv);
}
