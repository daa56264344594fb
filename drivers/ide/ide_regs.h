/* SPDX-License-Identifier: MIT */
/*
 * Registers of PCI IDE bus-master controllers and of the disks behind them.
 *
 * ATA-6: "AT Attachment with Packet Interface - 6", T13/1410D revision 3b.
 * SFF-8038i: "Bus Master Programming Interface for IDE ATA Controllers",
 *      revision 1.0.
 * 82371AB: "82371AB PCI-TO-ISA / IDE XCELERATOR (PIIX4)", document 290562.
 *
 * Names are the manuals'.
 */
#ifndef IDE_REGS_H
#define IDE_REGS_H

/* Command block: ATA-6 7.4 to 7.15 */
#define DATA			0	/* 16 bits, all others 8 */
#define ERROR			1	/* read */
#define  ERROR_ICRC		(1u << 7)	/* interface CRC */
#define  ERROR_UNC		(1u << 6)	/* uncorrectable data */
#define  ERROR_IDNF		(1u << 4)	/* address not found */
#define  ERROR_ABRT		(1u << 2)	/* command aborted */
#define FEATURES		1	/* write */
#define SECTOR_COUNT		2
#define LBA_LOW			3
#define LBA_MID			4
#define LBA_HIGH		5
#define DEVICE			6
#define  DEVICE_OBS		0xa0u	/* obsolete bits that old drives want set */
#define  DEVICE_LBA		(1u << 6)
#define  DEVICE_DEV		(1u << 4)	/* which of the two */
#define STATUS			7	/* read; acknowledges the interrupt */
#define  STATUS_BSY		(1u << 7)	/* set: the other bits mean nothing */
#define  STATUS_DRDY		(1u << 6)
#define  STATUS_DF		(1u << 5)	/* device fault */
#define  STATUS_DRQ		(1u << 3)
#define  STATUS_ERR		(1u << 0)
#define COMMAND			7	/* write */

/* Control block: ATA-6 7.3, 7.8.  One register; where: ide_channel.ctl_off */
#define DEVICE_CONTROL_HOB	(1u << 7)
#define DEVICE_CONTROL_SRST	(1u << 2)
#define DEVICE_CONTROL_NIEN	(1u << 1)	/* no interrupts */

/* What a reset leaves in the command block: ATA-6 9.12 */
#define SIGNATURE_PACKET	0xeb14u	/* LBA High, LBA Mid */
#define SIGNATURE_ATA		0x0000u

/* Commands: ATA-6 clause 8 */
#define READ_SECTORS		0x20
#define READ_SECTORS_EXT	0x24
#define READ_DMA_EXT		0x25
#define READ_MULTIPLE_EXT	0x29
#define WRITE_SECTORS		0x30
#define WRITE_SECTORS_EXT	0x34
#define WRITE_DMA_EXT		0x35
#define WRITE_MULTIPLE_EXT	0x39
#define WRITE_DMA_FUA_EXT	0x3d	/* not in ATA-6: ATA-7 6.73, done means on the medium */
#define WRITE_MULTIPLE_FUA_EXT	0xce	/* ATA-7 6.78 */
#define DATA_SET_MANAGEMENT	0x06	/* not in ATA-6: ACS-2 7.10 */
#define  DSM_TRIM		0x01
#define  DSM_ENTRIES		64u	/* ranges in 512 bytes */
#define  DSM_ENTRY_MAX		0xffffu	/* sectors in one of them */
#define IDENTIFY_PACKET_DEVICE	0xa1
#define READ_MULTIPLE		0xc4
#define WRITE_MULTIPLE		0xc5
#define SET_MULTIPLE_MODE	0xc6
#define READ_DMA		0xc8
#define WRITE_DMA		0xca
#define IDLE			0xe3	/* count: standby after so many units of 5 s, up to 240 */
#define FLUSH_CACHE		0xe7
#define FLUSH_CACHE_EXT		0xea
#define IDENTIFY_DEVICE		0xec
#define SET_FEATURES		0xef
#define  FEATURE_XFER_MODE	0x03	/* count: the mode */
#define  XFER_MDMA		0x20u	/* + mode */
#define  XFER_UDMA		0x40u	/* + mode */

/* Bus master, 8 bytes for each channel: SFF-8038i 2.1 to 2.3 */
#define BMIC			0	/* command */
#define  BMIC_RWCON		(1u << 3)	/* to memory: the disk is read */
#define  BMIC_SSBM		(1u << 0)	/* start */
#define BMIS			2	/* status */
#define  BMIS_KEEP		(3u << 5)	/* firmware: these drives do DMA */
#define  BMIS_INT		(1u << 2)	/* the drive's interrupt came; 1 clears */
#define  BMIS_ERR		(1u << 1)	/* PCI error; 1 clears */
#define  BMIS_ACTIVE		(1u << 0)
#define BMIDTP			4	/* 32 bits: PRD table */
#define BM_CHANNEL		8

/* Physical region descriptors: SFF-8038i 1.2 */
#define PRD_EOT			(1u << 31)	/* the last one */
#define PRD_MAX			65536u	/* as a count: 0 */

/* PCI configuration space */
#define PROG_IF			0x09	/* bit 2 * channel: native mode */
#define UDMACTL			0x48	/* 82371AB; bit 2 * channel + drive: on */
#define UDMATIM			0x4a	/* 82371AB; 4 bits for each: mode */

#endif /* IDE_REGS_H */
