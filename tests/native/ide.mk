# SPDX-License-Identifier: MIT
# The IDE driver's engine on QEMU's models, with disks that are files.
define ide_native
TESTS_NATIVE += tests/native/$(1)
TESTS_LIST += tests/native/$(1)
USES_UDRV += tests/native/$(1)
tests/native/$(1)_SRC := $(addprefix tests/native/,$(1).c ide_rig.c help.c) $(IDE_SRC)
tests/native/$(1)_PKGS := cmocka
endef
$(foreach t,ide ide_error ide_drive,$(eval $(call ide_native,$(t))))
