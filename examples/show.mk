# SPDX-License-Identifier: MIT
PROGS_LIST += examples/show
USES_UDRV += examples/show
examples/show_SRC := examples/show.c
