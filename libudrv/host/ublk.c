// SPDX-License-Identifier: MIT
/*
 * ublk.c - the privileged side of a ublk block device.  Commands go to
 * /dev/ublk-control through a small io_uring, so that those that wait for a
 * server do not make us wait.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../blk/ublk_abi.h"
#include "host_internal.h"

#include <udrv/ublk.h>

#define CONTROL		"/dev/ublk-control"
#define ENTRIES		8
#define WORKERS		256		/* more than there are disks */
#define SYNC_MS		5000		/* commands that wait for nobody but the kernel */
/* The kernel takes a new nr_requests when no request is under way.  That is at once,
 * unless the server has just died, and then it may need us, who wait. */
#define RESERVE_MS	1000

struct udrv_ublk {
	struct io_uring ring;
	int control;
	int number;			/* -1: not added yet */
	unsigned int depth;
	bool busy;			/* a command of udrv_host_ublk_begin() is out */
	enum udrv_ublk_cmd cmd;
	struct ublksrv_ctrl_dev_info info;	/* what UDRV_UBLK_LOOK sees */
	/* What the synchronous commands see.  They are not on a stack, because a command
	 * that we have given up is not over: the kernel may write its answer at any time. */
	struct ublksrv_ctrl_dev_info sync_info;
	struct ublk_params params;
	uint64_t serial;		/* of the last synchronous command */
	bool lost;			/* a command was given up */
	bool taken;			/* one that has the two buffers */
};

/* user_data of an asynchronous command, a synchronous one (and above it its serial
 * number, so that a late answer is nobody else's), and a cancel. */
enum { ASYNC = 1, SYNC, CANCEL };
#define SERIAL_SHIFT	8

static int queue(struct udrv_ublk *u, unsigned int op, const struct ublksrv_ctrl_cmd *cmd,
		 uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
	int ret;

	if (!sqe)
		return -EBUSY;			/* never: three are in use at most */
	memset(sqe, 0, 2 * sizeof(*sqe));	/* SQE128 */
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = u->control;
	sqe->cmd_op = op;
	sqe->user_data = data;
	memcpy(sqe->cmd, cmd, sizeof(*cmd));
	ret = io_uring_submit(&u->ring);
	return ret < 0 ? ret : 0;
}

/* Wait for one of the ring's answers; ASYNC ones are kept for their caller by
 * not asking while one is out (see udrv_host_ublk_remove()). */
static int wait_for(struct udrv_ublk *u, uint64_t data)
{
	struct __kernel_timespec ts = { SYNC_MS / 1000, 0 };
	struct io_uring_cqe *cqe;
	int ret;

	for (;;) {
		uint64_t got;

		ret = io_uring_wait_cqe_timeout(&u->ring, &cqe, &ts);
		if (ret == -EINTR)
			continue;
		if (ret) {
			u->lost = true;
			return ret == -ETIME ? -ETIMEDOUT : ret;
		}
		got = cqe->user_data;
		ret = cqe->res;
		io_uring_cqe_seen(&u->ring, cqe);
		if (got == data)
			return ret;
	}
}

static int command(struct udrv_ublk *u, unsigned int op, void *buf, size_t len)
{
	struct ublksrv_ctrl_cmd cmd = {
		.dev_id = (uint32_t)u->number, .queue_id = (uint16_t)-1,
		.addr = (uintptr_t)buf, .len = (uint16_t)len,
	};
	uint64_t data = SYNC | ++u->serial << SERIAL_SHIFT;
	int ret;

	if (buf && u->taken)
		return -ETIMEDOUT;
	ret = queue(u, op, &cmd, data);
	if (!ret)
		ret = wait_for(u, data);
	if (buf && ret == -ETIMEDOUT)
		u->taken = true;
	return ret;
}

/* START and END keep a worker of the kernel until a driver comes, and all our rings share
 * those: 4 for each processor, or fewer.  Held disks, whose drivers do not come, would
 * leave none for the RECOVER of another.  The limit of unbounded work stays (0).  A kernel
 * that refuses (it is older than 5.15) serves a few disks all the same. */
static void raise_workers(struct udrv_ublk *u)
{
	unsigned int max[2] = { WORKERS, 0 };

	io_uring_register_iowq_max_workers(&u->ring, max);
}

static int open_control(struct udrv_ublk *u, struct udrv_error *err)
{
	int ret;

	u->control = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (u->control < 0)
		return udrv_host_fail(err, -errno, CONTROL ": %s%s", strerror(errno),
			errno == ENOENT ? " (modprobe ublk_drv; Linux 6.5 or newer is needed)" :
			errno == EACCES || errno == EPERM ? " (CAP_SYS_ADMIN is needed)" : "");
	ret = io_uring_queue_init(ENTRIES, &u->ring, IORING_SETUP_SQE128);
	if (ret) {
		close(u->control);
		return udrv_host_fail(err, ret, "no io_uring for " CONTROL ": %s%s",
			strerror(-ret),
			ret == -EPERM ? "; is kernel.io_uring_disabled set?" : "");
	}
	raise_workers(u);
	return 0;
}

static uint8_t log2_of(uint32_t n)
{
	return (uint8_t)(31 - __builtin_clz(n));
}

static int set_params(struct udrv_ublk *u, const struct udrv_blk_limits *l)
{
	struct ublk_params *p = &u->params;

	*p = (struct ublk_params){
		.len = sizeof(*p),
		.types = UBLK_PARAM_TYPE_BASIC,
		.basic = {
			.attrs = (l->flags & UDRV_BLK_READ_ONLY ? UBLK_ATTR_READ_ONLY : 0) |
				 (l->flags & UDRV_BLK_ROTATIONAL ? UBLK_ATTR_ROTATIONAL : 0) |
				 (l->flags & UDRV_BLK_WRITE_CACHE ? UBLK_ATTR_VOLATILE_CACHE : 0) |
				 (l->flags & UDRV_BLK_FUA ? UBLK_ATTR_FUA : 0),
			.logical_bs_shift = log2_of(l->logical_block),
			.physical_bs_shift = log2_of(l->physical_block),
			.io_min_shift = log2_of(l->physical_block),
			.io_opt_shift = log2_of(l->physical_block),
			.max_sectors = l->max_sectors,
			.dev_sectors = l->sectors,
		},
	};

	if (l->max_discard_sectors) {
		p->types |= UBLK_PARAM_TYPE_DISCARD;
		p->discard.discard_granularity = l->physical_block;
		p->discard.max_discard_sectors = l->max_discard_sectors;
		p->discard.max_discard_segments = 1;
	}
	return command(u, UBLK_U_CMD_SET_PARAMS, p, sizeof(*p));
}

static int add(struct udrv_ublk *u, const struct udrv_blk_limits *l, uint64_t cookie,
	       struct udrv_error *err)
{
	const uint64_t wanted = UBLK_F_USER_RECOVERY | UBLK_F_USER_RECOVERY_REISSUE |
				UBLK_F_USER_COPY;
	struct ublksrv_ctrl_dev_info *info = &u->sync_info;
	int ret;

	*info = (struct ublksrv_ctrl_dev_info){
		.nr_hw_queues = 1,
		.queue_depth = (uint16_t)(l->depth + 1),	/* one in reserve */
		.max_io_buf_bytes = l->max_sectors * 512,
		.dev_id = (uint32_t)-1,
		.ublksrv_pid = getpid(),
		.flags = wanted,
		.ublksrv_flags = cookie,
	};
	ret = command(u, UBLK_U_CMD_ADD_DEV, info, sizeof(*info));
	if (ret)
		return udrv_host_fail(err, ret, "no ublk device can be added: %s%s",
			strerror(-ret), ret == -EPERM ? " (CAP_SYS_ADMIN is needed)" : "");
	u->number = (int)info->dev_id;
	if ((info->flags & wanted) != wanted)
		return udrv_host_fail(err, -EOPNOTSUPP,
			"this kernel's ublk devices are too old; Linux 6.5 or newer is needed");
	ret = set_params(u, l);
	if (ret)
		return udrv_host_fail(err, ret, "/dev/ublkb%d: its limits are refused: %s",
				      u->number, strerror(-ret));
	return 0;
}

static int new_ublk(struct udrv_ublk **up, struct udrv_error *err)
{
	struct udrv_ublk *u = calloc(1, sizeof(*u));
	int ret;

	if (!u) {
		udrv_host_fail(err, -ENOMEM, "out of memory");
		return -ENOMEM;
	}
	u->number = -1;
	ret = open_control(u, err);
	if (ret)
		free(u);
	else
		*up = u;
	return ret;
}

int udrv_host_ublk_add(struct udrv_ublk **up, const struct udrv_blk_limits *limits,
		       uint64_t cookie, struct udrv_error *err)
{
	struct udrv_ublk *u;
	int ret = new_ublk(&u, err);

	if (ret)
		return ret;
	u->depth = limits->depth;
	ret = add(u, limits, cookie, err);
	if (ret) {
		udrv_host_ublk_remove(u);
		return ret;
	}
	*up = u;
	return 0;
}

/* End the command that is out, whatever it waits for. */
static void cancel(struct udrv_ublk *u)
{
	struct io_uring_sqe *sqe;

	sqe = u->busy ? io_uring_get_sqe(&u->ring) : NULL;
	if (!sqe)
		return;
	memset(sqe, 0, 2 * sizeof(*sqe));
	io_uring_prep_cancel64(sqe, ASYNC, 0);
	sqe->user_data = CANCEL;
	io_uring_submit(&u->ring);
	wait_for(u, ASYNC);
	u->busy = false;
}

/* Its number is free only when the last opener is gone: do not wait for that,
 * where the kernel lets us (6.9). */
static void delete(struct udrv_ublk *u)
{
	if (command(u, UBLK_U_CMD_DEL_DEV_ASYNC, NULL, 0) == -EOPNOTSUPP)
		command(u, UBLK_U_CMD_DEL_DEV, NULL, 0);
}

void udrv_host_ublk_remove(struct udrv_ublk *u)
{
	cancel(u);
	/* One that does not stop stays: its removal would wait for that in the kernel,
	 * with the lock that all other ublk devices need to come and go. */
	if (u->number >= 0 && command(u, UBLK_U_CMD_STOP_DEV, NULL, 0) != -ETIMEDOUT)
		delete(u);
	close(u->control);
	/* A leak on purpose: the kernel may still write into *u and into the ring. */
	if (u->lost)
		return;
	io_uring_queue_exit(&u->ring);
	free(u);
}

/* ---- one that is there already ---------------------------------------------- */

static int get_limits(struct udrv_ublk *u, struct udrv_blk_limits *l)
{
	struct ublk_params *p = &u->params;
	unsigned int attrs;
	int ret;

	*p = (struct ublk_params){ .len = sizeof(*p) };
	ret = command(u, UBLK_U_CMD_GET_PARAMS, p, sizeof(*p));
	if (ret)
		return ret;
	attrs = p->basic.attrs;
	*l = (struct udrv_blk_limits) {
		.sectors = p->basic.dev_sectors,
		.logical_block = 1u << p->basic.logical_bs_shift,
		.physical_block = 1u << p->basic.physical_bs_shift,
		.max_sectors = p->basic.max_sectors,
		.max_discard_sectors = p->types & UBLK_PARAM_TYPE_DISCARD ?
			p->discard.max_discard_sectors : 0,
		.depth = u->sync_info.queue_depth - 1u,
		.flags = (attrs & UBLK_ATTR_READ_ONLY ? UDRV_BLK_READ_ONLY : 0) |
			 (attrs & UBLK_ATTR_ROTATIONAL ? UDRV_BLK_ROTATIONAL : 0) |
			 (attrs & UBLK_ATTR_VOLATILE_CACHE ? UDRV_BLK_WRITE_CACHE : 0) |
			 (attrs & UBLK_ATTR_FUA ? UDRV_BLK_FUA : 0),
	};
	u->depth = l->depth;
	return 0;
}

static int look_at(struct udrv_ublk *u, uint64_t cookie, struct udrv_blk_limits *limits)
{
	const struct ublksrv_ctrl_dev_info *info = &u->sync_info;
	int ret = command(u, UBLK_U_CMD_GET_DEV_INFO, &u->sync_info, sizeof(u->sync_info));

	if (ret)
		return ret;
	if (info->ublksrv_flags != cookie || !(info->flags & UBLK_F_USER_RECOVERY) ||
	    !(info->flags & UBLK_F_USER_COPY))
		return -ENOENT;
	if (info->state == UBLK_S_DEV_DEAD) {
		delete(u);
		return -ENOENT;
	}
	return get_limits(u, limits);
}

int udrv_host_ublk_find(struct udrv_ublk **up, uint64_t cookie,
			struct udrv_blk_limits *limits, struct udrv_error *err)
{
	struct udrv_ublk *u;
	struct dirent *e;
	DIR *dir;
	int ret = new_ublk(&u, err);

	if (ret)
		return ret;
	ret = -ENOENT;
	dir = opendir("/sys/class/ublk-char");
	while (dir && ret && (e = readdir(dir)))
		if (sscanf(e->d_name, "ublkc%d", &u->number) == 1)
			ret = look_at(u, cookie, limits);
	if (dir)
		closedir(dir);
	if (!ret) {
		*up = u;
		return 0;
	}
	u->number = -1;			/* not ours: leave it alone */
	udrv_host_ublk_remove(u);
	return udrv_host_fail(err, -ENOENT, "there is no such ublk device");
}

int udrv_host_ublk_number(const struct udrv_ublk *u)
{
	return u->number;
}

int udrv_host_ublk_char(const struct udrv_ublk *u, int *fdp, struct udrv_error *err)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/ublkc%d", u->number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return udrv_host_fail(err, -errno, "%s: %s", path, strerror(errno));
	*fdp = fd;
	return 0;
}

int udrv_host_ublk_reserve(const struct udrv_ublk *u, struct udrv_error *err)
{
	char text[16];
	int ret;

	snprintf(text, sizeof(text), "%u", u->depth);
	ret = udrv_host_write_within(RESERVE_MS, text, "/sys/block/ublkb%d/queue/nr_requests",
				     u->number);
	if (ret == -ETIMEDOUT)
		return 0;			/* the kernel goes on with it */
	if (ret)
		return udrv_host_fail(err, ret, "/sys/block/ublkb%d/queue/nr_requests: %s",
				      u->number, strerror(-ret));
	return 0;
}

int udrv_host_ublk_begin(struct udrv_ublk *u, enum udrv_ublk_cmd cmd, int pid)
{
	static const unsigned int ops[] = {
		[UDRV_UBLK_START] = UBLK_U_CMD_START_DEV,
		[UDRV_UBLK_LOOK] = UBLK_U_CMD_GET_DEV_INFO,
		[UDRV_UBLK_RECOVER] = UBLK_U_CMD_START_USER_RECOVERY,
		[UDRV_UBLK_END] = UBLK_U_CMD_END_USER_RECOVERY,
		[UDRV_UBLK_STOP] = UBLK_U_CMD_STOP_DEV,
	};
	struct ublksrv_ctrl_cmd c = {
		.dev_id = (uint32_t)u->number, .queue_id = (uint16_t)-1,
		.data = { (uint64_t)pid },
	};
	int ret;

	if (u->busy)
		return -EALREADY;
	if (cmd == UDRV_UBLK_LOOK) {
		c.addr = (uintptr_t)&u->info;
		c.len = sizeof(u->info);
	}
	ret = queue(u, ops[cmd], &c, ASYNC);
	u->busy = !ret;
	u->cmd = cmd;
	return ret;
}

int udrv_host_ublk_fd(const struct udrv_ublk *u)
{
	return u->ring.ring_fd;
}

/* Late answers of others are dropped, or our caller would find the ring readable again
 * and again. */
static struct io_uring_cqe *answer(struct udrv_ublk *u)
{
	struct io_uring_cqe *cqe;

	while (!io_uring_peek_cqe(&u->ring, &cqe)) {
		if (u->busy && cqe->user_data == ASYNC)
			return cqe;
		io_uring_cqe_seen(&u->ring, cqe);
	}
	return NULL;
}

int udrv_host_ublk_end(struct udrv_ublk *u, enum udrv_ublk_cmd *cmd, int *result)
{
	struct io_uring_cqe *cqe = answer(u);

	if (!cqe)
		return -EAGAIN;
	*cmd = u->cmd;
	*result = cqe->res;
	io_uring_cqe_seen(&u->ring, cqe);
	u->busy = false;
	if (u->cmd == UDRV_UBLK_LOOK && !*result && u->info.state != UBLK_S_DEV_QUIESCED)
		*result = -EBUSY;
	return 0;
}
