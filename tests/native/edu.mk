# SPDX-License-Identifier: MIT
# examples/edu, and a card with many drivers one after the other.
TESTS_NATIVE += tests/native/edu
TESTS_LIST += tests/native/edu
USES_UDRV += tests/native/edu
tests/native/edu_SRC := $(addprefix tests/native/,edu.c jobs.c help.c card.c)
tests/native/edu_PKGS := cmocka

$(O)/tests/native/edu: | $(O)/examples/edu
