#!/bin/bash
# SPDX-License-Identifier: MIT
# host.sh LIST...: installs those Debian packages of packages.LIST that this
# machine lacks; says which they are when it may not.

. "$(dirname "$0")/common.sh"

missing=()
for list in "$@"; do
	while read -r package; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
			grep -q 'ok installed' || missing+=("$package")
	done < <(packages "$TOP/lab/packages.$list")
done
[ ${#missing[@]} = 0 ] && exit 0

[ "$(id -u)" = 0 ] || die "these Debian packages are missing:" \
	"  ${missing[*]}" "Install them with: sudo apt-get install ${missing[*]}"

export DEBIAN_FRONTEND=noninteractive
# dpkg must not be cut off in the middle when we are killed.
export STEP_SIGNAL=TERM
say "installing: ${missing[*]}"
# apt-get update is content without a network; the install is what tells.
step "apt-get update" apt-get -q update || true
step "apt-get install" apt-get -qy --no-install-recommends install "${missing[@]}" ||
	die "could not install: ${missing[*]}" \
	    "Is there a network, and does /etc/apt name a Debian mirror?" \
	    "Then run the same command again."
