// SPDX-License-Identifier: MIT
/*
 * filter.c - the system calls that a driver may make.
 *
 * The lists follow from what the C library's start, liburing and libudrv do; all
 * tests in the VM run their drivers under them.  What is not in a list is forbidden.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/vfio.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <udrv/irq_abi.h>
#include <unistd.h>

#include "filter.h"

/* Stands for the process's own pid in the code, until that is known. */
#define OWN_PID		0x7ffe0001u

/* With any arguments: they reach nothing but what the process has already, and
 * the files of its cell (cell.h). */
static const char *const calls[] = {
	/* descriptors */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "close", "dup", "dup2", "dup3",
	"fstat", "newfstatat", "stat", "lstat", "statx", "lseek", "poll", "ppoll", "fsync",
	"fdatasync", "fallocate", "ftruncate", "eventfd2", "signalfd4", "timerfd_create",
	"timerfd_settime", "timerfd_gettime", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "memfd_create",
	/* sockets that it was given; it can make none */
	"sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown",
	/* A ring that it got from udrvd (ring.h). */
	"io_uring_enter",
	/* memory */
	"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "msync", "mlock", "mlock2",
	"munlock", "mlockall", "munlockall",
	/* the C library's start and the dynamic linker's */
	"execve", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "futex",
	"open", "openat", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
	"getcwd", "getdents64", "getrandom", "uname", "sysinfo", "getrlimit",
	/* signals and time */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "sigaltstack",
	"restart_syscall", "pause", "nanosleep", "clock_nanosleep", "clock_gettime",
	"clock_getres", "gettimeofday", "time",
	/* about itself */
	"getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getpgrp",
	"getpgid", "getsid", "getgroups", "getrusage", "times", "sched_yield",
	"sched_getaffinity", "getcpu", "exit", "exit_group",
};

/* With one of these as argument number `arg`. */
static const uint32_t fcntls[] = {
	F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_ADD_SEALS, F_GET_SEALS,
};

/* Not PR_SET_PDEATHSIG, which would outlive udrvd, nor PR_SET_DUMPABLE. */
static const uint32_t prctls[] = { PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_CAPBSET_READ };

/* Documentation/userspace-api/iommufd.rst; Debian 12's headers do not have them. */
#define IOAS_RANGES	_IO(';', 0x84)
#define IOAS_MAP	_IO(';', 0x85)
#define IOAS_UNMAP	_IO(';', 0x86)
#define IOAS_DEFAULT	_IO(';', 0x88)

/* Not VFIO_DEVICE_IOEVENTFD and VFIO_DEVICE_FEATURE, which nobody needs; not
 * TUNSETPERSIST, TUNSETOWNER and the like.  VFIO_DEVICE_PCI_HOT_RESET has the
 * number of VFIO_IOMMU_MAP_DMA; VFIO itself refuses it, because a driver has no
 * descriptors of its neighbours' groups. */
static const uint32_t ioctls[] = {
	VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO, VFIO_DEVICE_GET_IRQ_INFO,
	VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_RESET, VFIO_IOMMU_GET_INFO, VFIO_IOMMU_MAP_DMA,
	VFIO_IOMMU_UNMAP_DMA, IOAS_DEFAULT, IOAS_RANGES, IOAS_MAP, IOAS_UNMAP,
	UDRV_IOCTL_IRQ_FD, TUNGETIFF, TUNGETVNETHDRSZ, TUNSETOFFLOAD, TUNSETCARRIER,
	SIOCGIFHWADDR, SIOCSIFHWADDR,
	0x5401,			/* TCGETS: stdio asks whether stderr is a terminal */
};

/* A ring comes disabled.  What else can be registered would be nothing to restrict
 * by kinds of operations: files, buffers, other users. */
static const uint32_t registers[] = { IORING_REGISTER_ENABLE_RINGS };

static const uint32_t own_pid[] = { OWN_PID };
/* prlimit64() of itself, by the number 0. */
static const uint32_t itself[] = { 0, OWN_PID };

static const struct rule {
	const char *call;
	unsigned int arg;
	const uint32_t *values;
	size_t n;
} rules[] = {
	{ "fcntl", 1, fcntls, sizeof(fcntls) / 4 },
	{ "prctl", 0, prctls, sizeof(prctls) / 4 },
	{ "ioctl", 1, ioctls, sizeof(ioctls) / 4 },
	{ "io_uring_register", 1, registers, 1 },
	{ "prlimit64", 0, itself, sizeof(itself) / 4 },
	/* abort() and raise() */
	{ "kill", 0, own_pid, 1 },
	{ "tgkill", 0, own_pid, 1 },
};

/* A call that this processor does not have cannot be made either. */
static int allow(scmp_filter_ctx ctx, const char *call, unsigned int n_cmp,
		 const struct scmp_arg_cmp *cmp)
{
	int nr = seccomp_syscall_resolve_name(call);

	return nr < 0 ? 0 : seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, n_cmp, cmp);
}

static int add_rules(scmp_filter_ctx ctx)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(calls) / sizeof(calls[0]); i++)
		ret = allow(ctx, calls[i], 0, NULL);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		for (size_t v = 0; !ret && v < rules[i].n; v++)
			/* The kernel looks at 32 bits of them, too. */
			ret = allow(ctx, rules[i].call, 1, &SCMP_CMP(rules[i].arg,
				    SCMP_CMP_MASKED_EQ, 0xffffffffu, rules[i].values[v]));
	return ret;
}

static int export(scmp_filter_ctx ctx, struct udrvd_filter *f)
{
	int fd = memfd_create("udrv-filter", MFD_CLOEXEC), ret;
	struct stat st;

	if (fd < 0)
		return -errno;
	ret = seccomp_export_bpf(ctx, fd);
	if (!ret && fstat(fd, &st))
		ret = -errno;
	if (!ret) {
		f->code = malloc((size_t)st.st_size);
		f->n = (unsigned short)(st.st_size / (off_t)sizeof(*f->code));
		if (!f->code)
			ret = -ENOMEM;
		else if (pread(fd, f->code, (size_t)st.st_size, 0) != st.st_size)
			ret = -EIO;
	}
	close(fd);
	return ret;
}

int udrvd_filter_make(struct udrvd_filter *f)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_NOTIFY);
	int ret;

	*f = (struct udrvd_filter){ 0 };
	if (!ctx)
		return -EOPNOTSUPP;
	/* The other ABIs of the processor would be a way around all this. */
	ret = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* A tree instead of a list: a call passes in the logarithm of time. */
	if (!ret)
		ret = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!ret)
		ret = add_rules(ctx);
	if (!ret)
		ret = export(ctx, f);
	seccomp_release(ctx);
	if (ret)
		udrvd_filter_free(f);
	return ret;
}

void udrvd_filter_free(struct udrvd_filter *f)
{
	free(f->code);
	*f = (struct udrvd_filter){ 0 };
}

int udrvd_filter_install(struct udrvd_filter *f)
{
	struct sock_fprog prog = { f->n, f->code };

	for (unsigned short i = 0; i < f->n; i++)
		if (BPF_CLASS(f->code[i].code) == BPF_JMP && f->code[i].k == OWN_PID)
			f->code[i].k = (uint32_t)getpid();
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

int udrvd_filter_receive(int listener, struct seccomp_notif *n)
{
	*n = (struct seccomp_notif){ 0 };
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, n) ? -errno : 0;
}

bool udrvd_filter_wants_ring(const struct seccomp_notif *n)
{
	return n->data.nr == SYS_io_uring_setup;
}

void udrvd_filter_describe(const struct seccomp_notif *n, char *text, size_t size)
{
	char *name = seccomp_syscall_resolve_num_arch(n->data.arch, n->data.nr);

	if (n->data.nr == SYS_ioctl)
		snprintf(text, size, "seccomp: syscall ioctl 0x%x", (unsigned int)n->data.args[1]);
	else if (n->data.nr == SYS_fcntl || n->data.nr == SYS_prctl ||
		 n->data.nr == SYS_io_uring_register)
		snprintf(text, size, "seccomp: syscall %s %d", name ? name : "?",
			 (int)n->data.args[n->data.nr != SYS_prctl]);
	else
		snprintf(text, size, "seccomp: syscall %s", name ? name : "unknown");
	free(name);
}
