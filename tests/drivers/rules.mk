# SPDX-License-Identifier: MIT
# Drivers that misbehave, for the tests of udrvd on the host and in the VM.
TESTS_VM += tests/drivers/fake
TESTS_LIST += tests/drivers/fake
tests/drivers/fake_SRC := tests/drivers/fake.c
tests/drivers/fake_LIBS := -luring

TESTS_VM += tests/drivers/malice
TESTS_LIST += tests/drivers/malice
tests/drivers/malice_SRC := tests/drivers/malice.c tests/drivers/attempt.c
tests/drivers/malice_LIBS := -luring

TESTS_VM += tests/drivers/maldisk
TESTS_LIST += tests/drivers/maldisk
tests/drivers/maldisk_SRC := tests/drivers/maldisk.c tests/drivers/attempt.c
tests/drivers/maldisk_LIBS := -luring

TESTS_VM += tests/drivers/dyingdisk
TESTS_LIST += tests/drivers/dyingdisk
USES_UDRV += tests/drivers/dyingdisk
tests/drivers/dyingdisk_SRC := tests/drivers/dyingdisk.c examples/ramdisk.c
tests/drivers/dyingdisk_LIBS := -Wl,--wrap=io_uring_submit,--wrap=mmap,--wrap=recvmsg \
	-Wl,--wrap=send,--wrap=udrv_blk_done,--wrap=udrv_usleep

TESTS_VM += tests/drivers/dyingide
TESTS_LIST += tests/drivers/dyingide
USES_UDRV += tests/drivers/dyingide
# rules.mk of drivers comes before this one.
tests/drivers/dyingide_SRC := tests/drivers/dyingdisk.c $(drivers/ide/ide_SRC)
tests/drivers/dyingide_LIBS := $(tests/drivers/dyingdisk_LIBS)

TESTS_VM += tests/drivers/badsnd
TESTS_LIST += tests/drivers/badsnd
USES_UDRV += tests/drivers/badsnd
tests/drivers/badsnd_SRC := tests/drivers/badsnd.c
