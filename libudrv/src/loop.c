// SPDX-License-Identifier: MIT
/*
 * loop.c - the event loop: one io_uring.  Each entry's user_data is the
 * address of its struct udrv_op; NULL marks entries whose end nobody needs.
 */
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

#define ENTRIES		256
#define UNLINGERED_LOG2	8

/* Disabled at first: a supervisor restricts it meanwhile to what drivers do. */
static int make_ring(struct io_uring *ring, unsigned int flags)
{
	int ret = io_uring_queue_init(ENTRIES, ring, IORING_SETUP_CLAMP |
				      IORING_SETUP_R_DISABLED | flags);

	if (ret)
		return ret;
	/* Debian 12's liburing exports no io_uring_enable_rings(). */
	if (!syscall(SYS_io_uring_register, ring->ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0))
		return 0;
	ret = -errno;
	io_uring_queue_exit(ring);
	return ret;
}

int udrv_loop_init(struct udrv_loop *loop)
{
	int ret;

	*loop = (struct udrv_loop){ 0 };
	/* Completions are worked on when we wait for them, not by interrupting
	 * us, and a flag says that there are some: one thread, Linux 6.1.  Older
	 * kernels do it the old way. */
	ret = make_ring(&loop->ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			IORING_SETUP_TASKRUN_FLAG);
	return ret == -EINVAL ? make_ring(&loop->ring, 0) : ret;
}

void udrv_loop_exit(struct udrv_loop *loop)
{
	if (!loop->kept)
		io_uring_queue_exit(&loop->ring);
}

void udrv_loop_keep(struct udrv_loop *loop)
{
	loop->kept = true;
}

struct io_uring_sqe *udrv_loop_sqe(struct udrv_loop *loop, struct udrv_op *op)
{
	struct io_uring_sqe *sqe;

	/* A full queue: hand it to the kernel.  The kernel takes all of it at
	 * once, so this loop ends after one round. */
	while (!(sqe = io_uring_get_sqe(&loop->ring)))
		io_uring_submit(&loop->ring);
	io_uring_sqe_set_data(sqe, op);
	return sqe;
}

/*
 * A time-out needs its timespec until submission only, and sqes are submitted
 * before the ring's caller returns to user code here: so it is submitted at
 * once instead of keeping a timespec in every op.
 */
int udrv_loop_timer(struct udrv_loop *loop, uint64_t ms, struct udrv_op *op)
{
	struct __kernel_timespec ts = {
		.tv_sec = (long long)(ms / 1000),
		.tv_nsec = (long long)(ms % 1000) * 1000000,
	};
	struct io_uring_sqe *sqe = udrv_loop_sqe(loop, op);
	int ret;

	io_uring_prep_timeout(sqe, &ts, 0, IORING_TIMEOUT_ETIME_SUCCESS);
	ret = io_uring_submit(&loop->ring);
	return ret < 0 ? ret : 0;
}

int udrv_loop_poll(struct udrv_loop *loop, int fd, unsigned int events, struct udrv_op *op)
{
	struct io_uring_sqe *sqe = udrv_loop_sqe(loop, op);

	io_uring_prep_poll_add(sqe, fd, events);
	return 0;
}

int udrv_loop_submit(struct udrv_loop *loop)
{
	return io_uring_submit(&loop->ring);
}

void udrv_loop_push(struct udrv_loop *loop)
{
	/* What goes wrong comes again, and is looked at, when the loop waits. */
	if (io_uring_sq_ready(&loop->ring))
		io_uring_submit_and_get_events(&loop->ring);
}

void udrv_loop_linger(struct udrv_loop *loop, unsigned int us)
{
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) || CPU_COUNT(&cpus) < 2)
		us = 0;
	loop->linger_ns = us * 1000ull;
	loop->vain = loop->unlingered = 0;
}

int udrv_loop_cancel(struct udrv_loop *loop, struct udrv_op *op)
{
	io_uring_prep_cancel(udrv_loop_sqe(loop, NULL), op, 0);
	return 0;
}

void udrv_loop_stop(struct udrv_loop *loop, int status)
{
	if (loop->stopped)
		return;			/* the first reason counts */
	loop->stopped = true;
	loop->status = status;
}

/* Each completion is taken off the queue before its op runs: the op may
 * queue more, stop the loop or give up its own memory. */
static void loop_dispatch(struct udrv_loop *loop)
{
	struct io_uring_cqe *cqe;

	/* Looking into an empty queue can be a system call. */
	while (!loop->stopped && io_uring_cq_ready(&loop->ring) &&
	       !io_uring_peek_cqe(&loop->ring, &cqe)) {
		struct udrv_op *op = io_uring_cqe_get_data(cqe);
		unsigned int flags = cqe->flags;
		int res = cqe->res;

		io_uring_cqe_seen(&loop->ring, cqe);
		if (!op)
			continue;
		/* ETIME is how the kernel spells "the time is up". */
		op->done(op, res == -ETIME ? 0 : res, flags);
	}
}

/* Whether something has come.  Errors of the two system calls come again when the
 * loop waits. */
static bool linger(struct udrv_loop *loop)
{
	struct io_uring_cqe *cqe;
	uint64_t end;

	if (!loop->linger_ns)
		return false;
	if (loop->unlingered) {
		loop->unlingered--;
		return false;
	}
	io_uring_submit(&loop->ring);
	/* Whom that wakes may wait for this very processor. */
	sched_yield();
	end = udrv_now_ns() + loop->linger_ns;
	/* No system call before the kernel's flag says that one is worth it. */
	while (io_uring_peek_cqe(&loop->ring, &cqe)) {
		if (udrv_now_ns() > end) {
			loop->unlingered = 1u << loop->vain;
			if (loop->vain < UNLINGERED_LOG2)
				loop->vain++;
			return false;
		}
		udrv_relax();
	}
	loop->vain = 0;
	return true;
}

static int loop_run(struct udrv_loop *loop, uint64_t end)
{
	int ret;

	while (!loop->stopped) {
		if (end) {
			uint64_t now = udrv_now_ns();
			uint64_t left = now < end ? end - now : 0;
			struct __kernel_timespec ts = {
				.tv_sec = (long long)(left / 1000000000u),
				.tv_nsec = (long long)(left % 1000000000u),
			};
			struct io_uring_cqe *cqe;

			if (!left)
				return -ETIME;
			ret = io_uring_submit_and_wait_timeout(&loop->ring, &cqe, 1, &ts, NULL);
		} else {
			ret = linger(loop) ? 0 : io_uring_submit_and_wait(&loop->ring, 1);
		}
		/* EBUSY, EAGAIN: completions must be taken first; then again. */
		if (ret < 0 && ret != -EINTR && ret != -ETIME && ret != -EBUSY && ret != -EAGAIN)
			return ret;
		loop_dispatch(loop);
	}
	loop->stopped = false;
	return loop->status;
}

int udrv_loop_run(struct udrv_loop *loop)
{
	return loop_run(loop, 0);
}

int udrv_loop_run_for(struct udrv_loop *loop, unsigned int ms)
{
	return loop_run(loop, udrv_now_ns() + (uint64_t)ms * 1000000u);
}
