# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests with PipeWire: its sinks are udrv cards, with 85 ms of sound in their rings.
#
#	pipewire_runs DISABLE-TSCHED	# woken by the chips' interrupts (true), by a timer
#	pipewire_chip CHIP		# plays, mixes, and plays while its drivers are killed
#	pipewire_ends

KILLS=10 BETWEEN=0.5
KILL_FRAMES=$((48000 * 7))

# sink CHIP DISABLE-TSCHED
sink() {
	cat <<CONF
	{ factory = adapter
	  args = {
		factory.name = api.alsa.pcm.sink
		node.name = $1
		media.class = Audio/Sink
		api.alsa.path = "udrvhw:$1"
		api.alsa.disable-tsched = $2
		api.alsa.period-size = 1024
		api.alsa.headroom = 3072
		audio.format = S16LE
		audio.rate = 48000
		audio.channels = 2
		audio.position = [ FL FR ]
	  } }
CONF
}

# pipewire_runs DISABLE-TSCHED
pipewire_runs() {
	export XDG_RUNTIME_DIR=/run/pw HOME=/tmp/pw
	export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
	mkdir -p $XDG_RUNTIME_DIR $HOME /etc/pipewire/pipewire.conf.d
	chmod 700 $XDG_RUNTIME_DIR
	echo "context.objects = [ $(sink ac97 "$1") $(sink hda "$1") ]" \
		> /etc/pipewire/pipewire.conf.d/udrv.conf
	dbus-daemon --session --address="$DBUS_SESSION_BUS_ADDRESS" --nofork > /tmp/dbus.log 2>&1 &
	bus=$!
	wait_for 10 test -S $XDG_RUNTIME_DIR/bus || return
	pipewire > /out/pipewire.log 2>&1 &
	pw=$!
	wait_for 10 test -S $XDG_RUNTIME_DIR/pipewire-0 || return
	wireplumber > /out/wireplumber.log 2>&1 &
	wp=$!
	wait_for 20 has_sink ac97 && wait_for 20 has_sink hda
}

pipewire_ends() {
	kill "$wp" "$pw" "$bus"
	wait "$wp" "$pw" "$bus"
	diag "$(tail -5 /out/pipewire.log)"
}

has_sink() { pw-cli ls Node | grep -q "\"$1\""; }

# play CHIP FILE
play() { timeout 60 pw-cat -p --target "$1" "$2"; }

# constant VALUE SECONDS: one value in /tmp/cVALUE.wav
constant() {
	python3 - "$1" "$2" <<'PY'
import sys, wave
with wave.open(f"/tmp/c{sys.argv[1]}.wav", "wb") as f:
    f.setnchannels(2)
    f.setsampwidth(2)
    f.setframerate(48000)
    f.writeframes(int(sys.argv[1]).to_bytes(2, "little") * int(96000 * float(sys.argv[2])))
PY
}

# mixed CHIP: what has been played since $from is one value, the other, or the exact sum,
# which does not break off for as long as both play (PipeWire may pause where one begins).
mixed() {
	python3 - "/out/$1.wav" "$from" <<'PY'
import array, itertools, sys
with open(sys.argv[1], "rb") as f:
    f.seek(max(44, int(sys.argv[2])) // 4 * 4)
    data = f.read()
left = array.array("h", data[:len(data) // 4 * 4])[::2]
runs = [(v, len(list(g))) for v, g in itertools.groupby(left)]
print(runs[:20])
both = [n for v, n in runs if v == 4000]
sys.exit(0 if {v for v, _ in runs} <= {0, 1000, 3000, 4000} and len(both) == 1 and
         both[0] >= 24000 else 1)
PY
}

# With silence behind it, which pushes the rest into QEMU's file, for PipeWire stops its
# sink as soon as nobody plays; and before it, since pw-cat may be late where it begins.
padded() { sox -D "/tmp/$1.wav" "/tmp/$1-padded.wav" pad 0.5 1; }

pipewire_files() {
	local name
	coded make 0 96000 /tmp/x.wav
	coded make 0 $KILL_FRAMES /tmp/long.wav
	constant 1000 1.5
	constant 3000 1.5
	for name in x long c1000 c3000; do
		padded $name || return
	done
}

# once CHIP FRAMES: since $from each is there once, in order, without a pause.
once() { coded judge "/out/$1.wav" "$2" "$from" | tee /tmp/once && grep -q "silent=0" /tmp/once; }

# while_killed CHIP
while_killed() {
	local d=$1 died player
	from=$(stat -c %s "/out/$d.wav")
	died=$(status_of "$d" deaths)
	play "$d" /tmp/long-padded.wav &
	player=$!
	sleep 1.5
	for ((i = 0; i < KILLS; i++)); do
		udrvctl kill "$d"
		sleep $BETWEEN
	done
	wait $player
	same "$d: pw-cat has noticed nothing" $? 0
	same "$d: $KILLS drivers are dead" $(($(status_of "$d" deaths) - died)) $KILLS
	diag "$(udrvctl --json status "$d" | python3 -c \
		'import json,sys; print(json.load(sys.stdin)["counters"]["streams"][0])')"
	want "$d: every frame, once, without a pause, over $KILLS kills" once "$d" $KILL_FRAMES
	diag "$(cat /tmp/want.out)"
}

# pipewire_chip CHIP
pipewire_chip() {
	local d=$1 from player
	from=$(stat -c %s "/out/$d.wav")
	want "$d: pw-cat plays" play "$d" /tmp/x-padded.wav
	want "$d: every frame, once, without a pause" once "$d" 96000
	diag "$(cat /tmp/want.out)"

	from=$(stat -c %s "/out/$d.wav")
	play "$d" /tmp/c1000-padded.wav &
	player=$!
	sleep 0.5
	play "$d" /tmp/c3000-padded.wav
	wait $player
	want "$d: two applications are mixed, exactly" mixed "$d"
	diag "$(cat /tmp/want.out)"
	while_killed "$d"
}
