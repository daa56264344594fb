// SPDX-License-Identifier: MIT
/* ac97_names.c - the registers' names, for traces. */
#include "ac97.h"

#define NAM(reg)	{ BAR_NAM, NAM_##reg, 2, #reg }
#define NABM(reg, len)	{ BAR_NABM, reg, len, #reg }
#define STREAM(base, prefix)							\
	{ BAR_NABM, (base) + X_BDBAR, 4, prefix "_BDBAR" },			\
	{ BAR_NABM, (base) + X_CIV, 1, prefix "_CIV" },				\
	{ BAR_NABM, (base) + X_LVI, 1, prefix "_LVI" },				\
	{ BAR_NABM, (base) + X_SR, 2, prefix "_SR" },				\
	{ BAR_NABM, (base) + X_PICB, 2, prefix "_PICB" },			\
	{ BAR_NABM, (base) + X_PIV, 1, prefix "_PIV" },				\
	{ BAR_NABM, (base) + X_CR, 1, prefix "_CR" }

const struct udrv_reg ac97_names[] = {
	NAM(RESET), NAM(MASTER_VOLUME), NAM(PCM_OUT_VOLUME), NAM(RECORD_SELECT),
	NAM(RECORD_GAIN), NAM(POWERDOWN), NAM(EXT_AUDIO_ID), NAM(EXT_AUDIO_CTRL),
	NAM(PCM_DAC_RATE), NAM(PCM_ADC_RATE),
	STREAM(PI_BASE, "PI"), STREAM(PO_BASE, "PO"), STREAM(MC_BASE, "MC"),
	NABM(GLOB_CNT, 4), NABM(GLOB_STA, 4), NABM(CAS, 1),
	{ 0, 0, 0, NULL }
};
