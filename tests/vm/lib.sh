# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Helpers for tests/vm/*.test.  A test sources this file, says what it finds
# with ok, not_ok, skip or want, and simply ends; the plan, the cleaning up and
# the exit status are done at its exit.
#
#	. /udrv/tests/vm/lib.sh
#	bind 04 udrv				# slot 04; undone at exit
#	want "the file exists" test -e /proc/irq/20/irq
#
# Devices are named by their slot (04, 0c, 10 ...; see lab/README.md) or in
# full (0000:00:04.0).

tap_count=0
tap_failed=0
tap_cleanup=()
BIN=/udrv/tests/bin

# ---- results -------------------------------------------------------------

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

ok() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s\n' $tap_count "$1"
}

# not_ok NAME [REASON...]
not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' $tap_count "$1"
	shift
	[ $# = 0 ] || diag "$*"
}

# skip NAME REASON
skip() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s # SKIP %s\n' $tap_count "$1" "$2"
}

# want NAME COMMAND...: the command succeeds.  (It runs in this shell, not in a
# subshell, so that bind and netns can be wanted.)
want() {
	local name=$1 status=0
	shift
	"$@" > /tmp/want.out 2>&1 || status=$?
	if [ $status = 0 ]; then
		ok "$name"
	else
		not_ok "$name" "$* -> status $status" $'\n'"$(cat /tmp/want.out)"
	fi
	return $status
}

# refuse NAME REGEX COMMAND...: the command fails and says why (extended REGEX
# in its output); a death by signal is not a refusal.
refuse() {
	local name=$1 regex=$2 out status=0
	shift 2
	out=$("$@" 2>&1) || status=$?
	if [ $status -gt 0 ] && [ $status -lt 124 ] && grep -qE -- "$regex" <<< "$out"; then
		ok "$name"
	else
		not_ok "$name" "$* -> status $status, wanted a refusal with /$regex/" $'\n'"$out"
		return 1
	fi
}

# same NAME GOT WANTED
same() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'"; fi
}

# tap PROGRAM [ARGUMENTS...]: a CMocka program of TESTS_VM; its tests become
# ours.  Dying, or fewer results than its plan says, is a failure of its own.
tap() {
	local program=$1 out status=0 line planned=0 seen=0 failed=$tap_failed
	shift
	out=$("$BIN/$program" "$@" 2>&1) || status=$?
	while IFS= read -r line; do
		case $line in
		1..*)		planned=$((planned + ${line#1..})) ;;
		*"# SKIP"*)	skip "${line##*# SKIP }" "by $program"; seen=$((seen + 1)) ;;
		"ok "*)		ok "${line#* - }"; seen=$((seen + 1)) ;;
		"not ok "*)	not_ok "${line#* - }"; seen=$((seen + 1)) ;;
		*)		diag "${line#\# }" ;;
		esac
	done <<< "$out"
	if [ $seen = 0 ] || [ $seen != $planned ] ||
			{ [ $status != 0 ] && [ $failed = $tap_failed ]; }; then
		not_ok "$program runs to its end" \
			"$seen results of $planned planned, status $status"
	fi
}

# at_exit COMMAND...: run at the test's exit, the last one first.
at_exit() { tap_cleanup=("$(printf '%q ' "$@")" "${tap_cleanup[@]}"); }

tap_exit() {
	local status=$? command
	trap - EXIT
	for command in "${tap_cleanup[@]}"; do
		eval "$command" > /tmp/cleanup.log 2>&1 ||
			diag "cleaning up: $command: $(cat /tmp/cleanup.log)"
	done
	printf '1..%d\n' $tap_count
	[ $status != 0 ] || [ $tap_failed = 0 ] || status=1
	exit $status
}
trap tap_exit EXIT
trap 'exit 143' TERM

# ---- waiting ---------------------------------------------------------------

# wait_for SECONDS COMMAND...: until the command succeeds; 1 when it never did.
# On a kernel that is slow because it checks itself all limits are SLOW times longer.
# (A command with pipes or redirections: wait_for 5 bash -c '...' or a function.)
wait_for() {
	local end=$((${EPOCHREALTIME/[^0-9]/} + $1 * ${SLOW:-1} * 1000000))
	shift
	until "$@" > /dev/null 2>&1; do
		[ "${EPOCHREALTIME/[^0-9]/}" -lt $end ] || return 1
		sleep 0.05
	done
}

# udrvctl's time limits are longer there as well.
udrvctl() {
	local words=("$@") i
	for i in "${!words[@]}"; do
		[ "${words[i]}" != --timeout ] || words[i + 1]=$((words[i + 1] * ${SLOW:-1}))
	done
	command udrvctl "${words[@]}"
}

# So are udrvd's usual ones (docs/udrvd.md), where a file does not say them.
# shellcheck disable=SC2119,SC2120 # most call it without arguments
udrvd() {
	[ $BASHPID = $$ ] && { command udrvd "$@"; return; }
	[ $# != 0 ] || [ "${SLOW:-1}" = 1 ] || slower /etc/udrv/*.ini
	exec udrvd "$@"
}

slower() {
	local file start
	for file; do
		grep -q '^\[disk\]' "$file" && start=90 || start=10
		grep -q '^\[restart\]' "$file" || echo '[restart]' >> "$file"
		grep -q '^start_timeout' "$file" ||
			sed -i "/^\[restart\]/a start_timeout = $((start * SLOW))s" "$file"
		grep -q '^watchdog' "$file" || sed -i "/^\[restart\]/a watchdog = $((2 * SLOW))s" "$file"
	done
}

# ---- devices ---------------------------------------------------------------

bdf() { case $1 in *:*) echo "$1" ;; *) echo "0000:00:$1.0" ;; esac }

# The driver of a device, empty when it has none.
driver_of() {
	local link
	link=$(readlink "/sys/bus/pci/devices/$(bdf "$1")/driver") && echo "${link##*/}"
}

# The kernel's name of a device's interface.
netdev() { ls "/sys/bus/pci/devices/$(bdf "$1")/net"; }

# The interrupt line of a device (the GSI once it is enabled).
irq_of() { cat "/sys/bus/pci/devices/$(bdf "$1")/irq"; }

# sysfs_write FILE VALUE: bounded, because an unbind waits for the device's user.
sysfs_write() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	timeout -s KILL $((20 * ${SLOW:-1})) bash -c 'printf "%s\n" "$2" > "$1"' - "$1" "$2"
}

unbind() {
	local dev
	dev=/sys/bus/pci/devices/$(bdf "$1")
	[ ! -e "$dev/driver" ] || sysfs_write "$dev/driver/unbind" "${dev##*/}"
}

# bind SLOT DRIVER: udrv, vfio-pci or a kernel driver, by driver_override; at
# the test's exit the device goes back to its usual driver.
bind() {
	local name
	name=$(bdf "$1")
	at_exit rebind "$name"
	unbind "$name" &&
	sysfs_write "/sys/bus/pci/devices/$name/driver_override" "$2" &&
	sysfs_write /sys/bus/pci/drivers_probe "$name"
	[ "$(driver_of "$name")" = "$2" ] && return
	diag "bind: $name has driver '$(driver_of "$name")', wanted $2"
	return 1
}

# rebind SLOT: gives a device back to the kernel's usual driver, if it has one.
rebind() {
	local name usual=none net
	name=$(bdf "$1")
	case $(cat "/sys/bus/pci/devices/$name/device") in
	0x100e)	usual=e1000 ;;
	0x10d3)	usual=e1000e ;;
	esac
	if [ "$(driver_of "$name")" != "$usual" ]; then
		unbind "$name"
	fi
	sysfs_write "/sys/bus/pci/devices/$name/driver_override" ""
	[ $usual != none ] || return 0
	[ "$(driver_of "$name")" = $usual ] ||
		sysfs_write /sys/bus/pci/drivers_probe "$name"
	# Its name from boot (lab/guest/init); it may be in another namespace.
	net=$(netdev "$name") && [ "$net" != "k${name:8:2}" ] &&
		ip link set "$net" name "k${name:8:2}"
	return 0
}

# ---- networks ----------------------------------------------------------------

# netns NAME: a network namespace with lo up; removed at exit.
netns() {
	ip netns add "$1" && at_exit ip netns del "$1" && ip -n "$1" link set lo up
}

# peer NS SLOT ADDRESS/PREFIX: puts a kernel-driven interface into a namespace,
# up and with an address; it comes back when the namespace goes.
peer() {
	local net
	net=$(netdev "$2") || return
	ip link set "$net" netns "$1" &&
	ip -n "$1" addr add "$3" dev "$net" &&
	ip -n "$1" link set "$net" up
}

# ---- drivers -------------------------------------------------------------------

driver=''	# the pid of one that the test has started by hand

# end_driver: its exit status is ours.
end_driver() {
	local pid=$driver
	driver=
	[ -n "$pid" ] || return 0
	kill -TERM "$pid" 2> /dev/null
	wait "$pid"
}

# status_of NAME KEY: a top-level value of a device's status in udrvd, empty for
# null.  (What udrvctl prints has one value a line; a Python would take a second to
# start where a busy host emulates us.)
status_of() {
	udrvctl --json status "$1" | sed -n "s/^  \"$2\": //p" |
		sed -E 's/,$//; s/^"(.*)"$/\1/; s/^null$//; s/\\"/"/g'
}

# took NAME: how long its last driver that died had been READY (or been started, if it
# never was), in ms, by udrvd's history.
took() {
	udrvctl --json history "$1" | python3 -c '
import json, sys
for e in json.load(sys.stdin)["events"]:
    if e["what"] in ("spawned", "go", "ready"): began = e["ns"]
    elif e["what"] == "died": ms = (e["ns"] - began) // 1000000
print(ms)'
}
