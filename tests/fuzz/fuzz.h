/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - a fuzz target is one function that takes any bytes.  libFuzzer calls
 * it (make fuzz), or replay.c does, with each file of the corpus (make check).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() that no NDEBUG takes away. */
#define require(what)								\
	do {									\
		if (!(what)) {							\
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
			abort();						\
		}								\
	} while (0)

#endif /* FUZZ_H */
