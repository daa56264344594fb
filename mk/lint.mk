# SPDX-License-Identifier: MIT
# make lint: what reads the code instead of running it.  Needs clang-tidy and
# shellcheck.  sparse reads the module whenever it is built where sparse is
# (in the lab always).

LINT_C	= $(filter-out kshim/% bench/irq_kthread/%,$(shell git ls-files '*.c' 2>/dev/null || find . -name '*.c'))
LINT_SH	= $(shell git grep -lE '^\#!.*\b(ba)?sh\b' -- ':!*.md' 2>/dev/null)

.PHONY: lint lint-layers lint-tidy lint-shell lint-size lint-man
lint: lint-layers lint-size lint-shell lint-man lint-tidy lint-checkpatch	## layers, sizes, shellcheck, manual, clang-tidy, checkpatch

lint-layers:
	$(say) LAYERS
	$(Q)mk/layers.sh

lint-size:
	$(say) SIZE
	$(Q)git ls-files '*.c' '*.h' | xargs wc -l | \
		awk '$$2 != "total" && $$1 > 500 { print "over 500 lines: " $$2 " (" $$1 ")"; bad = 1 } END { exit bad }'

lint-shell:
	$(say) SHELL
	$(Q)shellcheck -x $(LINT_SH)

lint-man:
	$(say) MAN docs/man
	$(Q)mk/man.py

# clang-tidy counts suppressed warnings on stderr; findings are on stdout.
lint-tidy:
	$(say) TIDY "$(words $(LINT_C)) files"
	$(Q)printf '%s\n' $(LINT_C) | xargs -n 8 -P $(shell nproc) sh -c \
		'clang-tidy --quiet "$$@" -- -std=gnu11 -D_GNU_SOURCE -Ilibudrv/include 2>/dev/null' tidy
