# shellcheck shell=bash disable=SC2034 # used by those who source this
# SPDX-License-Identifier: MIT
# For tests/vm/blk_*.test: a ramdisk under udrvd, whose memory is a file, so
# that it outlives its driver as a real disk does.
#
#	supervised SIZE [DRIVER] <<'INI'	# more configuration; sets $disk
#	kill_driver				# and wait until it serves again

# shellcheck source=tests/vm/blk_lib.sh
. /udrv/tests/vm/blk_lib.sh

BACK=/dev/shm/back
udrvd=''

# of_status KEY: of disk0, empty for null.
of_status() { status_of disk0 "$1"; }
# counter NAME: of its first unit.
counter() {
	udrvctl --json status disk0 | python3 -c \
		'import json,sys; print(json.load(sys.stdin)["counters"]["disks"][0][sys.argv[1]])' "$1"
}
# recoveries: how many, and their median and maximum in ms.
recoveries() {
	udrvctl --json status disk0 | sed -nE 's/^    "(count|median_ms|max_ms)": ([0-9.]+|null),?$/\2/p' |
		paste -sd' '
}

# supervised SIZE [DRIVER]: the options of DRIVER are file= and what is in $options.
supervised() {
	local size=$1 program=${2:-/udrv/bin/ramdisk}
	modprobe ublk_drv || return
	truncate -s "$size" $BACK && chown 65534 $BACK && mkdir -p /etc/udrv || return
	{
		printf '[device]\nname = disk0\nbdf = none\ndriver = %s\n' "$program"
		printf 'options = file=%s %s\n' "$BACK" "${options:-}"
		printf '[sandbox]\nuser = 65534\nfiles = /dev/shm\n[disk]\n'
		[ -t 0 ] || cat
	} > /etc/udrv/disk0.ini
	at_exit supervised_end
	udrvd > /tmp/udrvd.log 2>&1 &
	udrvd=$!
	wait_for 10 udrvctl status || { diag "$(cat /tmp/udrvd.log)"; return 1; }
	udrvctl wait disk0 running --timeout 20 || { diag "$(cat /tmp/udrvd.log)"; return 1; }
	wait_for 10 test -b /dev/udrv/disk00 || { diag "$(cat /tmp/udrvd.log)"; return 1; }
	disk=$(basename "$(readlink -f /dev/udrv/disk00)")
}

supervised_end() {
	if [ -n "$udrvd" ]; then
		kill -TERM "$udrvd" 2> /dev/null
		wait "$udrvd"
	fi
	udrvd=
	rm -f /etc/udrv/disk0.ini $BACK
}
