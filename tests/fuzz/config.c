// SPDX-License-Identifier: MIT
/* Any bytes as a device's file: complaints that have a place, or a configuration
 * that udrvd can live with. */
#include <errno.h>
#include <string.h>

#include "../../supervisor/config.h"
#include "fuzz.h"

#define FILE_NAME "f.ini"

static bool is_text(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

#define IS_TEXT(member) is_text(member, sizeof(member))

static void check(struct udrvd_config *c)
{
	udrvd_configs_users(&(struct udrvd_configs){ c, 1 });
	require(IS_TEXT(c->name) && c->name[0] && !strchr(c->name, '/'));
	require(IS_TEXT(c->bdf) && c->bdf[0]);
	require(IS_TEXT(c->driver) && c->driver[0] == '/');
	require(IS_TEXT(c->bind) && IS_TEXT(c->ifname) && IS_TEXT(c->link));
	require(!strchr(c->ifname, '/') && !strchr(c->link, '/'));
	require(c->n_options <= UDRVD_OPTIONS);
	for (unsigned int i = 0; i < c->n_options; i++)
		require(IS_TEXT(c->options[i]) && strchr(c->options[i], '='));
	require(c->arena && c->arena % 4096 == 0 && c->arena <= 1u << 30);
	require(c->memlock > c->arena);
	require(c->user != 0 && c->group != 0);
	require(c->restart.backoff_min && c->restart.backoff_min <= c->restart.backoff_max);
	require(c->restart.limit && c->restart.healthy);
	require(c->start_timeout && c->stop_timeout);
	require(!(c->net && c->disk));
}

/* "f.ini: ..." or "f.ini:LINE: ..." each. */
static void check_complaints(const char *said, unsigned int n)
{
	unsigned int lines = 0;

	for (const char *at = said; *at; at = strchr(at, '\n') + 1) {
		require(!strncmp(at, FILE_NAME ":", sizeof(FILE_NAME)));
		require(strchr(at, '\n'));
		lines++;
	}
	require(lines == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct udrvd_config *cfg = malloc(sizeof(*cfg));
	char *said = NULL;
	size_t len;
	FILE *errors = open_memstream(&said, &len);
	FILE *in = size ? fmemopen((void *)data, size, "r") : NULL;
	unsigned int n;

	if (in && errors && cfg) {
		n = udrvd_config_parse(in, FILE_NAME, cfg, errors);
		fclose(errors);
		if (n)
			check_complaints(said, n);
		else
			check(cfg);
		fclose(in);
	} else if (errors) {
		fclose(errors);
	}
	free(said);
	free(cfg);
	return 0;
}
