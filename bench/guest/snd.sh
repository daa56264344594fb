#!/bin/bash
# SPDX-License-Identifier: MIT
# snd.sh OUT [SECONDS]: the guest's half of the bench section "snd": two periods that get
# smaller until something is heard of it, with the kernel's driver and with ours.  A JSON
# object a line.

out=$1 seconds=${2:-10}
# shellcheck source=tests/vm/lib.sh
. /udrv/tests/vm/lib.sh
exec 3> "$out"
modprobe -a snd_intel8x0 snd_hda_intel || exit
mkdir -p /etc/udrv

# smaller WHO CHIP DEVICE
smaller() {
	local period line from
	for period in 512 256 128 64 32 16; do
		from=$(stat -c %s "/out/$2.wav")
		line=$("$BIN/sndxrun" "$3" $period 2 "$seconds") || line='{"period": '$period', "xruns": null}'
		echo "  snd: $1 $2 $line"
		echo "{\"who\": \"$1\", \"chip\": \"$2\", \"from\": $from, ${line#\{}" >&3
		# What else was wrong only the file tells, later.
		grep -q '"xruns": 0' <<< "$line" || return 0
	done
}

kernel_card() { basename /sys/bus/pci/devices/"$(bdf "$1")"/sound/card*; }
has_card() { [[ $(kernel_card "$1") =~ card[0-9] ]]; }

# chip NAME SLOT KERNEL'S-DRIVER
chip() {
	local card udrvd
	bind "$2" "$3" && wait_for 20 has_card "$2" || exit
	card=$(kernel_card "$2")
	amixer -q -c "${card#card}" sset Master 100% unmute
	[ "$1" = hda ] || amixer -q -c "${card#card}" sset PCM 100% unmute
	smaller kernel "$1" "hw:${card#card}"
	bind "$2" udrv || exit
	printf '[device]\nname = %s\nbdf = %s\ndriver = /udrv/bin/%s\n[sound]\n' \
		"$1" "$(bdf "$2")" "$1" > "/etc/udrv/$1.ini"
	udrvd > "/out/udrvd-$1.log" 2>&1 &
	udrvd=$!
	wait_for 20 udrvctl status && udrvctl wait "$1" running --timeout 20 || exit
	smaller ours "$1" "udrvhw:$1"
	kill -TERM $udrvd
	wait $udrvd
	rm "/etc/udrv/$1.ini"
}

chip ac97 12 snd_intel8x0
chip hda 14 snd_hda_intel
