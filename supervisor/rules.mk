# SPDX-License-Identifier: MIT
# udrvd, the daemon, and udrvctl, the hand on it.  UDRVD_PURE is what unit
# tests link.
UDRVD_PURE := $(addprefix supervisor/,config.c config_files.c config_keys.c history.c message.c \
	policy.c state.c value.c)

PROGS_LIST += supervisor/udrvd supervisor/udrvctl
USES_UDRV += supervisor/udrvd supervisor/udrvctl
supervisor/udrvd_SRC := $(UDRVD_PURE) $(addprefix supervisor/,command.c control.c device.c \
	device_hardware.c device_open.c device_process.c device_standby.c device_upgrade.c disk.c escalate.c \
	endpoint_blk.c endpoint_net.c endpoint_snd.c interrupts.c log.c loop.c memory.c pin.c \
	reap.c report.c sendfds.c sound_app.c spawn.c store.c storm.c trace.c udrvd.c)
supervisor/udrvd_PKGS := json-c inih
# The sandbox.
supervisor/udrvd_SRC += $(addprefix supervisor/,bounded.c cell.c cgroup.c dmafault.c dmafault_line.c elf_list.c filter.c guard.c plug.c progress.c ring.c said.c uevent.c)
supervisor/udrvd_PKGS += libseccomp
supervisor/udrvd_LIBS := -pthread
supervisor/udrvctl_SRC := $(addprefix supervisor/,config.c config_files.c config_keys.c value.c \
	ctl_client.c ctl_config.c ctl_host.c ctl_metrics.c ctl_saved.c ctl_show.c ctl_top.c ctl_trace.c \
	ctl_upgrade.c state.c udrvctl.c)
supervisor/udrvctl_PKGS := json-c inih
