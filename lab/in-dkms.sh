#!/bin/bash
# SPDX-License-Identifier: MIT
# in-dkms.sh LAYERS RELEASE...: dkms.sh's second half, in a mount namespace of
# its own: a root that can be written, and dkms in it for each kernel.

set -euo pipefail
layers=$1
shift
mount -t tmpfs tmp /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$layers,upperdir=/mnt/upper,workdir=/mnt/work" udrv /mnt/root
mount -t proc proc /mnt/root/proc
mount --rbind /dev /mnt/root/dev

inside() { chroot /mnt/root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"; }
die() {
	echo "dkms: $*" >&2
	exit 1
}

version=$(basename /mnt/root/usr/src/udrv-*)
version=${version#udrv-}
inside dkms add "udrv/$version" || die "add failed"
for release; do
	mkdir -p "/mnt/root/usr/lib/modules/$release"
	ln -sfn "/usr/src/linux-headers-$release" "/mnt/root/usr/lib/modules/$release/build"
	inside dkms build "udrv/$version" -k "$release" ||
		die "build for $release failed: $(tail -n 30 /mnt/root/var/lib/dkms/udrv/*/build/make.log)"
	inside dkms install "udrv/$version" -k "$release" || die "install for $release failed"
	# By its file: of the newest kernel only the headers are there to depend on.
	module=$(cd /mnt/root && ls usr/lib/modules/"$release"/updates/dkms/udrv.ko*)
	for field in filename author description license version vermagic; do
		value=$(inside modinfo -F $field "/$module")
		[ -n "$value" ] || die "modinfo has no $field"
		printf '  %-12s %s\n' "$field" "$value"
	done
	inside modinfo -F parm "/$module" | sed 's/^/  parm         /'
done
inside dkms status
inside dkms remove "udrv/$version" --all || die "remove failed"
[ -z "$(find /mnt/root/usr/lib/modules -name 'udrv.ko*')" ] || die "remove left the module"
echo "dkms: added, built, installed and removed for $*"
