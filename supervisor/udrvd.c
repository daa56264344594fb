// SPDX-License-Identifier: MIT
/* udrvd.c - the daemon that keeps devices alive while their drivers die. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "store.h"
#include "udrvd.h"
#include "value.h"

#define SEC		1000000000ull

enum { EXIT_OK = 0, EXIT_BAD = 1, EXIT_USAGE = 100, EXIT_SYSTEM = 111 };

struct udrvd_device *udrvd_find(struct udrvd *u, const char *name)
{
	for (size_t i = 0; i < u->n; i++)
		if (!strcmp(u->devices[i].cfg->name, name))
			return &u->devices[i];
	return NULL;
}

bool udrvd_knows(pid_t pid, void *arg)
{
	struct udrvd *u = arg;

	for (size_t i = 0; i < u->n; i++) {
		const struct udrvd_device *d = &u->devices[i];

		if (d->process.pid == pid || d->standby.process.pid == pid ||
		    d->escalation.process.pid == pid)
			return true;
	}
	return false;
}

/* ---- the end -------------------------------------------------------------------- */

void udrvd_settled(struct udrvd *u)
{
	if (!u->ending)
		return;
	for (size_t i = 0; i < u->n; i++)
		if (u->devices[i].state != UDRVD_OFF)
			return;
	u->loop.stopped = true;
}

void udrvd_end(struct udrvd *u)
{
	uint64_t longest = 0;

	if (u->ending)
		return;
	u->ending = true;
	for (size_t i = 0; i < u->n; i++) {
		if (u->devices[i].cfg->stop_timeout > longest)
			longest = u->devices[i].cfg->stop_timeout;
		udrvd_device_event(&u->devices[i], UDRVD_EV_STOP);
	}
	udrvd_timer_arm(&u->loop, &u->last_call, longest + 10 * SEC);
	udrvd_settled(u);
}

static void last_call(struct udrvd_timer *t)
{
	struct udrvd *u = container_of(t, struct udrvd, last_call);

	for (size_t i = 0; i < u->n; i++)
		if (u->devices[i].process.pid)
			udrvd_log(UDRV_ERR, u->devices[i].cfg->name,
				  "pid %d does not die; udrvd ends without it",
				  u->devices[i].process.pid);
	u->status = EXIT_BAD;
	u->loop.stopped = true;
}

/* ---- signals ---------------------------------------------------------------------- */

static void got_signal(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd *u = container_of(w, struct udrvd, signals);
	struct signalfd_siginfo info;

	if (read(w->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		udrvd_reap_strays(udrvd_knows, u);
		return;
	}
	udrvd_log(UDRV_INFO, NULL, "SIG%s: ending", sigabbrev_np((int)info.ssi_signo));
	udrvd_end(u);
}

static int watch_signals(struct udrvd *u)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	u->signals = (struct udrvd_watch){
		signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), got_signal
	};
	if (u->signals.fd < 0)
		return -errno;
	return udrvd_watch_add(&u->loop, &u->signals, EPOLLIN);
}

/* ---- the start -------------------------------------------------------------------- */

/* For Type=notify in a systemd unit; without systemd nothing happens. */
static void tell_systemd(const char *text)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&addr,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		udrvd_log(UDRV_WARN, NULL, "NOTIFY_SOCKET=%s: %s", path, strerror(errno));
	close(fd);
}

/* WatchdogSec=: from the loop, so that one that is stuck is noticed. */
static void still_alive(struct udrvd_timer *t)
{
	struct udrvd *u = container_of(t, struct udrvd, watchdog);

	tell_systemd("WATCHDOG=1");
	udrvd_timer_arm(&u->loop, t, u->watchdog_every);
}

/* sd_watchdog_enabled(3): WATCHDOG_PID, if it is there, must be ours. */
static void start_watchdog(struct udrvd *u)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t n;

	if (!usec || udrvd_value_count(usec, &n) || !n || n > UINT32_MAX * 1000ull ||
	    (pid && strtol(pid, NULL, 10) != getpid()))
		return;
	u->watchdog_every = n * 1000 / 2;
	still_alive(&u->watchdog);
}

static int make_devices(struct udrvd *u)
{
	u->devices = calloc(u->configs.n, sizeof(*u->devices));
	if (!u->devices)
		return -ENOMEM;
	for (size_t i = 0; i < u->configs.n; i++) {
		int ret = udrvd_device_init(&u->devices[i], u, &u->configs.cfg[i]);

		if (ret)
			return ret;
		u->n++;
	}
	return 0;
}

static int make_filter(struct udrvd *u)
{
	int ret = udrvd_filter_make(&u->filter);

	if (ret)
		udrvd_log(UDRV_ERR, NULL, "system calls cannot be filtered: %s (Linux 5.5 or newer with CONFIG_SECCOMP_FILTER can)",
			  strerror(-ret));
	return ret;
}

/* Not vital: setrlimit(2) limits drivers, too. */
static void make_cgroups(void)
{
	char why[128];

	if (udrvd_cgroups_init(why, sizeof(why)))
		udrvd_log(UDRV_INFO, NULL, "drivers get no control groups: %s", why);
}

static int prepare(struct udrvd *u)
{
	int ret;

	/* What a driver leaves behind becomes our child, to be ended by us. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		return -errno;
	ret = make_filter(u);
	if (!ret)
		ret = watch_signals(u);
	if (u->root)
		make_cgroups();
	udrvd_dma_faults_watch(u);
	udrvd_plug_watch(u);
	return ret ? ret : make_devices(u);
}

static void tear_down(struct udrvd *u)
{
	for (size_t i = 0; i < u->n; i++)
		udrvd_device_exit(&u->devices[i]);
	free(u->devices);
	udrvd_cgroups_exit();
	udrvd_filter_free(&u->filter);
}

static int serve(struct udrvd *u, const char *socket_path)
{
	int ret = udrvd_loop_init(&u->loop);

	if (!ret && udrvd_control_open(&u->control, u, socket_path))
		return EXIT_BAD;
	if (!ret)
		ret = prepare(u);
	if (ret) {
		udrvd_log(UDRV_ERR, NULL, "cannot start: %s", strerror(-ret));
		return EXIT_SYSTEM;
	}
	if (!u->root)
		udrvd_log(UDRV_WARN, NULL, "not root: drivers run as the same user, uid %d",
			  (int)getuid());
	/* A bad device keeps itself from running, and nobody else. */
	for (size_t i = 0; i < u->n; i++)
		udrvd_device_event(&u->devices[i], UDRVD_EV_START);
	udrvd_store_forget();
	tell_systemd("READY=1");
	start_watchdog(u);
	ret = udrvd_loop_run(&u->loop);
	if (ret) {
		udrvd_log(UDRV_ERR, NULL, "epoll: %s", strerror(-ret));
		u->status = EXIT_SYSTEM;
	}
	tell_systemd("STOPPING=1");
	tear_down(u);
	udrvd_control_close(&u->control);
	udrvd_loop_exit(&u->loop);
	return u->status;
}

/* ---- the command line ----------------------------------------------------------------- */

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: udrvd [-c FILE|DIRECTORY]... [-s SOCKET] [--check]\n"
		"Runs the drivers of the devices that the configuration names, and restarts\n"
		"them when they die.\n"
		"  -c, --config PATH   a device's file, or a directory of *.ini; may be given\n"
		"                      more than once (default %s)\n"
		"  -s, --socket PATH   where udrvctl reaches it (default %s)\n"
		"      --check         check the configuration and exit: 0 right, 1 wrong\n"
		"      --version\n", UDRVD_CONFIG_DIR, UDRVD_CONTROL_PATH);
	return status;
}

struct args {
	const char *socket;
	bool check, done;
	struct udrvd_configs *configs;
	unsigned int complaints;
	unsigned int paths;
};

/* Returns an exit status; it counts if a->done. */
static int parse_args(int argc, char *argv[], struct args *a)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "check", no_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "c:s:h", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			a->complaints += udrvd_configs_add(a->configs, optarg, stderr);
			a->paths++;
			break;
		case 's': a->socket = optarg; break;
		case 'C': a->check = true; break;
		case 'V':
			printf("udrvd %d.%d\n", UDRV_VERSION_MAJOR, UDRV_VERSION_MINOR);
			a->done = true;
			return EXIT_OK;
		default:
			a->done = true;
			return opt == 'h' ? usage(stdout, EXIT_OK) : usage(stderr, EXIT_USAGE);
		}
	}
	if (optind == argc)
		return EXIT_OK;
	fprintf(stderr, "udrvd: '%s' is not understood\n", argv[optind]);
	a->done = true;
	return usage(stderr, EXIT_USAGE);
}

/* All files before anything starts. */
static int load(struct args *a)
{
	if (!a->paths)
		a->complaints += udrvd_configs_add(a->configs, UDRVD_CONFIG_DIR, stderr);
	a->complaints += udrvd_configs_check(a->configs, stderr);
	udrvd_configs_users(a->configs);
	if (!a->complaints && !a->configs->n) {
		fprintf(stderr, "udrvd: there is no device's file; expected one *.ini for each device in %s\n",
			a->paths ? "the directory given with -c" : UDRVD_CONFIG_DIR);
		a->complaints++;
	}
	if (a->complaints && !a->check)
		fprintf(stderr, "udrvd: nothing was started\n");
	return a->complaints ? EXIT_BAD : EXIT_OK;
}

int main(int argc, char *argv[])
{
	static struct udrvd u = {
		.last_call.fn = last_call, .watchdog.fn = still_alive
	};
	struct args a = { .socket = UDRVD_CONTROL_PATH, .configs = &u.configs };
	int status = parse_args(argc, argv, &a);

	if (!a.done) {
		status = load(&a);
		u.root = geteuid() == 0;
		udrvd_store_init();
		if (!status && !a.check)
			status = serve(&u, a.socket);
	}
	udrvd_configs_free(&u.configs);
	return status;
}
