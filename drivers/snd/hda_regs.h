/* SPDX-License-Identifier: MIT */
/*
 * Registers of Intel High Definition Audio controllers, and verbs of codecs.
 *
 * HDA: "High Definition Audio Specification", revision 1.0a.
 *
 * Names are the manual's.
 */
#ifndef HDA_REGS_H
#define HDA_REGS_H

#define BAR_HDA			0

/* Global: HDA 3.3.2 to 3.3.13 */
#define GCAP			0x00		/* 16 */
#define  GCAP_ISS(v)		((v) >> 8 & 15u)	/* input streams */
#define  GCAP_OSS(v)		((v) >> 12 & 15u)	/* output streams */
#define GCTL			0x08		/* 32 */
#define  GCTL_CRST		(1u << 0)	/* 0: the controller is in reset */
#define WAKEEN			0x0c		/* 16 */
#define STATESTS		0x0e		/* 16: codecs that are there */
#define INTCTL			0x20		/* 32; below 30: one bit for each stream */
#define  INTCTL_GIE		(1u << 31)
#define INTSTS			0x24		/* 32 */

/* Command rings: HDA 3.3.18 to 3.3.30 */
#define CORBLBASE		0x40
#define CORBUBASE		0x44
#define CORBWP			0x48		/* 16 */
#define CORBRP			0x4a		/* 16 */
#define CORBCTL			0x4c		/* 8 */
#define CORBSIZE		0x4e		/* 8; capabilities 7:4 */
#define RIRBLBASE		0x50
#define RIRBUBASE		0x54
#define RIRBWP			0x58		/* 16 */
#define  RIRBWP_RST		(1u << 15)
#define RINTCNT			0x5a		/* 16 */
#define RIRBCTL			0x5c		/* 8 */
#define  RIRBCTL_RINTCTL	(1u << 0)
#define RIRBSTS			0x5d		/* 8; write 1 to clear */
#define  RIRBSTS_ALL		0x05		/* RINTFL, RIRBOIS */
#define RIRBSIZE		0x5e		/* 8 */
#define  RING_RUN		(1u << 1)	/* of CORBCTL and RIRBCTL */
#define  RING_SIZE_CAP_256	(1u << 6)
#define  RING_SIZE_CAP_16	(1u << 5)
#define DPLBASE			0x70		/* position buffer; not used */

/* Streams, inputs first: HDA 3.3.35 to 3.3.43 */
#define SD_BASE(n)		(0x80 + 0x20 * (n))
#define SD_CTL			0x00		/* 32, the highest 8 are SD_STS */
#define  SD_CTL_SRST		(1u << 0)
#define  SD_CTL_RUN		(1u << 1)
#define  SD_CTL_IOCE		(1u << 2)
#define  SD_CTL_FEIE		(1u << 3)
#define  SD_CTL_DEIE		(1u << 4)
#define  SD_CTL_STRM(n)		((uint32_t)(n) << 20)
#define SD_STS			0x03		/* 8; write 1 to clear */
#define  SD_STS_ALL		0x1c		/* BCIS, FIFOE, DESE */
#define SD_LPIB			0x04		/* 32: bytes into the cyclic buffer */
#define SD_CBL			0x08		/* 32: its length */
#define SD_LVI			0x0c		/* 16: last entry of the list */
#define SD_FMT			0x12		/* 16 */
#define SD_BDPL			0x18
#define SD_BDPU			0x1c

/* Buffer descriptor list: HDA 3.6.2 */
#define BDL_ENTRIES		256u
#define BDL_IOC			1u

/* Stream format: HDA 3.7.1 */
#define FMT_BASE_44		(1u << 14)
#define FMT_MULT(n)		((uint32_t)((n) - 1) << 11)
#define FMT_DIV(n)		((uint32_t)((n) - 1) << 8)
#define FMT_BITS(code)		((uint32_t)(code) << 4)	/* 1: 16, 2: 20, 3: 24, 4: 32 */
#define FMT_CHAN(n)		((uint32_t)(n) - 1)

/* Verbs: HDA 7.3.3.  12 bits and a payload of 8, or 4 and 16. */
#define GET_PARAMETER		0xf00
#define GET_CONNECTION_ENTRY	0xf02
#define GET_CONFIG_DEFAULT	0xf1c
#define SET_CONNECTION_SELECT	0x701
#define SET_POWER_STATE		0x705
#define SET_STREAM_CHANNEL	0x706
#define SET_PIN_CONTROL		0x707
#define  PIN_OUT		0x40
#define  PIN_IN			0x20
#define SET_EAPD		0x70c
#define  EAPD_ON		0x02
#define SET_FORMAT		0x2		/* 4 bits */
#define SET_AMP			0x3		/* 4 bits */
#define  AMP_OUT		(1u << 15)
#define  AMP_IN			(1u << 14)
#define  AMP_LEFT		(1u << 13)
#define  AMP_RIGHT		(1u << 12)
#define  AMP_BOTH		(AMP_LEFT | AMP_RIGHT)
#define  AMP_MUTE		(1u << 7)
#define  AMP_INDEX(n)		((uint32_t)(n) << 8)

/* Parameters: HDA 7.3.4 */
#define PARAM_NODES		0x04		/* first in 23:16, how many in 7:0 */
#define PARAM_GROUP_TYPE	0x05
#define  GROUP_AUDIO		1u
#define PARAM_WIDGET		0x09
#define  WIDGET_TYPE(v)		((v) >> 20 & 15u)
#define  WIDGET_STEREO		(1u << 0)
#define  WIDGET_AMP_IN		(1u << 1)
#define  WIDGET_AMP_OUT		(1u << 2)
#define  WIDGET_AMP_OWN		(1u << 3)	/* amp parameters of its own */
#define  WIDGET_FORMAT_OWN	(1u << 4)
#define  WIDGET_CONNECTIONS	(1u << 8)
#define  WIDGET_DIGITAL		(1u << 9)
#define  WIDGET_POWER		(1u << 10)
#define PARAM_PCM		0x0a		/* rates in 10:0, sizes in 20:16 */
#define PARAM_PIN		0x0c
#define  PIN_CAP_OUT		(1u << 4)
#define  PIN_CAP_IN		(1u << 5)
#define  PIN_CAP_EAPD		(1u << 16)
#define PARAM_AMP_IN		0x0d
#define  AMP_OFFSET(v)		((v) & 0x7fu)		/* gain of 0 dB */
#define  AMP_STEPS(v)		((v) >> 8 & 0x7fu)	/* the largest gain */
#define  AMP_STEP_DB(v)		((((v) >> 16 & 0x7f) + 1) * 25)	/* 0.01 dB */
#define  AMP_CAN_MUTE		(1u << 31)
#define PARAM_AMP_OUT		0x12
#define PARAM_CONNECTIONS	0x0e		/* how many in 6:0 */
#define  CONNECTIONS_LONG	(1u << 7)	/* entries of 16 bits */

enum hda_widget_type {
	HDA_OUTPUT = 0, HDA_INPUT = 1, HDA_MIXER = 2, HDA_SELECTOR = 3, HDA_PIN = 4,
};

/* Configuration default: HDA 7.3.3.31 */
#define CONFIG_PORT(v)		((v) >> 30)
#define  PORT_NONE		1u
#define CONFIG_DEVICE(v)	((v) >> 20 & 15u)
enum { DEVICE_LINE_OUT = 0, DEVICE_SPEAKER = 1, DEVICE_HP = 2, DEVICE_LINE_IN = 8,
       DEVICE_MIC = 10 };

#endif /* HDA_REGS_H */
