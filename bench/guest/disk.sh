#!/bin/bash
# SPDX-License-Identifier: MIT
# disk.sh OUT [ROUNDS]: the guest's half of the bench section "disk": fio on the
# same disk, with the kernel's driver and with ours in turn, so that both meet
# the same host; then our driver's deaths under load.  A JSON object a line.

out=$1 rounds=${2:-3}
# shellcheck source=bench/guest/disk_lib.sh
. /udrv/bench/disk_lib.sh
exec 3> "$out"
modprobe -a ata_piix sd_mod ublk_drv || exit

# measure WHO: all jobs once.
measure() {
	local who=$1 name words before
	while read -r name words; do
		before=$(busy)
		# shellcheck disable=SC2086 # words
		fio_on "$disk" "$name" $words --time_based --runtime=3 || return
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

for ((round = 1; round <= rounds; round++)); do
	echo "  disk: round $round"
	start_kernel && measure kernel || exit
	start_ours "" && measure ours || exit
	[ $round -lt "$rounds" ] || recoveries 20 0.4 15 >&3 || exit
	end_ours
done
