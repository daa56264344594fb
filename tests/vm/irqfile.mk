# SPDX-License-Identifier: MIT
# Programs that test interrupt descriptors; they share irqlib.c and irqboth.c.
IRQ_TESTS := $(addprefix tests/vm/irq,file poll own gone old)
TESTS_VM += $(IRQ_TESTS)
TESTS_LIST += $(IRQ_TESTS)
$(foreach t,$(IRQ_TESTS),$(eval $(t)_SRC := $(t).c tests/vm/irqlib.c tests/vm/irqboth.c))
$(foreach t,$(IRQ_TESTS),$(eval $(t)_PKGS := cmocka liburing))
