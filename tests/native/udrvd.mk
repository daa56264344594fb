# SPDX-License-Identifier: MIT
# udrvd itself, with drivers that need no hardware: no root, no VM.
TESTS_NATIVE += tests/native/udrvd tests/native/udrvd_control tests/native/udrvd_snd \
	tests/native/udrvd_standby tests/native/udrvd_sandbox tests/native/udrvd_upgrade
TESTS_LIST += tests/native/udrvd tests/native/udrvd_control tests/native/udrvd_snd \
	tests/native/udrvd_standby tests/native/udrvd_sandbox tests/native/udrvd_upgrade
tests/native/udrvd_SRC := tests/native/udrvd.c tests/native/udrvd_rig.c
tests/native/udrvd_PKGS := cmocka json-c
tests/native/udrvd_control_SRC := tests/native/udrvd_control.c tests/native/udrvd_rig.c
tests/native/udrvd_control_PKGS := cmocka json-c
tests/native/udrvd_snd_SRC := tests/native/udrvd_snd.c tests/native/udrvd_rig.c
tests/native/udrvd_snd_PKGS := cmocka json-c
tests/native/udrvd_standby_SRC := tests/native/udrvd_standby.c tests/native/udrvd_rig.c
tests/native/udrvd_standby_PKGS := cmocka json-c
tests/native/udrvd_sandbox_SRC := tests/native/udrvd_sandbox.c tests/native/udrvd_rig.c
tests/native/udrvd_sandbox_PKGS := cmocka json-c
tests/native/udrvd_upgrade_SRC := tests/native/udrvd_upgrade.c tests/native/udrvd_rig.c
tests/native/udrvd_upgrade_PKGS := cmocka json-c

$(O)/tests/native/udrvd_sandbox $(O)/tests/native/udrvd_upgrade $(O)/tests/native/udrvd_standby: | $(O)/tests/native/udrvd
$(O)/tests/native/udrvd $(O)/tests/native/udrvd_control $(O)/tests/native/udrvd_snd: | $(O)/supervisor/udrvd \
	$(O)/supervisor/udrvctl $(O)/tests/drivers/fake
