# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the abuse tests share: the kernel has as much of everything as before.

# proc_irq: the lines that there are, and what is in their folders.
proc_irq() { find /proc/irq | sort; }

# Objects in use in the caches from which modules allocate, give or take some
# hundreds that processors hold in advance.  kfree_rcu() keeps what it frees for up
# to 5 seconds, unless memory is wanted.
slab_objects() {
	for _ in 1 2 3; do
		echo 2 > /proc/sys/vm/drop_caches
		sleep 0.3
	done
	awk '/^kmalloc-/ { sum += $2 } END { print sum }' /proc/slabinfo
}

# no_leak NAME ALLOWED COMMAND...: another run of a command leaves at most so many
# objects more than there were after the first, which fills caches.  The rest of
# the system allocates as well, but not each time.
no_leak() {
	local name=$1 allowed=$2 before after lines try more
	shift 2
	lines=$(proc_irq)
	want "$name" "$@" || return
	diag "$(grep '^# ' /tmp/want.out | sed 's/^# //')"
	for try in 1 2 3; do
		before=$(slab_objects)
		want "$name, again ($try)" "$@" || return
		after=$(slab_objects)
		more=$((after - before))
		diag "objects in use: $before, then $after"
		[ $more -gt "$allowed" ] || break
	done
	if [ $more -le "$allowed" ]; then
		ok "$name leaks no memory"
	else
		not_ok "$name leaks no memory" "$more objects more, $allowed allowed"
	fi
	same "$name leaves /proc/irq as it was" "$(proc_irq)" "$lines"
}
