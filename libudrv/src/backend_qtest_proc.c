// SPDX-License-Identifier: MIT
/*
 * backend_qtest_proc.c - a QEMU of our own, which lives exactly as long as we
 * do and leaves nothing in the file system: its RAM, its firmware and what it
 * writes to stderr are memfds, its socket is one end of a pair.
 *
 * Between us (the thread that opened the device) and QEMU stands a keeper, a
 * fork of ours that waits for both.  It is made with clone() and no exit
 * signal, so that neither SIGCHLD nor waitpid(-1) of the driver ever shows it
 * (an exec would undo that: hence a process of its own).  If we die, the
 * kernel sends it SIGTERM and it kills QEMU; if it is killed, the kernel kills
 * QEMU; if QEMU dies, it reaps it, and we see the end of the socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend_qtest.h"

#define MAX_ARGS	96
#define TEXT		2048		/* for arguments that are made here */
#define ERR_SIZE	65536
#define RAM_MAX		(2048ull << 20)	/* x86 splits more around the PCI hole */

struct spawn {
	const struct udrv_qtest_machine *machine;
	const char *binary;
	char *argv[MAX_ARGS];
	unsigned int argc;
	char *user_args;
	char text[TEXT];
	size_t text_len;
	int sock, ram, firmware, err;
};

static void arg(struct spawn *s, const char *text)
{
	if (s->argc < MAX_ARGS - 1)
		s->argv[s->argc++] = (char *)text;
}

__attribute__((format(printf, 2, 3)))
static void arg_fmt(struct spawn *s, const char *fmt, ...)
{
	size_t left = sizeof(s->text) - s->text_len;
	char *at = s->text + s->text_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(at, left, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= left) {
		s->argc = MAX_ARGS;	/* too long: build_args() says so */
		return;
	}
	s->text_len += (size_t)n + 1;
	arg(s, at);
}

static int build_args(struct spawn *s, const char *device, size_t ram_len)
{
	const char *user = getenv("UDRV_QEMU_ARGS");
	char *save = NULL;

	arg(s, s->binary);
	for (const char *const *a = s->machine->args; *a; a++)
		arg(s, *a);
	arg(s, "-machine");
	arg_fmt(s, "%s,memory-backend=ram", s->machine->board);
	arg(s, "-m");
	arg_fmt(s, "%zuM", ram_len >> 20);
	arg(s, "-object");
	arg_fmt(s, "memory-backend-file,id=ram,share=on,size=%zuM,mem-path=/proc/self/fd/%d",
		ram_len >> 20, s->ram);
	arg(s, "-bios");
	arg_fmt(s, "/proc/self/fd/%d", s->firmware);
	arg(s, "-chardev");
	arg_fmt(s, "socket,id=udrv-qtest,fd=%d", s->sock);
	arg(s, "-object");
	arg(s, "qtest,id=udrv,chardev=udrv-qtest,log=none");
	for (const char *const *a = s->machine->args_after; *a; a++)
		arg(s, *a);
	arg(s, "-device");
	arg_fmt(s, "%s,addr=%#x%s", device, QTEST_SLOT,
		strstr(device, ",romfile=") ? "" : ",romfile=");
	/* Last: disks and codecs sit on a bus of the device.  What the device
	 * names (netdev, audiodev) QEMU makes before any device. */
	s->user_args = user ? strdup(user) : NULL;
	for (char *a = s->user_args ? strtok_r(s->user_args, " ", &save) : NULL; a;
	     a = strtok_r(NULL, " ", &save))
		arg(s, a);
	return s->argc < MAX_ARGS - 1 ? 0 : -E2BIG;
}

static int memfd(const char *name, size_t len)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	/* The size is sealed: neither side can pull memory from under the
	 * other, and a QEMU that writes errors all day fills no memory. */
	if (fd >= 0 && (ftruncate(fd, (off_t)len) ||
			fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK))) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static int write_firmware(struct spawn *s)
{
	s->firmware = memfd_create("udrv-firmware", MFD_CLOEXEC);
	return s->firmware < 0 ? -errno : s->machine->firmware(s->firmware);
}

static int write_header(struct spawn *s)
{
	struct udrv_qtest_header h = { .magic = QTEST_MAGIC };

	while (udrv_qtest_machines[h.machine] != s->machine)
		h.machine++;
	return pwrite(s->ram, &h, sizeof(h), 0) == sizeof(h) ? 0 : -EIO;
}

/* fork() with a choice of what the parent gets at the end. */
static pid_t fork_signal(int exit_signal)
{
	return (pid_t)syscall(SYS_clone, (unsigned long)exit_signal, 0, 0, 0, 0);
}

/* Die with the parent, also if it is dead already. */
static void die_with(pid_t parent, int sig)
{
	prctl(PR_SET_PDEATHSIG, sig);
	if (getppid() != parent)
		_exit(0);
}

static void run_qemu(struct spawn *s, pid_t parent)
{
	const int keep[] = { s->sock, s->ram, s->firmware };
	sigset_t none;
	int null;

	die_with(parent, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(s->err, STDERR_FILENO);
	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		fcntl(keep[i], F_SETFD, 0);
	execvp(s->binary, s->argv);
	dprintf(STDERR_FILENO, "%s: %s; install package %s, or set UDRV_QEMU\n", s->binary,
		strerror(errno), s->machine->package);
	_exit(127);
}

/* Only system calls here: other threads' locks may have been copied shut. */
static void keep(struct spawn *s, pid_t parent)
{
	sigset_t set;
	pid_t qemu, self;
	int sig;

	/* A Ctrl-C on the terminal is for the driver: it stops the device, and
	 * needs it alive for that. */
	setsid();
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	die_with(parent, SIGTERM);

	self = getpid();
	qemu = fork_signal(SIGCHLD);
	if (qemu == 0)
		run_qemu(s, self);
	syscall(SYS_close_range, 0, ~0U, 0);
	while (qemu > 0 && waitpid(qemu, NULL, WNOHANG) != qemu)
		if (!sigwait(&set, &sig) && sig == SIGTERM)
			kill(qemu, SIGKILL);
	_exit(0);
}

/* "alpha/cmd646-ide" is a device of another machine. */
static int find_machine(const struct udrv_dev *dev, const char **device,
			const struct udrv_qtest_machine **machine)
{
	const char *slash = strchr(*device, '/');
	const char *comma = strchr(*device, ',');
	size_t len;

	*machine = udrv_qtest_machines[0];
	if (!slash || (comma && comma < slash))
		return 0;
	len = (size_t)(slash - *device);
	for (unsigned int i = 0; i < QTEST_MACHINES; i++) {
		*machine = udrv_qtest_machines[i];
		if (strlen((*machine)->name) == len && !strncmp((*machine)->name, *device, len)) {
			*device = slash + 1;
			return 0;
		}
	}
	udrv_log(dev, UDRV_ERR, "there is no machine '%.*s': x86 and alpha are known",
		 (int)len, *device);
	return -EINVAL;
}

static int check_device(const struct udrv_dev *dev, const char *device)
{
	if (!device[0] || device[0] == ',') {
		udrv_log(dev, UDRV_ERR, "'qtest:' wants a device model: qtest:edu, qtest:e1000,netdev=n0, qtest:alpha/cmd646-ide");
		return -EINVAL;
	}
	if (strstr(device, ",addr=")) {
		udrv_log(dev, UDRV_ERR, "addr= is taken: the device is in slot %d", QTEST_SLOT);
		return -EINVAL;
	}
	return 0;
}

static int spawn_files(struct spawn *s, struct udrv_qtest_vm *vm, size_t ram_len)
{
	int pair[2], ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	vm->sock = pair[0];
	s->sock = pair[1];
	vm->err = s->err = memfd("udrv-qemu-stderr", ERR_SIZE);
	vm->ram = s->ram = memfd("udrv-qemu-ram", ram_len);
	if (s->err < 0 || s->ram < 0)
		return -errno;
	ret = write_firmware(s);
	return ret ? ret : write_header(s);
}

int udrv_qtest_spawn(struct udrv_qtest_vm *vm, const struct udrv_dev *dev,
		     const char *device, size_t dma_size)
{
	struct spawn s = { .sock = -1, .ram = -1, .firmware = -1, .err = -1 };
	pid_t parent = getpid();
	size_t ram_len;
	int ret;

	*vm = (struct udrv_qtest_vm){ .sock = -1, .ram = -1, .err = -1 };
	ret = find_machine(dev, &device, &s.machine);
	if (!ret)
		ret = check_device(dev, device);
	if (ret)
		return ret;
	s.binary = getenv("UDRV_QEMU") ? getenv("UDRV_QEMU") : s.machine->binary;
	ram_len = (s.machine->ram_free + dma_size + QTEST_WINDOW + 0x1fffff) & ~(size_t)0x1fffff;
	if (dma_size > RAM_MAX || ram_len > RAM_MAX) {
		udrv_log(dev, UDRV_ERR, "a model has no room for %zu bytes of DMA memory", dma_size);
		return -ENOMEM;
	}

	ret = spawn_files(&s, vm, ram_len);
	if (!ret && (ret = build_args(&s, device, ram_len)))
		udrv_log(dev, UDRV_ERR, "UDRV_QEMU_ARGS or the device's properties are too long");
	if (!ret) {
		vm->keeper = fork_signal(0);
		if (vm->keeper == 0)
			keep(&s, parent);
		if (vm->keeper < 0)
			ret = -errno;
	}
	if (s.sock >= 0)
		close(s.sock);
	if (s.firmware >= 0)
		close(s.firmware);
	free(s.user_args);
	if (ret)
		udrv_qtest_kill(vm);
	return ret;
}

void udrv_qtest_kill(struct udrv_qtest_vm *vm)
{
	/* It needs a few ms; a keeper that is stopped must not stop us. */
	if (vm->keeper > 0) {
		kill(vm->keeper, SIGTERM);
		for (int i = 0; i < 5000 && !waitpid(vm->keeper, NULL, WNOHANG | __WALL); i++)
			udrv_usleep(1000);
	}
	if (vm->sock >= 0)
		close(vm->sock);
	if (vm->ram >= 0)
		close(vm->ram);
	if (vm->err >= 0)
		close(vm->err);
	*vm = (struct udrv_qtest_vm){ .sock = -1, .ram = -1, .err = -1 };
}

const char *udrv_qtest_last_words(const struct udrv_qtest_vm *vm, char *buf, size_t size)
{
	off_t end = vm->err < 0 ? 0 : lseek(vm->err, 0, SEEK_CUR);
	off_t from = end < (off_t)size ? 0 : end - (off_t)size + 1;
	ssize_t n = end > 0 ? pread(vm->err, buf, (size_t)(end - from), from) : 0;
	char *line;

	if (n < 0)
		n = 0;
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	line = strrchr(buf, '\n');
	return line ? memmove(buf, line + 1, strlen(line)) : buf;
}
