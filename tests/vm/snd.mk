# SPDX-License-Identifier: MIT
# What programs do with alsa-lib, for snd_api.test.
TESTS_VM += tests/vm/sndapi
TESTS_LIST += tests/vm/sndapi
tests/vm/sndapi_SRC := tests/vm/sndapi.c
tests/vm/sndapi_PKGS := cmocka alsa
