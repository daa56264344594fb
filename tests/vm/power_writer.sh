#!/bin/bash
# SPDX-License-Identifier: MIT
# power_writer.sh: the guest's half of "make power-ide": the writer on the IDE disk,
# whose driver is killed now and then; until the power goes.
# shellcheck source=bench/guest/disk_lib.sh disable=SC2154
. /udrv/bench/disk_lib.sh

modprobe ublk_drv && start_ours "" || exit
/udrv/tests/vm/power_writer.py "$disk" /out/acked &
while sleep "0.$((3 + RANDOM % 7))"; do
	udrvctl wait ide0 running --timeout 30 && udrvctl kill ide0 || exit
	date > /out/killed.new && mv /out/killed.new "/out/killed.$SECONDS"
done
