/* SPDX-License-Identifier: MIT */
/*
 * Registers of the Intel gigabit Ethernet chips that this driver knows.
 *
 * SDM: "PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's
 *      Manual", 82540EP/EM, 82541xx, 82544GC/EI, 82545GM/EM, 82546GB/EB and
 *      82547xx, document 317453, revision 4.0.
 * DS:  "Intel 82574 GbE Controller Family Datasheet", document 317694,
 *      revision 3.4.
 *
 * Names are the manuals'; all registers have 32 bits.
 */
#ifndef E1000_REGS_H
#define E1000_REGS_H

/* General: SDM 13.4.1 to 13.4.6, DS 10.2.2 */
#define CTRL			0x0000
#define  CTRL_GIO_MASTER_DIS	(1u << 2)	/* DS only: no new PCIe requests */
#define  CTRL_LRST		(1u << 3)	/* SDM only: link reset */
#define  CTRL_SLU		(1u << 6)	/* set link up */
#define  CTRL_ILOS		(1u << 7)	/* invert loss of signal */
#define  CTRL_FRCSPD		(1u << 11)
#define  CTRL_FRCDPLX		(1u << 12)
#define  CTRL_RST		(1u << 26)	/* clears itself */
#define  CTRL_RFCE		(1u << 27)	/* obey PAUSE frames */
#define  CTRL_TFCE		(1u << 28)	/* send PAUSE frames */
#define  CTRL_VME		(1u << 30)	/* strip VLAN tags */
#define  CTRL_PHY_RST		(1u << 31)
#define STATUS			0x0008
#define  STATUS_LU		(1u << 1)	/* link up */
#define  STATUS_GIO_MASTER_EN	(1u << 19)	/* DS only: PCIe requests are under way */
#define EECD			0x0010
#define  EECD_AUTO_RD		(1u << 9)	/* DS only: loaded from NVM after a reset */
#define EERD			0x0014		/* word address, bits below differ: chips[] */
#define  EERD_START		(1u << 0)
#define  EERD_DATA_SHIFT	16
#define FCAL			0x0028		/* flow control: SDM 13.4.11, DS 10.2.2 */
#define FCAH			0x002c
#define FCT			0x0030
#define FCTTV			0x0170

/* Interrupts: SDM 13.4.17 to 13.4.21, DS 10.2.4 */
#define ICR			0x00c0		/* reading it clears it */
#define  INT_TXDW		(1u << 0)	/* descriptor written back */
#define  INT_LSC		(1u << 2)	/* link status changed */
#define  INT_RXDMT0		(1u << 4)	/* few receive descriptors left */
#define  INT_RXO		(1u << 6)	/* receiver overrun */
#define  INT_RXT0		(1u << 7)	/* frame received */
#define ITR			0x00c4		/* least time between two, in 256 ns; 16 bits */
#define IMS			0x00d0		/* reads as the mask in force */
#define IMC			0x00d8

/* Receive: SDM 13.4.22 to 13.4.32, 14.4; DS 10.2.5, 4.6.5 */
#define RCTL			0x0100
#define  RCTL_EN		(1u << 1)
#define  RCTL_UPE		(1u << 3)	/* accept all unicast */
#define  RCTL_MPE		(1u << 4)	/* accept all multicast */
#define  RCTL_BAM		(1u << 15)	/* accept broadcast */
#define  RCTL_SECRC		(1u << 26)	/* strip the CRC */
		/* BSIZE (17:16) and BSEX (25) 0: 2048-byte buffers.
		 * LPE (5) 0: frames above 1522 bytes are discarded. */
#define RDBAL			0x2800
#define RDBAH			0x2804
#define RDLEN			0x2808
#define RDH			0x2810
#define RDT			0x2818
#define RDTR			0x2820		/* must be 0, SDM 13.4.30: use ITR instead */
#define RADV			0x282c
#define RXCSUM			0x5000
#define  RXCSUM_IPOFL		(1u << 8)
#define  RXCSUM_TUOFL		(1u << 9)
#define RFCTL			0x5008		/* DS only; EXSTEN (15) 0: legacy descriptors */
#define RAL(n)			(0x5400 + 8 * (n))	/* SDM 13.5.2, 13.5.3 */
#define RAH(n)			(0x5404 + 8 * (n))
#define  RAH_AV			(1u << 31)	/* address valid */
#define  RAR_ENTRIES		16u

/* Transmit: SDM 13.4.33 to 13.4.44, 14.5; DS 10.2.6, 4.6.6 */
#define TCTL			0x0400
#define  TCTL_EN		(1u << 1)
#define  TCTL_PSP		(1u << 3)	/* pad short packets */
#define  TCTL_CT(n)		((uint32_t)(n) << 4)
#define  TCTL_COLD(n)		((uint32_t)(n) << 12)
#define TIPG			0x0410
#define  TIPG_VALUE(t, r1, r2)	((uint32_t)(t) | (uint32_t)(r1) << 10 | (uint32_t)(r2) << 20)
#define TDBAL			0x3800
#define TDBAH			0x3804
#define TDLEN			0x3808
#define TDH			0x3810
#define TDT			0x3818
#define TIDV			0x3820
#define TXDCTL			0x3828
#define  TXDCTL_COUNT_DESC	(1u << 22)	/* DS: reserved, to be set */
#define  TXDCTL_GRAN		(1u << 24)	/* thresholds count descriptors */
#define TADV			0x382c
#define TARC0			0x3840		/* DS only */
#define  TARC0_ERRATUM		(1u << 26)

/* Wake-up: SDM 13.6, DS 10.2.7 */
#define WUC			0x5800
#define WUFC			0x5808

/* Statistics, cleared by reading: SDM 13.7, DS 10.2.8 */
#define MPC			0x4010		/* missed: no room in the receive FIFO */

/*
 * Descriptors: 16 bytes, little-endian; the fields of the second quadword,
 * called info here.
 */
/* Receive, legacy: SDM 3.2.3, DS 7.1.4 */
#define RXD_LEN(info)		((unsigned int)((info) & 0xffff))
#define RXD_DD			(1ull << 32)
#define RXD_EOP			(1ull << 33)
#define RXD_IXSM		(1ull << 34)	/* ignore the checksum bits */
#define RXD_TCPCS		(1ull << 37)	/* TCP or UDP checksum was looked at */
#define RXD_IPCS		(1ull << 38)	/* so was that of IPv4 */
#define RXD_CE			(1ull << 40)	/* CRC or alignment error */
#define RXD_SE			(1ull << 41)	/* symbol error */
#define RXD_SEQ			(1ull << 42)	/* sequence error */
#define RXD_CXE			(1ull << 44)	/* carrier extension error */
#define RXD_TCPE		(1ull << 45)	/* wrong TCP or UDP checksum */
#define RXD_IPE			(1ull << 46)	/* wrong IPv4 checksum */
#define RXD_RXE			(1ull << 47)	/* data error */
#define RXD_FRAME_ERRORS	(RXD_CE | RXD_SE | RXD_SEQ | RXD_CXE | RXD_RXE)

/* Transmit, TCP/IP context and data: SDM 3.3.6, 3.3.7; DS 7.2.10, 7.2.11 */
#define TXC_TUCSS(n)		((uint64_t)(n) << 32)	/* addr: where to start summing */
#define TXC_TUCSO(n)		((uint64_t)(n) << 40)	/* addr: where to put the sum */
#define TXD_LEN(n)		((uint64_t)(n))
#define TXD_DTYP_DATA		(1ull << 20)	/* 0 there: context */
#define TXD_EOP			(1ull << 24)
#define TXD_IFCS		(1ull << 25)	/* append the CRC */
#define TXD_RS			(1ull << 27)	/* report status: set DD when done */
#define TXD_DEXT		(1ull << 29)	/* not the legacy format */
#define TXD_DD			(1ull << 32)
#define TXD_POPTS_TXSM		(1ull << 41)	/* insert the TCP or UDP checksum */

#endif /* E1000_REGS_H */
