# SPDX-License-Identifier: MIT
# The lab: a VM with Debian 13, the devices of machine.py and what we build.
# README.md here says more.

LAB_ENV	= O=$(O) V=$(V) KEEP=$(KEEP)
VM	= $(LAB_ENV) lab/vm.sh

.PHONY: lab lab-shell lab-clean lab-payload deps
deps:			## install the Debian packages the host needs (root)
	@$(LAB_ENV) lab/host.sh

lab: deps		## build the lab's VM and what runs in it (root)
	@$(LAB_ENV) lab/root.sh
	@$(LAB_ENV) lab/build.sh

lab-shell: lab		## an interactive VM with everything in it (root)
	@$(VM) shell --shell

lab-clean:		## remove the cached VMs of all clones
	@$(LAB_ENV) lab/clean.sh

# Called inside the lab's root by lab/build.sh: what the VM gets as /udrv.
# KEEP=1 packs what could be built when something else could not.
PAYLOAD	= $(O)/payload
LAB_PROGS = $(PROGS) $(addprefix $(O)/,$(TESTS_VM))
KDIR_LAB = $(lastword $(sort $(wildcard /usr/src/linux-headers-6.12*-amd64)))
lab-payload:
	$(Q)$(MAKE) --no-print-directory $(if $(filter 1,$(KEEP)),-k) \
		$(LIBS) $(LAB_PROGS) $(if $(filter 1,$(KEEP)),|| true)
ifneq ($(wildcard kshim/rules.mk),)
	$(Q)$(MAKE) --no-print-directory kshim KDIR=$(KDIR_LAB) \
		$(if $(filter 1,$(KEEP)),|| true)
endif
	$(Q)rm -rf $(PAYLOAD)
	$(Q)mkdir -p $(PAYLOAD)/bin $(PAYLOAD)/lib $(PAYLOAD)/tests/bin
	$(Q)cp lab/guest/init $(PAYLOAD)/
	$(Q)cp -r lab/demo $(PAYLOAD)/
	$(Q)cp -r tests/vm $(PAYLOAD)/tests/
	$(Q)test ! -e $(O)/kshim/udrv.ko || cp $(O)/kshim/udrv.ko $(PAYLOAD)/lib/
	$(Q)for p in $(PROGS); do test ! -e $$p || cp $$p $(PAYLOAD)/bin/; done
	$(Q)for p in $(addprefix $(O)/,$(TESTS_VM)); do \
		test ! -e $$p || cp $$p $(PAYLOAD)/tests/bin/; done
