#!/bin/sh
# SPDX-License-Identifier: MIT
# pack.sh OBJ DIR PROGRAMS TESTS: lays out in DIR what the VM has as /udrv.
# What was not built (KEEP=1) is left out.

set -eu
obj=$1 dir=$2 programs=$3 tests=$4

rm -rf "$dir"
mkdir -p "$dir/bin" "$dir/lib" "$dir/tests/bin"
cp lab/guest/init lab/guest/fstab "$dir/"
cp -r lab/demo "$dir/"
cp -r tests/vm "$dir/tests/"
cp -r supervisor/examples supervisor/systemd supervisor/udev "$dir/"
for module in "$obj"/kshim/*.ko; do
	[ ! -e "$module" ] || cp "$module" "$dir/lib/"
done
mkdir -p "$dir/lib/alsa"
cp drivers/snd/alsa/*.conf "$dir/lib/alsa/"
for plugin in "$obj"/drivers/snd/alsa/*.so; do
	[ ! -e "$plugin" ] || cp "$plugin" "$dir/lib/alsa/"
done
cp -r bench/guest "$dir/bench"
for module in "$obj"/bench/*/*.ko; do
	[ ! -e "$module" ] || cp "$module" "$dir/bench/"
done
for p in $programs; do
	[ ! -e "$obj/$p" ] || cp "$obj/$p" "$dir/bin/"
done
for p in $tests; do
	[ ! -e "$obj/$p" ] || cp "$obj/$p" "$dir/tests/bin/"
done
