#!/bin/bash
# SPDX-License-Identifier: MIT
# Removes the labs in the cache, this one's and older ones, and other kernels.

. "$(dirname "$0")/common.sh"
[ -d "$CACHE" ] || exit 0
exec 9> "$CACHE/lock"
flock -n 9 || die "a lab is being built in $CACHE; not removing it"
rm -rf --one-file-system "$CACHE"/{lab-,kernel-,getting.,half-built.}* "$CACHE/apt"
