// SPDX-License-Identifier: MIT
/* attempt.c - see attempt.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "attempt.h"
#include "inherited.h"

static const char *attempt;

/* The test knows the driver by its device. */
static void say(const char *what, const char *text)
{
	const char *device = getenv("UDRV_DEVICE");

	dprintf(2, "attempt by %s: %s: %s: %s\n", device ? device : "?", attempt, what, text);
}

void outcome(int harm, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(harm ? "HARM" : "harmless", text);
}

void judge(long ret)
{
	if (ret < 0)
		outcome(0, "refused, %s", strerrorname_np(errno));
	else
		outcome(1, "it worked");
}

int by_ring(unsigned int flags, void (*prep)(struct io_uring_sqe *sqe, void *arg), void *arg)
{
	struct io_uring ring;
	struct io_uring_cqe *cqe;
	int ret = io_uring_queue_init(4, &ring, flags);

	if (!ret && flags & IORING_SETUP_R_DISABLED &&
	    syscall(SYS_io_uring_register, ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0))
		ret = -errno;
	errno = -ret;
	if (ret)
		return -1;
	prep(io_uring_get_sqe(&ring), arg);
	ret = io_uring_submit_and_wait(&ring, 1);
	if (ret > 0)
		ret = io_uring_wait_cqe(&ring, &cqe);
	ret = ret < 0 ? ret : cqe->res;
	io_uring_queue_exit(&ring);
	errno = -ret;
	return ret < 0 ? -1 : ret;
}

int make_attempts(const struct attempt *all, size_t n, void (*wait)(void))
{
	volatile uint32_t *next = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				       inherited("arena"), 0);
	char ready[] = "READY=1", done[] = "WATCHDOG=1\nSTATUS=done";
	size_t i = next == MAP_FAILED ? n : *next;

	if (send(inherited("notify"), ready, strlen(ready), 0) < 0)
		return 1;
	if (i == 0 && wait)
		wait();
	if (i < n) {
		*next = (uint32_t)i + 1;
		attempt = all[i].name;
		say("tried", "");
		all[i].fn();
		return 0;
	}
	while (send(inherited("notify"), done, strlen(done), 0) > 0)
		nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
	return 1;
}
