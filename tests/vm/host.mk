# SPDX-License-Identifier: MIT
TESTS_VM += tests/vm/hosttool tests/vm/host_vfio
TESTS_LIST += tests/vm/hosttool tests/vm/host_vfio
USES_UDRV += tests/vm/hosttool tests/vm/host_vfio
tests/vm/hosttool_SRC := tests/vm/hosttool.c
tests/vm/host_vfio_SRC := tests/vm/host_vfio.c
tests/vm/host_vfio_PKGS := cmocka
