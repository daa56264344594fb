#!/bin/bash
# SPDX-License-Identifier: MIT
# A sudo'd make must not leave files that the clone's owner cannot remove.

. "$(dirname "$0")/common.sh"
[ -d "$OUT" ] || exit 0
[ "$(stat -c %u "$TOP")" = "$(id -u)" ] || chown -R --reference="$TOP" "$OUT"
