// SPDX-License-Identifier: MIT
/* command.c - what a line on the control socket asks for. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "report.h"
#include "udrvd.h"

#define DEPTH	4		/* a request is flat */
#define TRACE	100		/* entries of a trace, unless it says how many */

struct request {
	struct udrvd *udrvd;
	const char *cmd;
	struct udrvd_device *device;	/* NULL: no name was given */
	int64_t signal, limit;
	enum { UNSAID, OFF, ON } on;
	const char *driver;
	struct json_object *reply;
};

__attribute__((format(printf, 2, 3)))
static void refuse(struct request *r, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_object_object_add(r->reply, "ok", json_object_new_boolean(0));
	json_object_object_add(r->reply, "error", json_object_new_string(text));
}

/* ---- commands: the reply is {"ok":true} so far --------------------------------- */

static void do_ping(struct request *r)
{
	json_object_object_add(r->reply, "pid", json_object_new_int(getpid()));
	json_object_object_add(r->reply, "devices", json_object_new_int64((int64_t)r->udrvd->n));
}

static void do_status(struct request *r)
{
	struct json_object *all = json_object_new_array();

	for (size_t i = 0; i < r->udrvd->n; i++)
		if (!r->device || r->device == &r->udrvd->devices[i])
			json_object_array_add(all, udrvd_report_status(&r->udrvd->devices[i]));
	json_object_object_add(r->reply, "devices", all);
}

static void do_history(struct request *r)
{
	json_object_object_add(r->reply, "history",
		udrvd_report_history(r->device, r->limit ? (size_t)r->limit : UDRVD_HISTORY));
}

static void note(struct request *r)
{
	udrvd_history_add(&r->device->history, udrvd_now(), UDRVD_H_COMMAND, "%s", r->cmd);
}

static void do_start(struct request *r)
{
	note(r);
	udrvd_device_event(r->device, UDRVD_EV_START);
}

static void do_stop(struct request *r)
{
	note(r);
	udrvd_device_event(r->device, UDRVD_EV_STOP);
}

static void do_restart(struct request *r)
{
	note(r);
	udrvd_device_event(r->device, UDRVD_EV_RESTART);
}

static void do_upgrade(struct request *r)
{
	struct udrv_error err;

	note(r);
	if (!r->driver)
		refuse(r, "upgrade needs the \"driver\", the absolute path of the new program");
	else if (udrvd_upgrade_begin(r->device, r->driver, &err))
		refuse(r, "%s", err.text);
}

static void do_kill(struct request *r)
{
	int sig = r->signal ? (int)r->signal : SIGKILL;
	struct udrvd_device *d = r->device;
	int ret;

	if (d->process.pid && !d->killed && sig == SIGKILL)
		strcpy(d->why, "udrvctl kill");
	ret = sig == SIGKILL ? udrvd_device_event(d, UDRVD_EV_KILL) : udrvd_device_signal(d, sig);
	if (ret)
		refuse(r, "%s has no process (it is '%s')", d->cfg->name,
		       udrvd_state_name(d->state));
}

/* A driver that is not traced has no window that could be: it starts anew. */
static void switch_trace(struct request *r)
{
	struct udrvd_device *d = r->device;
	int ret = udrvd_trace_switch(&d->trace, r->on == ON);

	if (ret)
		refuse(r, "%s: no memory for a trace: %s", d->cfg->name, strerror(-ret));
	else if (d->process.pid)
		do_restart(r);
}

static void do_trace(struct request *r)
{
	if (r->on != UNSAID)
		switch_trace(r);
	else
		json_object_object_add(r->reply, "trace",
			udrvd_trace_report(&r->device->trace, r->limit ? (size_t)r->limit : TRACE));
}

static void do_shutdown(struct request *r)
{
	udrvd_end(r->udrvd);
}

static const struct command {
	const char *name;
	enum { NO_NAME, MAY_NAME, MUST_NAME } device;
	void (*fn)(struct request *r);
} commands[] = {
	{ "ping", NO_NAME, do_ping },
	{ "status", MAY_NAME, do_status },
	{ "history", MUST_NAME, do_history },
	{ "start", MUST_NAME, do_start },
	{ "stop", MUST_NAME, do_stop },
	{ "restart", MUST_NAME, do_restart },
	{ "upgrade", MUST_NAME, do_upgrade },
	{ "kill", MUST_NAME, do_kill },
	{ "trace", MUST_NAME, do_trace },
	{ "shutdown", NO_NAME, do_shutdown },
};

/* ---- requests -------------------------------------------------------------------- */

static void unknown_device(struct request *r, const char *name)
{
	char known[160] = "";
	size_t at = 0;

	for (size_t i = 0; i < r->udrvd->n && at < sizeof(known); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "",
				       r->udrvd->devices[i].cfg->name);
	refuse(r, "there is no device '%.40s'; there are: %s", name, known);
}

/* 0 or -EINVAL; it has been refused then. */
static int take_member(struct request *r, const char *key, struct json_object *value)
{
	bool text = json_object_is_type(value, json_type_string);
	int64_t n = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;

	if (!strcmp(key, "cmd") && text) {
		r->cmd = json_object_get_string(value);
	} else if (!strcmp(key, "name") && text) {
		r->device = udrvd_find(r->udrvd, json_object_get_string(value));
		if (!r->device) {
			unknown_device(r, json_object_get_string(value));
			return -EINVAL;
		}
	} else if (!strcmp(key, "driver") && text) {
		r->driver = json_object_get_string(value);
	} else if (!strcmp(key, "signal") && n >= 1 && n < NSIG) {
		r->signal = n;
	} else if (!strcmp(key, "on") && json_object_is_type(value, json_type_boolean)) {
		r->on = json_object_get_boolean(value) ? ON : OFF;
	} else if (!strcmp(key, "limit") && n >= 1) {
		r->limit = n;
	} else {
		refuse(r, "'%.40s' is no member of a request, or its value is wrong", key);
		return -EINVAL;
	}
	return 0;
}

static void carry_out(struct request *r)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];

		if (strcmp(c->name, r->cmd) != 0)
			continue;
		if (c->device == MUST_NAME && !r->device)
			refuse(r, "%s needs the \"name\" of a device", c->name);
		else if (c->device == NO_NAME && r->device)
			refuse(r, "%s takes no \"name\"", c->name);
		else
			c->fn(r);
		return;
	}
	refuse(r, "there is no command '%.40s'", r->cmd);
}

static struct json_object *parse(const char *line, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(DEPTH);
	struct json_object *o = NULL;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	/* It stops at a NUL and takes that for success. */
	o = json_tokener_parse_ex(tok, line, (int)len);
	if (o && (json_tokener_get_parse_end(tok) != len ||
		  !json_object_is_type(o, json_type_object))) {
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(tok);
	return o;
}

char *udrvd_command(struct udrvd *u, const char *line, size_t len)
{
	struct request r = { .udrvd = u, .reply = json_object_new_object() };
	struct json_object *o = parse(line, len);
	char *text = NULL;
	int ret = 0;

	if (!r.reply)
		return NULL;
	json_object_object_add(r.reply, "ok", json_object_new_boolean(1));
	if (!o) {
		refuse(&r, "expected one JSON object a line, such as {\"cmd\":\"status\"}");
	} else {
		json_object_object_foreach(o, key, value)
			if (!ret)
				ret = take_member(&r, key, value);
		if (!ret && !r.cmd)
			refuse(&r, "the request has no \"cmd\"");
		else if (!ret)
			carry_out(&r);
	}
	text = strdup(json_object_to_json_string_ext(r.reply, JSON_C_TO_STRING_PLAIN |
							JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(r.reply);
	json_object_put(o);
	return text;
}
