# SPDX-License-Identifier: MIT
# The IDE driver's pure parts.
TESTS_UNIT += tests/unit/ide_pure
TESTS_LIST += tests/unit/ide_pure
tests/unit/ide_pure_SRC := tests/unit/ide_pure.c $(IDE_PURE_SRC)
tests/unit/ide_pure_PKGS := cmocka
