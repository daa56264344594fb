/* SPDX-License-Identifier: MIT */
/* hda.h - the HDA driver's state. */
#ifndef HDA_H
#define HDA_H

#include <udrv/snd.h>

#include "hda_codec.h"
#include "hda_mixer.h"
#include "hda_regs.h"

struct hda {
	struct udrv_dev *dev;
	struct udrv_bar regs;
	struct udrv_dma rings;			/* CORB, then RIRB */
	struct udrv_dma bdl[UDRV_SND_DIRS];
	unsigned int ring_size, corb_wp, rirb_rp;
	struct hda_codec codec;
	struct hda_mixer mixer;
	unsigned int address;			/* of the codec */
	unsigned int sd[UDRV_SND_DIRS];		/* stream descriptor in use */
	uint16_t format[UDRV_SND_DIRS];
	struct udrv_snd snd;
	struct udrv_snd_caps caps[UDRV_SND_DIRS];
	bool gone;
};

extern const struct udrv_driver hda_driver;
extern const struct udrv_reg hda_names[];

/* ---- hda_hw.c: registers ----------------------------------------------------- */

/* All engines stopped, controller and codecs reset.  -ENODEV: gone. */
int hda_hw_reset(struct hda *h);
/* Which stream descriptors we use. */
void hda_hw_streams(struct hda *h);
/* Command rings on; finds a codec with audio and opens its paths. */
int hda_hw_init(struct hda *h);

/* The list in bdl[dir] has this many entries, and bytes in all. */
int hda_hw_prepare(struct hda *h, enum udrv_snd_dir dir, unsigned int entries, uint32_t bytes);
void hda_hw_go(struct hda *h, enum udrv_snd_dir dir);
/* Bytes since hda_hw_go(), modulo the length. */
uint32_t hda_hw_where(struct hda *h, enum udrv_snd_dir dir);
void hda_hw_stop(struct hda *h, enum udrv_snd_dir dir);
/* Bit n: direction n has something to say, which is cleared by this.
 * -ENODEV: the device is gone. */
int hda_hw_status(struct hda *h);

#endif /* HDA_H */
