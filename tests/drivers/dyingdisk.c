// SPDX-License-Identifier: MIT
/*
 * dyingdisk.c - a driver of disks (examples/ramdisk.c, or as dyingide drivers/ide)
 * that dies by SIGKILL at a step of its start-up.
 *
 * The file that UDRV_DIE names says "STEP LIVES": so many processes still die
 * there.  Calls into the library and the system are wrapped by the linker
 * (--wrap), so that what dies is the very code that others run.
 */
#include <liburing.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <udrv/blk.h>

/* In the order in which they happen.  tests/vm/blk_wedge.test and ide_wedge.test
 * know the names. */
static const char *const steps[] = {
	"start", "reset", "told", "got", "fetching", "fetched", "mapped", "ready", "request", "done",
	"lost",			/* it does not die: results get lost, as interrupts may */
};
static const char *step = "";

int __real_io_uring_submit(struct io_uring *ring);
void __real_udrv_usleep(unsigned int usec);
void __wrap_udrv_usleep(unsigned int usec);
void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
ssize_t __real_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t __real_send(int fd, const void *buf, size_t len, int flags);
void __real_udrv_blk_done(struct udrv_blk_req *req, int status);
int __wrap_io_uring_submit(struct io_uring *ring);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);
void __wrap_udrv_blk_done(struct udrv_blk_req *req, int status);

static void at(const char *here)
{
	if (!strcmp(step, here))
		raise(SIGKILL);
}

__attribute__((constructor))
static void read_order(void)
{
	const char *path = getenv("UDRV_DIE");
	FILE *f = path ? fopen(path, "re+") : NULL;
	char word[16];
	int lives;

	if (!f)
		return;
	if (fscanf(f, "%15s %d", word, &lives) == 2 && lives > 0) {
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
			if (!strcmp(steps[i], word))
				step = steps[i];
		rewind(f);
		fprintf(f, "%s %d \n", word, lives - 1);
	}
	fclose(f);
	at("start");
}

/* "reset": the drives are being reset. */
void __wrap_udrv_usleep(unsigned int usec)
{
	at("reset");
	__real_udrv_usleep(usec);
}

/* "told": the supervisor knows our disk; "got": we have its channel. */
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n;

	at("told");
	n = __real_recvmsg(fd, msg, flags);
	at("got");
	return n;
}

/* The commands for all tags are the first large lot. */
int __wrap_io_uring_submit(struct io_uring *ring)
{
	bool all = io_uring_sq_ready(ring) >= 5;
	int ret;

	if (all)
		at("fetching");
	ret = __real_io_uring_submit(ring);
	if (all)
		at("fetched");
	return ret;
}

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	void *va = __real_mmap(addr, len, prot, flags, fd, off);

	/* Nothing else is mapped for reading only. */
	if (prot == PROT_READ && fd >= 0)
		at("mapped");
	return va;
}

ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
	ssize_t n = __real_send(fd, buf, len, flags);

	if (len >= 7 && !memcmp(buf, "READY=1", 7))
		at("ready");
	return n;
}

/* "request": the kernel waits for it; "done": its result is queued, not sent. */
void __wrap_udrv_blk_done(struct udrv_blk_req *req, int status)
{
	at("request");
	if (!strcmp(step, "lost"))
		return;
	__real_udrv_blk_done(req, status);
	at("done");
}
