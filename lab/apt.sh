# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Debian packages of other suites than the machine's own, unpacked and never
# installed: apt with lists of its own in the cache.  common.sh comes first.

# The machine's own Debian mirror, asked from apt, which knows both formats of
# sources files.  Third parties use Debian's suite names too: the mirror is the
# first one that has the suite by Debian.
# shellcheck disable=SC2016 # $(...) there is apt's syntax
find_mirror() {
	local suite=$1 uri probe
	probe=$(mktemp)
	for uri in ${UDRV_MIRROR:-} $(apt-get indextargets \
			--format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
			'Created-By: Packages' |
			awk '$3 == "main" && $2 !~ /-/ && !seen[$1]++ { print $1 }'); do
		rm -f "$probe"
		if /usr/lib/apt/apt-helper -o Acquire::Retries=2 \
				-o Acquire::http::Timeout=20 download-file \
				"${uri%/}/dists/$suite/InRelease" "$probe" >/dev/null 2>&1 &&
				grep -q '^Origin: Debian$' "$probe"; then
			rm -f "$probe"
			printf '%s\n' "${uri%/}"
			return
		fi
	done
	rm -f "$probe"
	return 1
}

no_mirror() {
	die "no Debian mirror with $1 answers." \
	    "Asked were those that apt uses (/etc/apt/sources.list, sources.list.d)." \
	    "Is there a network?  UDRV_MIRROR=URL names another mirror."
}

# apt_lists SUITE...: what there is in these suites, asked once a day.  After
# it apt-get and apt-cache of this script see these suites and nothing else, and
# can install nothing: this machine's libc would become another suite's.
apt_lists() {
	local dir="$CACHE/apt" mirror suite
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	cat > "$dir/apt.conf" <<-END
		Dir::State "$dir";
		Dir::State::status "/dev/null";
		Dir::Cache "$dir";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Acquire::Languages "none";
		APT::Sandbox::User "root";
		Dir::Bin::dpkg "/bin/false";
	END
	# Lists of yesterday are better than none where there is no network.
	if [ -e "$dir/fresh" ] && [ -z "$(find "$dir/fresh" -mtime -1)" ]; then
		APT_CONFIG=$dir/apt.conf apt-get -qq update 2>/dev/null ||
			say "the package lists are old, and cannot be fetched"
		touch "$dir/fresh"
	elif [ ! -e "$dir/fresh" ]; then
		mirror=$(find_mirror "$1") || no_mirror "$1"
		for suite; do
			echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
			     "$mirror $suite main"
		done > "$dir/sources.list"
		step "package lists of $*" \
			env "APT_CONFIG=$dir/apt.conf" apt-get -q update ||
			die "the mirror $mirror does not serve all of: $*"
		touch "$dir/fresh"
	fi
	export APT_CONFIG=$dir/apt.conf
}

# apt_newest REGEX: of the packages whose whole name matches, the highest one.
apt_newest() {
	local name
	name=$(apt-cache pkgnames | grep -xE -- "$1" | sort -V | tail -n 1)
	[ -n "$name" ] || die "the mirror has no package like $1 in: $(
		awk '{ print $4 }' "$CACHE/apt/sources.list" | paste -sd' ')"
	echo "$name"
}

# apt_unpack DIR PACKAGE...: what these packages have in them (PACKAGE/SUITE
# where it matters which), in DIR.
apt_unpack() {
	local dir=$1 debs deb
	shift
	debs=$(mktemp -d "$CACHE/getting.XXXXXX")
	(cd "$debs" && step "fetching $*" apt-get -q download "$@") ||
		die "could not fetch: $*" "Is there a network?"
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -r "$debs"
}

# Debian's source of the kernel that the lab has.
linux_source=linux-source-6.12

# unpack_linux DIR: that source, 1.6 GB.
unpack_linux() {
	local dir=$1
	apt_unpack "$dir.deb" $linux_source
	mkdir "$dir"
	step "unpacking $linux_source" tar -xJf "$dir.deb/usr/src/$linux_source.tar.xz" \
		-C "$dir" --strip-components=1
	rm -r "$dir.deb"
}
