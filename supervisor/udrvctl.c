// SPDX-License-Identifier: MIT
/* udrvctl.c - the hand on udrvd. */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <udrv/version.h>

#include "config.h"
#include "control.h"
#include "ctl_client.h"
#include "ctl_config.h"
#include "ctl_host.h"
#include "ctl_metrics.h"
#include "ctl_show.h"
#include "ctl_top.h"
#include "ctl_trace.h"
#include "ctl_upgrade.h"
#include "state.h"

#define POLL_NS		20000000	/* between two looks of wait */
#define RATE_NS		200000000	/* and of status, of which the second has the rates of now */

struct ctl {
	const char *socket;
	bool json;
	int signal;
	double timeout, interval;	/* seconds */
	int limit;
	int fd;
	int argc;			/* what follows the command */
	char **argv;
};

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: udrvctl [-s SOCKET] [--json] COMMAND\n"
		"\n"
		"  status [NAME]                    devices, their drivers and how they are\n"
		"  top [--interval S] [--limit N]   what they are doing, N times; every second\n"
		"  metrics                          all that is counted, as OpenMetrics text\n"
		"  history NAME [--limit N]         what happened, step by step\n"
		"  trace NAME on | off              restarts the driver, to note what it and the\n"
		"                                   device say to each other\n"
		"  trace NAME [--limit N]           show that; 100 lines by default\n"
		"  start | stop | restart NAME      stop gives the device back to the system\n"
		"  upgrade NAME PROGRAM             another driver program, without a gap\n"
		"  kill NAME [--signal SIGNAL]      to see it recover; SIGKILL by default\n"
		"  wait NAME STATE [--timeout S]    until it is so; 60 s by default\n"
		"  ping                             is udrvd there?\n"
		"  shutdown                         end udrvd and its drivers\n"
		"\n"
		"  config check [PATH...]           without udrvd; %s by default\n"
		"  list                             PCI devices, who drives and who uses them\n"
		"  bind [--save] [--driver udrv|vfio-pci] DEVICE...    --save: over reboots, too\n"
		"  bind --saved [DEVICE...]         as it was saved\n"
		"  unbind [--save] DEVICE...        give it back to the kernel's driver\n"
		"\n"
		"--json: the answer as JSON (top: a line each time; metrics has a format of its\n"
		"own); what is wrong is said on stderr.  Exit status: 0 done, 1 refused, 100 wrong\n"
		"usage, 111 the system (or udrvd) is not there.  The default SOCKET is %s.\n", UDRVD_CONFIG_DIR,
		UDRVD_CONTROL_PATH);
	return status;
}

static int wrong(const char *cmd, const char *expected)
{
	fprintf(stderr, "udrvctl: usage: udrvctl %s %s\n", cmd, expected);
	return CTL_USAGE;
}

static void print_json(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* ---- commands ---------------------------------------------------------------------- */

static int get_status(struct ctl *c, const char *name, struct json_object **reply,
		      struct json_object **devices)
{
	int ret = ctl_request(c->fd, ctl_command("status", name), reply);

	if (!ret && !json_object_object_get_ex(*reply, "devices", devices))
		ret = CTL_SYSTEM;
	return ret;
}

static int do_status(struct ctl *c, const char *cmd)
{
	const char *name = c->argc ? c->argv[0] : NULL;
	struct json_object *reply, *devices;
	int ret;

	if (c->argc > 1)
		return wrong(cmd, "[NAME]");
	ret = get_status(c, name, &reply, &devices);
	if (ret)
		return ret;
	if (!c->json) {
		json_object_put(reply);
		nanosleep(&(struct timespec){ 0, RATE_NS }, NULL);
		ret = get_status(c, name, &reply, &devices);
		if (ret)
			return ret;
		ctl_show_status(devices);
	} else if (name)
		print_json(json_object_array_get_idx(devices, 0));
	else
		print_json(reply);
	json_object_put(reply);
	return CTL_OK;
}

static int do_metrics(struct ctl *c, const char *cmd)
{
	struct json_object *reply, *devices;
	int ret;

	if (c->argc || c->json)
		return wrong(cmd, "(without --json: it has a format of its own)");
	ret = get_status(c, NULL, &reply, &devices);
	if (ret)
		return ret;
	ctl_metrics_show(devices, stdout);
	json_object_put(reply);
	if (fflush(stdout) == 0)
		return CTL_OK;
	perror("udrvctl: stdout");
	return CTL_SYSTEM;
}

static int do_history(struct ctl *c, const char *cmd)
{
	struct json_object *request, *reply, *history;
	int ret;

	if (c->argc != 1)
		return wrong(cmd, "NAME [--limit N]");
	request = ctl_command(cmd, c->argv[0]);
	if (c->limit)
		json_object_object_add(request, "limit", json_object_new_int(c->limit));
	ret = ctl_request(c->fd, request, &reply);
	if (ret)
		return ret;
	if (!json_object_object_get_ex(reply, "history", &history))
		ret = CTL_SYSTEM;
	else if (c->json)
		print_json(history);
	else
		ctl_show_history(history);
	json_object_put(reply);
	return ret;
}

static int do_trace(struct ctl *c, const char *cmd)
{
	const char *on = c->argc == 2 ? c->argv[1] : NULL;
	struct json_object *request, *reply, *trace;
	int ret;

	if (c->argc < 1 || c->argc > 2 || (on && strcmp(on, "on") != 0 && strcmp(on, "off") != 0))
		return wrong(cmd, "NAME [on|off|--limit N]");
	request = ctl_command(cmd, c->argv[0]);
	if (on)
		json_object_object_add(request, "on", json_object_new_boolean(!strcmp(on, "on")));
	if (c->limit)
		json_object_object_add(request, "limit", json_object_new_int(c->limit));
	ret = ctl_request(c->fd, request, &reply);
	if (ret)
		return ret;
	if (c->json)
		print_json(reply);
	else if (json_object_object_get_ex(reply, "trace", &trace))
		ctl_trace_show(trace);
	json_object_put(reply);
	return CTL_OK;
}

/* start, stop, restart, kill, ping, shutdown: the reply says little. */
static int do_simple(struct ctl *c, const char *cmd)
{
	bool named = strcmp(cmd, "ping") != 0 && strcmp(cmd, "shutdown") != 0;
	struct json_object *request, *reply;
	int ret;

	if (c->argc != named)
		return wrong(cmd, named ? "NAME" : "");
	request = ctl_command(cmd, named ? c->argv[0] : NULL);
	if (c->signal)
		json_object_object_add(request, "signal", json_object_new_int(c->signal));
	ret = ctl_request(c->fd, request, &reply);
	if (ret)
		return ret;
	if (c->json)
		print_json(reply);
	json_object_put(reply);
	return CTL_OK;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* One look.  -1: not yet. */
static int look(struct ctl *c, const char *name, const char *wanted, bool last)
{
	struct json_object *reply, *devices, *d;
	const char *state;
	int ret = get_status(c, name, &reply, &devices);

	if (ret)
		return ret;
	d = json_object_array_get_idx(devices, 0);
	state = ctl_text(d, "state");
	ret = strcmp(state, wanted) ? -1 : CTL_OK;
	/* It would not come by itself. */
	if (ret && (last || (!strcmp(state, "held") && !strcmp(wanted, "running")))) {
		fprintf(stderr, "udrvctl: %s is '%s', not '%s'; last cause: %s\n", name, state,
			wanted, ctl_text(d, "last_cause"));
		ret = CTL_BAD;
	}
	if (!ret && c->json)
		print_json(d);
	json_object_put(reply);
	return ret;
}

static int do_wait(struct ctl *c, const char *cmd)
{
	double end = now() + c->timeout;
	int ret;

	if (c->argc != 2)
		return wrong(cmd, "NAME STATE [--timeout SECONDS]");
	if (udrvd_state_parse(c->argv[1]) < 0)
		return wrong(cmd, "NAME off|starting|running|dying|backoff|held|stopping|restarting|leaving");
	for (;;) {
		bool last = now() >= end;

		ret = look(c, c->argv[0], c->argv[1], last);
		if (ret >= 0)
			return ret;
		nanosleep(&(struct timespec){ 0, POLL_NS }, NULL);
	}
}

/* Until a signal ends us, or as often as --limit says. */
static int do_top(struct ctl *c, const char *cmd)
{
	struct json_object *before_reply = NULL, *before = NULL;
	double then = 0;
	int ret = CTL_OK;

	if (c->argc)
		return wrong(cmd, "[--interval SECONDS] [--limit N]");
	for (int i = 0; !ret && (!c->limit || i <= c->limit); i++) {
		struct json_object *reply, *devices;

		ret = get_status(c, NULL, &reply, &devices);
		if (ret)
			break;
		/* A rate needs two looks. */
		if (before)
			ctl_top_show(before, devices, now() - then, c->json);
		if (fflush(stdout))
			ret = CTL_SYSTEM;
		json_object_put(before_reply);
		before_reply = reply;
		before = devices;
		then = now();
		if (!c->limit || i < c->limit)
			usleep((useconds_t)(c->interval * 1e6));
	}
	json_object_put(before_reply);
	return ret;
}

static int do_upgrade(struct ctl *c, const char *cmd)
{
	if (c->argc != 2)
		return wrong(cmd, "NAME PROGRAM [--timeout SECONDS]");
	return ctl_upgrade(c->fd, c->argv[0], c->argv[1], c->timeout, c->json);
}

static const struct command {
	const char *name;
	int (*fn)(struct ctl *c, const char *cmd);	/* with udrvd */
	int (*host)(int argc, char *argv[], bool json);	/* without */
} commands[] = {
	{ "status", do_status, NULL },
	{ "top", do_top, NULL },
	{ "metrics", do_metrics, NULL },
	{ "history", do_history, NULL },
	{ "start", do_simple, NULL },
	{ "stop", do_simple, NULL },
	{ "restart", do_simple, NULL },
	{ "upgrade", do_upgrade, NULL },
	{ "kill", do_simple, NULL },
	{ "wait", do_wait, NULL },
	{ "trace", do_trace, NULL },
	{ "ping", do_simple, NULL },
	{ "shutdown", do_simple, NULL },
	{ "config", NULL, udrvctl_config },
	{ "list", NULL, udrvctl_list },
	{ "bind", NULL, udrvctl_bind },
	{ "unbind", NULL, udrvctl_unbind },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* ---- the command line ----------------------------------------------------------------- */

/* "9", "KILL", "SIGKILL"; 0: none of that */
static int parse_signal(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text && !*end)
		return n > 0 && n < NSIG ? (int)n : 0;
	if (!strncmp(text, "SIG", 3))
		text += 3;
	for (int s = 1; s < NSIG; s++)
		if (sigabbrev_np(s) && !strcmp(sigabbrev_np(s), text))
			return s;
	return 0;
}

static int bad_value(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "udrvctl: %s %s: expected %s\n", option, value, expected);
	return CTL_USAGE;
}

static int take_number(const char *text, double max, double *out)
{
	char *end;
	double v = strtod(text, &end);

	if (!*text || *end || !(v >= 0 && v <= max))
		return -1;
	*out = v;
	return 0;
}

/* Everything but host commands' own options.  -1: go on; else an exit status. */
static int parse_args(struct ctl *c, int argc, char *argv[], const char *shorts)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "interval", required_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ "limit", required_argument, NULL, 'l' },
		{ "signal", required_argument, NULL, 'S' },
		{ "socket", required_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, 't' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	double n;
	int opt;

	while ((opt = getopt_long(argc, argv, shorts, options, NULL)) != -1) {
		switch (opt) {
		case 'h': return usage(stdout, CTL_OK);
		case 'i':
			if (take_number(optarg, 3600, &c->interval) || c->interval < 0.1)
				return bad_value("--interval", optarg, "seconds, 0.1 to 3600");
			break;
		case 'j': c->json = true; break;
		case 'l':
			if (take_number(optarg, 1e6, &n) || n < 1)
				return bad_value("--limit", optarg, "how many entries");
			c->limit = (int)n;
			break;
		case 'S':
			c->signal = parse_signal(optarg);
			if (!c->signal)
				return bad_value("--signal", optarg, "a signal such as TERM or 15");
			break;
		case 's': c->socket = optarg; break;
		case 't':
			if (take_number(optarg, 1e6, &c->timeout))
				return bad_value("--timeout", optarg, "seconds");
			break;
		case 'V':
			printf("udrvctl %d.%d\n", UDRV_VERSION_MAJOR, UDRV_VERSION_MINOR);
			return CTL_OK;
		default: return usage(stderr, CTL_USAGE);
		}
	}
	return -1;
}

/* Host commands parse what follows them, but for --json, which may stand anywhere. */
static int run_host(const struct ctl *c, const struct command *cmd, int argc, char *argv[])
{
	bool json = c->json;
	int n = 0;

	for (int i = 0; i < argc; i++) {
		if (i && !strcmp(argv[i], "--json"))
			json = true;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	return cmd->host(n, argv, json);
}

int main(int argc, char *argv[])
{
	struct ctl c = { .socket = UDRVD_CONTROL_PATH, .timeout = 60, .interval = 1 };
	const struct command *cmd;
	char *name, *self = argv[0];
	int ret = parse_args(&c, argc, argv, "+hs:");

	if (ret >= 0)
		return ret;
	if (optind == argc)
		return usage(stderr, CTL_USAGE);
	name = argv[optind];
	cmd = find_command(name);
	if (!cmd) {
		fprintf(stderr, "udrvctl: there is no command '%s'\n", name);
		return usage(stderr, CTL_USAGE);
	}
	argc -= optind;
	argv += optind;
	if (cmd->host)
		return run_host(&c, cmd, argc, argv);

	argv[0] = self;		/* getopt complains in this name */
	optind = 0;		/* start anew; options may be anywhere now */
	ret = parse_args(&c, argc, argv, "hs:");
	if (ret >= 0)
		return ret;
	c.argc = argc - optind;
	c.argv = argv + optind;
	c.fd = ctl_connect(c.socket);
	if (c.fd < 0)
		return CTL_SYSTEM;
	ret = cmd->fn(&c, name);
	close(c.fd);
	return ret;
}
