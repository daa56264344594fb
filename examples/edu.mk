# SPDX-License-Identifier: MIT
PROGS_LIST += examples/edu
USES_UDRV += examples/edu
examples/edu_SRC := examples/edu.c
