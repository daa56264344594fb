// SPDX-License-Identifier: MIT
/* hw.c - the chip's registers: reset, EEPROM, set-up. */
#include <errno.h>
#include <stdlib.h>

#include "e1000.h"

#define ITR_DEFAULT	20000	/* interrupts in a second */
#define GONE	0xffffffffu	/* what a missing device reads as */

static const struct e1000_chip chips[] = {
	{
		.name = "82540EM", .device = 0x100e,
		.tipg = TIPG_VALUE(10, 8, 6),		/* SDM 13.4.34 */
		.eerd_done = 1u << 4, .eerd_shift = 8,	/* SDM 13.4.4 */
	}, {
		.name = "82545EM", .device = 0x100f,
		.tipg = TIPG_VALUE(10, 8, 6),
		.eerd_done = 1u << 4, .eerd_shift = 8,
	}, {
		.name = "82574L", .device = 0x10d3, .pcie = true,
		.tipg = TIPG_VALUE(8, 8, 6),		/* DS 10.2.6 */
		.eerd_done = 1u << 1, .eerd_shift = 2,	/* DS 10.2.2 */
	},
};

const struct e1000_chip *e1000_chip_find(uint16_t device)
{
	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++)
		if (chips[i].device == device)
			return &chips[i];
	return NULL;
}

/* Interrupts off and none pending; receiver and transmitter off. */
static void quiet(struct e1000 *e)
{
	e1000_write(e, IMC, ~0u);
	/* QEMU only: each write to RCTL of its e1000 keeps the receiver off
	 * for 1000 ms.  What is off already is left alone. */
	if (e1000_read(e, RCTL))
		e1000_write(e, RCTL, 0);
	e1000_write(e, TCTL, 0);
	e1000_read(e, ICR);
}

/* DS 10.2.2, CTRL: no request may be under way when a PCIe chip is reset.  Bus mastering
 * is off already, so this can only fail if completions were lost: go on. */
static void pcie_master_disable(struct e1000 *e)
{
	e1000_write(e, CTRL, e1000_read(e, CTRL) | CTRL_GIO_MASTER_DIS);
	if (udrv_wait32(&e->regs, STATUS, STATUS_GIO_MASTER_EN, 0, 10000))
		udrv_log(e->dev, UDRV_DEBUG, "PCIe requests still pending at reset");
}

/* The reset of SDM 13.4.1 (CTRL.RST), DS 4.6.4, on both sides of it what the chip may not
 * do itself.  QEMU only: CTRL.RST clears neither RCTL, TCTL, rings nor IMS;
 * so nothing relies on it. */
int e1000_hw_reset(struct e1000 *e)
{
	if (e1000_read(e, STATUS) == GONE)
		return -ENODEV;
	quiet(e);
	if (e->chip->pcie)
		pcie_master_disable(e);
	e1000_write(e, CTRL, e1000_read(e, CTRL) | CTRL_RST);
	/* Registers may not be touched for 1 us; the EEPROM is read again
	 * meanwhile, which takes the 8254x up to 5 ms and says not when. */
	udrv_usleep(e->chip->pcie ? 10 : 5000);
	if (udrv_wait32(&e->regs, CTRL, CTRL_RST, 0, 20000))
		return e1000_read(e, STATUS) == GONE ? -ENODEV : -EIO;
	/* DS 10.2.2: bounded, because without an NVM the bit never comes. */
	if (e->chip->pcie)
		udrv_wait32(&e->regs, EECD, EECD_AUTO_RD, EECD_AUTO_RD, 20000);
	quiet(e);

	if (e1000_read(e, STATUS) == GONE)
		return -ENODEV;
	if ((e1000_read(e, RCTL) & RCTL_EN) || (e1000_read(e, TCTL) & TCTL_EN) ||
	    e1000_read(e, IMS)) {
		udrv_log(e->dev, UDRV_ERR, "the chip stays on after a reset");
		return -EIO;
	}
	return 0;
}

static int eeprom_read(struct e1000 *e, unsigned int word, uint16_t *val)
{
	uint32_t eerd;

	e1000_write(e, EERD, word << e->chip->eerd_shift | EERD_START);
	/* One word takes well below 1 ms on the slowest serial EEPROM. */
	if (udrv_wait32(&e->regs, EERD, e->chip->eerd_done, e->chip->eerd_done, 10000))
		return -ETIMEDOUT;
	eerd = e1000_read(e, EERD);
	*val = (uint16_t)(eerd >> EERD_DATA_SHIFT);
	return eerd == GONE ? -ENODEV : 0;
}

static bool mac_ok(const uint8_t mac[6])
{
	return !(mac[0] & 1) && (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

/* Words 0 to 2 of the EEPROM (SDM 5.6, DS 6.1).  RAL0 is second best: not
 * every reset loads it again, it may be what the last driver wrote. */
int e1000_hw_chip_mac(struct e1000 *e, uint8_t mac[6])
{
	uint32_t lo, hi;
	uint16_t w = 0;
	int ret = 0;

	for (unsigned int i = 0; i < 3 && !ret; i++) {
		ret = eeprom_read(e, i, &w);
		mac[2 * i] = (uint8_t)w;
		mac[2 * i + 1] = (uint8_t)(w >> 8);
	}
	if (!ret && mac_ok(mac))
		return 0;

	udrv_log(e->dev, UDRV_WARN, "no address in the EEPROM; using the one in RAL0");
	lo = e1000_read(e, RAL(0));
	hi = e1000_read(e, RAH(0));
	for (unsigned int i = 0; i < 6; i++)
		mac[i] = (uint8_t)(i < 4 ? lo >> 8 * i : hi >> 8 * (i - 4));
	if (mac_ok(mac))
		return 0;
	udrv_log(e->dev, UDRV_ERR, "the chip has no Ethernet address, neither in EEPROM nor in RAL0");
	return -EIO;
}

/* Low first: AV, in the high register, makes it valid (SDM 13.5.3). */
void e1000_hw_set_mac(struct e1000 *e, const uint8_t mac[6])
{
	e1000_write(e, RAL(0), (uint32_t)mac[0] | (uint32_t)mac[1] << 8 |
			       (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24);
	e1000_write(e, RAH(0), (uint32_t)mac[4] | (uint32_t)mac[5] << 8 | RAH_AV);
}

/* itr=N: at most N interrupts in a second, 0: no limit. */
int e1000_hw_option_itr(struct e1000 *e)
{
	const char *text = udrv_option(e->dev, "itr");
	unsigned long rate = ITR_DEFAULT;
	char *end;

	if (text) {
		errno = 0;
		rate = strtoul(text, &end, 10);
		/* ITR counts 256 ns in 16 bits: 60 in a second is the least. */
		if (*text < '0' || *text > '9' || errno || *end ||
		    (rate && (rate < 60 || rate > 1000000))) {
			udrv_log(e->dev, UDRV_ERR,
				 "itr=%s: expected interrupts in a second, 60 to 1000000, or 0",
				 text);
			return -EINVAL;
		}
	}
	e->itr = rate ? (uint32_t)(1000000000ul / 256 / rate) : 0;
	return 0;
}

static void init_link(struct e1000 *e)
{
	uint32_t ctrl = e1000_read(e, CTRL);

	/* SDM 14.3, DS 4.6.4: the PHY negotiates, and tells the MAC. */
	ctrl &= ~(CTRL_ILOS | CTRL_FRCSPD | CTRL_FRCDPLX | CTRL_RFCE | CTRL_TFCE |
		  CTRL_VME | CTRL_PHY_RST | CTRL_RST);
	ctrl &= ~(e->chip->pcie ? CTRL_GIO_MASTER_DIS : CTRL_LRST);
	e1000_write(e, CTRL, ctrl | CTRL_SLU);
	/* No flow control: a stuck peer could silence us for ever. */
	e1000_write(e, FCAL, 0);
	e1000_write(e, FCAH, 0);
	e1000_write(e, FCT, 0);
	e1000_write(e, FCTTV, 0);
	/* No wake-up left over from another driver. */
	e1000_write(e, WUC, 0);
	e1000_write(e, WUFC, 0);
}

void e1000_hw_rings(const struct e1000 *e, struct e1000_ring *tx, struct e1000_ring *rx)
{
	*tx = *rx = (struct e1000_ring){
		.desc = e->desc.va, .buf = e->buf.va, .buf_iova = e->buf.iova,
		.size = E1000_SLOTS,
	};
	rx->desc += E1000_SLOTS;
	rx->buf += E1000_SLOTS * E1000_BUF;
	rx->buf_iova += E1000_SLOTS * E1000_BUF;
}

static void init_rx(struct e1000 *e)
{
	uint64_t iova = e->desc.iova + E1000_SLOTS * sizeof(struct e1000_desc);

	/* Entry 0 is ours by set_mac(); the others may be left over. */
	for (unsigned int i = 1; i < RAR_ENTRIES; i++) {
		e1000_write(e, RAH(i), 0);
		e1000_write(e, RAL(i), 0);
	}
	e1000_write(e, RXCSUM, RXCSUM_IPOFL | RXCSUM_TUOFL);
	if (e->chip->pcie)
		e1000_write(e, RFCTL, 0);
	e1000_write(e, RDBAL, (uint32_t)iova);
	e1000_write(e, RDBAH, (uint32_t)(iova >> 32));
	e1000_write(e, RDLEN, E1000_SLOTS * sizeof(struct e1000_desc));
	e1000_write(e, RDH, 0);
	e1000_write(e, RDT, 0);
	e1000_write(e, RDTR, 0);
	e1000_write(e, RADV, 0);
}

static void init_tx(struct e1000 *e)
{
	e1000_write(e, TDBAL, (uint32_t)e->desc.iova);
	e1000_write(e, TDBAH, (uint32_t)(e->desc.iova >> 32));
	e1000_write(e, TDLEN, E1000_SLOTS * sizeof(struct e1000_desc));
	e1000_write(e, TDH, 0);
	e1000_write(e, TDT, 0);
	e1000_write(e, TIDV, 0);
	e1000_write(e, TADV, 0);
	if (e->chip->pcie) {
		/* DS 10.2.6: WTHRESH 0 writes every descriptor back at once. */
		e1000_write(e, TXDCTL, TXDCTL_GRAN | TXDCTL_COUNT_DESC);
		/* Not in the manual: the kernel's e1000e sets it for an erratum. */
		e1000_write(e, TARC0, e1000_read(e, TARC0) | TARC0_ERRATUM);
	}
	e1000_write(e, TIPG, e->chip->tipg);
	/* SDM 13.4.33: 15 retries, 64-byte times. */
	e1000_write(e, TCTL, TCTL_EN | TCTL_PSP | TCTL_CT(0x0f) | TCTL_COLD(0x40));
}

/* Both rings have been initialised in memory. */
void e1000_hw_init(struct e1000 *e)
{
	init_link(e);
	init_rx(e);
	init_tx(e);
	e1000_write(e, ITR, e->itr);
}

/* RCTL is written once, with its final value (see quiet()), and last but for
 * the buffers, which a chip takes after RCTL.EN only.  MPE accepts all
 * multicast, so the hash table (MTA) has no say. */
/* The frame that is just coming in is still stored (SDM 13.4.22, RCTL.EN). */
void e1000_hw_deaf(struct e1000 *e)
{
	e1000_write(e, RCTL, e1000_read(e, RCTL) & ~RCTL_EN);
	udrv_usleep(20);	/* 1518 bytes at 1 Gbit/s are 12 us */
}

void e1000_hw_go(struct e1000 *e)
{
	uint32_t rctl = RCTL_EN | RCTL_MPE | RCTL_BAM | RCTL_SECRC;

	if (e->net.promisc)
		rctl |= RCTL_UPE;
	e1000_write(e, IMS, INT_TXDW | INT_LSC | INT_RXDMT0 | INT_RXO | INT_RXT0);
	e1000_write(e, RCTL, rctl);
	e1000_write(e, RDT, e1000_rx_tail(&e->rx));
}
