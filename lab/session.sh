#!/bin/bash
# SPDX-License-Identifier: MIT
# session.sh COMMAND...: runs a command of a make recipe so that it ends when
# make ends, however that is, and that what a sudo'd make leaves belongs to the
# clone's owner, who could not remove it otherwise.

. "$(dirname "$0")/common.sh"
status=0
setpriv --pdeathsig TERM "$@" || status=$?
if [ "$(id -u)" = 0 ] && [ -d "$OUT" ] && [ "$(stat -c %u "$TOP")" != 0 ]; then
	chown -R --reference="$TOP" "$OUT"
fi
exit "$status"
