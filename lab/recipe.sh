# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the lab's root is made of.  A change of this file, of packages.guest or
# of initramfs.init makes a new root on every machine, so what can be elsewhere
# is in root.sh.

SUITE=trixie

# Without an initramfs by Debian's tools (ours is smaller), documentation and
# translations, which nobody reads in there.  In namespaces of its own, so that
# neither mounts nor processes remain when it is interrupted.
make_tree() {
	local tmp=$1 mirror=$2 proxy=
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	step "Debian 13 root with mmdebstrap (about a minute)" \
		unshare --mount --pid --fork --kill-child --mount-proc \
		env INITRD=No mmdebstrap --mode=root --variant=minbase \
		--architectures=amd64 \
		--keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
		${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--include="$(packages "$TOP/lab/packages.guest" | paste -sd,)" \
		"$SUITE" "$tmp/root" \
		"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $SUITE main" ||
		return
	mkdir "$tmp/root/src" "$tmp/root/build" "$tmp/root/udrv" "$tmp/root/out"
	rm -f "$tmp"/root/boot/initrd* "$tmp"/root/initrd*
}

# The few modules that lead to the root disk, uncompressed, and busybox.
make_initrd() {
	local tmp=$1 release=$2 initrd=$1/initrd kind module name
	mkdir -p "$initrd"/{bin,dev,proc,mnt,lib}
	cp "$tmp/root/bin/busybox" "$initrd/bin/"
	cp "$TOP/lab/initramfs.init" "$initrd/init"
	chmod 755 "$initrd/init"
	chroot "$tmp/root" sh -c "for m in virtio_pci virtio_blk ext4; do
			modprobe -S $release --show-depends \$m; done" |
	while read -r kind module _; do
		[ "$kind" = insmod ] || continue
		name=$(basename "$module" .xz)
		! grep -qsx "$name" "$initrd/lib/order" || continue
		case $module in
		*.xz)	xz -dc "$tmp/root$module" > "$initrd/lib/$name" ;;
		*)	cp "$tmp/root$module" "$initrd/lib/" ;;
		esac
		echo "$name" >> "$initrd/lib/order"
	done
	(cd "$initrd" && find . | cpio -o -H newc --quiet | gzip -1) > "$tmp/initrd.img"
	rm -r "$initrd"
}

# The kernel, its initramfs and the disk; "release" last, as the sign that all
# is there.
make_boot() {
	local tmp=$1 release
	release=$(basename "$(echo "$tmp"/root/lib/modules/*)")
	cp "$tmp/root/boot/vmlinuz-$release" "$tmp/vmlinuz"
	make_initrd "$tmp" "$release"
	truncate -s 3G "$tmp/root.img"
	step "root disk (mke2fs)" mke2fs -q -F -t ext4 -O ^has_journal \
		-E root_owner=0:0 -m 0 -d "$tmp/root" "$tmp/root.img"
	echo "$release" > "$tmp/release"
}
