#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds the lab's Debian 13 root once and keeps it in the cache, where each
# clone with the same recipe finds it:
#   root/      the tree that programs are built in (build.sh)
#   root.img   the same as an ext4 image, the VM's disk
#   vmlinuz, initrd.img, release      the kernel, how it gets there, its name
# It is built in a folder of another name and renamed when all of it is there,
# so that a root which has its name is whole.

. "$(dirname "$0")/common.sh"

. "$(dirname "$0")/apt.sh"
. "$(dirname "$0")/recipe.sh"

need_root "building the lab"
[ "${1:-}" != --check ] || exit 0
dir=$(root_dir)
if [ -e "$dir/release" ]; then
	exit 0
fi

check_space() {
	local need_mb=4096 have_mb
	have_mb=$(df --output=avail -BM "$CACHE" | tail -n 1 | tr -dc 0-9)
	[ "$have_mb" -ge $need_mb ] || die \
		"$CACHE has $have_mb MB free, the lab needs $need_mb MB to be built." \
		"Free some space, or name another folder: UDRV_CACHE=/somewhere make ..." \
		"(Older labs are there as $CACHE/lab-*; make lab-clean removes them.)"
}

mkdir -p "$CACHE" || die "cannot make the cache folder $CACHE"
exec 9> "$CACHE/lock"
if ! flock -n 9; then
	say "another make builds the lab in $CACHE; waiting for it (at most 15 minutes)"
	flock -w 900 9 || die "still locked after 15 minutes: $CACHE/lock"
	[ ! -e "$dir/release" ] || exit 0
fi
# We hold the lock, so nobody builds: what is there without its name is a rest.
for tmp in "$CACHE"/half-built.* "$dir"; do
	[ -e "$tmp" ] || continue
	say "removing a half-built lab: $tmp"
	rm -rf --one-file-system "$tmp"
done
check_space
mirror=$(find_mirror "$SUITE") || no_mirror "$SUITE"

say "building the lab in $dir (once; all clones share it)"
tmp=$(mktemp -d "$CACHE/half-built.XXXXXX")
chmod 755 "$tmp"
trap 'rm -rf --one-file-system "$tmp"' EXIT
make_tree "$tmp" "$mirror" || die \
	"the Debian root could not be built; the last lines above say why." \
	"Nothing is left behind; run the same command again."
make_boot "$tmp"
mv -T "$tmp" "$dir"
trap - EXIT
say "the lab is built: Debian 13, kernel $(cat "$dir/release")"
