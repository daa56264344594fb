# SPDX-License-Identifier: MIT
# Fuzz targets: make check runs each over its corpus, make fuzz has libFuzzer (of
# clang) look for more inputs, for FUZZ_SECONDS each.
FUZZ := config control message
FUZZ_SECONDS ?= 60

fuzz_config_SRC := tests/fuzz/config.c $(addprefix supervisor/,config.c config_files.c config_keys.c value.c)
fuzz_config_PKGS := inih
fuzz_control_SRC := tests/fuzz/control.c \
	$(addprefix supervisor/,command.c control.c history.c interrupts.c loop.c memory.c report.c state.c trace.c)
fuzz_control_PKGS := json-c
fuzz_message_SRC := tests/fuzz/message.c supervisor/message.c

define fuzz_rules
TESTS_UNIT += tests/fuzz/fuzz_$(1)
TESTS_LIST += tests/fuzz/fuzz_$(1)
USES_UDRV += tests/fuzz/fuzz_$(1)
tests/fuzz/fuzz_$(1)_SRC := tests/fuzz/replay.c $(fuzz_$(1)_SRC)
tests/fuzz/fuzz_$(1)_PKGS := $(fuzz_$(1)_PKGS)
$(O)/fuzz/$(1): $(fuzz_$(1)_SRC) $(O)/libudrv.a
	@mkdir -p $$(@D)
	$$(say) FUZZ $$@
	$$(Q)clang -std=gnu11 -g -O1 -D_GNU_SOURCE -Ilibudrv/include \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $$@ $$^ \
		$$(shell $$(PKG_CONFIG) --libs $(fuzz_$(1)_PKGS) liburing libpci)
endef
$(foreach t,$(FUZZ),$(eval $(call fuzz_rules,$(t))))

.PHONY: fuzz
fuzz: $(addprefix $(O)/fuzz/,$(FUZZ))	## look for inputs that break the parsers, FUZZ_SECONDS= each (clang)
	@tests/fuzz/fuzz.py --out $(O) --seconds $(FUZZ_SECONDS) $(FUZZ)
