// SPDX-License-Identifier: MIT
/* hda_names.c - the registers' names, for traces. */
#include "hda.h"

#define R(reg, len)	{ BAR_HDA, reg, len, #reg }

const struct udrv_reg hda_names[] = {
	R(GCAP, 2), R(GCTL, 4), R(WAKEEN, 2), R(STATESTS, 2), R(INTCTL, 4), R(INTSTS, 4),
	R(CORBLBASE, 4), R(CORBUBASE, 4), R(CORBWP, 2), R(CORBRP, 2), R(CORBCTL, 1), R(CORBSIZE, 1),
	R(RIRBLBASE, 4), R(RIRBUBASE, 4), R(RIRBWP, 2), R(RINTCNT, 2), R(RIRBCTL, 1), R(RIRBSTS, 1),
	R(RIRBSIZE, 1), R(DPLBASE, 8),
	{ BAR_HDA, SD_BASE(0), 0x20, "SD0" }, { BAR_HDA, SD_BASE(1), 0x20, "SD1" },
	{ BAR_HDA, SD_BASE(2), 0x20, "SD2" }, { BAR_HDA, SD_BASE(3), 0x20, "SD3" },
	{ BAR_HDA, SD_BASE(4), 0x20, "SD4" }, { BAR_HDA, SD_BASE(5), 0x20, "SD5" },
	{ BAR_HDA, SD_BASE(6), 0x20, "SD6" }, { BAR_HDA, SD_BASE(7), 0x20, "SD7" },
	{ 0, 0, 0, NULL }
};
