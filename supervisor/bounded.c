// SPDX-License-Identifier: MIT
/*
 * bounded.c - calls that may hang in the kernel.
 *
 * A thread and not a process, because it is made at each death of a driver, and
 * copying all of udrvd's locked memory takes longer than the call.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bounded.h"

/* udrvd has all of its memory locked, so a stack is filled as a whole when it is made,
 * which is at a death: not with the usual 8 MiB.  What jobs put on theirs is paths of
 * 4 KiB, a few at once. */
#define STACK		((size_t)PTHREAD_STACK_MIN + 128 * 1024)

/* Whoever is last: 1. */
static int leave(struct udrvd_job *job)
{
	return atomic_fetch_sub(&job->users, 1) == 1;
}

static void *thread(void *arg)
{
	struct udrvd_job *job = arg;

	job->run(job);
	/* Our copy of the descriptor's number is good: the waiter closes it only
	 * if it is the last to leave, or after it was woken. */
	(void)eventfd_write(job->done, 1);
	if (leave(job)) {
		close(job->done);
		job->drop(job);
	}
	return NULL;
}

static int start(struct udrvd_job *job)
{
	pthread_attr_t attr;
	pthread_t id;
	int ret = pthread_attr_init(&attr);

	if (ret)
		return -ret;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	ret = pthread_create(&id, &attr, thread, job);
	pthread_attr_destroy(&attr);
	return -ret;
}

int udrvd_job_run(struct udrvd_job *job, int ms, int *late)
{
	struct pollfd p;
	int ret;

	job->done = eventfd(0, EFD_CLOEXEC);
	if (job->done < 0)
		return -errno;
	atomic_init(&job->users, 2);
	ret = start(job);
	if (ret) {
		close(job->done);
		return ret;
	}
	p = (struct pollfd){ .fd = job->done, .events = POLLIN };
	while ((ret = poll(&p, 1, ms)) < 0 && errno == EINTR)
		;
	*late = ret ? -1 : fcntl(job->done, F_DUPFD_CLOEXEC, 0);
	if (ret == 0 && !leave(job))
		return -ETIMEDOUT;
	if (*late >= 0)
		close(*late);
	/* Done, perhaps at the last moment.  Between its message and its leaving
	 * the thread still needs the job: a moment, without a system call. */
	while (ret && atomic_load(&job->users) > 1)
		sched_yield();
	close(job->done);
	return 0;
}
