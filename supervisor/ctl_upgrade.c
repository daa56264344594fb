// SPDX-License-Identifier: MIT
/* ctl_upgrade.c - ask for another driver program, and see what becomes of it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl_client.h"
#include "ctl_show.h"
#include "ctl_upgrade.h"

/* udrvd answers, which has something better to do just then. */
#define LOOK_MS		100

/* The device's "upgrade"; the reply is to be put.  NULL: it has none. */
static struct json_object *get_upgrade(int fd, const char *name, struct json_object **reply)
{
	struct json_object *o;

	*reply = NULL;
	if (ctl_request(fd, ctl_command("status", name), reply) ||
	    !json_object_object_get_ex(*reply, "devices", &o))
		return NULL;
	o = json_object_array_get_idx(o, 0);
	return json_object_object_get_ex(o, "upgrade", &o) ? o : NULL;
}

/* -1: not yet. */
static int look(int fd, const char *name, bool json)
{
	struct json_object *reply, *u = get_upgrade(fd, name, &reply);
	const char *state = u ? ctl_text(u, "state") : "";
	int ret = -1;

	if (!u) {
		ret = CTL_SYSTEM;
	} else if (!strcmp(state, "done")) {
		ret = CTL_OK;
	} else if (!strcmp(state, "failed")) {
		fprintf(stderr, "udrvctl: upgrade of %s to %s failed: %s\n", name,
			ctl_text(u, "to"), ctl_text(u, "why"));
		ret = CTL_BAD;
	}
	if (u && ret >= 0 && json)
		puts(json_object_to_json_string_ext(u, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(reply);
	return ret;
}

int ctl_upgrade(int fd, const char *name, const char *program, double seconds, bool json)
{
	struct json_object *request = ctl_command("upgrade", name), *reply;
	int ret;

	json_object_object_add(request, "driver", json_object_new_string(program));
	ret = ctl_request(fd, request, &reply);
	if (ret)
		return ret;
	json_object_put(reply);
	for (long left = (long)(seconds * 1000) / LOOK_MS; left > 0; left--) {
		ret = look(fd, name, json);
		if (ret >= 0)
			return ret;
		nanosleep(&(struct timespec){ 0, LOOK_MS * 1000000l }, NULL);
	}
	fprintf(stderr, "udrvctl: %s is still being upgraded\n", name);
	return CTL_BAD;
}
