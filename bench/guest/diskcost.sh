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

# insn WORDS: what the processor did for fio, in instructions, which are nanoseconds
# here: the time of all processes.  (/proc/stat counts by ticks of 10 ms.)  What an
# interrupt costs that meets an idle processor is in neither driver's figure.
insn() {
	local before
	before=$(awk '/^cpu0/ { print $8 }' /proc/schedstat)
	fio_on "$disk" "$@" || return
	echo $(($(awk '/^cpu0/ { print $8 }' /proc/schedstat) - before))
}

# One transfer more: fio's own start is in the short run and the long one.
measure() {
	local who=$1 name words n size short long
	while read -r name words; do
		case $name in seq*) n=128 size=128 ;; *) n=4096 size=16 ;; esac
		# shellcheck disable=SC2086 # words
		short=$(insn "$name" $words --io_size=${size}M) &&
			long=$(insn "$name" $words --io_size=$((2 * size))M) || return
		echo "{\"who\": \"$who\", \"job\": \"$name\", \"insn\": $(((long - short) / n))}" >&3
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
