# shellcheck shell=bash disable=SC2034 # used by those who source this
# SPDX-License-Identifier: MIT
# For bench/guest/disk*.sh: the PIIX4's first disk with either driver.
# shellcheck source=tests/vm/lib.sh
. /udrv/tests/vm/lib.sh

# A job's name, then fio's words.
jobs_list='randread_qd1 --rw=randread --bs=4k --iodepth=1
randwrite_qd1 --rw=randwrite --bs=4k --iodepth=1
randread_qd32 --rw=randread --bs=4k --iodepth=32
randwrite_qd32 --rw=randwrite --bs=4k --iodepth=32
seqread --rw=read --bs=1M --iodepth=4
seqwrite --rw=write --bs=1M --iodepth=4'

# busy: jiffies in which a processor did something, all of them together.
busy() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; }

# fio_on DISK NAME FIO'S WORDS: direct; what it says is in /tmp/fio.json.
fio_on() {
	fio --filename="$1" --name="$2" "${@:3}" --size=64M --direct=1 --ioengine=libaio \
		--output-format=json > /tmp/fio.json < /dev/null
}

# measure WHO SECONDS: all jobs once, or those with $JOBS in their names, each for so
# long; a JSON object for each.
measure() {
	local who=$1 name words before
	while read -r name words; do
		before=$(busy)
		# shellcheck disable=SC2086 # words
		fio_on "$disk" "$name" $words --time_based --runtime="$2" || return
		python3 - "$who" "$name" $(($(busy) - before)) <<'PY'
import json, sys
with open("/tmp/fio.json") as f:
    text = f.read()
job = json.loads(text[text.index("{"):])["jobs"][0]
side = max((job["read"], job["write"]), key=lambda s: s["total_ios"])
print(json.dumps({"who": sys.argv[1], "job": sys.argv[2], "iops": side["iops"],
                  "mb_s": side["bw_bytes"] / 1e6,
                  "cpu_us_per_io": int(sys.argv[3]) * 1e4 / max(side["total_ios"], 1)}))
PY
	done < <(grep -E "${JOBS:-.}" <<< "$jobs_list")
}

# The disk's node with the kernel's driver: the first of the two.
kernels_disk() {
	local found
	found=$(ls -d /sys/bus/pci/devices/0000:00:13.0/ata*/host*/target*/*/block/* 2> /dev/null) ||
		return
	echo "/dev/$(basename "${found%%$'\n'*}")"
}

# start_kernel: sets $disk.
start_kernel() {
	bind 13 ata_piix && wait_for 20 kernels_disk || return
	disk=$(kernels_disk)
}

# start_ours OPTIONS [VARIABLE=VALUE...]: with these in udrvd's environment; sets
# $disk and $udrvd.
start_ours() {
	bind 13 udrv && mkdir -p /etc/udrv || return
	cat > /etc/udrv/ide0.ini <<INI
[device]
name = ide0
bdf = 0000:00:13.0
driver = /udrv/bin/ide
options = $1
[dma]
arena = 33M
memlock = 100M
[disk]
INI
	# Not to /out: each line would wait for the host, in the middle of a recovery.
	env "${@:2}" udrvd > /tmp/udrvd.log 2>&1 &
	udrvd=$!
	disk=/dev/udrv/ide00
	wait_for 20 udrvctl status && udrvctl wait ide0 running --timeout 30 &&
		wait_for 20 test -b $disk
}

# recoveries DEATHS PAUSE SECONDS: so many deaths, with so much time between them, under
# load for all that time; a JSON object with how long each was felt.
recoveries() {
	fio --name=load --filename="$disk" --rw=randrw --bs=4k --iodepth=16 --size=64M \
		--direct=1 --ioengine=libaio --time_based --runtime="$3" > /tmp/load.out 2>&1 &
	local load=$! i
	for ((i = 0; i < $1; i++)); do
		sleep "$2"
		udrvctl wait ide0 running --timeout 20 >&2 && udrvctl kill ide0 >&2 || return
	done
	wait $load || return
	udrvctl --json status ide0 | python3 -c '
import json, sys
print(json.dumps({"recovery_ms": json.load(sys.stdin)["recovery"]["ms"]}))'
}

end_ours() {
	kill -TERM "$udrvd"
	wait "$udrvd"
	cat /tmp/udrvd.log >> /out/udrvd.log
}
