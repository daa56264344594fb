# SPDX-License-Identifier: MIT
TESTS_UNIT += tests/unit/ports
TESTS_LIST += tests/unit/ports
USES_UDRV += tests/unit/ports
tests/unit/ports_SRC := tests/unit/ports.c tests/unit/host_tree.c
tests/unit/ports_PKGS := cmocka
