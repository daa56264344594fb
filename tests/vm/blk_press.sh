# shellcheck shell=bash disable=SC2034 # used by those who source this
# SPDX-License-Identifier: MIT
# For tests/vm/*_memory.test: little memory, and a disk on whose driver getting it
# back depends.  blk_sup.sh comes first.
#
#	group small 32M			# a group of processes; removed at exit
#	in_group small COMMAND...
#	program_on DIR PROGRAM		# disk0's driver is started from there; leave_program
#	dirty_on DIR			# in the background, $writer; dirty_was_fine
#	swap_some			# the same, $swapper

CG=/sys/fs/cgroup
writer='' swapper=''

group() {
	mkdir -p $CG && { mountpoint -q $CG || mount -t cgroup2 none $CG; } &&
	echo +memory > $CG/cgroup.subtree_control && mkdir "$CG/$1" && at_exit rmdir "$CG/$1" &&
	echo "$2" > "$CG/$1/memory.max"
}
in_group() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	bash -c 'echo $$ > "/sys/fs/cgroup/$0/cgroup.procs" && exec "$@"' "$@"
}

# program_on DIR PROGRAM: the configured driver is the link /tmp/driver.
program_on() {
	cp "$2" "$1/driver" && ln -sf "$1/driver" /tmp/driver && udrvctl restart disk0 &&
	udrvctl wait disk0 running --timeout 20 &&
	[ "$(readlink "/proc/$(of_status pid)/exe")" = "$1/driver" ]
}
# No process of it may be left when its file system is unmounted.
leave_program() {
	ln -sf "$1" /tmp/driver && udrvctl restart disk0 && udrvctl wait disk0 running --timeout 20
}

# 48 MB in a group of 32, again and again.
dirty_on() {
	dirty=$1/big
	pattern 16 1 > /tmp/a
	sum=$(cat /tmp/a /tmp/a /tmp/a | sha256sum)
	# shellcheck disable=SC2016 # expanded by the inner shell
	rm -f /tmp/enough
	in_group small bash -c 'until cat /tmp/a /tmp/a /tmp/a > "$0" && sync "$0" || exit 1
		[ -e /tmp/enough ]; do :; done' "$dirty" 2> /tmp/dirty.err &
	writer=$!
}
dirty_was_fine() {
	touch /tmp/enough
	wait $writer
	same "the writer saw no error" "$? $(cat /tmp/dirty.err)" "0 "
	echo 3 > /proc/sys/vm/drop_caches
	same "what it wrote" "$(in_group small sha256sum < "$dirty")" "$sum"
}

swap_some() {
	cat > /tmp/swapper.py <<'PY'
# 48 MB in a group of 32: each page is stamped and looked at again, until the file
# /tmp/enough is there.
import os, struct, sys
size, turn = 48 << 20, 0
mem = bytearray(size)
while turn < 1 or not os.path.exists("/tmp/enough"):
    for at in range(0, size, 4096):
        struct.pack_into("<QQ", mem, at, at, turn)
    for at in range(0, size, 4096):
        if struct.unpack_from("<QQ", mem, at) != (at, turn):
            sys.exit(f"page {at >> 12} is wrong in turn {turn}")
    turn += 1
PY
	rm -f /tmp/enough
	in_group small python3 /tmp/swapper.py &
	swapper=$!
}
swapped_in() { awk '/^pswpin/ { print $2 }' /proc/vmstat; }
swap_was_fine() {
	touch /tmp/enough
	wait $swapper
	same "every page came back as it was" $? 0
	rm /tmp/enough
	want "it did swap to the disk" test "$(swapped_in)" -gt 1000
	diag "$(swapped_in) pages swapped in"
}
