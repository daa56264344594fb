# SPDX-License-Identifier: MIT
# The AC'97 driver on QEMU's model, which plays into a wav file.
TESTS_NATIVE += tests/native/ac97
TESTS_LIST += tests/native/ac97
USES_UDRV += tests/native/ac97
tests/native/ac97_SRC := $(addprefix tests/native/,ac97.c snd_tests.c snd_rig.c help.c) $(AC97_SRC)
tests/native/ac97_PKGS := cmocka
