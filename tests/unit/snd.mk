# SPDX-License-Identifier: MIT
# The sound class's pure parts, and those of its drivers.
TESTS_UNIT += tests/unit/snd_request tests/unit/ac97_window tests/unit/hda_codec
TESTS_LIST += tests/unit/snd_request tests/unit/ac97_window tests/unit/hda_codec
# It asks for the time, and with that for libudrv.
USES_UDRV += tests/unit/snd_request
tests/unit/snd_request_SRC := tests/unit/snd_request.c
tests/unit/snd_request_PKGS := cmocka
tests/unit/ac97_window_SRC := tests/unit/ac97_window.c drivers/snd/ac97_window.c
tests/unit/ac97_window_PKGS := cmocka
tests/unit/hda_codec_SRC := tests/unit/hda_codec.c $(addprefix drivers/snd/,hda_codec.c hda_mixer.c)
tests/unit/hda_codec_PKGS := cmocka
# It brings what mixer.c needs of the library itself.
TESTS_UNIT += tests/unit/snd_mixer
TESTS_LIST += tests/unit/snd_mixer
tests/unit/snd_mixer_SRC := tests/unit/snd_mixer.c libudrv/snd/mixer.c
tests/unit/snd_mixer_PKGS := cmocka
