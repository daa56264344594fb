// SPDX-License-Identifier: GPL-2.0-only
/* Readable interrupt descriptors: the file in /proc and the one from ioctl. */
#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "irq_abi.h"
#include "udrv.h"

/* What any kind of poll can wait for, so that none sleeps through the end. */
#define UDRV_POLL_ALL	(EPOLLIN | EPOLLRDNORM | EPOLLPRI | EPOLLOUT | EPOLLWRNORM | \
			 EPOLLERR | EPOLLHUP)
/* How long waiters may take to see the end before they are made to leave. */
#define UDRV_LEAVE_MS	20
/* And how long then; they need a processor for it, and microseconds. */
#define UDRV_DRAIN_MS	5000

/* line->lock is held. */
static __poll_t udrv_desc_events(struct udrv_desc *desc)
{
	return (desc->count ? EPOLLIN | EPOLLRDNORM : 0) |
	       (desc->flags & UDRV_IRQ_STORM ? EPOLLPRI : 0);
}

/* line->lock is held. */
static void udrv_desc_tell(struct udrv_desc *desc)
{
	if (desc->reader)
		wake_up_process(desc->reader);
	/* Who polls queues first, and then takes our lock to look: no barrier is missing. */
	if (waitqueue_active(&desc->wait))
		wake_up_poll(&desc->wait, udrv_desc_events(desc));
}

/* line->lock is held.  dev: the one that interrupted, where there is one. */
void udrv_desc_count(struct udrv_desc *desc, struct udrv_dev *dev)
{
	desc->count++;
	desc->ns = ktime_get_ns();
	if (udrv_storm(desc, dev))
		desc->flags |= UDRV_IRQ_STORM;
	udrv_desc_tell(desc);
}

/* dev: this device alone; NULL: the whole line.  The caller holds the line. */
int udrv_desc_open(struct udrv_line *line, struct udrv_dev *dev, struct udrv_desc **out)
{
	struct udrv_desc *desc = kzalloc(sizeof(*desc), GFP_KERNEL);
	int ret;

	if (!desc)
		return -ENOMEM;
	desc->line = line;
	desc->dev = dev;
	init_waitqueue_head(&desc->wait);
	udrv_storm_init(desc);

	ret = line->ops->open(desc);
	if (ret) {
		/* It may have been armed for a moment. */
		udrv_storm_end(desc);
		kfree(desc);
		return ret;
	}
	udrv_line_get(line);
	*out = desc;
	return 0;
}

static void udrv_desc_wake(struct udrv_desc *desc, __poll_t key)
{
	__wake_up(&desc->wait, TASK_NORMAL, 0, poll_to_key(key));
}

/*
 * proc_remove() releases files that are still open, and whose pollers may
 * still be queued with us.  epoll and io_uring leave for good when told
 * POLLFREE; select and poll leave by themselves once woken, so wait for them.
 * Not for ever: they ask their other files first, which may never answer
 * (a FUSE file whose server sleeps).  False: somebody is queued still.
 */
static bool udrv_desc_drain(struct udrv_desc *desc)
{
	unsigned long end = jiffies + msecs_to_jiffies(UDRV_DRAIN_MS);

	while (wq_has_sleeper(&desc->wait)) {
		if (time_after(jiffies, end))
			return false;
		udrv_desc_wake(desc, UDRV_POLL_ALL | POLLFREE);
		if (wq_has_sleeper(&desc->wait))
			usleep_range(100, 1000);
	}
	return true;
}

/*
 * line->claim is held.  Returns when all who wait have seen the end, and not
 * earlier: once proc_remove() has begun, procfs answers poll() in our place,
 * and who waits for exceptions only would sleep on, for ever, and so would we.
 * First without POLLFREE, which io_uring takes for a cancellation.  The other
 * kind of descriptor has a file that its pollers keep: no need to wait.
 */
void udrv_desc_kill(struct udrv_desc *desc)
{
	bool waiters;

	spin_lock_irq(&desc->line->lock);
	desc->dead = true;
	if (desc->reader)
		wake_up_process(desc->reader);
	spin_unlock_irq(&desc->line->lock);
	/* From here on, who queues sees that it is dead, and leaves. */
	waiters = wq_has_sleeper(&desc->wait);
	udrv_desc_wake(desc, UDRV_POLL_ALL);
	if (desc->dev || !waiters)
		return;
	msleep(UDRV_LEAVE_MS);
	udrv_desc_drain(desc);
}

void udrv_desc_close(struct udrv_desc *desc)
{
	struct udrv_line *line = desc->line;

	/* From here on nothing arms it, so that its owner can let go. */
	spin_lock_irq(&line->lock);
	desc->dead = true;
	spin_unlock_irq(&line->lock);
	line->ops->close(desc);
	udrv_storm_end(desc);

	/* Better lose the memory than free what somebody is queued in. */
	if (udrv_desc_drain(desc))
		kfree_rcu(desc, rcu);
	else
		pr_warn("udrv: irq %d: a poller does not leave\n", line->irq);
	udrv_line_put(line);
}

/* line->lock is held. */
void udrv_desc_rearm(struct udrv_desc *desc)
{
	if (!desc->user_masked && !desc->storm && !desc->dead)
		desc->line->ops->rearm(desc);
}

/* What a read takes. */
struct udrv_taken {
	u64 count, ns;
	u32 flags;
};

/* line->lock is held.  Take what has been counted.  -EAGAIN: nothing yet. */
static int udrv_desc_take(struct udrv_desc *desc, struct udrv_taken *taken)
{
	if (desc->dead)
		return -ENODEV;
	if (!desc->count)
		return -EAGAIN;
	*taken = (struct udrv_taken){ desc->count, desc->ns, desc->flags };
	desc->count = 0;
	desc->flags = 0;
	return 0;
}

/* The reader's memory was bad: the interrupts are not lost. */
static void udrv_desc_untake(struct udrv_desc *desc, const struct udrv_taken *taken)
{
	spin_lock_irq(&desc->line->lock);
	desc->count += taken->count;
	desc->flags |= taken->flags;
	udrv_desc_tell(desc);
	spin_unlock_irq(&desc->line->lock);
}

/* The size asked for selects the form (irq_abi.h); 0: no such form. */
static size_t udrv_read_form(size_t asked)
{
	switch (asked) {
	case 1:
	case 4:
	case 8:
		return asked;
	default:
		return asked >= sizeof(struct udrv_irq_event) ? sizeof(struct udrv_irq_event) : 0;
	}
}

static struct udrv_irq_event udrv_read_event(const struct udrv_taken *taken)
{
	return (struct udrv_irq_event){
		.count = min_t(u64, taken->count, U32_MAX),
		.flags = taken->flags | (taken->count > U32_MAX ? UDRV_IRQ_SATURATED : 0),
		.ns = taken->ns,
	};
}

/* Each form with its own constant size, which is checked at compile time. */
static bool udrv_read_copy(struct iov_iter *to, size_t form, const struct udrv_taken *taken)
{
	struct udrv_irq_event ev = udrv_read_event(taken);
	u8 byte = min_t(u64, taken->count, U8_MAX);

	switch (form) {
	case sizeof(byte):
		return copy_to_iter(&byte, sizeof(byte), to) == sizeof(byte);
	case sizeof(ev.count):
		return copy_to_iter(&ev.count, sizeof(ev.count), to) == sizeof(ev.count);
	case sizeof(taken->count):
		return copy_to_iter(&taken->count, sizeof(taken->count), to) ==
		       sizeof(taken->count);
	default:
		return copy_to_iter(&ev, sizeof(ev), to) == sizeof(ev);
	}
}

/* The same for the plain read(), where every instruction counts. */
static bool udrv_read_put(char __user *to, size_t form, const struct udrv_taken *taken)
{
	struct udrv_irq_event ev;

	switch (form) {
	case sizeof(u8):
		return !put_user((u8)min_t(u64, taken->count, U8_MAX), (u8 __user *)to);
	case sizeof(u32):
		return !put_user((u32)min_t(u64, taken->count, U32_MAX), (u32 __user *)to);
	case sizeof(u64):
		return !put_user(taken->count, (u64 __user *)to);
	default:
		ev = udrv_read_event(taken);
		return !copy_to_user(to, &ev, sizeof(ev));
	}
}

/*
 * line->lock is held, there is nothing to take yet.  The only reader, the usual one,
 * waits without a queue, which saves 200 instructions for each interrupt; others
 * queue.  Who is woken waits again only if another reader was quicker.  That one has
 * yet to serve the device: so nothing is re-armed here.
 */
static int udrv_desc_wait(struct udrv_desc *desc, struct udrv_taken *taken)
{
	bool alone = !desc->reader;
	DEFINE_WAIT(wait);
	int ret;

	if (alone)
		desc->reader = current;
	do {
		if (alone)
			set_current_state(TASK_INTERRUPTIBLE);
		else
			prepare_to_wait(&desc->wait, &wait, TASK_INTERRUPTIBLE);
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		spin_unlock_irq(&desc->line->lock);
		schedule();
		spin_lock_irq(&desc->line->lock);
		ret = udrv_desc_take(desc, taken);
	} while (ret == -EAGAIN);
	if (alone) {
		__set_current_state(TASK_RUNNING);
		desc->reader = NULL;
	} else {
		finish_wait(&desc->wait, &wait);
	}
	return ret;
}

/* Take what has come, or wait for it. */
static int udrv_desc_read(struct udrv_desc *desc, bool nowait, struct udrv_taken *taken)
{
	int ret;

	spin_lock_irq(&desc->line->lock);
	udrv_desc_rearm(desc);
	ret = udrv_desc_take(desc, taken);
	if (ret == -EAGAIN && !nowait)
		ret = udrv_desc_wait(desc, taken);
	spin_unlock_irq(&desc->line->lock);
	return ret;
}

/* For io_uring and readv(). */
static ssize_t udrv_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct udrv_desc *desc = iocb->ki_filp->private_data;
	bool nowait = (iocb->ki_flags & IOCB_NOWAIT) || (iocb->ki_filp->f_flags & O_NONBLOCK);
	size_t form = udrv_read_form(iov_iter_count(to));
	struct udrv_taken taken;
	int ret;

	if (!form)
		return -EINVAL;
	ret = udrv_desc_read(desc, nowait, &taken);
	if (ret)
		return ret;
	if (!udrv_read_copy(to, form, &taken)) {
		udrv_desc_untake(desc, &taken);
		return -EFAULT;
	}
	return form;
}

/* read(): 150 instructions less than the way through an iterator. */
static ssize_t udrv_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct udrv_desc *desc = file->private_data;
	size_t form = udrv_read_form(len);
	struct udrv_taken taken;
	int ret;

	if (!form)
		return -EINVAL;
	ret = udrv_desc_read(desc, file->f_flags & O_NONBLOCK, &taken);
	if (ret)
		return ret;
	if (!udrv_read_put(buf, form, &taken)) {
		udrv_desc_untake(desc, &taken);
		return -EFAULT;
	}
	return form;
}

static __poll_t udrv_poll(struct file *file, poll_table *wait)
{
	struct udrv_desc *desc = file->private_data;
	__poll_t ret;

	/* Or udrv_desc_kill() would have newcomers to wait for. */
	if (READ_ONCE(desc->dead))
		return UDRV_POLL_ALL;
	poll_wait(file, &desc->wait, wait);
	spin_lock_irq(&desc->line->lock);
	udrv_desc_rearm(desc);
	/* Looked at after queueing: either we see the end, or it wakes us. */
	if (desc->dead)
		ret = UDRV_POLL_ALL;
	else
		ret = udrv_desc_events(desc);
	spin_unlock_irq(&desc->line->lock);
	return ret;
}

static void udrv_desc_mask(struct udrv_desc *desc, bool mask)
{
	desc->user_masked = mask;
	if (mask)
		desc->line->ops->mask(desc);
	else
		udrv_desc_rearm(desc);
}

static ssize_t udrv_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct udrv_desc *desc = file->private_data;
	u32 val;
	int ret = 0;

	if (len != sizeof(val))
		return -EINVAL;
	if (copy_from_user(&val, buf, sizeof(val)))
		return -EFAULT;
	if (val > 1)
		return -EINVAL;

	spin_lock_irq(&desc->line->lock);
	if (desc->dead)
		ret = -ENODEV;
	else
		udrv_desc_mask(desc, !val);
	spin_unlock_irq(&desc->line->lock);
	return ret ? ret : len;
}

static int udrv_release(struct inode *inode, struct file *file)
{
	udrv_desc_close(file->private_data);
	return 0;
}

static void udrv_desc_file(struct file *file, struct udrv_desc *desc)
{
	file->private_data = desc;
	stream_open(file_inode(file), file);
	/* io_uring tries IOCB_NOWAIT and then polls: no worker thread. */
	file->f_mode |= FMODE_NOWAIT;
}

static int udrv_proc_open(struct inode *inode, struct file *file)
{
	struct udrv_desc *desc;
	int ret = udrv_desc_open(pde_data(inode), NULL, &desc);

	if (ret)
		return ret;
	udrv_desc_file(file, desc);
	return 0;
}

const struct proc_ops udrv_proc_ops = {
	.proc_open	= udrv_proc_open,
	.proc_read_iter	= udrv_read_iter,
	.proc_write	= udrv_write,
	.proc_poll	= udrv_poll,
	.proc_release	= udrv_release,
};

static const struct file_operations udrv_fops = {
	.owner		= THIS_MODULE,
	.read		= udrv_read,
	.read_iter	= udrv_read_iter,
	.write		= udrv_write,
	.poll		= udrv_poll,
	.release	= udrv_release,
};

/* UDRV_IOCTL_IRQ_FD: a descriptor of this device alone. */
long udrv_desc_ioctl(struct udrv_dev *dev, unsigned long arg)
{
	struct udrv_irq_fd req;
	struct udrv_desc *desc;
	struct file *file;
	int fd, ret;

	if (copy_from_user(&req, (void __user *)arg, sizeof(req)))
		return -EFAULT;
	if (req.argsz < sizeof(req) || req.flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (req.index == VFIO_PCI_INTX_IRQ_INDEX)
		ret = dev->line && !req.vector ? udrv_desc_open(dev->line, dev, &desc) : -EINVAL;
	else
		ret = udrv_msi_open(dev, req.index, req.vector, &desc);
	if (ret)
		return ret;
	fd = get_unused_fd_flags(req.flags & O_CLOEXEC);
	if (fd < 0) {
		udrv_desc_close(desc);
		return fd;
	}
	file = anon_inode_getfile("[udrv-irq]", &udrv_fops, desc,
				  O_RDWR | (req.flags & O_NONBLOCK));
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		udrv_desc_close(desc);
		return PTR_ERR(file);
	}
	udrv_desc_file(file, desc);
	fd_install(fd, file);
	return fd;
}
