// SPDX-License-Identifier: MIT
/* ctl_config.c - read the configuration as udrvd would, and say what it is. */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "ctl_client.h"
#include "ctl_config.h"

static void show(const struct udrvd_config *c)
{
	printf("%s: %s, %s, %s%s%s\n", c->file, c->name, c->bdf, c->driver,
	       c->net ? ", interface " : c->disk ? ", disks " : c->sound ? ", sound " : "",
	       c->net ? c->ifname : c->disk ? c->link : c->sound ? c->snd_socket : "");
}

int udrvctl_config(int argc, char *argv[])
{
	struct udrvd_configs all = { 0 };
	unsigned int complaints = 0;

	if (argc < 2 || strcmp(argv[1], "check") != 0) {
		fprintf(stderr, "udrvctl: usage: udrvctl config check [FILE|DIRECTORY...]\n");
		return CTL_USAGE;
	}
	if (argc == 2)
		complaints += udrvd_configs_add(&all, UDRVD_CONFIG_DIR, stderr);
	for (int i = 2; i < argc; i++)
		complaints += udrvd_configs_add(&all, argv[i], stderr);
	complaints += udrvd_configs_check(&all, stderr);
	if (!complaints && !all.n) {
		fprintf(stderr, "udrvctl: there is no device's file; expected one *.ini for each device\n");
		complaints++;
	}
	for (size_t i = 0; i < all.n && !complaints; i++)
		show(&all.cfg[i]);
	udrvd_configs_free(&all);
	return complaints ? CTL_BAD : CTL_OK;
}
