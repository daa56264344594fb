# SPDX-License-Identifier: MIT
PROGS_LIST += examples/show
examples/show_SRC := examples/show.c
examples/show_PKGS := libpci
