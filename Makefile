# SPDX-License-Identifier: MIT
#
# udrv: user-mode device drivers for Linux that survive their own crashes.
#
# Each folder has a rules.mk (examples and tests: one .mk for each topic) that
# adds to the lists of mk/common.mk; this file only puts them together.  `make help` lists the targets; V=1 shows the commands.

.DEFAULT_GOAL := all

include mk/common.mk
include libudrv/rules.mk
include $(wildcard drivers/*/rules.mk)
include $(wildcard supervisor/rules.mk examples/*.mk)
include $(wildcard tests/*.mk tests/*/*.mk)
include $(wildcard kshim/rules.mk lab/rules.mk bench/rules.mk)
include mk/lint.mk
include mk/install.mk
include mk/programs.mk

.PHONY: all clean help
all: $(LIBS) $(PROGS)	## libudrv, udrvd, udrvctl, drivers and examples, in build/

clean:			## remove build/ (the lab's cache outside the clone stays)
	$(Q)rm -rf $(O)

help:			## this list
	@grep -hE '^[a-z][a-z -]*:.*## ' $(MAKEFILE_LIST) | sort | \
		sed -E 's/^([a-z -]+):.*## (.*)/  \1\t\2/' | expand -t 22
