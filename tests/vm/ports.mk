# SPDX-License-Identifier: MIT
TESTS_VM += tests/vm/portprobe
TESTS_LIST += tests/vm/portprobe
tests/vm/portprobe_SRC := tests/vm/portprobe.c
