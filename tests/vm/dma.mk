# SPDX-License-Identifier: MIT
TESTS_VM += tests/vm/dma_probe
TESTS_LIST += tests/vm/dma_probe
USES_UDRV += tests/vm/dma_probe
tests/vm/dma_probe_SRC := tests/vm/dma_probe.c
tests/vm/dma_probe_PKGS := cmocka
