# SPDX-License-Identifier: MIT
PROGS_LIST += examples/irqwait
examples/irqwait_SRC := examples/irqwait.c
