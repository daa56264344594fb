# SPDX-License-Identifier: MIT
.PHONY: kills-ide power-ide
kills-ide: N ?= 50
kills-ide: lab		## N=50 deaths of the IDE driver under each WORK="fio compile sqlite" (root)
	@$(LAB) tests/kills_ide.py $(O) $(N) $(WORK)
power-ide: N ?= 5
power-ide: lab		## N=5 times the power goes while the IDE driver writes: nothing flushed is lost (root)
	@$(LAB) tests/power_ide.py $(O) $(N)
