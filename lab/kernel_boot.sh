#!/bin/bash
# SPDX-License-Identifier: MIT
# kernel_boot.sh TREE RELEASE DIR: makes of an unpacked kernel (TREE has its
# modules in usr/lib/modules/RELEASE) what lab/vm.py boots: DIR gets initrd.img
# and modules.img.  In a mount namespace of its own.

. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/recipe.sh"

tree=$1 release=$2 dir=$3
/sbin/depmod -b "$tree/usr" "$release"
mke2fs -q -F -t ext4 -O ^has_journal -L udrv-modules -E root_owner=0:0 \
	-d "$tree/usr/lib/modules" "$dir/modules.img" \
	"$(($(du -sm "$tree/usr/lib/modules" | cut -f1) * 5 / 4 + 16))M"
# make_initrd wants the root with the modules in it as DIR/root.
mkdir "$dir/root"
mount -t overlay -o "ro,lowerdir=$tree:$(root_dir)/root" udrv "$dir/root"
make_initrd "$dir" "$release"
umount "$dir/root"
rmdir "$dir/root"
