/* SPDX-License-Identifier: MIT */
/* ac97.h - the AC'97 driver's state. */
#ifndef AC97_H
#define AC97_H

#include <udrv/snd.h>

#include "ac97_regs.h"
#include "ac97_window.h"

#define AC97_KNOBS	3		/* registers with a volume and a switch */

struct ac97 {
	struct udrv_dev *dev;
	struct udrv_bar nam, nabm;
	struct udrv_dma desc;			/* BD_ENTRIES for each direction */
	struct ac97_window window[UDRV_SND_DIRS];
	struct udrv_snd snd;
	struct udrv_snd_caps caps;
	struct udrv_snd_control control[2 * AC97_KNOBS];
	int32_t value[2 * AC97_KNOBS][2];	/* what they are set to */
	bool gone;
};

extern const struct udrv_driver ac97_driver;
extern const struct udrv_reg ac97_names[];

/* ---- ac97_hw.c: registers ------------------------------------------------- */

bool ac97_hw_there(struct ac97 *c);	/* false: it was pulled out */
/* Engines stopped, codec reset and ready.  -ENODEV: nobody answers. */
int ac97_hw_reset(struct ac97 *c);
/* Inputs and variable rates; fills in caps.  All is muted still. */
int ac97_hw_init(struct ac97 *c);
void ac97_hw_set_volume(struct ac97 *c, unsigned int reg, unsigned int value);
/* The same; does it read back so? */
bool ac97_hw_try_volume(struct ac97 *c, unsigned int reg, unsigned int value);
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

/* ---- ac97_mixer.c: volumes -------------------------------------------------- */

/* Fills in control; how many there are. */
unsigned int ac97_mixer_list(struct ac97 *c);
int ac97_mixer_set(struct udrv_dev *dev, unsigned int control, const int32_t value[2]);

#endif /* AC97_H */
