# SPDX-License-Identifier: MIT
N ?= 50
.PHONY: kills-ide
kills-ide: lab		## N=50 deaths of the IDE driver under fio, a compiler and sqlite (root)
	@$(LAB) tests/kills_ide.py $(O) $(N)
