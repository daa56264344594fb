#!/bin/bash
# SPDX-License-Identifier: MIT
# diskcost.sh OUT: the guest's half of the bench section "disk" on the machine
# ide-icount: instructions for each of fio's transfers, fio's own included, with the
# kernel's driver and with ours.  A JSON object a line.

out=$1
# shellcheck source=bench/guest/disk_lib.sh
. /udrv/bench/disk_lib.sh
exec 3> "$out"
modprobe -a ata_piix sd_mod ublk_drv || exit

# A tick of this machine's clock is 10 ms, 10 million instructions: enough
# transfers for 500 of them.
measure() {
	local who=$1 name words before n size
	while read -r name words; do
		case $name in seq*) n=256 size=256M ;; *) n=8192 size=32M ;; esac
		before=$(busy)
		# shellcheck disable=SC2086 # words
		fio_on "$disk" "$name" $words --io_size=$size || return
		echo "{\"who\": \"$who\", \"job\": \"$name\", \"insn\": $((($(busy) - before) * 10000000 / n))}" >&3
	done <<< "$jobs_list"
}

# In an idle moment the clock of this machine jumps to the next timer: there are none
# while somebody takes what the others leave.
recoveries_in_time() {
	chrt -i 0 sh -c 'while :; do :; done' &
	local hog=$! ret
	recoveries 12 0.25 6
	ret=$?
	kill $hog
	return $ret
}

start_kernel && measure kernel || exit
for who in ${WHO:-ours}; do
	case $who in
	ours)	start_ours "" ;;
	vfio)	start_ours "" UDRV_PORTS=none ;;
	polled)	start_ours "poll=1" ;;
	esac && measure "$who" || exit
	[ "$who" != ours ] || recoveries_in_time >&3 || exit
	end_ours
done
