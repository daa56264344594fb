# SPDX-License-Identifier: MIT
# The e1000 driver on QEMU's models, between two sockets.
TESTS_NATIVE += tests/native/e1000
TESTS_LIST += tests/native/e1000
USES_UDRV += tests/native/e1000
tests/native/e1000_SRC := $(addprefix tests/native/,e1000.c nic.c jobs.c help.c) $(E1000_SRC)
tests/native/e1000_PKGS := cmocka
