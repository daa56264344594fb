# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests of sound with udrvd: both chips, what they play is in /out/NAME.wav.
#
#	sounds [CONFIG]		# ac97, hda and mic (which records) run; CONFIG is added
#	sounds_end

coded() { python3 /udrv/tests/vm/coded.py "$@"; }

# One file gets what the tests of a boot play, one after the other.
declare -A wav_begin
for chip in ac97 hda; do
	wav_begin[$chip]=$(stat -c %s /out/$chip.wav 2> /dev/null || echo 0)
done
# judged CHIP FRAMES: of what this test has played on it.
judged() { coded judge "/out/$1.wav" "$2" "${wav_begin[$1]}"; }

udrvd=

# sounds [CONFIG]
sounds() {
	local name slot
	mkdir -p /etc/udrv
	for name in ac97:12 hda:14 mic:1e; do
		slot=${name#*:} name=${name%:*}
		bind "$slot" udrv || return
		printf '[device]\nname = %s\nbdf = %s\ndriver = /udrv/bin/%s\n[sound]\n%s\n' \
			"$name" "$(bdf "$slot")" "${name/mic/ac97}" "${1:-}" > "/etc/udrv/$name.ini"
	done
	at_exit sounds_end
	udrvd > /out/udrvd.log 2>&1 &
	udrvd=$!
	wait_for 10 udrvctl status && udrvctl wait ac97 running --timeout 20 &&
		udrvctl wait hda running --timeout 20 &&
		udrvctl wait mic running --timeout 20 && return
	diag "$(cat /out/udrvd.log)"
	return 1
}

sounds_end() {
	[ -n "$udrvd" ] || return 0
	kill -TERM "$udrvd" 2> /dev/null
	wait "$udrvd"
	udrvd=
	rm -f /etc/udrv/{ac97,hda,mic}.ini
}
