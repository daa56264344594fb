# SPDX-License-Identifier: MIT
# The privileged helpers against a made-up /sys, /proc and /dev.
TESTS_UNIT += tests/unit/host tests/unit/host_bind
TESTS_LIST += tests/unit/host tests/unit/host_bind
USES_UDRV += tests/unit/host tests/unit/host_bind
tests/unit/host_SRC := tests/unit/host.c tests/unit/host_tree.c
tests/unit/host_PKGS := cmocka
tests/unit/host_bind_SRC := tests/unit/host_bind.c tests/unit/host_tree.c
tests/unit/host_bind_PKGS := cmocka
