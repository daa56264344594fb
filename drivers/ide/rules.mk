# SPDX-License-Identifier: MIT
# The IDE driver.  IDE_SRC is the driver without its block devices and its
# main(), for programs that link it as a library.
IDE_PURE_SRC := $(addprefix drivers/ide/,command.c identify.c)
IDE_SRC := $(IDE_PURE_SRC) $(addprefix drivers/ide/,hw.c probe.c channel.c tick.c names.c recover.c ide.c)

PROGS_LIST += drivers/ide/ide
USES_UDRV += drivers/ide/ide
drivers/ide/ide_SRC := $(addprefix drivers/ide/,main.c disk.c) $(IDE_SRC)
