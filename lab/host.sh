#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs the Debian packages of packages.host that this machine lacks; says
# which they are when it may not.

. "$(dirname "$0")/common.sh"

missing=()
while read -r package; do
	dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
		grep -q 'ok installed' || missing+=("$package")
done < <(packages "$TOP/lab/packages.host")
[ ${#missing[@]} = 0 ] && exit 0

[ "$(id -u)" = 0 ] || die "these Debian packages are missing:" \
	"  ${missing[*]}" "Install them with: sudo apt-get install ${missing[*]}"

export DEBIAN_FRONTEND=noninteractive
say "installing: ${missing[*]}"
# apt-get update succeeds without a network; the install is what tells.
step "apt-get update" apt-get -q update || true
step "apt-get install" apt-get -qy --no-install-recommends install "${missing[@]}" ||
	die "could not install: ${missing[*]}" \
	    "Is there a network, and does /etc/apt name a Debian mirror?" \
	    "Then run the same command again."
