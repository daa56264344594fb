#!/bin/bash
# SPDX-License-Identifier: MIT
# kernel.sh NAME PART: gets a part of another kernel than the lab's into the
# cache and links it as build/kernels/NAME:
#   6.1 headers         Debian 12's, with the compiler that it wants
#   backports headers   the newest of Debian 13's backports
#   backports boot      the same, as a folder that lab/vm.py can boot
#   iommufd headers|boot the lab's own, with iommufd (kernel_iommufd.sh)
#   debug headers|boot  what debug_kernel.sh builds
# Nothing is installed: tree/ is laid over the lab's root (in-kernel.sh), where
# headers find themselves at the paths that are written in them.

. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/apt.sh"

name=${1:-} part=${2:-}
need_root "getting a kernel"
[ "$name" != debug ] || exec "$TOP/lab/debug_kernel.sh"
[ -e "$(root_dir)/release" ] || die "there is no lab yet; build it with: sudo make lab"
exec 9> "$CACHE/kernel.lock"
flock -w 900 9 || die "another make has been getting a kernel for 15 minutes"
apt_lists trixie trixie-backports bookworm


# The lab's kernel, built anew when the lab is.
if [ "$name" = iommufd ]; then
	dir=$CACHE/kernel-iommufd-$(cat "$TOP"/lab/kernel_{iommufd,boot}.sh "$(root_dir)/release" |
		sha256sum | cut -c1-8)
	mkdir -p "$OUT/kernels"
	ln -sfn "$dir" "$OUT/kernels/iommufd"
	[ ! -e "$dir/release" ] || exit 0
	tmp=$(mktemp -d "$CACHE/getting.XXXXXX")
	chmod 755 "$tmp"
	unpack_linux "$tmp/source"
	"$TOP/lab/kernel_iommufd.sh" "$tmp/source" "$tmp"
	rm -r "$tmp/source"
	mv -T "$tmp" "$dir"
	exit 0
fi

case $name in
6.1)		regex='linux-headers-6\.1\.[0-9]+-[0-9]+-amd64' ;;
backports)	regex='linux-headers-[0-9][^-]*-amd64' ;;
*)		die "there is no kernel '$name' here; there are: 6.1, backports, iommufd, debug" ;;
esac
release=$(apt_newest "$regex")
release=${release#linux-headers-}
dir=$CACHE/kernel-$release

get_headers() {
	local tree=$1 more=()
	case $name in
	# Debian 12's headers call gcc-12, which Debian 13's root does not have.
	6.1)	more=(linux-kbuild-6.1 gcc-12/bookworm cpp-12/bookworm) ;;
	*)	more=("linux-kbuild-${release%-amd64}") ;;
	esac
	apt_unpack "$tree" "linux-headers-$release" "linux-headers-${release%-amd64}-common" \
		"${more[@]}"
	# The root's /lib is a link; a folder would hide what is behind it.
	rm -rf "${tree:?}/lib"
}

# Debian signs a kernel some days after it has built it, so its image has one of
# two names.
get_boot() {
	local boot=$1 tree=$1/tree
	mkdir "$tree"
	apt_unpack "$tree" "$(apt_newest "linux-binary(-unsigned)?-${release//+/\\+}")" \
		"linux-modules-$release"
	cp "$tree/usr/lib/modules/$release"/vmlinuz* "$boot/vmlinuz"
	rm "$tree/usr/lib/modules/$release"/vmlinuz*
	unshare --mount --propagation private \
		"$TOP/lab/kernel_boot.sh" "$tree" "$release" "$boot"
	rm -r "$tree"
}

# have PART: that part is in the folder already; else get it, whole or not at all.
have() {
	local get=$1 tmp
	[ -e "$dir/$get" ] && return
	tmp=$(mktemp -d "$CACHE/getting.XXXXXX")
	chmod 755 "$tmp"
	"get_$get" "$tmp"
	mkdir -p "$dir"
	mv -T "$tmp" "$dir/$get"
}

case $part in
headers|boot)	have "$part" ;;
*)		die "there is no part '$part' of a kernel; there are: headers, boot" ;;
esac
echo "$release" > "$dir/release"
mkdir -p "$OUT/kernels"
ln -sfn "$dir" "$OUT/kernels/$name"
