# SPDX-License-Identifier: MIT
# Rules for all programs named in PROGS_LIST and TESTS_LIST (see common.mk).

PROGS	= $(addprefix $(O)/,$(PROGS_LIST))
TESTS	= $(addprefix $(O)/,$(TESTS_LIST))

define program_rules
$(O)/$(1): $(addprefix $(O)/,$($(1)_SRC:.c=.o)) $(if $(filter $(1),$(USES_UDRV)),$(O)/libudrv.a)
	@mkdir -p $$(@D)
	$$(say) LD $(1)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) \
		$(if $($(1)_PKGS),$$(shell $$(PKG_CONFIG) --libs $($(1)_PKGS))) \
		$(if $(filter $(1),$(USES_UDRV)),$$(UDRV_LIBS)) $($(1)_LIBS)
-include $(addprefix $(O)/,$($(1)_SRC:.c=.d))
endef
$(foreach p,$(PROGS_LIST) $(TESTS_LIST),$(eval $(call program_rules,$(p))))

# all: and tests: depend on lists that are complete only here.
all: $(PROGS)
.PHONY: tests
tests: $(TESTS)
