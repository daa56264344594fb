# SPDX-License-Identifier: MIT
# Programs that test interrupt descriptors; they share irqlib.c and irqboth.c.
IRQ_TESTS := $(addprefix tests/vm/irq,file poll own gone old unplug)
TESTS_VM += $(IRQ_TESTS)
TESTS_LIST += $(IRQ_TESTS)
$(foreach t,$(IRQ_TESTS),$(eval $(t)_SRC := $(t).c tests/vm/irqlib.c tests/vm/irqboth.c))
$(foreach t,$(IRQ_TESTS),$(eval $(t)_PKGS := cmocka liburing))
# Vectors: a fixture of their own.
IRQ_VECTORS := $(addprefix tests/vm/irq,msi storm gate)
TESTS_VM += $(IRQ_VECTORS)
TESTS_LIST += $(IRQ_VECTORS)
$(foreach t,$(IRQ_VECTORS),$(eval $(t)_SRC := $(t).c tests/vm/irqlib.c tests/vm/irqvec.c))
$(foreach t,$(IRQ_VECTORS),$(eval $(t)_PKGS := cmocka liburing))
TESTS_VM += tests/vm/irqisa
TESTS_LIST += tests/vm/irqisa
tests/vm/irqisa_SRC := tests/vm/irqisa.c tests/vm/irqlib.c
tests/vm/irqisa_PKGS := cmocka
# A driver, on libudrv.
TESTS_VM += tests/vm/irqdrv
TESTS_LIST += tests/vm/irqdrv
USES_UDRV += tests/vm/irqdrv
tests/vm/irqdrv_SRC := tests/vm/irqdrv.c
