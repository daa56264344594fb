# SPDX-License-Identifier: MIT
# Drivers on device models, no root and no VM; libudrv/src/backend_qtest.c.

TESTS_NATIVE += tests/native/qtest
TESTS_LIST += tests/native/qtest
USES_UDRV += tests/native/qtest
tests/native/qtest_SRC := tests/native/qtest.c tests/native/help.c tests/native/card.c
tests/native/qtest_PKGS := cmocka
