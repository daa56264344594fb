#!/bin/bash
# SPDX-License-Identifier: MIT
# diskrate.sh OUT [ROUNDS]: the guest's half of the bench section "disk" on the machine
# null-icount: fio on a disk that takes no time, with the kernel's driver and with ours
# in turn: small transfers.  A JSON object a line.

out=$1 rounds=${2:-3}
JOBS=rand
# shellcheck source=bench/guest/disk_lib.sh
. /udrv/bench/disk_lib.sh
exec 3> "$out"
modprobe -a ata_piix sd_mod ublk_drv || exit

# In an idle moment the clock of this machine jumps to the next timer: there are none
# while somebody takes what the others leave.
chrt -i 0 sh -c 'while :; do :; done' &
at_exit kill $!

for ((round = 1; round <= rounds; round++)); do
	echo "  disk that takes no time: round $round"
	start_kernel && measure kernel 1 >&3 || exit
	start_ours "" && measure ours 1 >&3 || exit
	end_ours
done
