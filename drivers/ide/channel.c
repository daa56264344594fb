// SPDX-License-Identifier: MIT
/*
 * channel.c - commands under way.  A channel does one at a time, for either of
 * its drives; interrupts and timers carry it on, and nothing here waits for a
 * drive longer than it takes to ask it.
 */
#include <errno.h>
#include <liburing.h>
#include <string.h>

#include "ide.h"

#define SPIN_NS		100000	/* polled: as long as a short command takes; */
#define CLOCK_EVERY	8	/* looks at the drive */
#define UNWATCHED_LOG2	8	/* after many in vain, one in 256 is watched */
#define POLL_US		50	/* then after this pause, the next is twice as long, */
#define POLL_MAX_US	1000	/* up to this */
#define DRQ_US		50	/* PIO out: most drives ask for data at once */

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* ---- timers --------------------------------------------------------------- */

/* Finer than udrv_loop_timer(), and without a system call of its own. */
void ide_poll_soon(struct ide_channel *ch)
{
	struct io_uring_sqe *sqe;

	if (ch->polling)
		return;
	sqe = udrv_loop_sqe(udrv_loop(ch->ide->dev), &ch->poll_op);
	ch->poll_ts = (struct __kernel_timespec){ .tv_nsec = (long long)ch->poll_us * 1000 };
	io_uring_prep_timeout(sqe, &ch->poll_ts, 0, IORING_TIMEOUT_ETIME_SUCCESS);
	ch->polling = true;
	ch->poll_us = ch->poll_us < POLL_MAX_US / 2 ? 2 * ch->poll_us : POLL_MAX_US;
}

/* ---- the requests ----------------------------------------------------------- */

int ide_submit(struct ide *ide, unsigned int channel, unsigned int drive, struct ide_req *req)
{
	struct ide_channel *ch = &ide->ch[channel];
	const struct ide_id *id = &ch->drives[drive].id;
	uint32_t max = id->lba48 ? IDE_MAX_LBA48 : IDE_MAX_LBA28;
	bool rw = req->op == IDE_READ || req->op == IDE_WRITE;

	if (!ch->exists || !ch->drives[drive].present || ch->state == IDE_DEAD)
		return -ENODEV;
	if (req->op == IDE_DISCARD && !id->trim)
		return -EOPNOTSUPP;
	if (req->op == IDE_DISCARD)
		max = IDE_MAX_TRIM;
	if (req->op != IDE_FLUSH &&
	    (!req->nsect || req->nsect > max || req->sector >= id->sectors ||
	     req->nsect > id->sectors - req->sector))
		return -EINVAL;
	if (rw && (req->buf.len < (uint64_t)req->nsect * IDE_SECTOR ||
		   req->nsect * (size_t)IDE_SECTOR > (IDE_PRDS - 1) * (size_t)PRD_MAX))
		return -EINVAL;
	if (req->op == IDE_FLUSH && ch->drives[drive].no_flush) {
		req->done(req, 0);
		return 0;
	}
	req->drive = drive;
	req->tries = 0;
	req->flush_next = req->written = false;
	req->next = NULL;
	*ch->tail = req;
	ch->tail = &req->next;
	ide_pump(ch);
	return 0;
}

static struct ide_req *take(struct ide_channel *ch)
{
	struct ide_req *req = ch->head;

	if (!req)
		return NULL;
	ch->head = req->next;
	if (!ch->head)
		ch->tail = &ch->head;
	return req;
}

void ide_again(struct ide_channel *ch, struct ide_req *req)
{
	req->next = ch->head;
	if (!ch->head)
		ch->tail = &req->next;
	ch->head = req;
}

struct ide_req *ide_take_all(struct ide_channel *ch, unsigned int drive)
{
	struct ide_req **at = &ch->head, *taken = NULL, **last = &taken;

	while (*at) {
		struct ide_req *req = *at;

		if (req->drive != drive) {
			at = &req->next;
			continue;
		}
		*at = req->next;
		req->next = NULL;
		*last = req;
		last = &req->next;
	}
	ch->tail = at;
	return taken;
}

void ide_forget(struct ide_channel *ch)
{
	ch->state = IDE_IDLE;
	ch->req = NULL;
	ch->head = NULL;
	ch->tail = &ch->head;
}

/* ---- starting a command ------------------------------------------------------ */

static bool setup_cmd(const struct ide_channel *ch, struct ide_drive *d, unsigned int step,
		      struct ide_cmd *cmd)
{
	*cmd = (struct ide_cmd){ .protocol = IDE_NODATA };
	switch (step) {
	case IDE_SETUP_MODE:
		cmd->command = SET_FEATURES;
		cmd->feature = FEATURE_XFER_MODE;
		cmd->count = d->mode;
		return d->mode;
	case IDE_SETUP_MULTIPLE:
		d->multiple = d->id.multiple;
		cmd->command = SET_MULTIPLE_MODE;
		cmd->count = (uint16_t)d->multiple;
		return d->multiple;
	default:
		/* STANDBY would stop the motor at once. */
		cmd->command = IDLE;
		cmd->count = (uint16_t)ch->ide->standby;
		return ch->ide->standby;
	}
}

bool ide_setup_next(struct ide_channel *ch)
{
	for (unsigned int i = 0; i < IDE_DRIVES; i++) {
		struct ide_drive *d = &ch->drives[i];

		while (d->present && d->setup) {
			unsigned int step = d->setup & -d->setup;

			d->setup &= ~step;
			if (!setup_cmd(ch, d, step, &ch->now))
				continue;
			if (step == IDE_SETUP_MODE && ch->ide->chip->set_mode)
				ch->ide->chip->set_mode(ch, i, d->mode);
			ch->now_drive = i;
			ch->now_setup = step;
			return true;
		}
	}
	return false;
}

static int make_cmd(struct ide_channel *ch, struct ide_req *req)
{
	const struct ide_drive *d = &ch->drives[req->drive];
	int n;

	switch (req->written ? IDE_FLUSH : req->op) {
	case IDE_FLUSH:
		ide_cmd_flush(&ch->now, &d->id);
		return 0;
	case IDE_DISCARD:
		if (!d->mode)
			return -EOPNOTSUPP;	/* there is a form for DMA only */
		n = ide_cmd_trim(&ch->now, &d->id, req->sector, req->nsect, ch->ranges);
		if (!n)
			n = ide_prd_build(ch->prd, ch->ranges_iova, IDE_SECTOR);
		return n < 0 ? n : 0;
	default:
		ch->data = req->buf.va;
		n = ide_cmd_rw(&ch->now, &d->id, req->op == IDE_WRITE, d->mode, d->multiple,
			       req->sector, req->nsect);
		req->flush_next = !n && req->fua && !ide_cmd_fua(&ch->now, &d->id) && !d->no_flush;
		if (!n && ide_is_dma(ch))
			n = ide_prd_build(ch->prd, req->buf.iova, req->nsect * (size_t)IDE_SECTOR);
		return n < 0 ? n : 0;
	}
}

static void set_deadline(struct ide_channel *ch)
{
	uint64_t ms = ch->ide->timeout_ms;

	/* ATA-6, FLUSH CACHE: it may take more than 30 s. */
	if (ch->now.command == FLUSH_CACHE || ch->now.command == FLUSH_CACHE_EXT)
		ms *= 2;
	ch->deadline_ns = udrv_now_ns() + ms * 1000000;
	ch->poll_us = POLL_US;
}

static void data_out(struct ide_channel *ch)
{
	uint32_t left = ch->now.nsect - ch->done_sect;
	uint32_t n = left < ch->now.block ? left : ch->now.block;

	ide_hw_data_out(ch, ch->data + (size_t)ch->done_sect * IDE_SECTOR, (size_t)n * IDE_SECTOR);
	ch->done_sect += n;
	set_deadline(ch);
}

/* ATA-6 9.6: the first block of data is asked for without an interrupt. */
static void check_drq(struct ide_channel *ch)
{
	uint8_t status;

	/* Whether that came true is seen below. */
	(void)udrv_wait8(&ch->ctl, ch->ctl_off, STATUS_BSY | STATUS_DRQ, STATUS_DRQ, DRQ_US);
	status = ide_hw_status(ch);
	if (!(status & STATUS_BSY) && status & (STATUS_ERR | STATUS_DF)) {
		ide_drive_error(ch, ide_get(ch, STATUS), ide_get(ch, ERROR));
	} else if (!(status & STATUS_BSY) && status & STATUS_DRQ) {
		ch->state = IDE_RUN;
		data_out(ch);
	} else {
		ide_poll_soon(ch);
	}
}

/*
 * A short command may be over before an interrupt could wake us: then it costs
 * less to watch the drive.  The more often that was in vain, the more commands
 * pass before it is tried again.  An interrupt that nobody waits for costs, too:
 * while we watch there are none.
 */
static void choose_wait(struct ide_channel *ch)
{
	bool brief = ide_is_dma(ch) && ch->now.nsect <= IDE_BRIEF;
	bool watch = ch->ide->spin_us && brief && !ch->unwatched;

	if (ch->unwatched && brief)
		ch->unwatched--;
	if (!ch->polled && watch != ch->silent)
		ide_hw_interrupts(ch, !watch);
}

static void begin(struct ide_channel *ch)
{
	bool dma = ide_is_dma(ch);
	int ret;

	ch->started_ns = udrv_now_ns();
	set_deadline(ch);
	ch->done_sect = 0;
	ch->pending_seen = ch->lost_seen = false;
	ch->state = ch->now.protocol == IDE_PIO_OUT ? IDE_WAIT_DRQ : IDE_RUN;
	ide_tick_arm(ch);
	choose_wait(ch);

	if (dma)
		ide_hw_dma_aim(ch, ch->now.protocol == IDE_DMA_IN);
	ret = ide_hw_issue(ch, ch->now_drive, &ch->now);
	if (ret) {
		ide_channel_trouble(ch, "the drive cannot be selected");
		return;
	}
	if (dma)
		ide_hw_dma_go(ch);
	if (ch->state == IDE_WAIT_DRQ)
		check_drq(ch);
	if ((ch->polled || ch->silent) && ch->state == IDE_RUN)
		ide_check(ch);
}

/* Those who call done() are called from here, too: one level deep only. */
void ide_pump(struct ide_channel *ch)
{
	if (ch->pumping)
		return;
	ch->pumping = true;
	while (ch->state == IDE_IDLE) {
		int ret = 0;

		if (!ide_setup_next(ch)) {
			ch->req = take(ch);
			if (!ch->req)
				break;
			ch->now_drive = ch->req->drive;
			ret = make_cmd(ch, ch->req);
		}
		if (ret)
			ide_finish(ch, ret);
		else
			begin(ch);
	}
	ch->pumping = false;
}

void ide_finish(struct ide_channel *ch, int status)
{
	struct ide_req *req = ch->req;

	ch->state = IDE_IDLE;
	ch->req = NULL;
	/* Our own commands say nothing of how it serves its users. */
	if (!status && req)
		ch->drives[ch->now_drive].resets = 0;
	if (!status && ide_is_dma(ch))
		ch->drives[ch->now_drive].dma_trouble = 0;
	if (req && !status && req->flush_next) {
		req->flush_next = false;
		req->written = true;
		ide_again(ch, req);
	} else if (req) {
		req->done(req, status);
	}
	ide_pump(ch);
}

/* ---- carrying it on ------------------------------------------------------------ */

static void data_in(struct ide_channel *ch)
{
	uint32_t left = ch->now.nsect - ch->done_sect;
	uint32_t n = left < ch->now.block ? left : ch->now.block;

	ide_hw_data_in(ch, ch->data + (size_t)ch->done_sect * IDE_SECTOR, (size_t)n * IDE_SECTOR);
	ch->done_sect += n;
	set_deadline(ch);
	if (ch->done_sect == ch->now.nsect) {
		ch->selected = -1;	/* it may be busy for a moment yet */
		ide_finish(ch, 0);
	}
}

/* The drive has something to say.  BMIS first: an interrupt that follows the
 * reading of Status must not be taken for this one. */
void ide_advance(struct ide_channel *ch, uint8_t bmis)
{
	uint8_t status;

	ch->pending_seen = false;
	ide_hw_dma_off(ch);
	status = ide_get(ch, STATUS);
	if (status & STATUS_BSY)
		ide_channel_trouble(ch, "busy after its interrupt");
	else if (status & (STATUS_ERR | STATUS_DF))
		ide_drive_error(ch, status, ide_get(ch, ERROR));
	else if (bmis & BMIS_ERR)
		ide_channel_trouble(ch, "a PCI error during DMA");
	else if (ide_is_dma(ch) && bmis & BMIS_ACTIVE)
		ide_channel_trouble(ch, "the drive moved too few data");
	else if (ide_is_dma(ch) || ch->now.protocol == IDE_NODATA ||
		 (ch->now.protocol == IDE_PIO_OUT && ch->done_sect == ch->now.nsect))
		ide_finish(ch, 0);
	else if (!(status & STATUS_DRQ))
		ide_channel_trouble(ch, "no data where they should be");
	else if (ch->now.protocol == IDE_PIO_OUT)
		data_out(ch);
	else
		data_in(ch);
}

uint8_t ide_bmis(const struct ide_channel *ch)
{
	return udrv_read8(&ch->bm, ch->bm_off + BMIS);
}

void ide_interrupt(struct ide_channel *ch)
{
	uint8_t bmis;

	if (!ch->exists)
		return;
	bmis = ide_bmis(ch);
	if (!(bmis & BMIS_INT))
		return;			/* the other channel's, or a late one */
	ch->interrupts++;
	ch->lost_in_row = 0;
	if (ch->state == IDE_RUN) {
		ide_advance(ch, bmis);
		return;
	}
	/* Nobody waits for it, but it must go away. */
	udrv_write8(&ch->bm, ch->bm_off + BMIS, ch->bmis_keep | BMIS_INT);
	ide_get(ch, STATUS);
}

/* Without interrupts there is no BMIS_INT either.  SSBM is looked at because a
 * bus master that never started is not active, too. */
static bool is_over(const struct ide_channel *ch, uint8_t *bmis)
{
	uint8_t status = ide_hw_status(ch);

	if (status & STATUS_BSY)
		return false;
	*bmis = ide_bmis(ch);
	if (!ide_is_dma(ch) || status & (STATUS_ERR | STATUS_DF) || *bmis & BMIS_ERR)
		return true;
	return !(*bmis & BMIS_ACTIVE) && udrv_read8(&ch->bm, ch->bm_off + BMIC) & BMIC_SSBM;
}

/* Watched long enough: the rest is the interrupt's, or the next poll's. */
static void watched_in_vain(struct ide_channel *ch)
{
	uint8_t bmis;

	if (ch->polled) {
		ide_poll_soon(ch);
		return;
	}
	ch->unwatched = 1u << ch->watched;
	if (ch->watched < UNWATCHED_LOG2)
		ch->watched++;
	ide_hw_interrupts(ch, true);
	/* It may have come to its end just before, without one. */
	if (is_over(ch, &bmis))
		ide_advance(ch, bmis);
}

void ide_check(struct ide_channel *ch)
{
	uint64_t spin_ns = ch->polled ? SPIN_NS : ch->ide->spin_us * 1000ull;
	uint64_t started = ch->started_ns, end;
	uint8_t bmis = 0;

	udrv_loop_push(udrv_loop(ch->ide->dev));
	end = udrv_now_ns() + spin_ns;
	ide_hw_status(ch);		/* BSY takes 400 ns to come (ATA-6 9.4) */
	/* To look at the clock costs more than to look at the drive. */
	for (unsigned int looks = 1; ch->state == IDE_RUN && ch->started_ns == started; looks++) {
		if (is_over(ch, &bmis)) {
			ch->watched = 0;
			ide_advance(ch, bmis);
			end = udrv_now_ns() + spin_ns;
			ide_hw_status(ch);
		} else if (looks % CLOCK_EVERY == 0 && udrv_now_ns() > end) {
			watched_in_vain(ch);
			return;
		} else {
			udrv_relax();
		}
	}
}

static void poll_done(struct udrv_op *op, int res, unsigned int flags)
{
	struct ide_channel *ch = container_of(op, struct ide_channel, poll_op);

	ch->polling = false;
	if (ch->state == IDE_WAIT_DRQ)
		check_drq(ch);
	if (ch->state == IDE_WAIT_RESET)
		ide_reset_check(ch);
	else if (ch->state == IDE_RUN && ch->polled)
		ide_check(ch);
}

void ide_timers_init(struct ide_channel *ch)
{
	ch->tick_op.done = ide_tick;
	ch->poll_op.done = poll_done;
}
