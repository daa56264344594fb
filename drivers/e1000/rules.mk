# SPDX-License-Identifier: MIT
# The e1000 driver.  E1000_SRC is the driver without its main(), for programs
# that link it as a library.
E1000_SRC := $(addprefix drivers/e1000/,e1000.c handover.c hw.c names.c ring.c)

PROGS_LIST += drivers/e1000/e1000
USES_UDRV += drivers/e1000/e1000
drivers/e1000/e1000_SRC := drivers/e1000/main.c $(E1000_SRC)
