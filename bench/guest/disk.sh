#!/bin/bash
# SPDX-License-Identifier: MIT
# disk.sh OUT [ROUNDS]: one boot's part of the guest's half of the bench section
# "disk": fio on the same disk, with the kernel's driver and with ours in turn, so that
# both meet the same host; then our driver's deaths under load.  A JSON object a line.

out=$1 rounds=${2:-2}
# shellcheck source=bench/guest/disk_lib.sh
. /udrv/bench/disk_lib.sh
exec 3> "$out"
modprobe -a ata_piix sd_mod ublk_drv || exit

for ((round = 1; round <= rounds; round++)); do
	echo "  disk: round $round"
	start_kernel && measure kernel 3 >&3 || exit
	start_ours "" && measure ours 3 >&3 || exit
	[ $round -lt "$rounds" ] || recoveries 8 0.4 6 >&3 || exit
	end_ours
done
