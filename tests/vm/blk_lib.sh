# shellcheck shell=bash disable=SC2034 # used by those who source this
# SPDX-License-Identifier: MIT
# For tests/vm/blk_*.test: a ramdisk by hand, and fio that notices every error.
#
#	alone size=64M				# sets $disk (ublkb0), $driver (pid)
#	end_driver				# its exit status is ours

LOG=/tmp/ramdisk.log
disk='' job='' verified=''

# queue NAME: of the disk, in sysfs.
queue() { cat "/sys/block/$disk/queue/$1"; }

# alone OPTION=VALUE...: the block device is there and can be used.
alone() {
	modprobe ublk_drv || return
	at_exit end_driver
	ramdisk "$@" none > $LOG 2>&1 &
	driver=$!
	wait_for 10 grep -q 'is /dev/ublkb' $LOG || { diag "$(cat $LOG)"; return 1; }
	disk=$(sed -n 's/.* is .dev.\(ublkb[0-9]*\)$/\1/p' $LOG | tail -1)
	[ -b "/dev/$disk" ]
}

# pattern MEGABYTES SEED: reproducible bytes that no block has in common with
# another.
pattern() {
	python3 -c '
import random, sys
r = random.Random(int(sys.argv[2]))
for i in range(int(sys.argv[1])):
    sys.stdout.buffer.write(r.randbytes(1 << 20))' "$1" "$2"
}

# eager DISK SECONDS: reads its first block, directly, from the moment its node is there,
# again and again, also when it goes and comes back; how often it did.
eager() {
	python3 -c '
import mmap, os, sys, time
end, n, room = time.monotonic() + float(sys.argv[2]), 0, mmap.mmap(-1, 4096)
while time.monotonic() < end:
    try:
        fd = os.open("/dev/" + sys.argv[1], os.O_RDONLY | os.O_DIRECT)
    except OSError:
        continue
    try:
        while time.monotonic() < end:
            n += os.preadv(fd, [room], 0) == 4096
    except OSError:
        pass
    os.close(fd)
print(n)' "$@"
}

# verify NAME WORDS...: fio with a check sum and a number in every block; it
# fails at the first error or wrong block.  (The check of the device node first:
# without it fio would make a regular file.)
verify() {
	local name=$1
	shift
	[ -b "/dev/$disk" ] || return
	fio --name="$name" --filename="/dev/$disk" --direct=1 --ioengine=libaio \
		--verify=crc32c --verify_fatal=1 --randrepeat=1 --group_reporting \
		--output="/tmp/fio.$name" "$@" || { tail -40 "/tmp/fio.$name"; return 1; }
}

# verify_on NAME WORDS...: the same again and again, in the background as $job, until
# /tmp/enough is there; verify_was_fine NAME JOB after that; verify_end does both.
verify_on() {
	rm -f /tmp/enough
	verified=$1
	while [ ! -e /tmp/enough ]; do
		verify "$@" || return
	done > "/tmp/verify.$1" 2>&1 &
	job=$!
}
verify_was_fine() {
	wait "$2"
	same "fio found no error ($1)" "$? $(cat "/tmp/verify.$1")" "0 "
}
verify_end() {
	touch /tmp/enough
	verify_was_fine "$verified" "$job"
	rm /tmp/enough
}
