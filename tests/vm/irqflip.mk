# SPDX-License-Identifier: MIT
TESTS_VM += tests/vm/irqflip
TESTS_LIST += tests/vm/irqflip
tests/vm/irqflip_SRC := tests/vm/irqflip.c tests/vm/irqlib.c
tests/vm/irqflip_PKGS := cmocka
