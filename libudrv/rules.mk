# SPDX-License-Identifier: MIT
# libudrv: what drivers link.  src/ is the library, host/ what needs privilege.

LIBUDRV_SRC = $(wildcard $(addprefix libudrv/,src/*.c net/*.c blk/*.c snd/*.c host/*.c))
LIBUDRV_OBJ = $(addprefix $(O)/,$(LIBUDRV_SRC:.c=.o))
UDRV_LIBS = $(shell $(PKG_CONFIG) --libs liburing libpci)
LIBS += $(O)/libudrv.a

$(O)/libudrv.a: $(LIBUDRV_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^
-include $(LIBUDRV_OBJ:.o=.d)
