/* SPDX-License-Identifier: MIT */
/*
 * The kernel's ublk interface.  The headers of Linux 6.1, on which we can be
 * built, lack names that the kernels we run on want: old ones without the
 * ioctl encoding may be refused (CONFIG_BLKDEV_UBLK_LEGACY_OPCODES).
 */
#ifndef UDRV_UBLK_ABI_H
#define UDRV_UBLK_ABI_H

#include <linux/ioctl.h>
#include <linux/ublk_cmd.h>

#ifndef UBLK_U_IO_FETCH_REQ
#define UBLK_U_IO_FETCH_REQ		_IOWR('u', 0x20, struct ublksrv_io_cmd)
#define UBLK_U_IO_COMMIT_AND_FETCH_REQ	_IOWR('u', 0x21, struct ublksrv_io_cmd)
#endif
#ifndef UBLK_U_CMD_ADD_DEV
#define UBLK_U_CMD_GET_DEV_INFO		_IOR('u', 0x02, struct ublksrv_ctrl_cmd)
#define UBLK_U_CMD_ADD_DEV		_IOWR('u', 0x04, struct ublksrv_ctrl_cmd)
#define UBLK_U_CMD_DEL_DEV		_IOWR('u', 0x05, struct ublksrv_ctrl_cmd)
#define UBLK_U_CMD_START_DEV		_IOWR('u', 0x06, struct ublksrv_ctrl_cmd)
#define UBLK_U_CMD_STOP_DEV		_IOWR('u', 0x07, struct ublksrv_ctrl_cmd)
#define UBLK_U_CMD_SET_PARAMS		_IOWR('u', 0x08, struct ublksrv_ctrl_cmd)
#define UBLK_U_CMD_GET_PARAMS		_IOR('u', 0x09, struct ublksrv_ctrl_cmd)
#define UBLK_U_CMD_START_USER_RECOVERY	_IOWR('u', 0x10, struct ublksrv_ctrl_cmd)
#define UBLK_U_CMD_END_USER_RECOVERY	_IOWR('u', 0x11, struct ublksrv_ctrl_cmd)
#endif
#ifndef UBLK_U_CMD_DEL_DEV_ASYNC
#define UBLK_U_CMD_DEL_DEV_ASYNC	_IOR('u', 0x14, struct ublksrv_ctrl_cmd)
#endif
/* Linux 6.5: the server copies the data itself, by reading and writing the character
 * device where a tag's request has its own. */
#ifndef UBLK_F_USER_COPY
#define UBLK_F_USER_COPY		(1UL << 7)
#define UBLKSRV_IO_BUF_OFFSET		0x80000000
#define UBLK_TAG_OFF			25
#endif

_Static_assert(sizeof(struct ublksrv_ctrl_cmd) == 32, "the kernel's layout");
_Static_assert(sizeof(struct ublksrv_io_cmd) == 16, "fits into a small sqe");

#endif /* UDRV_UBLK_ABI_H */
