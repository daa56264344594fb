#!/bin/bash
# SPDX-License-Identifier: MIT
# disk.sh OUT [ROUNDS]: the guest's half of the bench section "disk": fio on the
# same disk, with the kernel's driver and with ours in turn, so that both meet
# the same host; then our driver's deaths under load.  A JSON object a line.

out=$1 rounds=${2:-3}
. /udrv/tests/vm/lib.sh
exec 3> "$out"
modprobe -a ata_piix sd_mod ublk_drv || exit

# name, then fio's words
jobs_list='randread_qd1 --rw=randread --bs=4k --iodepth=1
randwrite_qd1 --rw=randwrite --bs=4k --iodepth=1
randread_qd32 --rw=randread --bs=4k --iodepth=32
randwrite_qd32 --rw=randwrite --bs=4k --iodepth=32
seqread --rw=read --bs=1M --iodepth=4
seqwrite --rw=write --bs=1M --iodepth=4'

# busy: jiffies in which a processor did something, all of them together.
busy() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; }

# measure WHO DISK: all jobs once.
measure() {
	local who=$1 disk=$2 name words before
	while read -r name words; do
		before=$(busy)
		# shellcheck disable=SC2086 # words
		fio --name="$name" --filename="$disk" $words --size=64M --direct=1 \
			--ioengine=libaio --time_based --runtime=3 --output-format=json \
			> /tmp/fio.json < /dev/null || return
		python3 - "$who" "$name" $(($(busy) - before)) >&3 <<'PY'
import json, sys
with open("/tmp/fio.json") as f:
    text = f.read()
job = json.loads(text[text.index("{"):])["jobs"][0]
side = max((job["read"], job["write"]), key=lambda s: s["total_ios"])
print(json.dumps({"who": sys.argv[1], "job": sys.argv[2], "iops": side["iops"],
                  "mb_s": side["bw_bytes"] / 1e6,
                  "cpu_us_per_io": int(sys.argv[3]) * 1e4 / max(side["total_ios"], 1)}))
PY
	done <<< "$jobs_list"
}

# The disk's node with the kernel's driver: the first of the two.
kernels_disk() {
	local found
	found=$(ls -d /sys/bus/pci/devices/0000:00:13.0/ata*/host*/target*/*/block/* 2> /dev/null) ||
		return
	basename "${found%%$'\n'*}"
}

kernel() {
	bind 13 ata_piix && wait_for 20 kernels_disk || return
	measure kernel "/dev/$(kernels_disk)"
}

start_ours() {
	bind 13 udrv && mkdir -p /etc/udrv || return
	cat > /etc/udrv/ide0.ini <<'INI'
[device]
name = ide0
bdf = 0000:00:13.0
driver = /udrv/bin/ide
[dma]
arena = 17M
[disk]
INI
	udrvd > /out/udrvd.log 2>&1 &
	udrvd=$!
	wait_for 20 udrvctl status && udrvctl wait ide0 running --timeout 30 &&
		wait_for 20 test -b /dev/udrv/ide00
}

end_ours() {
	kill -TERM "$udrvd"
	wait "$udrvd"
}

recoveries() {
	fio --name=load --filename=/dev/udrv/ide00 --rw=randrw --bs=4k --iodepth=16 --size=64M \
		--direct=1 --ioengine=libaio --time_based --runtime=20 > /tmp/load.out 2>&1 &
	local load=$! i
	for ((i = 0; i < 20; i++)); do
		sleep 0.4
		udrvctl wait ide0 running --timeout 20 && udrvctl kill ide0 || return
	done
	wait $load || return
	udrvctl --json status ide0 | python3 -c '
import json, sys
print(json.dumps({"recovery_ms": json.load(sys.stdin)["recovery"]["ms"]}))' >&3
}

for ((round = 1; round <= rounds; round++)); do
	echo "  disk: round $round"
	kernel || exit
	start_ours && measure ours /dev/udrv/ide00 || exit
	[ $round -lt "$rounds" ] || recoveries || exit
	end_ours
done
