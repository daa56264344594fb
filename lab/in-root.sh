#!/bin/bash
# SPDX-License-Identifier: MIT
# in-root.sh ROOT SRC OBJ COMMAND...: runs a command inside the lab's root with
# the clone at /src and the folder for objects at /build.  It is called in a
# mount and pid namespace of its own, so whatever is mounted or started here
# ends with it.  Only /build and /tmp can be written.

set -euo pipefail
root=$1 src=$2 obj=$3
shift 3

mount --bind "$root" "$root"
mount --bind "$src" "$root/src"
mount --bind "$obj" "$root/build"
mount -o remount,bind,ro "$root"
mount -o remount,bind,ro "$root/src"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmp "$root/tmp"
exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 "$@"
