/* SPDX-License-Identifier: MIT */
/* ac97.h - the AC'97 driver's state. */
#ifndef AC97_H
#define AC97_H

#include <udrv/snd.h>

#include "ac97_regs.h"
#include "ac97_window.h"

struct ac97 {
	struct udrv_dev *dev;
	struct udrv_bar nam, nabm;
	struct udrv_dma desc;			/* BD_ENTRIES for each direction */
	struct ac97_window window[UDRV_SND_DIRS];
	struct udrv_snd snd;
	struct udrv_snd_caps caps;
	bool gone;
};

extern const struct udrv_driver ac97_driver;
extern const struct udrv_reg ac97_names[];

/* ---- ac97_hw.c: registers ------------------------------------------------- */

bool ac97_hw_there(struct ac97 *c);	/* false: it was pulled out */
/* Engines stopped, codec reset and ready.  -ENODEV: nobody answers. */
int ac97_hw_reset(struct ac97 *c);
/* Volumes, which a reset has muted, and variable rates; fills in caps. */
int ac97_hw_init(struct ac97 *c);
/* -EIO: the codec takes another rate. */
int ac97_hw_set_rate(struct ac97 *c, enum udrv_snd_dir dir, uint32_t rate);

/* From descriptor 0, up to the window's last. */
int ac97_hw_run(struct ac97 *c, enum udrv_snd_dir dir);
void ac97_hw_set_last(struct ac97 *c, enum udrv_snd_dir dir);
/* CIV and PICB that belong together.  -EIO: the chip makes no sense. */
int ac97_hw_where(struct ac97 *c, enum udrv_snd_dir dir, uint8_t *civ, uint16_t *picb);
/* -ENODATA: it has not touched any descriptor since its registers were reset. */
int ac97_hw_stop(struct ac97 *c, enum udrv_snd_dir dir);
/* What an engine has to say; 0: nothing. */
uint16_t ac97_hw_status(struct ac97 *c, enum udrv_snd_dir dir);

#endif /* AC97_H */
