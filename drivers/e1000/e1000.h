/* SPDX-License-Identifier: MIT */
/* e1000.h - the driver's parts: ring.c (pure), hw.c (registers), e1000.c. */
#ifndef E1000_H
#define E1000_H

#include <udrv.h>
#include <udrv/net.h>

#include "e1000_regs.h"
#include "ring.h"

/* What differs from chip to chip. */
struct e1000_chip {
	const char *name;
	uint16_t device;
	bool pcie;			/* 82574: the registers marked "DS" */
	uint32_t tipg;
	uint32_t eerd_done;
	unsigned int eerd_shift;	/* of the word address */
};

struct e1000 {
	struct udrv_dev *dev;
	const struct e1000_chip *chip;
	struct udrv_bar regs;
	uint32_t itr;			/* for ITR */
	struct udrv_dma desc, buf;	/* of both rings: transmit first */
	struct e1000_tx tx;
	struct e1000_rx rx;
	struct udrv_net net;
	struct udrv_op more_op;		/* received frames beyond one turn's budget */
	bool more;			/* it is in flight */

	uint32_t missed;		/* MPC, where reading does not clear it */

	/* Trust in the hardware: */
	const char *trouble;		/* why it must be reset, or NULL */
	unsigned int absurd;		/* descriptors, in this second */
	unsigned int tx_stuck, rx_stuck;/* seconds without a step */
	unsigned int tx_clean, rx_next;	/* positions a second ago */
	bool irq_seen;			/* in this second */
	unsigned int irq_owed;		/* seconds with work but no interrupt */
	uint64_t reset_ns[5];		/* when, the latest resets */
	unsigned int resets;
	bool gone;
};

extern const struct udrv_driver e1000_driver;
extern const struct udrv_reg e1000_names[];

static inline uint32_t e1000_read(const struct e1000 *e, size_t reg)
{
	return udrv_read32(&e->regs, reg);
}

static inline void e1000_write(const struct e1000 *e, size_t reg, uint32_t val)
{
	udrv_write32(&e->regs, reg, val);
}

/* handover.c: rings and memory as they are; how many bytes, or -errno. */
#define E1000_LAYOUT	"e1000-1"
int e1000_save(const struct e1000 *e, void *state, size_t size);
/* Memory has been allocated, and the rings know where it is.  -EPROTO, -ESTALE: the
 * chip does not run as the state says. */
int e1000_restore(struct e1000 *e, const void *state, size_t len);

/* hw.c: the option itr=. */
int e1000_hw_option_itr(struct e1000 *e);
/* -ENODEV: the chip does not answer. */
const struct e1000_chip *e1000_chip_find(uint16_t device);
int e1000_hw_reset(struct e1000 *e);
/* The chip's own address, from its EEPROM. */
int e1000_hw_chip_mac(struct e1000 *e, uint8_t mac[6]);
/* Where in e->desc and e->buf they are. */
void e1000_hw_rings(const struct e1000 *e, struct e1000_ring *tx, struct e1000_ring *rx);
/* After a reset: program everything but interrupts and the receiver. */
void e1000_hw_init(struct e1000 *e);
/* Go: receiver on, interrupts on. */
void e1000_hw_go(struct e1000 *e);
/* Takes no more frames; what it has sent or stored is left. */
void e1000_hw_deaf(struct e1000 *e);
void e1000_hw_set_mac(struct e1000 *e, const uint8_t mac[6]);

#endif /* E1000_H */
