# SPDX-License-Identifier: MIT
# Tools, flags and lists that every rules.mk uses.

O	?= build
CC	?= cc
AR	?= ar
PKG_CONFIG ?= pkg-config

V	?= 0
ifeq ($(V),1)
Q	:=
say	= @:
else
Q	:= @
say	= @printf '  %-9s %s\n'
endif

WERROR	?= 1
WARN	:= -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	   -Wpointer-arith -Wno-unused-parameter
ifeq ($(WERROR),1)
WARN	+= -Werror
endif
CFLAGS	?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARN) -D_GNU_SOURCE -fvisibility=hidden -fPIC \
	     -Ilibudrv/include $(CFLAGS) $(CPPFLAGS)
# One variable turns the sanitizers on, in a build folder of their own:
# make SAN=1 O=build/san check-unit
ifeq ($(SAN),1)
ALL_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all \
	      -fno-omit-frame-pointer
ALL_LDFLAGS = -fsanitize=address,undefined $(LDFLAGS)
else
ALL_LDFLAGS = $(LDFLAGS)
endif

# What the rules.mk files add to.  For each program P in PROGS or UNIT_TESTS:
# P_SRC (its .c files), P_LIBS (linker words), P_PKGS (pkg-config names) with
# P's slashes and dashes as they are, e.g. drivers/e1000/e1000_SRC.  A program
# is built at $(O)/P.  USES_UDRV lists the programs that link libudrv.
PROGS_LIST	:=
TESTS_LIST	:=
USES_UDRV	:=
LIBS		:=

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) $(OBJ_CFLAGS) -MMD -MP -c $< -o $@
