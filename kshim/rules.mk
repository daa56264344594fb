# SPDX-License-Identifier: MIT
# make kshim [KDIR=...]: udrv.ko, built in $(O)/kshim so that the sources stay clean.

KDIR ?= /lib/modules/$(shell uname -r)/build
KSHIM_SRC = $(wildcard kshim/*.c kshim/*.h kshim/Kbuild) libudrv/include/udrv/irq_abi.h

.PHONY: kshim
# Without our MAKEFLAGS: the kernel's make has a meaning of its own for O.
kshim:			## the kernel module (KDIR=kernel headers), in build/kshim/udrv.ko
	@test -e $(KDIR)/Makefile || { \
		echo "kshim: no kernel headers in $(KDIR): install linux-headers, or set KDIR=" >&2; exit 1; }
	@mkdir -p $(O)/kshim
	@cp -u $(KSHIM_SRC) $(O)/kshim/
	$(say) KSHIM $(KDIR)
	$(Q)env -u MAKEFLAGS -u MFLAGS -u O make --no-print-directory -C $(KDIR) M=$(abspath $(O)/kshim) \
		$(if $(shell command -v sparse),C=1 CF=-Wsparse-error) \
		$(if $(filter 1,$(WERROR)),KCFLAGS=-Werror) $(if $(filter 1,$(V)),V=1) modules

# The kernel's own style checker, from Debian's linux-source (not on a system by
# default; 140 MB are fetched once, three files are kept in the cache).
CHECKPATCH_FLAGS = --no-tree --file --strict --quiet --max-line-length=100 \
	--ignore LINUX_VERSION_CODE,CONSTANT_COMPARISON,BIT_MACRO
.PHONY: lint-checkpatch
lint-checkpatch:
	$(say) CHECKPATCH kshim
	$(Q)perl "$$(mk/checkpatch.sh)" $(CHECKPATCH_FLAGS) \
		$(wildcard kshim/*.c kshim/*.h) libudrv/include/udrv/irq_abi.h

.PHONY: kshim-compat
kshim-compat: lab-root	## the module against Debian's 6.1, 6.12 and newest kernel (root)
	@$(LAB) lab/compat.py $(O)

# What DKMS wants: all of the source in one folder with the version in its name.
KSHIM_VERSION = $(shell sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' kshim/main.c)
KSHIM_DKMS = $(DESTDIR)/usr/src/udrv-$(KSHIM_VERSION)
.PHONY: install-dkms check-dkms
install-dkms:		## the module's source for DKMS, in DESTDIR/usr/src/udrv-VERSION
	$(say) INSTALL $(KSHIM_DKMS)
	$(Q)install -d $(KSHIM_DKMS)
	$(Q)install -m 644 $(KSHIM_SRC) LICENSES/GPL-2.0-only.txt $(KSHIM_DKMS)/
	$(Q)sed 's/@VERSION@/$(KSHIM_VERSION)/' kshim/dkms.conf > $(KSHIM_DKMS)/dkms.conf

check-dkms: lab-root	## dkms adds, builds, installs and removes the module, for each kernel (root)
	@$(LAB) lab/dkms.sh
