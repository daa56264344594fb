# SPDX-License-Identifier: MIT
# What abuses the module; make abuse does it for longer than make check.
ABUSE_TESTS := $(addprefix tests/vm/abuse,fuzz race)
TESTS_VM += $(ABUSE_TESTS)
TESTS_LIST += $(ABUSE_TESTS)
$(foreach t,$(ABUSE_TESTS),$(eval $(t)_SRC := $(t).c tests/vm/irqlib.c))
tests/vm/abusefuzz_SRC += tests/vm/abusedma.c
$(foreach t,$(ABUSE_TESTS),$(eval $(t)_PKGS := cmocka liburing))

TESTS_VM += tests/vm/abusemix
TESTS_LIST += tests/vm/abusemix
tests/vm/abusemix_SRC := $(addprefix tests/vm/,abusemix.c irqlib.c irqvec.c)
tests/vm/abusemix_PKGS := cmocka

# The long version: calls in all, seconds of racing in all, and where it begins.
ABUSE_CALLS ?= $(if $(N),$(N),1000000)
ABUSE_SECONDS ?= 600
ABUSE_SEED ?= $(if $(SEED),$(SEED),1)
.PHONY: abuse
abuse: lab		## abuse the module for longer: N=calls ABUSE_SECONDS= SEED= (root)
	@$(LAB) env ABUSE_CALLS=$(ABUSE_CALLS) ABUSE_SECONDS=$(ABUSE_SECONDS) \
		ABUSE_SEED=$(ABUSE_SEED) \
		UDRV_TIMEOUT=$$(($(ABUSE_CALLS) / 100 + $(ABUSE_SECONDS) * 2 + 300)) \
		tests/check.py --out $(O) --report abuse --vm abuse_fuzz abuse_race abuse_mix
