# SPDX-License-Identifier: MIT
# make bench: figures against our peers, from the lab's machine "icount".

TESTS_VM += bench/irqcost
TESTS_LIST += bench/irqcost
bench/irqcost_SRC := bench/irqcost.c tests/vm/irqlib.c
bench/irqcost_PKGS := cmocka liburing
TESTS_VM += bench/stormcost
TESTS_LIST += bench/stormcost
bench/stormcost_SRC := bench/stormcost.c tests/vm/irqlib.c
bench/stormcost_PKGS := cmocka

TESTS_VM += bench/sndxrun
TESTS_LIST += bench/sndxrun
bench/sndxrun_SRC := bench/sndxrun.c
bench/sndxrun_PKGS := alsa

.PHONY: bench bench-modules
bench: lab		## measure (SECTIONS="irq" for some); build/report/bench.json (root)
	@$(LAB) bench/bench.py $(O) $(SECTIONS)

# What is compared with in the kernel; for the lab only.
bench-modules:
	@mkdir -p $(O)/bench/irq_kthread
	@cp -u bench/irq_kthread/* $(O)/bench/irq_kthread/
	$(say) KMOD irq_kthread
	$(Q)env -u MAKEFLAGS -u MFLAGS -u O make --no-print-directory -C $(KDIR) \
		M=$(abspath $(O)/bench/irq_kthread) KCFLAGS=-Werror $(if $(filter 1,$(V)),V=1) modules
