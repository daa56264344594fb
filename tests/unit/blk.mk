# SPDX-License-Identifier: MIT
# The block class's pure parts.
TESTS_UNIT += tests/unit/blk_pure
TESTS_LIST += tests/unit/blk_pure
tests/unit/blk_pure_SRC := tests/unit/blk_pure.c libudrv/blk/limits.c libudrv/blk/decode.c
tests/unit/blk_pure_PKGS := cmocka
