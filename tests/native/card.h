/* SPDX-License-Identifier: MIT */
/*
 * card.h - QEMU's edu card under a driver that does nothing by itself, so that
 * a test can make it do anything.  Registers: QEMU's docs/specs/edu.rst.
 */
#ifndef TESTS_NATIVE_CARD_H
#define TESTS_NATIVE_CARD_H

#include "help.h"

enum {
	CARD_ID = 0x00, CARD_ID_VALUE = 0x010000ed, CARD_LIVE = 0x04, CARD_FACT = 0x08,
	CARD_STATUS = 0x20, CARD_ISR = 0x24, CARD_RAISE = 0x60, CARD_ACK = 0x64,
	CARD_SRC = 0x80, CARD_DST = 0x88, CARD_LEN = 0x90, CARD_CMD = 0x98,
	CARD_BUSY = 0x01, CARD_GO = 0x01, CARD_TO_RAM = 0x02, CARD_DMA_IRQ = 0x04,
	CARD_BUF = 0x40000, CARD_BUF_LEN = 4095,	/* QEMU only: the last byte is refused */
};

struct card {
	struct udrv_bar regs;
	unsigned int interrupts;
	uint32_t last_cause;
};

extern const struct udrv_driver card_driver;

/* Open and start it; asserts.  close with udrv_close(). */
struct udrv_dev *card_open(const char *name);
struct card *card_of(struct udrv_dev *dev);
void card_irq(struct udrv_dev *dev, unsigned int vec);	/* counts, acknowledges */
/* Between the card's buffer and memory; the second waits, bounded. */
void card_dma_begin(struct udrv_dev *dev, uint64_t src, uint64_t dst, uint32_t len,
		    uint32_t cmd);
int card_dma(struct udrv_dev *dev, uint64_t src, uint64_t dst, uint32_t len, uint32_t cmd);

#endif /* TESTS_NATIVE_CARD_H */
