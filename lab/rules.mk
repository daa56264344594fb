# SPDX-License-Identifier: MIT
# The lab: a VM with Debian 13, the devices of machine.py and what we build;
# and the targets that run in it.  README.md here says more.

# exec: a signal to make reaches the script itself, not a shell around it.
LAB	= exec env O=$(O) V=$(V) KEEP=$(KEEP) KERNEL=$(KERNEL) GOAL="$(MAKECMDGOALS)" \
	  setpriv --pdeathsig TERM lab/session.sh

.PHONY: deps deps-build deps-native lab lab-root lab-shell lab-clean lab-payload demo
deps:			## install the Debian packages the host needs (root)
	@$(LAB) lab/host.sh build native lab
deps-build:
	@$(LAB) lab/host.sh build
deps-native:
	@$(LAB) lab/host.sh build native

lab:			## build the lab's VM and what runs in it (root)
	@$(LAB) lab/prepare.sh

lab-root:
	@$(LAB) lab/prepare.sh root

demo: lab		## kill the drivers while applications use them (root)
	@$(LAB) lab/demo.py $(O)

lab-shell: lab		## an interactive VM with everything in it (root)
	@$(LAB) lab/vm.sh shell --shell

lab-clean:		## remove the cached VMs of all clones
	@$(LAB) lab/clean.sh

# ---- tests ------------------------------------------------------------------

UNIT_PROGS = $(addprefix $(O)/,$(TESTS_UNIT))
UNIT_RUN = tests/tap_test.py $(UNIT_PROGS)
SAN_PROGS = $(addprefix $(O)/san/,$(TESTS_UNIT))
NATIVE_PROGS = $(addprefix $(O)/,$(TESTS_NATIVE))
NATIVE_RUN = tests/guide.py tests/install.py tests/metrics.py tests/ctl_json.py $(NATIVE_PROGS)
# -s keeps make from saying what is up to date.
SUBMAKE	= $(MAKE) --no-print-directory V=$(V) $(if $(filter 1,$(V)),,-s)

# Submakes, because the packages that the compiler needs come first.
define build-host-tests
	@test -z "$(strip $(1))" || $(SUBMAKE) $(1)
	@test -z "$(strip $(2))" || $(SUBMAKE) SAN=1 O=$(O)/san $(2)
endef
CHECK	= $(LAB) tests/check.py --out $(O)

.PHONY: check check-unit check-native check-vm
check: lab		## all tests; the report is build/report/check.json (root)
	$(call build-host-tests,$(UNIT_PROGS) $(NATIVE_PROGS),$(SAN_PROGS))
	@$(CHECK) --report check --unit $(UNIT_RUN) --unit-san $(SAN_PROGS) \
		--native $(NATIVE_RUN) --vm

check-unit: deps-build	## tests of pure code, plain and with sanitizers
	$(call build-host-tests,$(UNIT_PROGS),$(SAN_PROGS))
	@$(CHECK) --report check-unit --unit $(UNIT_RUN) --unit-san $(SAN_PROGS)

check-native: deps-native ## tests of drivers on device models, without a VM
	$(call build-host-tests,$(NATIVE_PROGS),)
	@$(CHECK) --report check-native --native $(NATIVE_RUN)

check-vm: lab		## tests in the VM, T="NAME..." for some, KERNEL=backports (root)
	@$(CHECK) --report check-vm --vm $(T)

# The longer one of tests/vm/snd_kill.test.
.PHONY: kills-snd
kills-snd: N = 20
kills-snd: lab		## N=20 kills of each sound driver while aplay plays (root)
	@$(LAB) lab/kills_snd.py $(O) $(N)

# What depends on the kernel: the module, VFIO, what the supervisor does with it.
KERNEL_TESTS = trivial $(patsubst tests/vm/%.test,%,$(wildcard $(addprefix tests/vm/,\
	irq_*.test host_*.test sup_*.test dma_*.test)))
.PHONY: check-kernels
check-kernels: KERNEL = backports
check-kernels: lab	## the module, the supervisor and disks on the newest Debian kernel (root)
	@$(CHECK) --report check-kernels --vm ide_basic $(KERNEL_TESTS) ide_kill \
		blk_basic blk_kill blk_wedge

# The kernel's own checkers look at the module: not in CI, because the kernel
# takes 10 minutes to an hour to build and is slow.
.PHONY: debug-kernel check-debug-kernel
debug-kernel: lab-root	## a kernel with KASAN, lockdep and others, once (root; an hour)
	@$(LAB) lab/debug_kernel.sh

check-debug-kernel: KERNEL = debug
check-debug-kernel: debug-kernel lab	## the same and abuse_* on it, over type1 and iommufd (root)
	@$(LAB) lab/debug_check.py $(O) $(if $(T),$(T),$(KERNEL_TESTS) abuse_mix abuse_race abuse_fuzz)

# ---- what the VM gets as /udrv ------------------------------------------------

# Called inside the lab's root by lab/build.sh.  KEEP=1 packs what could be
# built when something else could not.
PAYLOAD	= $(O)/payload
LAB_PROGS = $(PROGS) $(addprefix $(O)/,$(TESTS_VM))
KDIR_LAB = $(lastword $(sort $(wildcard /usr/src/linux-headers-6.12*-amd64)))
lab-payload:
	@$(SUBMAKE) $(if $(filter 1,$(KEEP)),-k) $(LIBS) $(LAB_PROGS) \
		$(if $(filter 1,$(KEEP)),|| true)
ifneq ($(wildcard kshim/rules.mk),)
	@$(SUBMAKE) kshim KDIR=$(KDIR_LAB) $(if $(filter 1,$(KEEP)),|| true)
endif
	@$(SUBMAKE) bench-modules KDIR=$(KDIR_LAB) $(if $(filter 1,$(KEEP)),|| true)
	@lab/pack.sh $(O) $(PAYLOAD) "$(PROGS_LIST)" "$(TESTS_VM)"
