// SPDX-License-Identifier: MIT
/* ctl_config.c - read the configuration as udrvd would, and say what it is. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "ctl_client.h"
#include "ctl_config.h"

static const char *kind(const struct udrvd_config *c)
{
	return c->net ? "interface" : c->disk ? "disks" : c->sound ? "sound" : "";
}

static const char *endpoint(const struct udrvd_config *c)
{
	return c->net ? c->ifname : c->disk ? c->link : c->sound ? c->snd_socket : "";
}

static void show_text(const struct udrvd_configs *all)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct udrvd_config *c = &all->cfg[i];

		printf("%s: %s, %s, %s%s%s%s%s\n", c->file, c->name, c->bdf, c->driver,
		       *kind(c) ? ", " : "", kind(c), *kind(c) ? " " : "", endpoint(c));
	}
}

static struct json_object *json_device(const struct udrvd_config *c)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "file", json_object_new_string(c->file));
	json_object_object_add(o, "name", json_object_new_string(c->name));
	json_object_object_add(o, "bdf", json_object_new_string(c->bdf));
	json_object_object_add(o, "driver", json_object_new_string(c->driver));
	json_object_object_add(o, "endpoint", *kind(c) ? json_object_new_string(kind(c)) : NULL);
	json_object_object_add(o, "endpoint_name", *kind(c) ? json_object_new_string(endpoint(c)) : NULL);
	return o;
}

/* complaints: a line each. */
static void show_json(const struct udrvd_configs *all, bool ok, char *complaints)
{
	struct json_object *o = json_object_new_object(), *devices = json_object_new_array();
	struct json_object *lines = json_object_new_array();
	char *save;

	json_object_object_add(o, "ok", json_object_new_boolean(ok));
	for (size_t i = 0; i < all->n && ok; i++)
		json_object_array_add(devices, json_device(&all->cfg[i]));
	json_object_object_add(o, "devices", devices);
	for (char *at = strtok_r(complaints, "\n", &save); at; at = strtok_r(NULL, "\n", &save))
		json_object_array_add(lines, json_object_new_string(at));
	json_object_object_add(o, "complaints", lines);
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

/* How many complaints there are, which go to `to`. */
static unsigned int check(struct udrvd_configs *all, char *paths[], FILE *to)
{
	unsigned int n = 0;

	if (!*paths)
		n += udrvd_configs_add(all, UDRVD_CONFIG_DIR, to);
	for (; *paths; paths++)
		n += udrvd_configs_add(all, *paths, to);
	n += udrvd_configs_check(all, to);
	if (n || all->n)
		return n;
	fprintf(to, "udrvctl: there is no device's file; expected one *.ini for each device\n");
	return 1;
}

int udrvctl_config(int argc, char *argv[], bool json)
{
	struct udrvd_configs all = { 0 };
	unsigned int complaints;
	char *text = NULL;
	size_t size;
	FILE *to;

	if (argc < 2 || strcmp(argv[1], "check") != 0) {
		fprintf(stderr, "udrvctl: usage: udrvctl config check [FILE|DIRECTORY...]\n");
		return CTL_USAGE;
	}
	to = open_memstream(&text, &size);
	if (!to) {
		fprintf(stderr, "udrvctl: %s\n", strerror(errno));
		return CTL_SYSTEM;
	}
	complaints = check(&all, argv + 2, to);
	fclose(to);
	fputs(text, stderr);
	if (json)
		show_json(&all, !complaints, text);
	else if (!complaints)
		show_text(&all);
	free(text);
	udrvd_configs_free(&all);
	return complaints ? CTL_BAD : CTL_OK;
}
