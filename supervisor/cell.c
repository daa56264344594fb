// SPDX-License-Identifier: MIT
/*
 * cell.c - namespaces in which there is a driver's program and nothing else.
 *
 * A helper process makes them, because they are the process's own, and because
 * a file system that hangs must not hang udrvd.  udrvd then opens them at
 * /proc, which keeps them, and ends the helper.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cell.h"
#include "elf_list.h"

#define PATIENCE_MS	5000
#define DONE		"done"

static const struct {
	const char *name;
	int flag;
} spaces[UDRVD_CELL_SPACES] = {
	[UDRVD_CELL_MOUNTS] = { "mnt", CLONE_NEWNS },
	[UDRVD_CELL_NET] = { "net", CLONE_NEWNET },
	[UDRVD_CELL_IPC] = { "ipc", CLONE_NEWIPC },
	[UDRVD_CELL_UTS] = { "uts", CLONE_NEWUTS },
};

/* ---- the helper: all of it in a process of its own ------------------------------- */

struct helper {
	int pipe;			/* for DONE, or for a sentence that says why not */
	int root;			/* the new root directory */
	const char *program;
	const struct udrvd_config *cfg;
	int tree[UDRVD_FILES];		/* what is put in besides, detached */
};

__attribute__((noreturn, format(printf, 3, 4)))
static void give_up(const struct helper *h, int err, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0 && n < (int)sizeof(text))
		n += snprintf(text + n, sizeof(text) - (size_t)n, ": %s", strerror(err));
	if (write(h->pipe, text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1) < 0)
		_exit(126);
	_exit(err > 0 && err < 126 ? err : 125);
}

/* Makes the directories above path, "/a/b/c", in the new root. */
static void make_way(const struct helper *h, const char *path)
{
	char dir[512];

	for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(at - path - 1), path + 1);
		if (mkdirat(h->root, dir, 0755) && errno != EEXIST)
			give_up(h, errno, "the cell's %s", dir);
	}
}

static void copy(void *arg, const char *path)
{
	const struct helper *h = arg;
	int in = open(path, O_RDONLY | O_CLOEXEC), out;
	ssize_t n;

	if (in < 0)
		give_up(h, errno, "%s", path);
	make_way(h, path);
	out = openat(h->root, path + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (out < 0 && errno == EEXIST) {	/* two libraries need it */
		close(in);
		return;
	}
	do
		n = out < 0 ? -1 : sendfile(out, in, NULL, 1 << 20);
	while (n > 0);
	if (n)
		give_up(h, errno, "the cell's %s", path);
	close(in);
	close(out);
}

/* At its own place; a link to it stays one. */
static void copy_program(struct helper *h)
{
	char real[PATH_MAX];

	if (!realpath(h->program, real))
		give_up(h, errno, "%s", h->program);
	copy(h, real);
	if (!strcmp(real, h->program))
		return;
	make_way(h, h->program);
	if (symlinkat(real, h->root, h->program + 1))
		give_up(h, errno, "the cell's %s", h->program);
}

/* In memory that is never swapped: the swap may be on this driver's disk. */
static void make_root(struct helper *h)
{
	int fs = fsopen("ramfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "mode", "755", 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		give_up(h, errno, "the cell's file system");
	h->root = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (h->root < 0)
		give_up(h, errno, "the cell's file system");
	close(fs);
}

/* Before the old root is covered: what files= names, with what is mounted on it. */
static void take_files(struct helper *h)
{
	struct mount_attr quiet = { .attr_set = MOUNT_ATTR_NOSUID };

	for (unsigned int i = 0; i < h->cfg->n_files; i++) {
		const char *path = h->cfg->files[i];
		struct stat st;
		int fd;

		h->tree[i] = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				       AT_RECURSIVE);
		if (h->tree[i] < 0 || fstat(h->tree[i], &st) ||
		    mount_setattr(h->tree[i], "", AT_EMPTY_PATH | AT_RECURSIVE, &quiet,
				  sizeof(quiet)))
			give_up(h, errno, "files=%s", path);
		make_way(h, path);
		if (S_ISDIR(st.st_mode)) {
			if (mkdirat(h->root, path + 1, 0755) && errno != EEXIST)
				give_up(h, errno, "files=%s", path);
			continue;
		}
		fd = openat(h->root, path + 1, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			give_up(h, errno, "files=%s", path);
		close(fd);
	}
}

static void move_in(const struct helper *h)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };

	if (mount_setattr(h->root, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) ||
	    move_mount(h->root, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH))
		give_up(h, errno, "the cell's root");
	for (unsigned int i = 0; i < h->cfg->n_files; i++)
		if (move_mount(h->tree[i], "", h->root, h->cfg->files[i] + 1,
			       MOVE_MOUNT_F_EMPTY_PATH))
			give_up(h, errno, "files=%s", h->cfg->files[i]);
	/* "." twice: the old root comes to lie on the new one, and goes.  See
	 * pivot_root(2). */
	if (fchdir(h->root) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH))
		give_up(h, errno, "the cell's root");
}

__attribute__((noreturn))
static void run_helper(struct helper *h, pid_t parent)
{
	int flags = 0, ret;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(126);
	for (int i = 0; i < UDRVD_CELL_SPACES; i++)
		flags |= spaces[i].flag;
	/* Private: nothing of ours shows outside, nothing of outside here. */
	if (unshare(flags) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		give_up(h, errno, "namespaces");
	umask(022);		/* what is in the cell is for the driver's user */
	make_root(h);
	copy_program(h);
	ret = udrvd_elf_libraries(h->program, copy, h);
	if (ret == -ENOEXEC)
		give_up(h, ENOEXEC, "%s is no program of this machine (a script needs confine=no)",
			h->program);
	if (ret)
		give_up(h, -ret, "the libraries of %s", h->program);
	if (!access("/etc/ld.so.cache", R_OK))
		copy(h, "/etc/ld.so.cache");
	take_files(h);
	move_in(h);
	if (write(h->pipe, DONE, strlen(DONE)) < 0)
		_exit(126);
	for (;;)
		pause();
}

/* ---- udrvd -------------------------------------------------------------------------- */

void udrvd_cell_init(struct udrvd_cell *c)
{
	*c = (struct udrvd_cell){ .space = { -1, -1, -1, -1 } };
}

void udrvd_cell_close(struct udrvd_cell *c)
{
	for (int i = 0; i < UDRVD_CELL_SPACES; i++)
		if (c->space[i] >= 0)
			close(c->space[i]);
	udrvd_cell_init(c);
}

static bool is_current(const struct udrvd_cell *c, const char *program, const struct stat *now)
{
	return c->space[0] >= 0 && !strcmp(c->program, program) && c->file.st_dev == now->st_dev &&
	       c->file.st_ino == now->st_ino && c->file.st_size == now->st_size &&
	       c->file.st_mtim.tv_sec == now->st_mtim.tv_sec &&
	       c->file.st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

/* What the helper says: DONE, a sentence (-EIO), or nothing in time. */
static int listen_to(int fd, char *text, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = -1;

	if (poll(&p, 1, PATIENCE_MS) == 1)
		n = read(fd, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	if (n > 0)
		return strcmp(text, DONE) != 0 ? -EIO : 0;
	snprintf(text, size, "the cell: not made within %d ms", PATIENCE_MS);
	return -ETIMEDOUT;
}

static int take_spaces(struct udrvd_cell *c, pid_t pid)
{
	for (int i = 0; i < UDRVD_CELL_SPACES; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, spaces[i].name);
		c->space[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (c->space[i] < 0)
			return -errno;
	}
	return 0;
}

/* One that hangs in the kernel is reaped as a stray when it ends at last.  leaves: it
 * is about to end by itself, with a status that says why. */
static int end_helper(pid_t pid, bool leaves)
{
	int status = 0;

	if (!leaves)
		kill(pid, SIGKILL);
	for (int i = 0; i < 400; i++) {
		if (leaves && i == 200)
			kill(pid, SIGKILL);
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? -WEXITSTATUS(status) : 0;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return -ETIMEDOUT;
}

static int make(struct udrvd_cell *c, struct helper *h, char *text, size_t size)
{
	int ends[2], ret, status;
	pid_t parent = getpid(), pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	h->pipe = ends[1];
	pid = fork();
	if (pid == 0)
		run_helper(h, parent);
	close(ends[1]);
	ret = pid < 0 ? -errno : listen_to(ends[0], text, size);
	close(ends[0]);
	if (pid < 0)
		return ret;
	if (!ret)
		ret = take_spaces(c, pid);
	status = end_helper(pid, ret == -EIO);
	return ret && status ? status : ret;
}

int udrvd_cell_open(struct udrvd_cell *c, const char *program, const struct udrvd_config *cfg,
		    char *text, size_t size)
{
	struct helper h = { .program = program, .cfg = cfg };
	struct stat now;
	int ret;

	text[0] = '\0';
	/* A copy could be executed even if the original may not be. */
	if (stat(program, &now))
		return -errno;
	if (!S_ISREG(now.st_mode) || !(now.st_mode & 0111))
		return -EACCES;
	if (is_current(c, program, &now))
		return 0;
	udrvd_cell_close(c);
	ret = make(c, &h, text, size);
	if (ret) {
		udrvd_cell_close(c);
		return ret;
	}
	snprintf(c->program, sizeof(c->program), "%s", program);
	c->file = now;
	return 0;
}

int udrvd_cell_enter(const struct udrvd_cell *c)
{
	for (int i = 0; i < UDRVD_CELL_SPACES; i++)
		if (setns(c->space[i], spaces[i].flag))
			return -1;
	return 0;
}
