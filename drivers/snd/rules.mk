# SPDX-License-Identifier: MIT
# The sound drivers.  AC97_SRC and HDA_SRC are drivers without their main(), for
# programs that link them as libraries.
AC97_SRC := $(addprefix drivers/snd/,ac97.c ac97_hw.c ac97_names.c ac97_window.c)
HDA_SRC := $(addprefix drivers/snd/,hda.c hda_hw.c hda_names.c hda_codec.c)

PROGS_LIST += drivers/snd/ac97 drivers/snd/hda
USES_UDRV += drivers/snd/ac97 drivers/snd/hda
drivers/snd/ac97_SRC := drivers/snd/ac97_main.c $(AC97_SRC)
drivers/snd/hda_SRC := drivers/snd/hda_main.c $(HDA_SRC)
