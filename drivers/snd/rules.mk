# SPDX-License-Identifier: MIT
# The sound drivers.  AC97_SRC is a driver without its main(), for programs that
# link it as a library.
AC97_SRC := $(addprefix drivers/snd/,ac97.c ac97_hw.c ac97_window.c)

PROGS_LIST += drivers/snd/ac97
USES_UDRV += drivers/snd/ac97
drivers/snd/ac97_SRC := drivers/snd/ac97_main.c $(AC97_SRC)
