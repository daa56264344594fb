# SPDX-License-Identifier: MIT
# The network class: its pure parts, and the whole of it on a socket.
TESTS_UNIT += tests/unit/net
TESTS_LIST += tests/unit/net
USES_UDRV += tests/unit/net
tests/unit/net_SRC := tests/unit/net.c
tests/unit/net_PKGS := cmocka
