# SPDX-License-Identifier: MIT
# The pure parts of the supervisor.
UDRVD_UNIT := $(addprefix tests/unit/,interrupts state policy config message history uevent dmafault)
TESTS_UNIT += $(UDRVD_UNIT)
TESTS_LIST += $(UDRVD_UNIT)
tests/unit/interrupts_SRC := tests/unit/interrupts.c supervisor/interrupts.c
tests/unit/interrupts_PKGS := cmocka
tests/unit/uevent_SRC := tests/unit/uevent.c supervisor/uevent.c
tests/unit/uevent_PKGS := cmocka
tests/unit/dmafault_SRC := tests/unit/dmafault.c supervisor/dmafault_line.c
tests/unit/dmafault_PKGS := cmocka
tests/unit/state_SRC := tests/unit/state.c supervisor/state.c
tests/unit/state_PKGS := cmocka
tests/unit/policy_SRC := tests/unit/policy.c supervisor/policy.c
tests/unit/policy_PKGS := cmocka
tests/unit/message_SRC := tests/unit/message.c supervisor/message.c
tests/unit/message_PKGS := cmocka
tests/unit/history_SRC := tests/unit/history.c supervisor/history.c
tests/unit/history_PKGS := cmocka
# config needs udrv_host_bdf(), and with it libudrv.
USES_UDRV += tests/unit/config
tests/unit/config_SRC := tests/unit/config.c $(addprefix supervisor/,config.c config_files.c config_keys.c value.c)
tests/unit/config_PKGS := cmocka inih

TESTS_UNIT += tests/unit/bounded
TESTS_LIST += tests/unit/bounded
tests/unit/bounded_SRC := tests/unit/bounded.c supervisor/bounded.c
tests/unit/bounded_PKGS := cmocka
tests/unit/bounded_LIBS := -pthread

TESTS_UNIT += tests/unit/hardware
TESTS_LIST += tests/unit/hardware
tests/unit/hardware_SRC := tests/unit/hardware.c $(addprefix supervisor/,bounded.c device_hardware.c history.c)
tests/unit/hardware_PKGS := cmocka
tests/unit/hardware_LIBS := -pthread

TESTS_UNIT += tests/unit/log
TESTS_LIST += tests/unit/log
tests/unit/log_SRC := tests/unit/log.c supervisor/log.c
tests/unit/log_PKGS := cmocka
