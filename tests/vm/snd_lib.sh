# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests of sound with udrvd: both chips, what they play is in /out/NAME.wav.
#
#	sounds [CONFIG]		# ac97, hda and mic (which records) run; CONFIG is added
#	died NAME N		# at least N of its drivers are dead, and one runs again
#	sounds_end
#
# cards="NAME:SLOT:DRIVER ...", set before, has other cards instead.

coded() { python3 /udrv/tests/vm/coded.py "$@"; }

# One file gets what the tests of a boot play, one after the other.
declare -A wav_begin
: "${cards:=ac97:12:ac97 hda:14:hda mic:1e:ac97}"
for card in $cards; do
	wav_begin[${card%%:*}]=$(stat -c %s "/out/${card%%:*}.wav" 2> /dev/null || echo 0)
done
# judged CHIP FRAMES: of what this test has played on it.
judged() { coded judge "/out/$1.wav" "$2" "${wav_begin[$1]}"; }

udrvd=

# sounds [CONFIG]
sounds() {
	local card name slot driver
	mkdir -p /etc/udrv
	for card in $cards; do
		IFS=: read -r name slot driver <<< "$card"
		bind "$slot" udrv || return
		printf '[device]\nname = %s\nbdf = %s\ndriver = /udrv/bin/%s\n[sound]\n%s\n' \
			"$name" "$(bdf "$slot")" "$driver" "${1:-}" > "/etc/udrv/$name.ini"
	done
	at_exit sounds_end
	# Not to /out: a line there costs milliseconds, which a driver that is to
	# make sound again would lose.
	udrvd > /tmp/udrvd.log 2>&1 &
	udrvd=$!
	wait_for 10 udrvctl status && all_run && return
	diag "$(cat /tmp/udrvd.log)"
	return 1
}

all_run() {
	local card
	for card in $cards; do
		udrvctl wait "${card%%:*}" running --timeout 20 || return
	done
}

# died NAME N
died() { [ "$(status_of "$1" deaths)" -ge "$2" ] && udrvctl wait "$1" running --timeout 1; }

sounds_end() {
	local card
	[ -n "$udrvd" ] || return 0
	kill -TERM "$udrvd" 2> /dev/null
	wait "$udrvd"
	cp /tmp/udrvd.log /out/
	udrvd=
	for card in $cards; do
		rm -f "/etc/udrv/${card%%:*}.ini"
	done
}
