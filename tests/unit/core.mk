# SPDX-License-Identifier: MIT
# The pure parts of libudrv's core.
TESTS_UNIT += tests/unit/iova tests/unit/fds
TESTS_LIST += tests/unit/iova tests/unit/fds
USES_UDRV += tests/unit/iova tests/unit/fds
tests/unit/iova_SRC := tests/unit/iova.c
tests/unit/iova_PKGS := cmocka
tests/unit/fds_SRC := tests/unit/fds.c
tests/unit/fds_PKGS := cmocka
TESTS_UNIT += tests/unit/handover
TESTS_LIST += tests/unit/handover
USES_UDRV += tests/unit/handover
tests/unit/handover_SRC := tests/unit/handover.c
tests/unit/handover_PKGS := cmocka
TESTS_UNIT += tests/unit/loop
TESTS_LIST += tests/unit/loop
USES_UDRV += tests/unit/loop
tests/unit/loop_SRC := tests/unit/loop.c
tests/unit/loop_PKGS := cmocka liburing
