# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the lab's host scripts share: where things are, messages, long steps.

set -euo pipefail

# The clone, and the folder for what is built; make passes O.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OUT=$(realpath -m "${O:-$TOP/build}")
# The cache is outside the clone, so that a fresh clone reuses the root.
CACHE=${UDRV_CACHE:-/var/cache/udrv}
# shellcheck disable=SC2034 # for the scripts that source this
VMDIR=$OUT/vm

say() { printf 'lab: %s\n' "$*"; }

die() {
	printf 'lab: %s\n' "$@" >&2
	exit 1
}

# Package names of a list file, without its comments.
packages() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"; }

need_root() {
	[ "$(id -u)" = 0 ] && return
	die "$1 needs root, because mmdebstrap and chroot do." \
	    "Run it as: sudo make ${GOAL:-demo}" \
	    "Without root there are: make, make check-unit, make check-native"
}

# The root for the current recipe; its name changes with what defines it.
root_key() {
	(cd "$TOP/lab" && sha256sum packages.guest recipe.sh initramfs.init) |
		sha256sum | cut -c1-12
}
root_dir() { printf '%s/lab-%s\n' "$CACHE" "$(root_key)"; }

# step LABEL COMMAND...: a long command, its output in a log file that is shown
# only when it fails, with a sign of life every ten seconds.  It has its own
# session and is ended with us: neither Ctrl-C nor kill leaves it behind.
step() {
	local label=$1 log='' pid=0 start=$SECONDS status=0 beat=0
	shift
	printf 'lab: %s ...\n' "$label"
	if [ "${V:-0}" = 1 ]; then
		printf '+ %s\n' "$*"
		exec 8>&1
	else
		log=$(mktemp)
		exec 8>"$log"
	fi
	setpriv --pdeathsig "${STEP_SIGNAL:-KILL}" setsid "$@" </dev/null >&8 2>&1 8>&- &
	pid=$!
	exec 8>&-
	# shellcheck disable=SC2064 # the pid of now
	trap "step_stop $pid; rm -f ${log:-}; exit 130" INT TERM HUP
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.1
		beat=$((beat + 1))
		[ $((beat % 100)) = 0 ] &&
			printf 'lab: %s ... %d s\n' "$label" $((SECONDS - start))
	done
	wait "$pid" || status=$?
	trap - INT TERM HUP
	if [ "$status" != 0 ]; then
		printf 'lab: %s: FAILED (status %d)\n' "$label" "$status" >&2
		[ -z "$log" ] || tail -n 40 "$log" >&2
	elif [ $((SECONDS - start)) -ge 3 ]; then
		printf 'lab: %s: done, %d s\n' "$label" $((SECONDS - start))
	fi
	rm -f ${log:+"$log"}
	return "$status"
}

step_stop() {
	say "interrupted"
	kill -TERM -- "-$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}
