// SPDX-License-Identifier: MIT
/*
 * fake.c - a driver without hardware that behaves as badly as it is told to,
 * for tests of udrvd.  Plain C: what it says and does is all in this file.
 *
 *	mode=good	READY, FIRST_IO, WATCHDOG in time, ends at SIGTERM
 *	mode=lazy	the same without FIRST_IO
 *	mode=die	ends with status 1 at once
 *	mode=mute	never says READY
 *	mode=stuck	READY and FIRST_IO, then nothing: as a loop that hangs
 *	mode=stubborn	good, but does not end at SIGTERM
 *	mode=crash	good, and SIGABRT after ms=N
 *	mode=brood	good, and leaves children behind: of its session, and of none
 *	mode=garbage	good, and says n=N senseless things
 *	mode=frozen	good, and its checkpoint page says that it is a network driver
 *			with a carrier, but it takes no frames
 *	mode=ring	good, and its STATUS tells what came of: a ring of io_uring that
 *			nobody restricts; operations nop, openat, socket, uring_cmd
 *	mode=proxy	a child of it says READY
 *	mode=deaf	good, and nobody gets to hear that its device is wanted back
 *	mode=fat	good, and fills files in memory
 *	mode=flood	good, and says STATUS as fast as it can
 *	mode=forbidden	good, and makes a system call that is not allowed: call=NAME
 *	mode=look	good, and its STATUS tells which of these it can open:
 *			/etc/passwd, /proc/self/status, /dev/null, path=PATH
 *	mode=show	good, and its STATUS tells what it was given
 *	layout=NAME	good, and it can hand over and take over what is called so; with
 *			handover=hang nothing comes of it
 *	handover=lie	good, and says that it hands over whenever it ends
 *	once=FILE	the mode is for the first start only, then die
 * As a standby it waits as it should, or with
 *	standby=deaf	does not know of it, and goes on as if it were the driver
 *	standby=die	ends with status 1 before it waits
 *	standby=mute	never says that it waits
 *	standby=hang	says that it waits, then nothing more
 *	standby=gone	waits, and ends with status 1 at the go
 *	standby=stuck	waits, and does nothing after the go
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <liburing.h>
#include <linux/if_tun.h>
#include <linux/vfio.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <udrv/checkpoint.h>
#include <unistd.h>

#include "inherited.h"

static int notify_fd;
static int arg_count;
static char **args;

static const char *option(const char *key)
{
	size_t len = strlen(key);

	for (int i = 1; i < arg_count; i++)
		if (!strncmp(args[i], key, len) && args[i][len] == '=')
			return args[i] + len + 1;
	return "";
}

static bool mode(const char *name)
{
	return !strcmp(option("mode"), name);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void say_n(const char *text, size_t len)
{
	if (send(notify_fd, text, len, MSG_NOSIGNAL) < 0)
		exit(111);
}

static void say(const char *text)
{
	say_n(text, strlen(text));
}

static void nap(int64_t ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* ---- things to do wrong -------------------------------------------------------------- */

static void child(bool own_session)
{
	if (fork())
		return;
	if (own_session)
		setsid();
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (fork() == 0)		/* and one whose parent is gone */
		nap(1000000);
	nap(1000000);
	_exit(0);
}

static void garbage(int n)
{
	static const char *const nonsense[] = {
		"", "READY", "=1", "READY=2", "ready=1", "X_UDRV_FIRST_IO=", "STATUS=\033[2J",
		"X_UDRV_FIRST_IO=99999999999999999999", "WATCHDOG=1\nREADY=0", "\n",
	};
	char big[4096];

	memset(big, 'A', sizeof(big));
	for (int i = 0; i < n; i++) {
		const char *text = nonsense[i % 10];

		if (i % 11 == 10)
			say_n(big, sizeof(big));
		else
			say(text);
	}
}

/* Short, because udrvd cuts what is over 79 characters. */
static void show(void)
{
	char text[512];
	char line[256];
	struct rlimit core;
	size_t at;
	FILE *f;

	at = (size_t)sprintf(text, "STATUS=fds=");
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && fd != notify_fd)
			at += (size_t)sprintf(text + at, "%d", fd);
	getrlimit(RLIMIT_CORE, &core);
	at += (size_t)sprintf(text + at, ",core=%d,", (int)core.rlim_cur);
	f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long long caps;
		int n;

		if (sscanf(line, "Uid: %d", &n) == 1)
			at += (size_t)sprintf(text + at, "uid=%d,", n);
		else if (sscanf(line, "Gid: %d", &n) == 1)
			at += (size_t)sprintf(text + at, "gid=%d,", n);
		else if (sscanf(line, "CapPrm: %llx", &caps) == 1 ||
			 sscanf(line, "CapBnd: %llx", &caps) == 1)
			at += (size_t)sprintf(text + at, "%.6s=%s,", line, caps ? "some" : "0");
		else if (sscanf(line, "NoNewPrivs: %d", &n) == 1)
			at += (size_t)sprintf(text + at, "nnp=%d,", n);
		else if (sscanf(line, "Groups: %d", &n) == 1)
			at += (size_t)sprintf(text + at, "group=%d,", n);
	}
	if (f)
		fclose(f);
	sprintf(text + at - 1, "\nX_SESSION=%d", getsid(0) == getpid());
	say(text);
}

static void forbidden(const char *call)
{
	char path[] = "/bin/true", *argv[] = { path, NULL };

	if (!strcmp(call, "clone"))
		fork();
	else if (!strcmp(call, "socket"))
		socket(AF_INET, SOCK_STREAM, 0);
	else if (!strcmp(call, "ptrace"))
		ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
	else if (!strcmp(call, "kill"))
		kill(getppid(), 0);
	else if (!strcmp(call, "tgkill"))
		syscall(SYS_tgkill, getppid(), getppid(), 0);
	else if (!strcmp(call, "prctl"))
		prctl(PR_SET_PDEATHSIG, 0);
	else if (!strcmp(call, "ioctl"))
		ioctl(0, 0xdead);
	else if (!strcmp(call, "prlimit64"))
		prlimit(getppid(), RLIMIT_CORE, NULL, NULL);
	else if (!strcmp(call, "setns"))
		setns(0, 0);
	else if (!strcmp(call, "ioperm"))
		ioperm(0x70, 2, 1);
	else if (!strcmp(call, "execveat"))
		execveat(AT_FDCWD, path, argv, argv + 1, 0);
}

/* VFIO has one ear for that, and whoever has the device may close it. */
static void deaf(void)
{
	struct vfio_irq_set none = {
		.argsz = sizeof(none), .index = VFIO_PCI_REQ_IRQ_INDEX,
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
	};

	say(ioctl(inherited("device"), VFIO_DEVICE_SET_IRQS, &none) ? "STATUS=hears" : "STATUS=deaf");
}

/* No limit of setrlimit(2) counts them all together. */
static void fat(void)
{
	static char block[1 << 20];

	for (int fd = 0; fd >= 0; ) {
		fd = memfd_create("fat", MFD_CLOEXEC);
		for (int i = 0; fd >= 0 && i < 4; i++)
			if (write(fd, block, sizeof(block)) < 0)
				return;
		say("WATCHDOG=1");
	}
}

/* One operation, with arguments that suit whichever it is. */
static int by_ring(struct io_uring *r, int op)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(r);
	struct io_uring_cqe *cqe;
	int res;

	io_uring_prep_rw(op, sqe, op == IORING_OP_SOCKET ? AF_UNIX : AT_FDCWD, "/", 0, 0);
	if (op == IORING_OP_SOCKET)
		sqe->off = SOCK_STREAM;
	if (io_uring_submit_and_wait(r, 1) < 0 || io_uring_wait_cqe(r, &cqe))
		return -EIO;
	res = cqe->res;
	io_uring_cqe_seen(r, cqe);
	return res;
}

static void ring(void)
{
	struct io_uring r;
	char text[128];
	int alone = io_uring_queue_init(4, &r, 0);
	int ret = io_uring_queue_init(4, &r, IORING_SETUP_R_DISABLED);

	if (ret || syscall(SYS_io_uring_register, r.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0))
		sprintf(text, "STATUS=no ring %d", ret);
	else
		sprintf(text, "STATUS=free %d nop %d open %d socket %d cmd %d", alone,
			by_ring(&r, IORING_OP_NOP), by_ring(&r, IORING_OP_OPENAT),
			by_ring(&r, IORING_OP_SOCKET), by_ring(&r, IORING_OP_URING_CMD));
	say(text);
	if (*option("register"))
		io_uring_register_personality(&r);
}

static char sees(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? '-' : '+';
}

static void look(void)
{
	char text[128];

	sprintf(text, "STATUS=passwd%c proc%c null%c path%c write%c", sees("/etc/passwd"),
		sees("/proc/self/status"), sees("/dev/null"), sees(option("path")),
		open("/new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 ? '-' : '+');
	say(text);
}

static void frozen(void)
{
	struct udrv_checkpoint *cp = mmap(NULL, UDRV_CHECKPOINT_SIZE, PROT_READ | PROT_WRITE,
					  MAP_SHARED, inherited("checkpoint"), 0);
	int on = 1;

	if (cp == MAP_FAILED || ioctl(inherited("tap"), TUNSETCARRIER, &on))
		exit(111);
	cp->magic = UDRV_CHECKPOINT_MAGIC;
	cp->class = UDRV_CLASS_NET;
	cp->net.carrier = 1;
}

static void proxy(void)
{
	if (fork() == 0) {
		say("READY=1");
		_exit(0);
	}
	nap(1000000);
}

/* ---- doing it right -------------------------------------------------------------------- */

static int leave(int sfd)
{
	const char *how = option("handover");
	struct signalfd_siginfo info = { 0 };

	if (read(sfd, &info, sizeof(info)) < 0)
		return 1;
	if (info.ssi_signo == SIGUSR1 && !strcmp(how, "hang"))
		nap(1000000);
	if (info.ssi_signo == SIGUSR1 || !strcmp(how, "lie"))
		say("X_UDRV_HANDOVER=1");
	return 0;
}

static int serve(int sfd, int64_t watchdog_ms, int64_t end)
{
	for (;;) {
		struct pollfd p = { .fd = sfd, .events = POLLIN };
		int64_t ms = mode("flood") ? 0 : watchdog_ms ? watchdog_ms / 2 : -1;

		if (end && (ms < 0 || ms > 5))
			ms = 5;
		if (poll(&p, 1, (int)ms) > 0 && !mode("stubborn"))
			return leave(sfd);
		if (p.revents) {		/* stubborn: read it, and go on */
			struct signalfd_siginfo info;

			if (read(sfd, &info, sizeof(info)) < 0)
				return 1;
		}
		if (mode("flood"))
			send(notify_fd, "STATUS=again", 12, MSG_DONTWAIT);
		if (watchdog_ms)
			say("WATCHDOG=1");
		if (end && now_ns() > end)
			raise(SIGABRT);
	}
}

static void say_with_layout(const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "%s%s%s", what, *option("layout") ? "\nX_UDRV_LAYOUT=" : "",
		 option("layout"));
	say(text);
}

static bool standby_mode(const char *name)
{
	return !strcmp(option("standby"), name);
}

/* The descriptors that come with the go are nothing to this driver: whatever
 * arrives on the socket, number 3, is the go. */
static void stand_by(int64_t watchdog_ms)
{
	const char *names = getenv("LISTEN_FDNAMES");
	struct pollfd p = { .fd = 3, .events = POLLIN };
	char text[512];

	if (!names || strncmp(names, "standby:", 8) != 0 || standby_mode("deaf"))
		return;
	if (standby_mode("die"))
		exit(1);
	if (standby_mode("mute"))
		nap(1000000);
	say_with_layout("X_UDRV_STANDBY=1");
	if (standby_mode("hang"))
		nap(1000000);
	while (poll(&p, 1, watchdog_ms ? (int)watchdog_ms / 2 : -1) == 0)
		say("WATCHDOG=1");
	if (recv(3, text, sizeof(text), 0) <= 0)
		exit(0);
	if (standby_mode("gone"))
		exit(1);
	if (standby_mode("stuck"))
		nap(1000000);
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void say_ready(void)
{
	char text[64];

	say_with_layout("READY=1");
	if (mode("lazy") || mode("show"))
		return;
	snprintf(text, sizeof(text), "X_UDRV_FIRST_IO=%" PRId64, now_ns());
	say(text);
}

int main(int argc, char *argv[])
{
	const char *usec = getenv("WATCHDOG_USEC");
	int64_t end = 0, watchdog_ms = usec ? atoi(usec) / 1000 : 0;
	int sfd;

	arg_count = argc;
	args = argv;
	if (mode("die"))
		return 1;
	if (*option("once") && open(option("once"), O_CREAT | O_EXCL | O_CLOEXEC, 0600) < 0)
		return 1;
	sfd = watch_signals();
	notify_fd = inherited("notify");
	if (notify_fd < 0)
		return 100;
	stand_by(watchdog_ms);
	if (mode("mute"))
		nap(1000000);
	if (mode("proxy"))
		proxy();
	if (mode("garbage"))
		garbage(atoi(option("n")));
	say_ready();
	if (mode("show"))
		show();
	if (mode("forbidden"))
		forbidden(option("call"));
	if (mode("frozen"))
		frozen();
	if (mode("fat"))
		fat();
	if (mode("deaf"))
		deaf();
	if (mode("ring"))
		ring();
	if (mode("look"))
		look();
	if (mode("stuck"))
		nap(1000000);
	if (mode("brood")) {
		child(false);
		child(true);
	}
	if (mode("crash"))
		end = now_ns() + atoi(option("ms")) * 1000000ll;
	return serve(sfd, watchdog_ms, end);
}
