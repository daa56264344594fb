/* SPDX-License-Identifier: MIT */
/* ctl_client.h - udrvctl's end of the control socket. */
#ifndef UDRV_CTL_CLIENT_H
#define UDRV_CTL_CLIENT_H

#include <json-c/json.h>

/* udrvctl's exit statuses. */
enum { CTL_OK = 0, CTL_BAD = 1, CTL_USAGE = 100, CTL_SYSTEM = 111 };

/* Says on stderr what is wrong.  Returns a descriptor, or -1. */
int ctl_connect(const char *path);
/* One request, which is freed, one reply, which is the caller's if *reply is
 * set.  A refusal or a failure is said on stderr; returns an exit status. */
int ctl_request(int fd, struct json_object *request, struct json_object **reply);

/* {"cmd":cmd,"name":name}; name may be NULL. */
struct json_object *ctl_command(const char *cmd, const char *name);

#endif /* UDRV_CTL_CLIENT_H */
