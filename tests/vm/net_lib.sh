# shellcheck shell=bash disable=SC2034 # used by those who source this
# SPDX-License-Identifier: MIT
# For tests/vm/net_*.test: our driver, started by hand, in namespace "ours",
# and the kernel's at the other end of the hub in "theirs".
#
#	alone 04 udrv itr=8000			# sets $driver, its pid
#	counters				# ends it; sets $tx_taken and so on

FRAMES=/udrv/tests/vm/frames.py
OURS=10.7.0.1 THEIRS=10.7.0.2
LOG=/tmp/driver.log
peer_if='' peer_base=0 bg='' driver_status=0
# What counters reads:
tx_taken=0 tx_sent=0 tx_dropped=0 rx_frames=0 rx_dropped=0 rx_errors=0 resets=0

ours() { ip netns exec ours "$@"; }
theirs() { ip netns exec theirs "$@"; }
# bg NS COMMAND...: in the background, as $bg.  (A function cannot be put there:
# its own process would be killed instead of the command's.)
bg() { ip netns exec "$@" > /dev/null 2>&1 & bg=$!; }
end_bg() { kill "$1" 2> /dev/null; wait "$1" 2> /dev/null; }
reach() { ours ping -q -c 1 -W 1 $THEIRS; }
# stat NS INTERFACE COUNTER: what the kernel has counted.
stat() { ip netns exec "$1" cat "/sys/class/net/$2/statistics/$3"; }
# The slot at the other end: the next one.
other() { printf %02x $((16#$1 + 1)); }

# alone SLOT MODULE [OPTION=VALUE...]: with UDRV_FAULT it misbehaves.
alone() {
	local slot=$1 module=$2 peer
	shift 2
	peer=$(other "$slot")
	bind "$slot" "$module" || return
	ip netns add ours && ip netns add theirs && at_exit apart
	UDRV_LOG=7 e1000 ifname=u0 "$@" "$(bdf "$slot")" > $LOG 2>&1 &
	driver=$!
	wait_for 10 test -e /sys/class/net/u0 || { diag "$(cat $LOG)"; return 1; }
	ip link set u0 netns ours && quiet_ns ours && quiet_ns theirs &&
	ip -n ours addr add $OURS/24 dev u0 && ip -n ours link set u0 up &&
	peer_base=$(cat "/sys/class/net/$(netdev "$peer")/statistics/tx_packets") &&
	peer theirs "$peer" $THEIRS/24 || return
	peer_if=$(ip -n theirs -o link | sed -n 's/^[0-9]*: \(k[0-9a-f]*\):.*/\1/p')
}

# Nothing but the test's own frames: no IPv6 chatter, where the kernel has it.
quiet_ns() {
	[ ! -d /proc/sys/net/ipv6 ] || ip netns exec "$1" sysctl -qw \
		net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
}

# apart: undoes alone; the device stays bound until the test's exit.
apart() {
	local ns
	end_driver
	# It does not wait for the namespace's end, which a socket can put off for a minute.
	[ -z "$peer_if" ] || { ip -n theirs link set "$peer_if" mtu 1500 arp on &&
		ip -n theirs link set "$peer_if" netns 1; }
	for ns in ours theirs; do
		if [ -e /run/netns/$ns ]; then ip netns del $ns; fi
	done
	peer_if=
}

# counters: ends the driver, which then says what it has counted.
counters() {
	end_driver
	driver_status=$?
	eval "$(sed -n 's/.*: \(tx_taken=[0-9a-z_= ]*\)$/\1/p' $LOG | tail -1)"
	diag "$(grep tx_taken $LOG | tail -1)"
}
