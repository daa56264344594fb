# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests of the whole house: udrvd with one device in namespace "ours", the
# kernel's NIC at the other end of its hub in "theirs".
#
#	supervised 06 [DRIVER]		# config on stdin is added; sets $udrvd
#	supervised_end

. /udrv/tests/vm/net_lib.sh

udrvd=

# supervised SLOT [DRIVER]: the interface is u0, the device net0, both running
# and with addresses when this returns.
supervised() {
	local slot=$1 program=${2:-/udrv/bin/e1000}
	bind "$slot" udrv || return
	mkdir -p /etc/udrv
	{
		printf '[device]\nname = net0\nbdf = %s\ndriver = %s\n' "$(bdf "$slot")" "$program"
		printf '[net]\nifname = u0\n'
		[ -t 0 ] || cat
	} > /etc/udrv/net0.ini
	ip netns add ours && ip netns add theirs && at_exit supervised_end
	udrvd > /tmp/udrvd.log 2>&1 &
	udrvd=$!
	wait_for 10 udrvctl status || { diag "$(cat /tmp/udrvd.log)"; return 1; }
	udrvctl wait net0 running --timeout 20 || { diag "$(cat /tmp/udrvd.log)"; return 1; }
	ip link set u0 netns ours && quiet_ns ours && quiet_ns theirs &&
	ip -n ours addr add $OURS/24 dev u0 && ip -n ours link set u0 up &&
	peer theirs "$(other "$slot")" $THEIRS/24 || return
	peer_if=$(ip -n theirs -o link | sed -n 's/^[0-9]*: \(k[0-9a-f]*\):.*/\1/p')
	wait_for 10 reach
}

supervised_end() {
	[ -n "$udrvd" ] || return 0
	kill -TERM "$udrvd" 2> /dev/null
	wait "$udrvd"
	udrvd=
	apart
	rm -f /etc/udrv/net0.ini
}

# of_status KEY: a top-level value of net0's status, empty for null.
of_status() { status_of net0 "$1"; }
