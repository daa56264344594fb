#!/bin/sh
# SPDX-License-Identifier: MIT
# Includes only point down: drivers, examples and the supervisor see public
# headers; the core knows nothing of the classes above it; only the VFIO
# backend's stand-alone path uses the privileged helpers.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0

# forbid FILES-REGEX INCLUDE-REGEX WHY
forbid() {
	hits=$(git ls-files '*.c' '*.h' | grep -E "$1" | xargs -r grep -nE "^#include [<\"]$2" /dev/null)
	if [ -n "$hits" ]; then
		printf '%s\n  -> %s\n' "$hits" "$3"
		bad=1
	fi
}

forbid '^(drivers|examples)/' '.*internal\.h' 'drivers use public headers only'
forbid '^(drivers|examples)/' 'linux/vfio' 'drivers do not know VFIO'
forbid '^drivers/' 'udrv/host\.h' 'a driver process needs no privilege'
forbid '^supervisor/' '.*libudrv/src/' 'the supervisor uses public headers only'
forbid '^libudrv/src/' 'udrv/(net|blk|snd)\.h' 'the core does not know the classes'
forbid '^libudrv/(net|snd|host)/' '(.*/)?internal\.h' 'classes and host helpers use public headers only'
forbid '^libudrv/src/(dev|bar|irq|dma|loop|main|iova|fds|notify|log|wait)\.c' \
	'(linux/vfio|udrv/host|.*backend_)' 'the core knows backends through their ops only'
exit $bad
