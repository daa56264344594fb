# SPDX-License-Identifier: MIT
# Drivers that misbehave, for the tests of udrvd on the host and in the VM.
TESTS_VM += tests/drivers/fake
TESTS_LIST += tests/drivers/fake
tests/drivers/fake_SRC := tests/drivers/fake.c
