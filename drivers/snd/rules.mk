# SPDX-License-Identifier: MIT
# The sound drivers.  AC97_SRC and HDA_SRC are drivers without their main(), for
# programs that link them as libraries.
AC97_SRC := $(addprefix drivers/snd/,ac97.c ac97_hw.c ac97_mixer.c ac97_names.c ac97_window.c)
HDA_SRC := $(addprefix drivers/snd/,hda.c hda_hw.c hda_names.c hda_codec.c hda_mixer.c)

PROGS_LIST += drivers/snd/ac97 drivers/snd/hda
USES_UDRV += drivers/snd/ac97 drivers/snd/hda
drivers/snd/ac97_SRC := drivers/snd/ac97_main.c $(AC97_SRC)
drivers/snd/hda_SRC := drivers/snd/hda_main.c $(HDA_SRC)

# ALSA's plugins; alsa-lib looks for them in its plugin folder (docs/sound.md).
ALSA_PLUGINS := $(patsubst %,$(O)/drivers/snd/alsa/libasound_module_%_udrv.so,pcm ctl)
LIBS += $(ALSA_PLUGINS)
ALSA_OBJ = $(addprefix $(O)/drivers/snd/alsa/,client.o pcm_udrv.o ctl_udrv.o)
$(ALSA_OBJ): OBJ_CFLAGS = -DPIC $(shell $(PKG_CONFIG) --cflags alsa)
# All is static in there but what alsa-lib's macros define for it to find.
$(filter %_udrv.o,$(ALSA_OBJ)): OBJ_CFLAGS += -fvisibility=default

$(O)/drivers/snd/alsa/libasound_module_%_udrv.so: $(O)/drivers/snd/alsa/%_udrv.o \
		$(O)/drivers/snd/alsa/client.o
	$(say) LD $@
	$(Q)$(CC) -shared -Wl,-z,defs $(ALL_LDFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs alsa)
-include $(ALSA_OBJ:.o=.d)
