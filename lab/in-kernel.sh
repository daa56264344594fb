#!/bin/bash
# SPDX-License-Identifier: MIT
# in-kernel.sh TREE ROOT SRC OBJ COMMAND...: lab/in-root.sh, with TREE (unpacked
# packages, see kernel.sh) laid over the root.  In a mount namespace of its own.

set -euo pipefail
tree=$1 root=$2
shift 2
mount -t overlay -o "ro,lowerdir=$tree:$root" udrv /mnt
exec "$(dirname "$0")/in-root.sh" /mnt "$@"
