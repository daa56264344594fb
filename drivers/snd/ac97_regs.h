/* SPDX-License-Identifier: MIT */
/*
 * Registers of the AC'97 controller of Intel's ICH, and of the codec behind it.
 *
 * ICH:  "Intel 82801AA (ICH) and 82801AB (ICH0) I/O Controller Hub", datasheet,
 *       document 290655, chapter 13, "AC'97 Audio Controller Registers".
 * AC97: "Audio Codec '97", revision 2.1, chapter 6, "Register Interface".
 *
 * Names are the manuals'.
 */
#ifndef AC97_REGS_H
#define AC97_REGS_H

/* PCI config space: ICH 13.1.  BAR 0 is the mixer (the codec's registers),
 * BAR 1 the bus master's; both are I/O ports. */
#define BAR_NAM			0
#define BAR_NABM		1

/* Codec, 16 bits each: AC97 6.3 */
#define NAM_RESET		0x00		/* any write: all to default */
#define NAM_MASTER_VOLUME	0x02
#define NAM_PCM_OUT_VOLUME	0x18
#define NAM_RECORD_SELECT	0x1a		/* 0: microphone, 4: line in; left, right */
#define NAM_RECORD_GAIN		0x1c
#define  VOLUME_MUTE		(1u << 15)	/* left in 12:8, right in 4:0: 1.5 dB each,
						 * 0 is loudest */
#define NAM_POWERDOWN		0x26
#define  POWERDOWN_READY	0x000fu		/* REF, ANL, DAC, ADC */
#define NAM_EXT_AUDIO_ID	0x28
#define NAM_EXT_AUDIO_CTRL	0x2a
#define  EXT_AUDIO_VRA		(1u << 0)	/* variable rate */
#define NAM_PCM_DAC_RATE	0x2c
#define NAM_PCM_ADC_RATE	0x32

/* Bus master, one set for each engine: ICH 13.2.1 to 13.2.7 */
#define PI_BASE			0x00		/* PCM in */
#define PO_BASE			0x10		/* PCM out */
#define MC_BASE			0x20		/* microphone in */
#define X_BDBAR			0x00		/* 32 bits: address of the descriptors */
#define X_CIV			0x04		/* 8: current descriptor */
#define X_LVI			0x05		/* 8: last valid one */
#define X_SR			0x06		/* 16 */
#define  SR_DCH			(1u << 0)	/* DMA halted */
#define  SR_LVBCI		(1u << 2)	/* last valid buffer done; write 1 to clear */
#define  SR_BCIS		(1u << 3)	/* a buffer with IOC done; write 1 to clear */
#define  SR_FIFOE		(1u << 4)	/* FIFO error; write 1 to clear */
#define X_PICB			0x08		/* 16: samples left in the current one */
#define X_PIV			0x0a		/* 8: prefetched descriptor */
#define X_CR			0x0b		/* 8 */
#define  CR_RPBM		(1u << 0)	/* run */
#define  CR_RR			(1u << 1)	/* reset registers; clears itself */
#define  CR_LVBIE		(1u << 2)
#define  CR_FEIE		(1u << 3)
#define  CR_IOCE		(1u << 4)

/* Global: ICH 13.2.8 to 13.2.10 */
#define GLOB_CNT		0x2c		/* 32 */
#define  GLOB_CNT_COLD		(1u << 1)	/* AC_RESET#: 0 resets the codec */
#define  GLOB_CNT_WARM		(1u << 2)	/* clears itself */
#define GLOB_STA		0x30		/* 32 */
#define  GLOB_STA_PIINT		(1u << 5)
#define  GLOB_STA_POINT		(1u << 6)
#define  GLOB_STA_PCR		(1u << 8)	/* primary codec ready */
#define CAS			0x34		/* 8: reading 0 takes the codec's semaphore */

/* Buffer descriptors: ICH 13.3 */
#define BD_ENTRIES		32u
#define BD_SAMPLES_MAX		0xfffeu		/* 16-bit samples, of all channels */
#define BD_IOC			(1u << 31)	/* interrupt on completion */

#endif /* AC97_REGS_H */
