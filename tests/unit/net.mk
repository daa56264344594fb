# SPDX-License-Identifier: MIT
# The network class: its pure parts, and the whole of it on a socket.
TESTS_UNIT += tests/unit/net tests/unit/net_pure
TESTS_LIST += tests/unit/net tests/unit/net_pure
USES_UDRV += tests/unit/net
tests/unit/net_SRC := tests/unit/net.c
tests/unit/net_PKGS := cmocka
tests/unit/net_pure_SRC := tests/unit/net_pure.c libudrv/net/frame.c libudrv/net/state.c
tests/unit/net_pure_PKGS := cmocka
