# SPDX-License-Identifier: MIT
# The IDE driver's engine on QEMU's models, with disks that are files.
TESTS_NATIVE += tests/native/ide
TESTS_LIST += tests/native/ide
USES_UDRV += tests/native/ide
tests/native/ide_SRC := $(addprefix tests/native/,ide.c ide_rig.c help.c) $(IDE_SRC)
tests/native/ide_PKGS := cmocka
