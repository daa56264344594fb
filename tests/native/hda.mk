# SPDX-License-Identifier: MIT
# The HDA driver on QEMU's model, which plays into a wav file.
TESTS_NATIVE += tests/native/hda
TESTS_LIST += tests/native/hda
USES_UDRV += tests/native/hda
tests/native/hda_SRC := $(addprefix tests/native/,hda.c snd_tests.c snd_rig.c help.c) $(HDA_SRC)
tests/native/hda_PKGS := cmocka
