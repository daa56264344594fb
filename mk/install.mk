# SPDX-License-Identifier: MIT
# make install [PREFIX=/usr/local] [DESTDIR=]: files where a distribution puts
# them; in the unit and in the udev rule, which say /usr, PREFIX takes its place.
# What alsa-lib and systemd look for stays where they do.  The module has its own
# way, make install-dkms.
PREFIX	?= /usr/local
LIBDIR	?= $(PREFIX)/lib
ALSA_LIBDIR ?= $(shell $(PKG_CONFIG) --variable=libdir alsa)/alsa-lib

INSTALL_DRIVERS = $(addprefix $(O)/drivers/,e1000/e1000 ide/ide snd/ac97 snd/hda) $(O)/examples/ramdisk
INSTALL_DOCS = README.md $(wildcard docs/*.md)

# put MODE FILES DIRECTORY
put	= install -d $(DESTDIR)$(3) && install -m $(1) $(2) $(DESTDIR)$(3)/
# relocated FILE DIRECTORY: with our own prefix in it
relocated = install -d $(DESTDIR)$(2) && \
	sed 's,/usr/\(s\?bin\)/udrv,$(PREFIX)/\1/udrv,g; s,/usr/share/doc,$(PREFIX)/share/doc,' $(1) \
		> $(DESTDIR)$(2)/$(notdir $(1))

.PHONY: install
install: all		## in DESTDIR/PREFIX (/usr/local)
	$(say) INSTALL $(DESTDIR)$(PREFIX)
	$(Q)$(call put,755,$(O)/supervisor/udrvd,$(PREFIX)/sbin)
	$(Q)$(call put,755,$(O)/supervisor/udrvctl,$(PREFIX)/bin)
	$(Q)$(call put,755,$(INSTALL_DRIVERS),$(LIBDIR)/udrv)
	$(Q)$(call put,644,$(O)/libudrv.a,$(LIBDIR))
	$(Q)$(call put,644,libudrv/include/udrv.h,$(PREFIX)/include)
	$(Q)$(call put,644,$(wildcard libudrv/include/udrv/*.h),$(PREFIX)/include/udrv)
	$(Q)install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	$(Q)sed 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(LIBDIR),; s,@VERSION@,$(UDRV_VERSION),' \
		libudrv/libudrv.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/libudrv.pc
	$(Q)$(call relocated,supervisor/systemd/udrvd.service,$(PREFIX)/lib/systemd/system)
	$(Q)$(call relocated,supervisor/udev/05-udrv.rules,$(PREFIX)/lib/udev/rules.d)
	$(Q)$(call put,644,$(ALSA_PLUGINS),$(ALSA_LIBDIR))
	$(Q)$(call put,644,drivers/snd/alsa/50-udrv.conf,/etc/alsa/conf.d)
	$(Q)$(call put,644,$(wildcard docs/man/*.4),$(PREFIX)/share/man/man4)
	$(Q)$(call put,644,$(INSTALL_DOCS),$(PREFIX)/share/doc/udrv)
	$(Q)$(call put,644,$(wildcard supervisor/examples/*.ini),$(PREFIX)/share/doc/udrv/examples)
	$(Q)install -d $(DESTDIR)/etc/udrv

UDRV_VERSION = $(shell sed -n 's/^\#define UDRV_VERSION_M[AI][JN]OR\s*//p' libudrv/include/udrv/version.h | paste -sd.)
