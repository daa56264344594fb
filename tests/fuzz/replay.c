// SPDX-License-Identifier: MIT
/* Runs a fuzz target over its corpus: fuzz_NAME over tests/fuzz/corpus/NAME. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fuzz.h"

#define MAX	(1 << 20)

static int is_file(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int replay(const char *path)
{
	uint8_t *data = malloc(MAX);
	FILE *in = fopen(path, "re");
	size_t n = 0;

	if (!data || !in) {
		printf("# %s: %s\n", path, strerror(errno));
	} else {
		uint8_t *exact;		/* so that ASan sees a read too far */

		n = fread(data, 1, MAX, in);
		exact = malloc(n ? n : 1);
		require(exact);
		memcpy(exact, data, n);
		LLVMFuzzerTestOneInput(exact, n);
		free(exact);
	}
	if (in)
		fclose(in);
	free(data);
	return n ? 0 : -ENODATA;
}

int main(void)
{
	const char *name = program_invocation_short_name + strlen("fuzz_");
	struct dirent **list;
	char dir[256];
	int n, bad;

	snprintf(dir, sizeof(dir), "tests/fuzz/corpus/%s", name);
	n = scandir(dir, &list, is_file, alphasort);
	bad = n <= 0;
	printf("1..%d\n", n > 0 ? n : 1);
	if (n <= 0)
		printf("not ok 1 - %s has files\n", dir);
	for (int i = 0; i < n; i++) {
		char path[768];
		int ret;

		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		ret = replay(path);
		bad |= ret != 0;
		printf("%sok %d - %s\n", ret ? "not " : "", i + 1, list[i]->d_name);
		fflush(stdout);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return bad;
}
