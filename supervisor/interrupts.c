// SPDX-License-Identifier: MIT
/* interrupts.c - how often a device interrupted. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "interrupts.h"

/* Less time says little, and several clients may look at once. */
#define RATE_NS		100000000ull

/* "udrv:0000:00:04.0[1]", "vfio-intx(0000:00:04.0)", but not of domain 10000. */
static bool names(const char *line, const char *bdf)
{
	size_t len = strlen(bdf);

	for (const char *at = strstr(line, bdf); at; at = strstr(at + 1, bdf))
		if ((at == line || !isxdigit((unsigned char)at[-1])) &&
		    !isxdigit((unsigned char)at[len]))
			return true;
	return false;
}

/* "  20:   12   3  IO-APIC ...": the numbers behind the colon, one a CPU. */
static uint64_t sum(const char *line)
{
	const char *at = strchr(line, ':');
	uint64_t n = 0;

	while (at) {
		char *end;
		unsigned long long v = strtoull(++at, &end, 10);

		/* "20-fasteoi" begins with a number, too. */
		if (end == at || !isspace((unsigned char)*end))
			break;
		n += v;
		at = end;
	}
	return n;
}

bool udrvd_interrupts_parse(FILE *in, const char *bdf, uint64_t *count)
{
	char *line = NULL;
	bool found = false;
	uint64_t n = 0;
	size_t size;

	while (getline(&line, &size, in) > 0) {
		if (!names(line, bdf))
			continue;
		found = true;
		n += sum(line);
	}
	free(line);
	if (found)
		*count = n;
	return found;
}

bool udrvd_interrupts(const char *bdf, uint64_t *count)
{
	FILE *in = fopen("/proc/interrupts", "re");
	bool found = in && udrvd_interrupts_parse(in, bdf, count);

	if (in)
		fclose(in);
	return found;
}

void udrvd_rate_look(struct udrvd_rate *r, uint64_t ns, uint64_t count)
{
	uint64_t passed = ns - r->ns;

	if (r->ns && passed < RATE_NS)
		return;
	if (r->ns) {
		/* Fewer: its lines have been requested anew. */
		r->per_s = (double)(count < r->count ? count : count - r->count) * 1e9 /
			   (double)passed;
		r->known = true;
	}
	r->ns = ns;
	r->count = count;
}
