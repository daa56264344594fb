// SPDX-License-Identifier: MIT
/*
 * handover.c - a running device goes from one program to the next.
 *
 * The old one stops at a point where nothing is half done, writes down what its
 * heir must know and ends; the device goes on meanwhile, in the memory that our
 * supervisor keeps.  Whatever does not fit leads back to a reset.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* FNV-1a: notices a page that was not written to its end. */
static uint32_t sum_of(const struct udrv_handover *h)
{
	const uint8_t *at = (const uint8_t *)h->layout;
	size_t n = sizeof(h->layout) + h->len;
	uint32_t sum = 2166136261u;

	while (n--)
		sum = (sum ^ *at++) * 16777619u;
	return sum;
}

bool udrv_can_hand_over(const struct udrv_driver *drv)
{
	return drv->layout && drv->handover && drv->adopt &&
	       strlen(drv->layout) < UDRV_LAYOUT_MAX;
}

int udrv_hand_over(struct udrv_dev *dev)
{
	struct udrv_handover *h = dev->handover;
	int ret;

	if (!h || !udrv_can_hand_over(dev->drv) || dev->state != UDRV_DEV_STARTED)
		return -ENOTSUP;
	/* Memory that only we have mapped would have to be found again. */
	if (dev->arena.va && !dev->arena_kept)
		return -ENOTSUP;
	memset(h, 0, sizeof(*h));
	ret = dev->drv->handover(dev, h->state, UDRV_HANDOVER_STATE);
	if (ret < 0)
		return ret;
	strcpy(h->layout, dev->drv->layout);
	h->len = (uint32_t)ret;
	h->sum = sum_of(h);
	h->magic = UDRV_HANDOVER_MAGIC;
	dev->state = UDRV_DEV_HANDED_OVER;
	/* If this does not arrive the device is reset, as after a death. */
	return udrv_notify(dev, "X_UDRV_HANDOVER=1");
}

static const char *unfit(const struct udrv_dev *dev)
{
	const struct udrv_handover *h = dev->handover;

	if (!udrv_can_hand_over(dev->drv))
		return "this driver cannot";
	if (!h || h->magic != UDRV_HANDOVER_MAGIC || h->len > UDRV_HANDOVER_STATE ||
	    h->sum != sum_of(h))
		return "its state is not all there";
	if (strncmp(h->layout, dev->drv->layout, sizeof(h->layout)) != 0)
		return "its state is of another layout";
	return NULL;
}

int udrv_adopt(struct udrv_dev *dev)
{
	struct udrv_handover *h = dev->handover;
	const char *why = unfit(dev);
	int ret = -EPROTO;

	if (!why) {
		dev->state = UDRV_DEV_STARTED;
		ret = dev->drv->adopt(dev, h->state, h->len);
	}
	/* Nobody else is to believe it. */
	if (h)
		h->magic = 0;
	if (!ret)
		return 0;
	udrv_log(dev, UDRV_WARN, "the running device is not taken over: %s; it is reset",
		 why ? why : strerror(-ret));
	udrv_irq_close_all(dev);
	udrv_dma_close_all(dev);
	dev->state = UDRV_DEV_OPEN;
	return ret;
}
