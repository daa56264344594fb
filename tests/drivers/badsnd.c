// SPDX-License-Identifier: MIT
/*
 * badsnd.c - a sound driver without a chip that deceives its applications:
 *
 *	mode=lies	all that it writes into their pages is nonsense, all the time
 *	mode=stands	says that its engine runs, and it does not move
 *	mode=mixer	its list of controls is nonsense
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <udrv/snd.h>

struct bad {
	struct udrv_dev *dev;
	struct udrv_snd_page *page[UDRV_SND_DIRS];
	struct udrv_op tick;
};

/* Whatever it is: 0 and its neighbours, the largest, something in between. */
static uint64_t nonsense(void)
{
	static const uint64_t edges[] = { 0, 1, UINT64_MAX, 1ull << 63, UINT32_MAX, 1ull << 31 };
	unsigned int i = (unsigned int)rand() % 12;

	return i < 6 ? edges[i] : (uint64_t)rand() << (rand() % 33);
}

static void lie(struct udrv_snd_page *page, int bell)
{
	page->drv.is = (uint32_t)rand() % 8;
	page->drv.hw = nonsense();
	page->drv.hw_ns = nonsense();
	page->drv.xruns = nonsense();
	/* Else nobody would listen to the rest. */
	page->drv.gen = page->app.gen;
	page->caps.channels = (uint32_t)nonsense();
	page->ring_len = (uint32_t)nonsense();
	(void)send(bell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void tick_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct bad *b = (struct bad *)((char *)op - offsetof(struct bad, tick));

	lie(b->page[0], udrv_fd(b->dev, "playback-bell"));
	lie(b->page[1], udrv_fd(b->dev, "capture-bell"));
	udrv_loop_timer(udrv_loop(b->dev), 1, op);
}

static void *map(struct udrv_dev *dev, const char *name)
{
	void *va = mmap(NULL, UDRV_SND_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			udrv_fd(dev, name), 0);

	return va == MAP_FAILED ? NULL : va;
}

static void stand(struct udrv_dev *dev)
{
	struct udrv_checkpoint *cp = udrv_checkpoint(dev, NULL);

	cp->class = UDRV_CLASS_SND;
	cp->snd.stream[0].gen = cp->snd.stream[0].running = 1;
	cp->snd.stream[0].hw = 4711;
}

static int start(struct udrv_dev *dev)
{
	static const struct udrv_snd_caps caps = {
		.formats = 1, .channels = 1u << 2, .rate_min = 8000, .rate_max = 48000,
		.period_min = 16, .period_max = 4096, .periods_max = 1000,
	};
	const char *mode = udrv_option(dev, "mode");
	struct udrv_snd_mixer *mixer = map(dev, "mixer");
	struct bad *b = udrv_priv(dev);

	b->dev = dev;
	b->page[0] = map(dev, "playback");
	b->page[1] = map(dev, "capture");
	if (!b->page[0] || !b->page[1] || !mixer || !mode)
		return -EINVAL;
	for (int dir = 0; dir < UDRV_SND_DIRS; dir++) {
		b->page[dir]->caps = caps;
		b->page[dir]->magic = UDRV_SND_MAGIC;
	}
	mixer->magic = UDRV_SND_MAGIC;
	if (!strcmp(mode, "mixer")) {
		memset(mixer->control, 'x', sizeof(mixer->control));
		mixer->n = UINT32_MAX;
	} else if (!strcmp(mode, "stands")) {
		stand(dev);
	} else {
		b->tick.done = tick_done;
		tick_done(&b->tick, 0, 0);
	}
	return 0;
}

static void stop(struct udrv_dev *dev)
{
}

static const struct udrv_driver driver = {
	.name = "badsnd", .priv_size = sizeof(struct bad), .start = start, .stop = stop,
};

int main(int argc, char *argv[])
{
	return udrv_main(&driver, argc, argv);
}
