// SPDX-License-Identifier: MIT
/* The sound endpoint: who gets a stream, and what bad applications achieve. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <udrv/snd_abi.h>

#include "udrvd_rig.h"

#define RING	16384

/* What an application has of a stream; error tells why it has none. */
struct lease {
	int fd, error;
	int memory, bell;
	struct udrv_snd_page *page;
};

static void begin(struct rig *r)
{
	char config[300];

	snprintf(config, sizeof(config), "options=mode=good\n[sound]\nsocket=%s/snd\nmode=0640\nring=16K\n",
		 r->dir);
	rig_device(r, "snd0", config);
	rig_start(r);
	rig_wait(r, "snd0", "running", 5000);
}

static int dial(struct rig *r)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/snd", r->dir);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		rig_fail(r, "%s: %s", addr.sun_path, strerror(errno));
	return fd;
}

/* 0: the connection was closed instead. */
static ssize_t receive(struct rig *r, int fd, struct udrv_snd_answer *text, int *fds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct iovec iov = { text, sizeof(*text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct cmsghdr *c;
	ssize_t n;

	if (poll(&p, 1, 5000) != 1)
		rig_fail(r, "udrvd does not answer");
	n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c)
		memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
	return n < 0 ? 0 : n;
}

static struct lease ask(struct rig *r, enum udrv_snd_dir dir)
{
	struct udrv_snd_request request = { UDRV_SND_MAGIC, dir };
	struct lease l = { .fd = dial(r) };
	struct udrv_snd_answer text;
	int fds[2] = { -1, -1 };

	rig_want(r, send(l.fd, &request, sizeof(request), MSG_NOSIGNAL) == sizeof(request));
	rig_want(r, receive(r, l.fd, &text, fds) == sizeof(text) && text.magic == UDRV_SND_MAGIC);
	l.error = text.error;
	l.memory = fds[0];
	l.bell = fds[1];
	rig_want(r, !l.error == (fds[0] >= 0));
	if (l.error)
		return l;
	l.page = mmap(NULL, UDRV_SND_PAGE_SIZE + RING, PROT_READ | PROT_WRITE, MAP_SHARED,
		      l.memory, 0);
	rig_want(r, l.page != MAP_FAILED);
	return l;
}

static void leave(struct lease *l)
{
	close(l->fd);
	if (!l->page)
		return;
	munmap(l->page, UDRV_SND_PAGE_SIZE + RING);
	close(l->memory);
	close(l->bell);
}

/* One that nobody has. */
static struct lease take(struct rig *r, enum udrv_snd_dir dir)
{
	struct lease l = ask(r, dir);

	if (!l.page)
		rig_fail(r, "no stream: %s", strerror(-l.error));
	return l;
}

/* udrvd notices a little later that somebody has left. */
static struct lease ask_until(struct rig *r, enum udrv_snd_dir dir)
{
	double end = now_ms() + 5000;
	struct lease l = ask(r, dir);

	while (l.error == -EBUSY && now_ms() < end) {
		leave(&l);
		nap_ms(5);
		l = ask(r, dir);
	}
	if (!l.page)
		rig_fail(r, "no stream: %s", strerror(-l.error));
	return l;
}

static void still_well(struct rig *r)
{
	double began = now_ms();

	rig_want(r, !strcmp(rig_text(r, "snd0", "state"), "running"));
	rig_want(r, now_ms() - began < 1000);
}

static void one_application_a_stream(void **state)
{
	struct rig *r = *state;
	struct lease play, second, record;
	struct stat st;
	char path[200];

	begin(r);
	snprintf(path, sizeof(path), "%s/snd", r->dir);
	rig_want(r, !stat(path, &st) && (st.st_mode & 0777) == 0640);
	play = take(r, UDRV_SND_PLAYBACK);
	rig_want(r, !ftruncate(play.memory, UDRV_SND_PAGE_SIZE + RING));
	rig_want(r, ftruncate(play.memory, 4096) && errno == EPERM);
	second = ask(r, UDRV_SND_PLAYBACK);
	rig_want(r, second.error == -EBUSY);
	record = take(r, UDRV_SND_CAPTURE);
	leave(&second);
	leave(&play);
	play = ask_until(r, UDRV_SND_PLAYBACK);
	leave(&play);
	leave(&record);
}

static void what_an_application_leaves(void **state)
{
	struct rig *r = *state;
	struct lease first, next;

	begin(r);
	first = take(r, UDRV_SND_PLAYBACK);
	memset(&first.page->app, 0x55, sizeof(first.page->app));
	memset((char *)first.page + UDRV_SND_PAGE_SIZE, 0x55, RING);
	close(first.fd);			/* but it keeps the rest */
	next = ask_until(r, UDRV_SND_PLAYBACK);
	/* It is not the next one's. */
	memset((char *)first.page + UDRV_SND_PAGE_SIZE, 0x66, RING);
	rig_want(r, next.page->app.gen == 0 && next.page->app.want == UDRV_SND_IDLE);
	for (int i = 0; i < RING; i++)
		rig_want(r, ((char *)next.page)[UDRV_SND_PAGE_SIZE + i] == 0);
	rig_want(r, send(next.bell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1);
	leave(&next);
	first.fd = -1;
	leave(&first);
}

static void nonsense_is_refused(void **state)
{
	static const uint32_t words[][4] = {
		{ 0 }, { UDRV_SND_MAGIC, UDRV_SND_MIXER + 1 }, { UDRV_SND_MAGIC, UINT32_MAX },
		{ UDRV_SND_MAGIC + 1, 0 },
	};
	struct rig *r = *state;
	struct udrv_snd_answer text;
	struct lease l;
	int fds[2];

	begin(r);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int fd = dial(r);

		rig_want(r, send(fd, words[i], 8, MSG_NOSIGNAL) == 8);
		rig_want(r, receive(r, fd, &text, fds) == sizeof(text) && text.error == -EPROTO);
		rig_want(r, receive(r, fd, &text, fds) == 0);
		close(fd);
	}
	for (size_t len = 1; len <= 16; len += 3) {	/* too short, too long */
		int fd = dial(r);

		send(fd, words[1], len, MSG_NOSIGNAL);
		rig_want(r, receive(r, fd, &text, fds) == 0);
		close(fd);
	}
	/* One who has a stream says no more. */
	l = take(r, UDRV_SND_PLAYBACK);
	rig_want(r, send(l.fd, words[1], 8, MSG_NOSIGNAL) == 8);
	rig_want(r, receive(r, l.fd, &text, fds) == 0);
	leave(&l);
	l = ask_until(r, UDRV_SND_PLAYBACK);
	leave(&l);
	still_well(r);
}

/* Who says nothing is closed after a second. */
static void silence_is_not_waited_for(void **state)
{
	struct rig *r = *state;
	struct udrv_snd_answer text;
	double began = now_ms();
	int fds[2], fd;

	begin(r);
	fd = dial(r);
	rig_want(r, receive(r, fd, &text, fds) == 0);
	rig_want(r, now_ms() - began > 900);
	close(fd);
	still_well(r);
}

static void a_thousand_connections(void **state)
{
	struct rlimit files = { 4096, 4096 };
	struct rig *r = *state;
	struct lease mine, other;
	static int fd[1000];

	begin(r);
	setrlimit(RLIMIT_NOFILE, &files);
	mine = take(r, UDRV_SND_PLAYBACK);
	for (int i = 0; i < 1000; i++)
		fd[i] = dial(r);
	other = ask(r, UDRV_SND_CAPTURE);
	rig_want(r, !other.error);
	/* Mine was not made to leave. */
	rig_want(r, recv(mine.fd, fd, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN);
	still_well(r);
	for (int i = 0; i < 1000; i++)
		close(fd[i]);
	leave(&other);
	leave(&mine);
	still_well(r);
}

/* The bell's flags are each side's own, so udrvd and the driver cannot be made
 * to wait; and a full one is no error. */
static void a_bell_that_nobody_hears(void **state)
{
	struct rig *r = *state;
	struct lease l, next;

	begin(r);
	l = take(r, UDRV_SND_PLAYBACK);
	for (int i = 0; i < 100000; i++)
		if (send(l.bell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
	close(l.fd);
	l.fd = -1;
	next = ask_until(r, UDRV_SND_PLAYBACK);
	still_well(r);
	leave(&next);
	leave(&l);
}

static void no_driver_no_stream(void **state)
{
	struct rig *r = *state;
	struct pollfd p = { .events = POLLIN };
	struct lease l, none;

	begin(r);
	l = take(r, UDRV_SND_PLAYBACK);
	l.page->magic = 77;
	rig_want(r, rig_do(r, "stop", "snd0"));
	rig_wait(r, "snd0", "off", 5000);
	p.fd = l.bell;
	rig_want(r, poll(&p, 1, 0) == 1 && p.revents & POLLHUP);	/* the other end is gone */
	none = ask(r, UDRV_SND_PLAYBACK);
	rig_want(r, none.error == -ENODEV);
	leave(&none);
	leave(&l);
	rig_want(r, rig_do(r, "start", "snd0"));
	rig_wait(r, "snd0", "running", 5000);
	l = take(r, UDRV_SND_PLAYBACK);
	rig_want(r, l.page->magic == 0);		/* new memory */
	leave(&l);
}

static void a_death_is_not_noticed(void **state)
{
	struct rig *r = *state;
	struct lease l;
	char c;

	begin(r);
	l = take(r, UDRV_SND_PLAYBACK);
	l.page->app.appl = 4711;
	rig_want(r, rig_do(r, "kill", "snd0"));
	rig_wait_number(r, "snd0", "starts", 2, 5000);
	rig_wait(r, "snd0", "running", 5000);
	rig_want(r, l.page->app.appl == 4711);
	rig_want(r, recv(l.fd, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	rig_want(r, recv(l.bell, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	leave(&l);
}

/* A driver that does not hear of new memory: applications are refused, and no more
 * than a few of their rings wait for it; its successor has the newest. */
static void a_driver_that_reads_no_news(void **state)
{
	struct rig *r = *state;
	struct lease l;
	int n;

	begin(r);
	for (n = 0; n < 100; n++) {
		l = ask(r, UDRV_SND_PLAYBACK);
		if (l.error == -EAGAIN)
			break;
		rig_want(r, !l.error || l.error == -EBUSY);
		leave(&l);
	}
	rig_want(r, n > 1 && n < 100);
	leave(&l);
	rig_want(r, rig_do(r, "kill", "snd0"));
	rig_wait_number(r, "snd0", "starts", 2, 5000);
	rig_wait(r, "snd0", "running", 5000);
	l = take(r, UDRV_SND_PLAYBACK);
	leave(&l);
}

/* What an application has of the mixer; page NULL: nothing. */
static const struct udrv_snd_mixer *mixer(struct rig *r, int *lease)
{
	struct udrv_snd_request request = { UDRV_SND_MAGIC, UDRV_SND_MIXER };
	struct udrv_snd_answer text;
	int fds[2] = { -1, -1 };
	void *page;

	*lease = dial(r);
	rig_want(r, send(*lease, &request, sizeof(request), MSG_NOSIGNAL) == sizeof(request));
	rig_want(r, receive(r, *lease, &text, fds) == sizeof(text));
	if (text.error)
		return NULL;
	page = mmap(NULL, UDRV_SND_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	rig_want(r, page == MAP_FAILED && errno == EACCES);
	page = mmap(NULL, UDRV_SND_PAGE_SIZE, PROT_READ, MAP_SHARED, fds[0], 0);
	rig_want(r, page != MAP_FAILED);
	close(fds[0]);
	return page;
}

static void everybody_hears_of_a_knob(void **state)
{
	struct udrv_snd_set set = { UDRV_SND_MAGIC, 3, { 17, -18 } };
	const struct udrv_snd_mixer *page;
	struct rig *r = *state;
	int mine, other;
	char c;

	begin(r);
	page = mixer(r, &mine);
	rig_want(r, page && mixer(r, &other));
	rig_want(r, send(mine, &set, sizeof(set), MSG_NOSIGNAL) == sizeof(set));
	rig_want(r, recv(other, &c, 1, 0) == 1 && recv(mine, &c, 1, 0) == 1);
	rig_want(r, page->value[3][0] == 17 && page->value[3][1] == -18);
	/* Nothing new is no news, and what there is not cannot be turned. */
	send(mine, &set, sizeof(set), MSG_NOSIGNAL);
	set.control = UDRV_SND_CONTROLS;
	send(mine, &set, sizeof(set), MSG_NOSIGNAL);
	set.control = UINT32_MAX;
	send(mine, &set, sizeof(set), MSG_NOSIGNAL);
	still_well(r);
	rig_want(r, recv(other, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	/* Whoever talks nonsense is sent away, others stay. */
	send(mine, &set, 5, MSG_NOSIGNAL);
	rig_want(r, recv(mine, &c, 1, 0) == 0);
	rig_want(r, rig_do(r, "kill", "snd0"));
	rig_wait_number(r, "snd0", "starts", 2, 5000);
	rig_want(r, page->value[3][0] == 17);
	rig_want(r, recv(other, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	close(mine);
	close(other);
}

/* Who does not listen costs nothing, and too many mixers leave room for streams. */
static void mixers_without_end(void **state)
{
	struct udrv_snd_set set = { UDRV_SND_MAGIC, 0, { 0 } };
	struct rig *r = *state;
	struct lease l;
	int fd[100], n = 0;

	begin(r);
	while (n < 100 && mixer(r, &fd[n]))
		n++;
	rig_want(r, n > 4 && n < 100);
	for (int i = 0; i < 20000; i++) {
		set.value[0] = i;
		rig_want(r, send(fd[0], &set, sizeof(set), MSG_NOSIGNAL) == sizeof(set));
	}
	l = take(r, UDRV_SND_PLAYBACK);
	still_well(r);
	leave(&l);
	for (int i = 0; i <= n; i++)
		close(fd[i]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_application_a_stream),
		TEST(what_an_application_leaves),
		TEST(nonsense_is_refused),
		TEST(silence_is_not_waited_for),
		TEST(a_thousand_connections),
		TEST(a_bell_that_nobody_hears),
		TEST(no_driver_no_stream),
		TEST(a_death_is_not_noticed),
		TEST(a_driver_that_reads_no_news),
		TEST(everybody_hears_of_a_knob),
		TEST(mixers_without_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
