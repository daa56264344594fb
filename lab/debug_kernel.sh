#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds a small kernel with the checkers of lab/debug-kernel/config (KASAN,
# lockdep, kmemleak ...) from Debian's linux-source with the patches beside it, on
# the host, and keeps it in the cache in the shape of kernel.sh: headers/ and boot/,
# linked as build/kernels/debug.  It takes 20 to 60 minutes, once; interrupted, it
# goes on where it was.

. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/apt.sh"

config=$TOP/lab/debug-kernel/config
patches=("$TOP"/lab/debug-kernel/*.patch)

need_root "building the debug kernel"
[ -e "$(root_dir)/release" ] || die "there is no lab yet; build it with: sudo make lab"
"$TOP/lab/host.sh" debug
apt_lists trixie trixie-backports bookworm
version=$(apt-cache show --no-all-versions "$linux_source" | sed -n 's/^Version: //p')
# By content alone: clones share the kernel.
key=$(cat "$config" "${patches[@]}" "$TOP/lab/kernel_boot.sh" | sha256sum | cut -c1-8)
dir=$CACHE/kernel-debug-$version-$key
mkdir -p "$OUT/kernels"
ln -sfn "$dir" "$OUT/kernels/debug"
[ ! -e "$dir/release" ] || exit 0

exec 9> "$CACHE/debug-kernel.lock"
flock -w 7200 9 || die "another make has been building the debug kernel for 2 hours"
[ ! -e "$dir/release" ] || exit 0
work=$CACHE/kernel-debug.work/$version-$(cat "${patches[@]}" | sha256sum | cut -c1-8)

get_source() {
	local tmp patch
	[ ! -e "$work/src" ] || return 0
	tmp=$(mktemp -d "$CACHE/getting.XXXXXX")
	unpack_linux "$tmp/src"
	for patch in "${patches[@]}"; do
		step "$(basename "$patch")" patch -s -d "$tmp/src" -p1 -i "$patch" ||
			die "$patch: it does not fit $linux_source $version"
	done
	mkdir -p "$CACHE/kernel-debug.work"
	mv -T "$tmp" "$work"
}

kbuild() {
	step "debug kernel: make $*" nice -n 15 env -u MAKEFLAGS -u MFLAGS \
		make -s -C "$work/src" O="$work/obj" -j"$(nproc)" "$@" ||
		die "the debug kernel could not be built (see above)"
}

# A symbol that this kernel does not know, or that misses another one, is
# dropped without a word.
configure() {
	local line
	mkdir -p "$work/obj"
	kbuild KCONFIG_ALLCONFIG="$config" allnoconfig
	grep -E '^CONFIG_' "$config" | while read -r line; do
		grep -qxF "$line" "$work/obj/.config" || die "$config: $line was not taken"
	done
}

# What building a module needs, and what lab/vm.py boots.
pack() {
	local tmp=$1 release tree
	release=$(cat "$work/obj/include/config/kernel.release")
	tree=$tmp/tree
	mkdir -p "$tmp/headers/usr/src" "$tmp/boot" "$tree"
	(cd "$work/obj" && srctree=$work/src SRCARCH=x86 CC=gcc HOSTCC=gcc MAKE=make \
		sh "$work/src/scripts/package/install-extmod-build" \
		"$tmp/headers/usr/src/linux-headers-$release")
	cp "$work/obj/arch/x86/boot/bzImage" "$tmp/boot/vmlinuz"
	kbuild INSTALL_MOD_PATH="$tree/usr" modules_install
	rm -f "$tree/usr/lib/modules/$release/build"
	unshare --mount --propagation private \
		"$TOP/lab/kernel_boot.sh" "$tree" "$release" "$tmp/boot"
	rm -r "$tree"
	echo "$release" > "$tmp/release"
}

get_source
configure
kbuild bzImage modules
tmp=$(mktemp -d "$CACHE/getting.XXXXXX")
chmod 755 "$tmp"
pack "$tmp"
mv -T "$tmp" "$dir"
rm -rf --one-file-system "$CACHE/kernel-debug.work"
say "the debug kernel is built: $(cat "$dir/release") in $dir"
