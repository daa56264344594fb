#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the path of checkpatch.pl, fetching it from Debian's linux-source when
# the cache does not have it.
set -eu
cache=${UDRV_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/udrv}/checkpatch
if [ ! -e "$cache/checkpatch.pl" ]; then
	package=$(apt-cache depends linux-source | sed -n 's/.*Depends: \(linux-source-[0-9.]*\)$/\1/p' | head -n 1)
	if [ -z "$package" ]; then
		echo "checkpatch: Debian's package linux-source is not known here (apt-get update?)" >&2
		exit 1
	fi
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/get.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	(cd "$work" && apt-get -q download "$package" 2>&1) >&2
	version=${package#linux-source-}
	# tar stops reading once it has all members: dpkg-deb may say SIGPIPE.
	dpkg-deb --fsys-tarfile "$work"/*.deb 2>/dev/null |
		tar -xO "./usr/src/$package.tar.xz" 2>/dev/null |
		tar -xJ -C "$work" --strip-components=2 --occurrence=1 \
			"linux-source-$version/scripts/checkpatch.pl" \
			"linux-source-$version/scripts/spelling.txt" \
			"linux-source-$version/scripts/const_structs.checkpatch"
	mv "$work/spelling.txt" "$work/const_structs.checkpatch" "$cache/"
	mv "$work/checkpatch.pl" "$cache/"
fi
echo "$cache/checkpatch.pl"
