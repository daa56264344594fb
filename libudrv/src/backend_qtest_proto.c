// SPDX-License-Identifier: MIT
/*
 * backend_qtest_proto.c - QEMU's qtest protocol, lines of text: we send a
 * command, QEMU answers "OK", "OK 0xVALUE" or "FAIL ...", and between any two
 * answers it may say "IRQ raise N" or "IRQ lower N".
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "backend_qtest.h"

/* An answer takes 20 us.  This long only if the machine swaps to death or
 * somebody stopped QEMU; the first answer waits for its start, too. */
#define ANSWER_SECONDS	20

/* For the driver this is a device that was pulled out. */
static int gone(struct udrv_qtest *q, const char *why)
{
	char words[512];

	if (q->dead)
		return -EIO;
	q->dead = true;
	if (!q->up)
		return -EIO;		/* qtest_open() explains it */
	udrv_qtest_last_words(&q->vm, words, sizeof(words));
	udrv_log(q->dev, UDRV_ERR, "%s: the device is gone%s%s%s", why,
		 words[0] ? " (its last words: " : "", words, words[0] ? ")" : "");
	udrv_loop_stop(&q->dev->loop, -ENODEV);
	return -EIO;
}

static int send_all(struct udrv_qtest *q, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = send(q->vm.sock, buf, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return gone(q, "QEMU ended");
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

/* More bytes into q->in.  0: some came; -EAGAIN: none (with MSG_DONTWAIT). */
static int receive(struct udrv_qtest *q, int flags)
{
	ssize_t n;

	if (q->in_len == sizeof(q->in))
		return gone(q, "QEMU sent a line without an end");
	do {
		n = recv(q->vm.sock, q->in + q->in_len, sizeof(q->in) - q->in_len, flags);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return flags & MSG_DONTWAIT ? -EAGAIN : gone(q, "QEMU does not answer");
	if (n <= 0)
		return gone(q, "QEMU ended");
	q->in_len += (size_t)n;
	return 0;
}

/* Move one whole line, without its end, to line; false: there is none. */
static bool take_line(struct udrv_qtest *q, char line[QTEST_LINE])
{
	char *end = memchr(q->in, '\n', q->in_len);
	size_t len;

	if (!end)
		return false;
	*end = '\0';
	len = (size_t)(end - q->in) + 1;
	memcpy(line, q->in, len);
	q->in_len -= len;
	memmove(q->in, end + 1, q->in_len);
	return true;
}

static bool is_irq(struct udrv_qtest *q, const char *line)
{
	unsigned int n;

	if (sscanf(line, "IRQ raise %u", &n) == 1)
		udrv_qtest_line(q, n, true);
	else if (sscanf(line, "IRQ lower %u", &n) == 1)
		udrv_qtest_line(q, n, false);
	else
		return false;
	return true;
}

/* Whatever came with or after an answer: nobody would wake us for it again. */
static void take_irqs(struct udrv_qtest *q)
{
	char line[QTEST_LINE];

	while (take_line(q, line))
		is_irq(q, line);
	udrv_qtest_catch(q);
}

/* The next line that is an answer. */
static int answer(struct udrv_qtest *q, char line[QTEST_LINE])
{
	for (;;) {
		int ret;

		while (take_line(q, line))
			if (!is_irq(q, line))
				return 0;
		ret = receive(q, 0);
		if (ret)
			return ret;
	}
}

int udrv_qtest_cmd(struct udrv_qtest *q, uint64_t *val, const char *fmt, ...)
{
	char line[QTEST_LINE];
	va_list ap;
	int n, ret;

	if (val)
		*val = UINT64_MAX;
	if (q->dead)
		return -EIO;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ret = send_all(q, line, (size_t)n);
	if (!ret)
		ret = answer(q, line);
	if (ret)
		return ret;
	if (strncmp(line, "OK", 2) != 0) {
		udrv_log(q->dev, UDRV_ERR, "QEMU refuses a qtest command: %s", line);
		return -EIO;
	}
	if (val && line[2])
		*val = strtoull(line + 2, NULL, 16);
	take_irqs(q);
	return 0;
}

static char letter(unsigned int width)
{
	return width == 1 ? 'b' : width == 2 ? 'w' : width == 4 ? 'l' : 'q';
}

uint64_t udrv_qtest_read(struct udrv_qtest *q, uint64_t addr, unsigned int width)
{
	uint64_t val;

	udrv_qtest_cmd(q, &val, "read%c 0x%llx\n", letter(width), (unsigned long long)addr);
	return val;
}

void udrv_qtest_write(struct udrv_qtest *q, uint64_t addr, unsigned int width, uint64_t val)
{
	udrv_qtest_cmd(q, NULL, "write%c 0x%llx 0x%llx\n", letter(width),
		       (unsigned long long)addr, (unsigned long long)val);
}

/*
 * A predecessor may have died before it read its answers (never in the middle
 * of a line: a small send() is all or nothing).  So QEMU puts a number that was
 * never used before into RAM, and all is skipped until it reads that to us.  If
 * we wrote it there, the predecessor's last question might be answered with it.
 */
int udrv_qtest_sync(struct udrv_qtest *q)
{
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	const size_t at = offsetof(struct udrv_qtest_header, token);
	const uint64_t token = udrv_now_ns();
	char line[QTEST_LINE];
	int ret;

	if (setsockopt(q->vm.sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return -errno;
	snprintf(line, sizeof(line), "writeq 0x%zx 0x%llx\nreadq 0x%zx\n", at,
		 (unsigned long long)token, at);
	ret = send_all(q, line, strlen(line));
	while (!ret) {
		ret = answer(q, line);
		if (!ret && !strncmp(line, "OK 0x", 5) && strtoull(line + 3, NULL, 16) == token)
			break;
	}
	return ret;
}

static void sock_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_qtest *q = container_of(op, struct udrv_qtest, sock_op);

	if (res < 0 || q->dead)
		return;
	while (!receive(q, MSG_DONTWAIT))
		take_irqs(q);
	if (!q->dead)
		udrv_loop_poll(&q->dev->loop, q->vm.sock, POLLIN, op);
}

static void tick_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct udrv_qtest *q = container_of(op, struct udrv_qtest, tick_op);

	if (res < 0 || q->dead)
		return;
	q->machine->tick(q);
	udrv_loop_timer(&q->dev->loop, q->machine->tick_ms, op);
}

int udrv_qtest_watch(struct udrv_qtest *q)
{
	int ret;

	q->sock_op.done = sock_done;
	q->tick_op.done = tick_done;
	ret = udrv_loop_poll(&q->dev->loop, q->vm.sock, POLLIN, &q->sock_op);
	return ret ? ret : udrv_loop_timer(&q->dev->loop, q->machine->tick_ms, &q->tick_op);
}
