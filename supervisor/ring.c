// SPDX-License-Identifier: MIT
/* ring.c - io_uring for drivers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring.h"

#define ENTRIES		1024	/* libudrv has 256 */
#define RINGS		4	/* of a process; libudrv has one */

/* No thread of the kernel's own that polls, no memory or tables of others. */
#define FLAGS		(IORING_SETUP_R_DISABLED | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL | \
			 IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | \
			 IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)

/* Nothing that opens, connects or makes anything. */
static const unsigned char ops[] = {
	IORING_OP_NOP, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READV, IORING_OP_WRITEV,
	IORING_OP_POLL_ADD, IORING_OP_POLL_REMOVE, IORING_OP_TIMEOUT, IORING_OP_TIMEOUT_REMOVE,
	IORING_OP_LINK_TIMEOUT, IORING_OP_ASYNC_CANCEL, IORING_OP_FSYNC, IORING_OP_SEND,
	IORING_OP_RECV, IORING_OP_SENDMSG, IORING_OP_RECVMSG,
};
#define OPS	(sizeof(ops) / sizeof(ops[0]))

/* Only once, and only while the ring is disabled: its owner cannot undo it. */
static int restrict_ring(int ring)
{
	struct io_uring_restriction r[OPS + 1] = { 0 };
	unsigned int n = 0;

	r[n].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
	r[n++].sqe_flags = IOSQE_IO_LINK | IOSQE_IO_HARDLINK | IOSQE_IO_DRAIN |
			   IOSQE_CQE_SKIP_SUCCESS;
	for (size_t i = 0; i < OPS; i++) {
		r[n].opcode = IORING_RESTRICTION_SQE_OP;
		r[n++].sqe_op = ops[i];
	}
	return syscall(SYS_io_uring_register, ring, IORING_REGISTER_RESTRICTIONS, r, n) ? -errno : 0;
}

int udrvd_ring_make(unsigned int entries, struct io_uring_params *p)
{
	int ring, ret;

	if (!(p->flags & IORING_SETUP_R_DISABLED) || p->flags & ~FLAGS || entries > ENTRIES)
		return -EINVAL;
	ring = (int)syscall(SYS_io_uring_setup, entries, p);
	if (ring < 0)
		return -errno;
	ret = restrict_ring(ring);
	if (!ret)
		return ring;
	close(ring);
	return ret;
}

/* By the file and not by process_vm_readv(2), which kernels can be built without. */
static int open_memory(const struct seccomp_notif *n)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/mem", n->pid);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* An offset that is no address, or an address without memory, is its caller's error. */
static int make_in(int listener, const struct seccomp_notif *n, int memory)
{
	off_t at = (off_t)n->data.args[1];
	struct io_uring_params p;
	int ring, ret;

	if (pread(memory, &p, sizeof(p), at) != sizeof(p))
		return -EFAULT;
	ring = udrvd_ring_make((unsigned int)n->data.args[0], &p);
	if (ring < 0)
		return ring;
	/* The call still waits, so the memory is its process's and not another one's of
	 * that number; what was read from another's memory goes no further. */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->id))
		ret = -ESRCH;
	else if (pwrite(memory, &p, sizeof(p), at) != sizeof(p))
		ret = -EFAULT;
	else
		return ring;
	close(ring);
	return ret;
}

static int make_for(int listener, const struct seccomp_notif *n)
{
	int memory = open_memory(n), ret;

	if (memory < 0)
		return -errno;
	ret = make_in(listener, n, memory);
	close(memory);
	return ret;
}

void udrvd_ring_pass(int listener, const struct seccomp_notif *n)
{
	struct seccomp_notif_resp go_on = { .id = n->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &go_on);
}

void udrvd_ring_answer(int listener, const struct seccomp_notif *n, unsigned int *rings)
{
	int ring = *rings < RINGS ? make_for(listener, n) : -EMFILE;
	/* The call returns the descriptor's number there. */
	struct seccomp_notif_addfd add = {
		.id = n->id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)ring,
		.newfd_flags = O_CLOEXEC,
	};
	struct seccomp_notif_resp no = { .id = n->id, .error = ring };

	if (ring < 0) {
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &no);
		return;
	}
	++*rings;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0) {
		no.error = -errno;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &no);
	}
	close(ring);
}
