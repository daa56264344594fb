# shellcheck shell=bash disable=SC2034 # used by those who source this
# SPDX-License-Identifier: MIT
# For tests/vm/*.test: work on a file system whose disk loses its driver again and
# again; each of it goes on until the file /tmp/enough is there.
#
#	compile_on DIR			# in the background, its pid is $compiler
#	commit_on DIR			# the same, $committer
#	compile_was_fine, commit_was_fine DIR	# after the end

compiler='' committer=''

# A project of 13 files; what its program prints is in $right.
project() {
	local i
	mkdir -p "$1"
	for i in {1..12}; do
		printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint f%d(int x) { return x * %d + 1; }\n' "$i" "$i" > "$1/f$i.c"
	done
	{
		printf 'int printf(const char *, ...);\n'
		for i in {1..12}; do printf 'int f%d(int x);\n' "$i"; done
		printf 'int main(void) { int s = 0;\n'
		for i in {1..12}; do printf 's += f%d(s);\n' "$i"; done
		printf 'printf("%%d\\n", s); return 0; }\n'
	} > "$1/main.c"
	cat > "$1/Makefile" <<'MK'
prog: $(patsubst %.c,%.o,$(wildcard *.c))
	gcc -o $@ $^
%.o: %.c
	gcc -O1 -c -o $@ $<
clean-all:
	rm -f *.o prog
.PHONY: clean-all
MK
	make -s -C "$1" prog && right=$("$1/prog")
}

# Again and again, from the disk: what is cached is dropped each time.
compile() {
	local last
	while [ ! -e /tmp/enough ]; do
		make -s -C "$1" clean-all prog 2>&1 || return
		last=$("$1/prog") || return
		[ "$last" = "$right" ] || { echo "the program says $last, not $right"; return 1; }
		sync -f "$1" && echo 1 > /proc/sys/vm/drop_caches
	done
}

compile_on() {
	want "compiles" project "$1"
	compile "$1" > /tmp/compile.out 2>&1 &
	compiler=$!
}

compile_was_fine() {
	wait "$compiler"
	same "the compiler saw no error, and made the right program" "$? $(cat /tmp/compile.out)" "0 "
}

commit_on() {
	cat > /tmp/commits.py <<'PY'
# Commits rows one by one and says how many were acknowledged.
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("pragma synchronous=full")
db.execute("create table t(n integer primary key, text blob)")
n = 0
while not os.path.exists("/tmp/enough"):
    db.execute("insert into t values(?, ?)", (n, bytes([n & 255]) * (n % 5000)))
    db.commit()
    n += 1
print(n)
PY
	python3 /tmp/commits.py "$1/db" > /tmp/commits 2>&1 &
	committer=$!
}

# commit_was_fine DIR: the caller may have mounted it again.
commit_was_fine() {
	wait "$committer"
	same "sqlite saw no error" $? 0
	diag "$(cat /tmp/commits) commits"
	same "the database is whole" "$(sqlite3 "$1/db" 'pragma integrity_check')" ok
	same "every commit is there" "$(sqlite3 "$1/db" 'select count(*) from t')" "$(cat /tmp/commits)"
	same "with its data" \
		"$(sqlite3 "$1/db" 'select count(*) from t where length(text) <> n % 5000')" 0
}
