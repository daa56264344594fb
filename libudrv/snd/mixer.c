// SPDX-License-Identifier: MIT
/*
 * mixer.c - controls: the driver says what there are, the supervisor's page what
 * they are to be.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "snd_internal.h"

static int32_t within(int32_t v, const struct udrv_snd_control *c)
{
	return v < c->min ? c->min : v > c->max ? c->max : v;
}

/* What there is of the last driver's stays, control by control. */
static void fill_in(struct udrv_snd_mixer *page, const struct udrv_snd_knobs *k)
{
	for (unsigned int i = 0; i < k->n; i++) {
		const struct udrv_snd_control *c = &k->list[i];

		if (page->magic == UDRV_SND_MAGIC && i < page->n &&
		    !memcmp(&page->control[i], c, sizeof(*c)))
			continue;
		page->control[i] = *c;
		for (int ch = 0; ch < 2; ch++)
			__atomic_store_n(&page->value[i][ch], c->initial, __ATOMIC_RELAXED);
	}
	page->n = k->n;
	__atomic_store_n(&page->magic, UDRV_SND_MAGIC, __ATOMIC_RELEASE);
}

static void wanted(const struct udrv_snd_knobs *k, unsigned int i, int32_t value[2])
{
	const struct udrv_snd_control *c = &k->list[i];

	for (int ch = 0; ch < 2; ch++)
		value[ch] = within(k->page ? __atomic_load_n(&k->page->value[i][ch],
							     __ATOMIC_ACQUIRE) : c->initial, c);
	if (c->channels < 2)
		value[1] = value[0];
}

static void set(struct udrv_snd *snd, unsigned int i, const int32_t value[2])
{
	int ret = snd->ops->set(snd->dev, i, value);

	memcpy(snd->knobs.set[i], value, sizeof(snd->knobs.set[i]));
	if (ret)
		udrv_log(snd->dev, UDRV_WARN, "'%s' cannot be set: %s", snd->knobs.list[i].name,
			 strerror(-ret));
}

static int open_page(struct udrv_snd *snd)
{
	int fd = udrv_fd(snd->dev, "mixer"), ret;
	size_t len;
	void *va;

	if (fd < 0)
		return 0;
	ret = udrv_snd_memfd_check(snd->dev, fd, "mixer", &len);
	if (ret)
		return ret;
	va = mmap(NULL, UDRV_SND_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (va == MAP_FAILED)
		return -errno;
	snd->knobs.page = va;
	return 0;
}

int udrv_snd_mixer_start(struct udrv_snd *snd, struct udrv_dev *dev,
			 const struct udrv_snd_ops *ops, const struct udrv_snd_control *list,
			 unsigned int n)
{
	struct udrv_snd_knobs *k = &snd->knobs;
	int ret;

	snd->dev = dev;
	snd->ops = ops;
	*k = (struct udrv_snd_knobs){ .list = list, .n = n };
	if (n > UDRV_SND_CONTROLS)
		return -E2BIG;
	ret = open_page(snd);
	if (ret)
		return ret;
	if (k->page)
		fill_in(k->page, k);
	for (unsigned int i = 0; i < n; i++) {
		int32_t value[2];

		wanted(k, i, value);
		set(snd, i, value);
	}
	return 0;
}

void udrv_snd_mixer_look(struct udrv_snd *snd)
{
	struct udrv_snd_knobs *k = &snd->knobs;

	for (unsigned int i = 0; i < k->n && k->page; i++) {
		int32_t value[2];

		wanted(k, i, value);
		if (memcmp(value, k->set[i], sizeof(value)) != 0)
			set(snd, i, value);
	}
}

void udrv_snd_mixer_stop(struct udrv_snd *snd)
{
	if (snd->knobs.page)
		munmap(snd->knobs.page, UDRV_SND_PAGE_SIZE);
	snd->knobs = (struct udrv_snd_knobs){ 0 };
}
