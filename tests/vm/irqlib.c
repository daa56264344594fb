// SPDX-License-Identifier: MIT
/* The parts that the tests of interrupt descriptors share (irqlib.h). */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../libudrv/src/iommufd_abi.h"
#include "irqlib.h"

enum {					/* QEMU's docs/specs/edu.rst */
	EDU_ID = 0x00, EDU_ISR = 0x24, EDU_RAISE = 0x60, EDU_ACK = 0x64,
	EDU_ID_MASK = 0xffff, EDU_ID_VALUE = 0x00ed,
};

static pthread_t raiser;
static bool raising;

void device_open(struct edu *edu, const char *bdf)
{
	char path[80];
	FILE *file;
	int fd;

	*edu = (struct edu){ .bdf = bdf };
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/irq", bdf);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &edu->irq), 1);
	fclose(file);

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", bdf);
	fd = open(path, O_RDWR | O_SYNC);
	assert_true(fd >= 0);
	edu->regs = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(edu->regs, MAP_FAILED);
	close(fd);
}

void edu_open(struct edu *edu, const char *bdf)
{
	device_open(edu, bdf);
	assert_int_equal(edu->regs[EDU_ID / 4] & EDU_ID_MASK, EDU_ID_VALUE);
	edu_ack(edu);
}

void edu_raise(struct edu *edu)
{
	edu->regs[EDU_RAISE / 4] = 1;
}

void edu_ack(struct edu *edu)
{
	edu->regs[EDU_ACK / 4] = 0xffffffff;
}

bool edu_asserts(struct edu *edu)
{
	return edu->regs[EDU_ISR / 4] != 0;
}

struct later {
	struct edu *edu;
	int ms;
};

static void *raise_later(void *data)
{
	struct later *later = data;

	sleep_ms(later->ms);
	edu_raise(later->edu);
	return NULL;
}

void edu_raise_later(struct edu *edu, int ms)
{
	static struct later later;

	later = (struct later){ edu, ms };
	assert_int_equal(pthread_create(&raiser, NULL, raise_later, &later), 0);
	raising = true;
}

void edu_join(void)
{
	if (raising)
		pthread_join(raiser, NULL);
	raising = false;
}

int line_open(struct edu *edu, int flags)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/irq/%d/irq", edu->irq);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

unsigned long line_interrupts(int irq)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long sum = 0;
	char line[512];
	bool found = false;

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file)) {
		char *at = line, *end;

		if (strtol(at, &end, 10) != irq || *end != ':')
			continue;
		found = true;
		for (at = end + 1;; at = end) {
			unsigned long value = strtoul(at, &end, 10);

			if (end == at)
				break;
			sum += value;
		}
	}
	fclose(file);
	assert_true(found);
	return sum;
}

static int vfio_group_of(const char *bdf)
{
	char path[80], link[128];
	const char *name;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	len = readlink(path, link, sizeof(link) - 1);
	assert_true(len > 0);
	link[len] = 0;
	name = strrchr(link, '/');
	return atoi(name ? name + 1 : link);
}

/* Through the device's own node and an iommufd. */
static int vfio_open_iommufd(struct vfio *v, const char *bdf)
{
	struct udrv_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct udrv_vfio_attach attach = { .argsz = sizeof(attach) };
	struct udrv_vfio_bind bind = { .argsz = sizeof(bind) };
	char path[80];
	glob_t found;
	int ret = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev/vfio*", bdf);
	if (glob(path, 0, NULL, &found))
		return -ENOENT;
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	v->device = open(path, O_RDWR | O_CLOEXEC);
	v->container = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	bind.iommufd = v->container;
	if (v->device < 0 || v->container < 0 || ioctl(v->device, UDRV_VFIO_BIND, &bind) ||
	    ioctl(v->container, UDRV_IOAS_ALLOC, &alloc))
		ret = -errno;
	attach.pt = v->ioas = alloc.ioas;
	if (!ret && ioctl(v->device, UDRV_VFIO_ATTACH, &attach))
		ret = -errno;
	if (ret)
		vfio_close(v);
	return ret;
}

int vfio_open(struct vfio *v, const char *bdf)
{
	const char *iommu = getenv("UDRV_IOMMU");
	char path[40];
	int ret;

	*v = (struct vfio){ -1, -1, -1, 0 };
	if (iommu && !strcmp(iommu, "iommufd"))
		return vfio_open_iommufd(v, bdf);
	snprintf(path, sizeof(path), "/dev/vfio/%d", vfio_group_of(bdf));
	v->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	v->group = open(path, O_RDWR | O_CLOEXEC);
	if (v->container < 0 || v->group < 0 ||
	    ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container) ||
	    ioctl(v->container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU))
		goto fail;
	v->device = ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (v->device >= 0)
		return 0;
fail:
	ret = -errno;
	vfio_close(v);
	return ret;
}

void vfio_close(struct vfio *v)
{
	int *fds[] = { &v->device, &v->group, &v->container };

	for (int i = 0; i < 3; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

int vfio_set_irqs(struct vfio *v, uint32_t flags, uint32_t index, uint32_t count,
		  const int32_t *fd)
{
	union {
		struct vfio_irq_set set;
		char bytes[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
	} u = { .set = {
		.argsz = sizeof(struct vfio_irq_set) + (fd ? sizeof(*fd) : 0),
		.flags = flags, .index = index, .start = 0, .count = count,
	} };

	if (fd)
		memcpy(u.set.data, fd, sizeof(*fd));
	return ioctl(v->device, VFIO_DEVICE_SET_IRQS, &u) ? -errno : 0;
}

int vfio_eventfd(struct vfio *v, uint32_t index, int32_t fd)
{
	return vfio_set_irqs(v, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			     index, 1, &fd);
}

int vfio_irq_fd(struct vfio *v, uint32_t flags)
{
	struct udrv_irq_fd req = {
		.argsz = sizeof(req), .flags = flags, .index = VFIO_PCI_INTX_IRQ_INDEX,
	};
	int fd = ioctl(v->device, UDRV_IOCTL_IRQ_FD, &req);

	return fd < 0 ? -errno : fd;
}

ssize_t get(int fd, void *to, size_t len)
{
	ssize_t ret = read(fd, to, len);

	return ret < 0 ? -errno : ret;
}

int get_count(int fd)
{
	uint32_t count;
	ssize_t ret = get(fd, &count, sizeof(count));

	return ret == sizeof(count) ? (int)count : (int)ret;
}

int put(int fd, uint32_t value)
{
	ssize_t ret = write(fd, &value, sizeof(value));

	return ret < 0 ? -errno : ret == sizeof(value) ? 0 : -EIO;
}

bool readable(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, slow_ms(ms)) == 1 && pfd.revents == POLLIN;
}

void nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	assert_int_equal(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK), 0);
}

int slow_ms(int ms)
{
	const char *slow = getenv("SLOW");

	return slow ? ms * atoi(slow) : ms;
}

void sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int sysfs_write(const char *file, const char *bdf)
{
	char path[64];
	int ret = 0, fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/udrv/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, bdf, strlen(bdf)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int udrv_sysfs(const char *file, const char *bdf, int ms)
{
	uint64_t end = now_ns() + (uint64_t)slow_ms(ms) * 1000000;
	int status, pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(-sysfs_write(file, bdf));
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ns() > end) {
			kill(pid, SIGKILL);
			return -ETIME;
		}
		sleep_ms(1);
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

void wait_asleep(pid_t pid)
{
	char path[32], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int ms = 0; state != 'S'; ms++) {
		FILE *file = fopen(path, "r");

		assert_non_null(file);
		assert_int_equal(fscanf(file, "%*d %*s %c", &state), 1);
		fclose(file);
		assert_true(ms < slow_ms(5000));
		sleep_ms(1);
	}
	sleep_ms(10);
}
