# SPDX-License-Identifier: MIT
# The e1000 driver's rings, which are pure code.
TESTS_UNIT += tests/unit/e1000_ring
TESTS_LIST += tests/unit/e1000_ring
tests/unit/e1000_ring_SRC := tests/unit/e1000_ring.c drivers/e1000/ring.c
tests/unit/e1000_ring_PKGS := cmocka
