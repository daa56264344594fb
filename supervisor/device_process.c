// SPDX-License-Identifier: MIT
/* device_process.c - start a driver, and listen to what it says. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "udrvd.h"

/* Messages taken in at a turn, so that a flood leaves time for the others. */
#define BUDGET	16
/* Malformed messages of one process that are worth a line in the log. */
#define NOISE	3
/* So many of one process are no accident: it is killed. */
#define MALFORMED_LIMIT	2000

/* ---- starting ---------------------------------------------------------------- */

#define ENV_MAX	32

struct env {
	char *ptr[ENV_MAX + 1];
	unsigned int n;
	char text[1024];
	size_t used;
};

__attribute__((format(printf, 2, 3)))
static void env_add(struct env *e, const char *fmt, ...)
{
	size_t room = sizeof(e->text) - e->used;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(e->text + e->used, room, fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= room || e->n == ENV_MAX)
		return;
	e->ptr[e->n++] = e->text + e->used;
	e->used += (size_t)len + 1;
}

/* A driver gets no environment but this.  UDRV_LOG and the like go on to it. */
static void make_env(const struct udrvd_device *d, struct env *e)
{
	char ports[128];

	e->n = 0;
	e->used = 0;
	env_add(e, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	env_add(e, "UDRV_DEVICE=%s", strcmp(d->cfg->bdf, "none") ? d->cfg->bdf : d->cfg->name);
	env_add(e, "NOTIFY_SOCKET=%s", d->notify_name);
	if (d->cfg->watchdog)
		env_add(e, "WATCHDOG_USEC=%" PRIu64, d->cfg->watchdog / 1000);
	udrv_host_ports_text(&d->ports, ports, sizeof(ports));
	env_add(e, "UDRV_PORTS=%s", ports);
	for (char **v = environ; *v; v++)
		if (!strncmp(*v, "UDRV_", 5) && strncmp(*v, "UDRV_DEVICE=", 12) != 0 &&
		    strncmp(*v, "UDRV_PORTS=", 11) != 0 && e->n < ENV_MAX)
			e->ptr[e->n++] = *v;
	e->ptr[e->n] = NULL;
}

static unsigned int add_fd(struct udrvd_fd *to, int fd, const char *name)
{
	if (fd < 0)
		return 0;
	*to = (struct udrvd_fd){ fd, name };
	return 1;
}

/* All that the driver gets. */
static unsigned int list_fds(struct udrvd_device *d, struct udrvd_fd *fds)
{
	unsigned int n = 0;

	n += add_fd(&fds[n], d->vfio.device, d->handed_over ? "device@running" : "device");
	n += add_fd(&fds[n], d->vfio.container, "container");
	n += add_fd(&fds[n], d->vfio.irq, "irq");
	n += add_fd(&fds[n], d->vfio.isa[0], "irq14");
	n += add_fd(&fds[n], d->vfio.isa[1], "irq15");
	n += add_fd(&fds[n], d->arena, d->arena_name);
	n += add_fd(&fds[n], d->checkpoint, "checkpoint");
	n += add_fd(&fds[n], d->trace.on ? d->trace.fd : -1, "trace");
	if (d->endpoint.is_open)
		n += d->endpoint.ops->fds(&d->endpoint, &fds[n]);
	return n;
}

/* Memory files are all that it can make: so much of the machine's memory. */
static uint64_t file_size(const struct udrvd_config *cfg)
{
	return cfg->arena > cfg->memlock ? cfg->arena : cfg->memlock;
}

/* Abstract: not in the file system. */
static socklen_t notify_address(const struct udrvd_device *d, struct sockaddr_un *addr)
{
	size_t len = strlen(d->notify_name);

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(addr->sun_path, d->notify_name, len);
	addr->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int notify_connect(const struct udrvd_device *d)
{
	struct sockaddr_un addr;
	socklen_t len = notify_address(d, &addr);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && !connect(fd, (struct sockaddr *)&addr, len))
		return fd;
	if (fd >= 0) {
		int err = errno;

		close(fd);
		errno = err;
	}
	return -errno;
}

/* A program that cannot be had is the new process's trouble, as if it could not
 * be executed. */
static void prepare_cell(struct udrvd_device *d, const char *path, struct udrvd_spawn *s)
{
	char text[512];
	int ret = udrvd_cell_open(&d->cell, path, d->cfg, text, sizeof(text));

	if (!ret) {
		s->cell = &d->cell;
	} else if (ret == -EPERM || ret == -ENOSYS) {
		if (!d->no_cell_said)
			udrvd_log(UDRV_WARN, d->cfg->name, "the driver sees this machine's files and network: %s",
				  text);
		d->no_cell_said = true;
	} else {
		s->cell_error = ret;
		if (text[0])
			udrvd_log(UDRV_ERR, d->cfg->name, "%s", text);
	}
}

/* The driver's and its standby's; the arena is memory of whoever touches it first. */
static int cgroup(struct udrvd_device *d)
{
	uint64_t memory = d->cfg->memory + d->cfg->arena;
	int ret;

	if (d->cgroup.dir >= 0 || !d->cfg->confine)
		return d->cgroup.dir;
	ret = udrvd_cgroup_open(&d->cgroup, d->cfg->name, memory, 2 * UDRVD_MAX_TASKS);
	if (ret && ret != -EOPNOTSUPP)
		udrvd_log(UDRV_WARN, d->cfg->name, "the driver gets no control group: %s",
			  strerror(-ret));
	return d->cgroup.dir;
}

int udrvd_process_spawn(struct udrvd_device *d, const char *path, const struct udrvd_fd *fds,
			unsigned int n, struct udrvd_process *p)
{
	char *argv[UDRVD_OPTIONS + 2] = { (char *)path };
	struct env env;
	struct udrvd_spawn s = {
		.path = path,
		.argv = argv,
		.env = env.ptr,
		.n_fds = n,
		.drop = d->udrvd->root,
		.user = d->cfg->user,
		.group = d->cfg->group,
		.memlock = d->vfio.device >= 0 || d->cfg->disk ? d->cfg->memlock : 0,
		.ports = d->ports,
		.core = d->cfg->core,
		.cgroup = cgroup(d),
	};

	int said, output[2] = { -1, -1 }, ret;

	memcpy(s.fds, fds, n * sizeof(*fds));
	/* It could not reach our socket by itself. */
	said = notify_connect(d);
	if (said < 0)
		return said;
	s.fds[s.n_fds++] = (struct udrvd_fd){ said, "notify" };
	if (d->cfg->confine) {
		s.filter = &d->udrvd->filter;
		if (d->udrvd->root)
			prepare_cell(d, path, &s);
		s.file_size = d->cfg->n_files ? 0 : file_size(d->cfg);
		s.memory = d->cfg->memory + d->cfg->arena;
		if (udrvd_said_pipe(output)) {
			close(said);
			return -errno;
		}
	}
	for (unsigned int i = 0; i < d->cfg->n_options; i++)
		argv[i + 1] = (char *)d->cfg->options[i];
	make_env(d, &env);
	s.output = output[1];
	ret = udrvd_spawn(&s, p);
	close(said);
	if (output[1] >= 0)
		close(output[1]);
	if (!ret)
		p->said = output[0];
	else if (output[0] >= 0)
		close(output[0]);
	return ret;
}

static void process_died(struct udrvd_watch *w, unsigned int events);

int udrvd_process_start(struct udrvd_device *d)
{
	struct udrvd_fd fds[UDRVD_FDS];
	unsigned int n = list_fds(d, fds);
	bool stood_by;
	int ret;

	/* What was said to the last process is nothing to this one. */
	udrvd_notify_receive(d);

	d->life = (struct udrvd_life){ .spawned = udrvd_now() };
	d->why[0] = d->status[0] = d->layout[0] = '\0';
	d->early_io = false;
	d->killed = 0;
	d->malformed_logged = 0;
	d->said_handover = false;
	ret = udrvd_standby_go(d, fds, n);
	stood_by = !ret;
	if (ret)
		ret = udrvd_process_spawn(d, d->driver, fds, n, &d->process);
	if (d->endpoint.is_open && d->endpoint.ops->spawned)
		d->endpoint.ops->spawned(&d->endpoint);
	if (ret)
		return ret;
	d->starts++;
	d->pidfd = (struct udrvd_watch){ d->process.pidfd, process_died };
	ret = udrvd_watch_add(&d->udrvd->loop, &d->pidfd, EPOLLIN);
	if (ret) {		/* nobody would notice its death: it must not live */
		int status;

		kill(d->process.pid, SIGKILL);
		udrvd_reap(&d->process, &status, udrvd_knows, d->udrvd);
		return ret;
	}
	udrvd_guard_begin(&d->guard, d, &d->process);
	udrvd_history_add(&d->history, udrvd_now(), stood_by ? UDRVD_H_GO : UDRVD_H_SPAWNED,
			  "pid %d", d->process.pid);
	return 0;
}

void udrvd_process_signal(struct udrvd_device *d, int sig)
{
	const char *name = sigabbrev_np(sig);

	if (!d->process.pid)
		return;
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_SIGNAL, "SIG%s%s%s",
			  name ? name : "?", d->why[0] ? ": " : "", d->why);
	pidfd_send_signal(d->process.pidfd, sig, NULL, 0);
}

/* ---- its death ---------------------------------------------------------------- */

/* Where the kernel put it: core(5). */
static void describe_core(pid_t pid, char *text, size_t size)
{
	char pattern[128] = "core";
	FILE *f = fopen("/proc/sys/kernel/core_pattern", "re");
	char *p;

	if (f && fgets(pattern, sizeof(pattern), f))
		pattern[strcspn(pattern, "\n")] = '\0';
	if (f)
		fclose(f);
	p = pattern[0] == '|' ? NULL : strstr(pattern, "%p");
	if (p)
		snprintf(text, size, ", core dump: %.*s%d%s", (int)(p - pattern), pattern, (int)pid, p + 2);
	else
		snprintf(text, size, ", core dump: %s", pattern);
}

static void describe_end(struct udrvd_device *d, pid_t pid, int status, int report)
{
	const char *sig = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
	size_t size = sizeof(d->cause);
	int n = 0;

	if (report)
		return;			/* cause says why it never got to run */
	if (udrvd_cgroup_oom(&d->cgroup) && !d->why[0])
		snprintf(d->why, sizeof(d->why), "memory limit: more than memory=%" PRIu64 "M",
			 d->cfg->memory >> 20);
	if (sig)
		n = snprintf(d->cause, size, "killed by SIG%s", sig);
	else if (WIFSIGNALED(status))
		n = snprintf(d->cause, size, "killed by signal %d", WTERMSIG(status));
	else
		n = snprintf(d->cause, size, "exited with status %d", WEXITSTATUS(status));
	if (d->why[0])
		n += snprintf(d->cause + n, size - (size_t)n, " (%s)", d->why);
	if (WIFSIGNALED(status) && WCOREDUMP(status))
		describe_core(pid, d->cause + n, size - (size_t)n);
}

static void process_died(struct udrvd_watch *w, unsigned int events)
{
	struct udrvd_device *d = container_of(w, struct udrvd_device, pidfd);
	uint64_t now = udrvd_now();
	bool wanted = d->state == UDRVD_STOPPING || d->state == UDRVD_RESTARTING ||
		      d->state == UDRVD_LEAVING;
	struct udrvd_verdict verdict = { 0 };
	int status, report, found;
	pid_t pid = d->process.pid;

	/* Its last words may still be there, such as FIRST_IO. */
	udrvd_notify_receive(d);
	d->life.died = now;
	udrvd_watch_del(&d->udrvd->loop, w);
	udrvd_guard_end(&d->guard);
	report = udrvd_spawn_report(&d->process, d->driver, d->cause, sizeof(d->cause));
	found = udrvd_reap(&d->process, &status, udrvd_knows, d->udrvd);
	describe_end(d, pid, status, report);
	udrvd_history_add(&d->history, now, UDRVD_H_DIED, "pid %d %s", pid, d->cause);
	if (found)
		udrvd_log(UDRV_WARN, d->cfg->name, found < 0 ?
			  "the driver or a process that it started does not die (it hangs in the kernel, or a debugger holds it)" :
			  "the driver left processes behind; they are dead now");
	if (!wanted) {
		udrvd_upgrade_failed(d, d->cause);
		d->deaths++;
		if (d->life.ready)
			udrvd_outage_begin(&d->history, d->killed ? d->killed : now);
		verdict = udrvd_policy_death(&d->cfg->restart, &d->strikes, &d->life);
		d->delay = verdict.delay;
	}
	d->handed_over = d->said_handover && udrvd_upgrade_asked(d) && WIFEXITED(status) &&
			 !WEXITSTATUS(status);
	udrvd_log(wanted ? UDRV_INFO : UDRV_ERR, d->cfg->name, "pid %d %s", pid, d->cause);
	udrvd_device_event(d, verdict.give_up ? UDRVD_EV_DIED_LIMIT : UDRVD_EV_DIED);
}

/* ---- what it says --------------------------------------------------------------- */

static void got_message(struct udrvd_device *d, const struct udrvd_message *m)
{
	if (m->has_status)
		strcpy(d->status, m->status);
	if (m->has_blk && d->endpoint.is_open && d->endpoint.ops->wants)
		d->endpoint.ops->wants(&d->endpoint, m->blk);
	if (m->layout[0])
		strcpy(d->layout, m->layout);
	if (m->handover)
		d->said_handover = true;
	if (m->ready)
		udrvd_device_event(d, UDRVD_EV_READY);
	if (m->first_io)
		udrvd_device_first_io(d, m->first_io);
	if (m->watchdog && d->state == UDRVD_RUNNING && d->cfg->watchdog)
		udrvd_timer_arm(&d->udrvd->loop, &d->watchdog, d->cfg->watchdog);
}

static void got_garbage(struct udrvd_device *d, pid_t pid)
{
	d->malformed++;
	if (pid == d->process.pid && d->malformed_logged == MALFORMED_LIMIT) {
		snprintf(d->why, sizeof(d->why), "protocol: %d malformed messages", MALFORMED_LIMIT);
		udrvd_device_event(d, UDRVD_EV_KILL);
	}
	if (d->malformed_logged++ < NOISE)
		udrvd_log(UDRV_WARN, d->cfg->name, "pid %d sent a malformed message%s",
			  pid, d->malformed_logged == NOISE ?
			  " (no more of these lines for this process)" : "");
}

/* Who really sent it, by the kernel's word. */
static pid_t sender(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct ucred cred;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
		return cred.pid;
	}
	return 0;
}

/* false: there is nothing more. */
static bool receive_one(struct udrvd_device *d)
{
	char text[UDRVD_MESSAGE_MAX + 1];
	/* Room for credentials only: descriptors sent along are dropped. */
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { text, sizeof(text) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct udrvd_message m;
	bool standby;
	ssize_t n;
	pid_t pid;

	n = recvmsg(d->notify.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EINTR;
	pid = sender(&msg);
	standby = pid && pid == d->standby.process.pid;
	if (!pid || (pid != d->process.pid && !standby)) {
		/* The dead driver's last words, a child of it, or a stranger. */
		d->foreign++;
		return true;
	}
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
		 udrvd_message_parse(text, (size_t)n, &m))
		got_garbage(d, pid);
	else if (standby)
		udrvd_standby_said(d, &m);
	else
		got_message(d, &m);
	return true;
}

void udrvd_notify_receive(struct udrvd_device *d)
{
	for (int i = 0; i < BUDGET && receive_one(d); i++)
		;
}

static void notify_readable(struct udrvd_watch *w, unsigned int events)
{
	udrvd_notify_receive(container_of(w, struct udrvd_device, notify));
}

static int notify_bind(struct udrvd_device *d)
{
	struct sockaddr_un addr;
	socklen_t len = notify_address(d, &addr);
	int on = 1;

	if (setsockopt(d->notify.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
	    bind(d->notify.fd, (struct sockaddr *)&addr, len))
		return -errno;
	return udrvd_watch_add(&d->udrvd->loop, &d->notify, EPOLLIN);
}

int udrvd_notify_open(struct udrvd_device *d)
{
	uint64_t salt;
	int ret;

	if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
		return -errno;
	snprintf(d->notify_name, sizeof(d->notify_name), "@udrv/%d/%016" PRIx64, getpid(), salt);
	d->notify.fn = notify_readable;
	d->notify.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->notify.fd < 0)
		return -errno;
	ret = notify_bind(d);
	if (ret)
		close(d->notify.fd);
	return ret;
}

void udrvd_notify_close(struct udrvd_device *d)
{
	udrvd_watch_del(&d->udrvd->loop, &d->notify);
	close(d->notify.fd);
}
