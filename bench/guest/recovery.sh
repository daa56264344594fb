#!/bin/bash
# SPDX-License-Identifier: MIT
# recovery.sh OUT [KILLS]: the guest's half of the bench section "recovery": each
# driver is killed under load, with a standby and without.  A JSON object a line.

out=$1 kills=${2:-9}
# shellcheck source=tests/vm/lib.sh
. /udrv/tests/vm/lib.sh
exec 3> "$out"
modprobe ublk_drv || exit
# The clock jumps over idle time, in which a device may be at work.
chrt -i 0 sh -c 'while :; do :; done' &
at_exit kill $!

# of KEYS...: from the status of dev0.
of() {
	udrvctl --json status dev0 | python3 -c '
import json, sys
it = json.load(sys.stdin)
for key in sys.argv[1:]: it = it and it[key]
print(it or 0)' "$@"
}
waiting() { [ "$(of standby waiting)" = True ]; }
recovered() { [ "$(of recovery count)" -ge "$1" ]; }

# up SLOT DRIVER STANDBY SECTION: udrvd with device dev0.
up() {
	bind "$1" udrv && mkdir -p /etc/udrv || return
	printf '[device]\nname = dev0\nbdf = %s\ndriver = /udrv/bin/%s\n%s\n[restart]\nstandby = %s\n' \
		"$(bdf "$1")" "$2" "$4" "$3" > /etc/udrv/dev0.ini
	udrvd > /tmp/udrvd.log 2>&1 &
	udrvd=$!
	wait_for 20 udrvctl status && udrvctl wait dev0 running --timeout 30
}

down() {
	kill "$load"
	wait "$load"
	kill -TERM "$udrvd"
	wait "$udrvd"
} 2> /dev/null

net_load() {
	ip netns add theirs && peer theirs 07 10.7.0.2/24 && ip addr add 10.7.0.1/24 dev dev0 && ip link set dev0 up || return
	ping -q -i 0.005 10.7.0.2 > /dev/null 2>&1 &
	load=$!
}

disk_load() {
	wait_for 20 test -b /dev/udrv/dev00 || return
	fio --name=load --filename=/dev/udrv/dev00 --rw=randrw --bs=4k --iodepth=16 --size=64M \
		--direct=1 --ioengine=libaio --time_based --runtime=600 > /tmp/load.out 2>&1 &
	load=$!
}

snd_load() {
	aplay -q -D udrvhw:dev0 -f dat --period-size=1024 --buffer-size=4096 /dev/zero > /tmp/load.out 2>&1 &
	load=$!
}

# kills DEVICE WAY
kills() {
	local i
	for ((i = 0; i < kills; i++)); do
		[ "$2" = plain ] || wait_for 20 waiting || return
		sleep 0.5
		python3 -c '
import os, sys, time
print(time.monotonic_ns())
os.kill(int(sys.argv[1]), 9)' "$(of pid)" >> /tmp/kills
		wait_for 20 recovered $((i + 1)) || return
	done
	udrvctl --json history dev0 | python3 -c '
import json, sys
events = json.load(sys.stdin)["events"]
def after(t, what): return min((e["ns"] for e in events if e["what"] == what and e["ns"] > t)) - t
times = {"device": sys.argv[1], "way": sys.argv[2]}
kills = [int(line) for line in open("/tmp/kills")]
for name, what in ("died_ms", "died"), ("ready_ms", "ready"), ("io_ms", "first-io"):
    times[name] = [after(t, what) / 1e6 for t in kills]
print(json.dumps(times))' "$1" "$2" >&3
	rm /tmp/kills
	udrvctl history dev0 | tail -20
}

# measure DEVICE SLOT DRIVER SECTION
measure() {
	local way standby=no
	for way in plain standby; do
		echo "  recovery: $1, $way"
		if ! { up "$2" "$3" $standby "$4" && "${1}_load" && kills "$1" $way; }; then
			cat /tmp/udrvd.log
			return 1
		fi
		down
		standby=yes
		[ "$1" != net ] || ip netns del theirs
	done
}

measure snd 12 ac97 '[sound]'
measure disk 13 ide $'[dma]\narena = 17M\n[disk]'
measure net 06 e1000 $'[net]\nifname = dev0'
