# shellcheck shell=bash disable=SC2034 # used by those who source this
# SPDX-License-Identifier: MIT
# For tests/vm/ide_*.test: the PIIX4's disks under udrvd, as disk0, and ways to die.
#
#	bind 13 udrv
#	supervised_ide 2 /udrv/bin/ide <<'INI'	# more configuration
#	disk=$(node 1)				# ublkbN of the second disk
#	die STOP				# OOM: in a group of processes without memory

# shellcheck source=tests/vm/blk_sup.sh
. /udrv/tests/vm/blk_sup.sh
# shellcheck source=tests/vm/blk_press.sh
. /udrv/tests/vm/blk_press.sh

# node N: disk N (2 * channel + drive) without /dev/.
node() { basename "$(readlink -f "/dev/udrv/disk0$1")"; }
nodes_there() {
	local n
	for n; do [ -b "/dev/udrv/disk0$n" ] || return; done
}

# supervised_ide DISKS [DRIVER]: the first DISKS of them are there.  ARENA: the driver's
# memory; options: its own.
supervised_ide() {
	local disks=$1 program=${2:-/udrv/bin/ide}
	modprobe ublk_drv && mkdir -p /etc/udrv || return
	{
		printf '[device]\nname = disk0\nbdf = %s\ndriver = %s\noptions = %s\n' \
			"$(bdf 13)" "$program" "${options:-}"
		printf '[dma]\narena = %s\n[disk]\n' "${ARENA:-9M}"
		[ -t 0 ] || cat
	} > /etc/udrv/disk0.ini
	at_exit supervised_end
	udrvd > /tmp/udrvd.log 2>&1 &
	udrvd=$!
	# shellcheck disable=SC2046 # numbers
	if ! { wait_for 10 udrvctl status && udrvctl wait disk0 running --timeout 30 &&
	       wait_for 10 nodes_there $(seq 0 $((disks - 1))); }; then
		diag "$(cat /tmp/udrvd.log)"
		return 1
	fi
}

# ---- deaths ------------------------------------------------------------------------

# oom_group: where the kernel's OOM killer ends all processes at once; with swap space
# it would not have to.
oom_group() {
	group oom 8M && echo 0 > $CG/oom/memory.swap.max && echo 1 > $CG/oom/memory.oom.group
}

# oom: the driver goes where another process eats all the memory there is; the
# kernel says that it killed both.
oom() {
	local before
	before=$(awk '/^oom_kill / { print $2 }' $CG/oom/memory.events)
	of_status pid > $CG/oom/cgroup.procs || return
	# shellcheck disable=SC2016 # expanded by the inner shell
	timeout 30 bash -c 'echo $$ > "$0/cgroup.procs" && exec tail /dev/zero' $CG/oom 2> /dev/null
	[ "$(awk '/^oom_kill / { print $2 }' $CG/oom/memory.events)" -ge $((before + 2)) ]
}

# die HOW: OOM or a signal.
die() {
	if [ "$1" = OOM ]; then oom; else udrvctl kill disk0 --signal "$1"; fi
}

# deaths N HOW...: by turns, with pauses in which work gets done; each driver has to
# answer before it dies.
died() { [ "$(of_status deaths)" -gt "$1" ]; }
# answers: each disk, and before the kernel notices by a time limit of 30 s that all
# of a queue's requests were under way when the driver died.
answers() {
	local link
	for link in /dev/udrv/disk0*; do
		timeout 25 dd if="$link" of=/dev/null bs=4k count=1 iflag=direct || return
	done
}
# slow_one: what the last recovery's time went for, if it was long, in /out/slow.
slow_one() {
	local ms
	ms=$(udrvctl --json status disk0 | sed -nE 's/^    "last_ms": ([0-9]+).*/\1/p')
	[ "${ms:-0}" -lt 5000 ] || udrvctl history disk0 | tail -20 >> /out/slow
}
deaths() {
	local n=$1 ways=("${@:2}") i dead
	for ((i = 0; i < n; i++)); do
		sleep "0.$((RANDOM % 8))"
		dead=$(of_status deaths)
		die "${ways[i % ${#ways[@]}]}" && wait_for 30 died "$dead" &&
			udrvctl wait disk0 running --timeout 30 && answers || return
		slow_one
	done
}
