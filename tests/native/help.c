// SPDX-License-Identifier: MIT
/* help.c - what the native tests share. */
#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "help.h"

/* ---- QEMU ------------------------------------------------------------- */

void qemu_start(struct qemu *qemu, const char *device, size_t dma_size)
{
	assert_int_equal(udrv_qtest_spawn(&qemu->vm, NULL, device, dma_size), 0);
	snprintf(qemu->name, sizeof(qemu->name), "qtest:@%d,%d", qemu->vm.sock, qemu->vm.ram);
	/* Programs that the tests start are to inherit them. */
	fcntl(qemu->vm.sock, F_SETFD, 0);
	fcntl(qemu->vm.ram, F_SETFD, 0);
}

void qemu_stop(struct qemu *qemu)
{
	udrv_qtest_kill(&qemu->vm);
}

pid_t qemu_pid(const struct udrv_qtest_vm *vm)
{
	char path[64], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", vm->keeper, vm->keeper);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		close(fd);
	}
	return (pid_t)atoi(text);
}

struct udrv_qtest *qtest_of(struct udrv_dev *dev)
{
	return dev->backend_data;
}

static bool is_over(pid_t pid)
{
	char path[64], state = '?';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return true;
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	fclose(f);
	return state == 'Z' || state == 'X';
}

bool ends_within(pid_t pid, unsigned int ms)
{
	while (ms-- && !is_over(pid))
		udrv_usleep(1000);
	return is_over(pid);
}

/* ---- the log ---------------------------------------------------------- */

static int real_stderr = -1;
static char log_copy[65536];

int log_begin(void **state)
{
	int fd = memfd_create("test-log", MFD_CLOEXEC);

	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 || real_stderr < 0 || dup2(fd, STDERR_FILENO) < 0)
		return -1;
	close(fd);
	return 0;
}

const char *log_text(void)
{
	ssize_t n = pread(STDERR_FILENO, log_copy, sizeof(log_copy) - 1, 0);

	log_copy[n > 0 ? n : 0] = '\0';
	return log_copy;
}

int log_end(void **state)
{
	const char *text = log_text();

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	real_stderr = -1;
	/* CMocka does not say whether the test failed; its runner shows stderr
	 * of a program that did, and nobody looks at the others'. */
	fputs(text, stderr);
	unsetenv("UDRV_FAULT");
	unsetenv("UDRV_QEMU");
	unsetenv("UDRV_QEMU_ARGS");
	return 0;
}

/* ---- programs --------------------------------------------------------- */

pid_t run_start(const char *program, const char *arg)
{
	char self[512] = "", path[1024];
	pid_t parent = getpid(), pid;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return -errno;
	/* build/tests/native/X: the build folder is three up. */
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	snprintf(path, sizeof(path), "%s/%s", self, program);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			execl(path, program, arg, NULL);
		_exit(127);
	}
	return pid;
}

int run_wait(pid_t pid, unsigned int ms)
{
	int status = 0;

	while (ms && waitpid(pid, &status, WNOHANG) == 0) {
		udrv_usleep(1000);
		ms--;
	}
	if (!ms) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return 1000 + SIGALRM;
	}
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

int run(const char *program, const char *arg)
{
	return run_wait(run_start(program, arg), 30000);
}

/* ---- leaks ------------------------------------------------------------ */

struct held held_now(void)
{
	/* Valgrind's own memory is in these numbers; it does its own counting. */
	const char *preload = getenv("LD_PRELOAD");
	bool valgrind = preload && strstr(preload, "vgpreload");
	struct held held = { .heap = valgrind ? 0 : mallinfo2().uordblks };
	DIR *dir = opendir("/proc/self/fd");
	FILE *maps;
	int c;

	while (dir && readdir(dir))
		held.fds++;
	if (dir)
		closedir(dir);
	maps = valgrind ? NULL : fopen("/proc/self/maps", "re");
	while (maps && (c = fgetc(maps)) != EOF)
		held.maps += c == '\n';
	if (maps)
		fclose(maps);
	return held;
}
