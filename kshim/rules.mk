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
		$(if $(filter 1,$(WERROR)),KCFLAGS=-Werror) $(if $(filter 1,$(V)),V=1) modules
