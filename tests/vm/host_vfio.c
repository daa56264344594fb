// SPDX-License-Identifier: MIT
/* host_vfio.c BDF - opening and silencing a device that is bound to udrv or
 * vfio-pci: what a supervisor does before and after a driver's life. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <udrv/host.h>

#include "../../libudrv/src/iommufd_abi.h"

#define IOVA	0x100000

static const char *bdf;
static struct udrv_host_info info;

static int open_device(void **state)
{
	static struct udrv_host_vfio v;
	struct udrv_error err;

	if (udrv_host_open(bdf, &v, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	*state = &v;
	return 0;
}

static int close_device(void **state)
{
	udrv_host_close(*state);
	return 0;
}

static off_t command_register(const struct udrv_host_vfio *v)
{
	struct vfio_region_info cfg = {
		.argsz = sizeof(cfg), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};

	assert_int_equal(ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &cfg), 0);
	return (off_t)cfg.offset + PCI_COMMAND;
}

static bool bus_master(const struct udrv_host_vfio *v)
{
	uint16_t cmd;

	assert_int_equal(pread(v->device, &cmd, 2, command_register(v)), 2);
	return cmd & PCI_COMMAND_MASTER;
}

static void bus_master_on(const struct udrv_host_vfio *v)
{
	uint16_t cmd;

	assert_int_equal(pread(v->device, &cmd, 2, command_register(v)), 2);
	cmd |= PCI_COMMAND_MASTER;
	assert_int_equal(pwrite(v->device, &cmd, 2, command_register(v)), 2);
	assert_true(bus_master(v));
}

static int map_at(const struct udrv_host_vfio *v, void *va, uint64_t iova, uint64_t len)
{
	struct vfio_iommu_type1_dma_map m = {
		.argsz = sizeof(m), .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va, .iova = iova, .size = len,
	};

	return ioctl(v->container, VFIO_IOMMU_MAP_DMA, &m) ? -errno : 0;
}

static int map(const struct udrv_host_vfio *v, void *va)
{
	return map_at(v, va, IOVA, 4096);
}

static void opened(void **state)
{
	struct udrv_host_vfio *v = *state;
	const int fds[] = { v->container, v->device, v->group };
	uint32_t ioas;
	/* With an iommufd there is no group to hold. */
	size_t n = udrv_iommufd_ioas(v->container, &ioas) ? 3 : 2;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
	assert_int_equal(v->group >= 0, n == 3);
	assert_false(bus_master(v));
	if (strcmp(info.driver, "udrv") != 0) {
		assert_int_equal(v->irq, -1);
		return;
	}
	assert_int_equal(fcntl(v->irq, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(v->irq, F_GETFL) & O_NONBLOCK, 0);
}

/* The message says who has it. */
static void a_second_time(void **state)
{
	struct udrv_host_info now;
	struct udrv_host_vfio v;
	struct udrv_error err;

	assert_int_equal(udrv_host_open(bdf, &v, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another process drives it"));
	assert_non_null(strstr(err.text, "(host_vfio)"));
	assert_int_equal(udrv_host_info(bdf, &now, &err), 0);
	assert_non_null(strstr(now.user, "(host_vfio)"));
	assert_int_equal(udrv_host_unbind(bdf, &err), -EBUSY);
	assert_int_equal(udrv_host_bind(bdf, strcmp(info.driver, "udrv") != 0 ? "udrv" : "vfio-pci",
					&err), -EBUSY);
}

static void quiesced(void **state)
{
	struct udrv_host_vfio *v = *state;
	struct udrv_quiesce_log log;
	void *va = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(va, MAP_FAILED);
	bus_master_on(v);
	assert_int_equal(map(v, va), 0);
	assert_int_equal(map(v, va), -EEXIST);

	assert_int_equal(udrv_host_quiesce(v, &log), 0);
	assert_false(bus_master(v));
	assert_int_equal(log.result[UDRV_QUIESCE_BUS_MASTER], 0);
	assert_int_equal(log.result[UDRV_QUIESCE_IRQS], 0);
	assert_int_equal(log.result[UDRV_QUIESCE_UNMAP], 0);
	for (int i = 1; i < UDRV_QUIESCE_STEPS; i++)
		assert_true(log.when[i] >= log.when[i - 1]);
	/* Nothing was left mapped there. */
	assert_int_equal(map(v, va), 0);
	assert_int_equal(udrv_host_quiesce(v, NULL), 0);
	munmap(va, 4096);
}

static void unmap_all(const struct udrv_host_vfio *v)
{
	assert_int_equal(udrv_host_dma_forget(v->container, NULL, 0), 0);
}

/* What is mapped for good stays, and nothing beside it does. */
static void kept(void **state)
{
	static char page[4096] __attribute__((aligned(4096))), two[8192] __attribute__((aligned(4096)));
	struct udrv_host_vfio *v = *state;
	uint32_t ioas;
	int fd = memfd_create("kept", MFD_CLOEXEC);
	struct udrv_host_map a, b;

	assert_int_equal(ftruncate(fd, 3 * 4096), 0);
	assert_int_equal(udrv_host_keep(v, fd, 0, 100, &a), -EINVAL);
	assert_int_equal(udrv_host_keep(v, fd, 0, 4096, &a), 0);
	assert_int_equal(udrv_host_keep(v, fd, 4096, 2 * 4096, &b), 0);
	assert_true(a.len == 4096 && b.len == 2 * 4096 && b.iova >= a.iova + a.len);
	close(fd);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(map(v, page), 0);
		assert_int_equal(map_at(v, page, a.iova + a.len, 4096), 0);
		assert_int_equal(map_at(v, page, b.iova + b.len, 4096), 0);
		assert_int_equal(map_at(v, page, b.iova + 4096, 4096), -EEXIST);
		assert_int_equal(udrv_host_quiesce(v, NULL), 0);
		assert_int_equal(v->n_kept, 2);
		assert_int_equal(map_at(v, page, a.iova, 4096), -EEXIST);
		assert_int_equal(map_at(v, page, b.iova, 4096), -EEXIST);
	}
	/* A driver put another one in its place, which reaches beyond. */
	unmap_all(v);
	assert_int_equal(map_at(v, two, a.iova - 4096, 8192), 0);
	assert_int_equal(udrv_host_quiesce(v, NULL), 0);
	/* An iommufd does not tell. */
	if (udrv_iommufd_ioas(v->container, &ioas)) {
		assert_int_equal(v->n_kept, 0);
		assert_int_equal(map_at(v, page, b.iova, 4096), 0);
	}
	unmap_all(v);
}

/* A driver in the middle of its work: DMA mapped, bus master on. */
static pid_t start_driver(const struct udrv_host_vfio *v)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		void *va = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (va == MAP_FAILED || map(v, va))
			_exit(1);
		bus_master_on(v);
		if (write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

/* Its death alone changes nothing, because we hold its descriptors; then the
 * device is quiet, and the next driver finds everything free. */
static void killed_drivers(void **state)
{
	struct udrv_host_vfio *v = *state;
	struct udrv_quiesce_log log;

	for (int i = 0; i < 3; i++) {
		static char page[4096] __attribute__((aligned(4096)));
		pid_t pid = start_driver(v);

		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_true(bus_master(v));
		assert_int_equal(map(v, page), -EEXIST);

		assert_int_equal(udrv_host_quiesce(v, &log), 0);
		assert_false(bus_master(v));
		if (log.result[UDRV_QUIESCE_RESET] != -ENOTSUP)
			assert_int_equal(log.result[UDRV_QUIESCE_RESET], 0);
	}
}

static bool readable(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, ms) == 1 && pfd.revents == POLLIN;
}

/* Register 60 of edu raises its interrupt, which nobody acknowledges here. */
static void edu_raise(const struct udrv_host_vfio *v)
{
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX };
	uint32_t one = 1;

	assert_int_equal(ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &bar), 0);
	assert_int_equal(pwrite(v->device, &one, 4, (off_t)bar.offset + 0x60), 4);
}

/* The driver died with the line asserted: no more interrupts until the next
 * driver asks for them, and then it gets this one. */
static void asserted_interrupt(void **state)
{
	struct udrv_host_vfio *v = *state;
	uint32_t on = 1, count;

	assert_int_equal(write(v->irq, &on, sizeof(on)), sizeof(on));
	edu_raise(v);
	assert_true(readable(v->irq, 2000));
	assert_int_equal(read(v->irq, &count, sizeof(count)), sizeof(count));
	assert_true(readable(v->irq, 2000));

	assert_int_equal(udrv_host_quiesce(v, NULL), 0);
	/* What came before may still be counted. */
	if (readable(v->irq, 0))
		assert_int_equal(read(v->irq, &count, sizeof(count)), sizeof(count));
	assert_false(readable(v->irq, 300));
	assert_int_equal(write(v->irq, &on, sizeof(on)), sizeof(on));
	assert_true(readable(v->irq, 2000));
}

/* Without udrv.ko: the dead driver's eventfd is disconnected. */
static void eventfd_disconnected(void **state)
{
	struct udrv_host_vfio *v = *state;
	union {
		struct vfio_irq_set set;
		char bytes[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
	} on = { .set = {
		.argsz = sizeof(on.bytes), .index = VFIO_PCI_INTX_IRQ_INDEX, .count = 1,
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
	} };
	struct vfio_irq_set loopback = {
		.argsz = sizeof(loopback), .index = VFIO_PCI_INTX_IRQ_INDEX, .count = 1,
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
	};
	uint64_t count;
	int32_t fd;

	fd = eventfd(0, EFD_NONBLOCK);
	assert_true(fd >= 0);
	memcpy(on.set.data, &fd, sizeof(fd));
	assert_int_equal(ioctl(v->device, VFIO_DEVICE_SET_IRQS, &on), 0);
	assert_int_equal(ioctl(v->device, VFIO_DEVICE_SET_IRQS, &loopback), 0);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));

	assert_int_equal(udrv_host_quiesce(v, NULL), 0);
	ioctl(v->device, VFIO_DEVICE_SET_IRQS, &loopback);	/* EINVAL by now */
	assert_int_equal(read(fd, &count, sizeof(count)), -1);
	close(fd);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opened, open_device, close_device),
		cmocka_unit_test_setup_teardown(a_second_time, open_device, close_device),
		cmocka_unit_test_setup_teardown(quiesced, open_device, close_device),
		cmocka_unit_test_setup_teardown(kept, open_device, close_device),
		cmocka_unit_test_setup_teardown(killed_drivers, open_device, close_device),
	};
	const struct CMUnitTest edu_tests[] = {
		cmocka_unit_test_setup_teardown(asserted_interrupt, open_device, close_device),
	};
	/* udrv refuses eventfds while its own descriptor is open. */
	const struct CMUnitTest eventfd_tests[] = {
		cmocka_unit_test_setup_teardown(eventfd_disconnected, open_device, close_device),
	};
	int failed;

	if (argc != 2 || udrv_host_info(argv[1], &info, NULL))
		return 100;
	bdf = argv[1];
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests_name("host_vfio", tests, NULL, NULL);
	if (strcmp(info.driver, "udrv") != 0)
		failed += cmocka_run_group_tests_name("eventfd", eventfd_tests, NULL, NULL);
	else if (info.vendor == 0x1234)
		failed += cmocka_run_group_tests_name("edu", edu_tests, NULL, NULL);
	return failed;
}
