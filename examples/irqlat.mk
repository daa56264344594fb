# SPDX-License-Identifier: MIT
PROGS_LIST += examples/irqlat
USES_UDRV += examples/irqlat
examples/irqlat_SRC := examples/irqlat.c
