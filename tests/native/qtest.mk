# SPDX-License-Identifier: MIT
# Drivers on device models, no root and no VM; libudrv/src/backend_qtest.c.
TESTS_NATIVE += tests/native/qtest tests/native/qtest_end
TESTS_LIST += tests/native/qtest tests/native/qtest_end
USES_UDRV += tests/native/qtest tests/native/qtest_end
tests/native/qtest_SRC := $(addprefix tests/native/,qtest.c help.c card.c)
tests/native/qtest_PKGS := cmocka
tests/native/qtest_end_SRC := $(addprefix tests/native/,qtest_end.c help.c card.c)
tests/native/qtest_end_PKGS := cmocka
