// SPDX-License-Identifier: MIT
/* Handing a device over: what is refused, what is written, what is put back. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host_tree.h"

#define OVERRIDE	NIC_DIR "/driver_override"
#define UNBIND		"/sys/bus/pci/drivers/e1000/unbind"
#define PROBE		"/sys/bus/pci/drivers_probe"

static void refused(const char *driver, int ret, const char *text)
{
	struct udrv_error err;

	assert_int_equal(udrv_host_bind(NIC, driver, &err), ret);
	if (!strstr(err.text, text))
		fail_msg("'%s' has no '%s'", err.text, text);
	assert_string_equal(tree_read(OVERRIDE), "(null)\n");
	assert_string_equal(tree_read(UNBIND), "");
	assert_string_equal(tree_read(PROBE), "");
}

static void other_drivers(void **state)
{
	refused("e1000", -EINVAL, "udrv or vfio-pci");
	refused("", -EINVAL, "udrv or vfio-pci");
}

static void no_device(void **state)
{
	struct udrv_error err;

	assert_int_equal(udrv_host_bind("0000:00:1e.0", "udrv", &err), -ENODEV);
	assert_non_null(strstr(err.text, "udrvctl list"));
	assert_int_equal(udrv_host_unbind("0000:00:1e.0", &err), -ENODEV);
}

static void in_use(void **state)
{
	tree_file(NIC_DIR "/net/eth0/flags", "0x1003\n");
	tree_link(NIC_DIR "/net/eth0/subsystem", "/sys/class/net");
	refused("udrv", -EBUSY, "(driver e1000): interface eth0 is up");
}

static void bridges(void **state)
{
	tree_file(NIC_DIR "/class", "0x060400\n");
	refused("udrv", -EINVAL, "is a bridge (class 0604)");
}

static void no_group(void **state)
{
	tree_remove(NIC_DIR "/iommu_group");
	refused("udrv", -ENODEV, "this device has no IOMMU group");
}

static void no_iommu_at_all(void **state)
{
	tree_remove(NIC_DIR "/iommu_group");
	tree_rename("/sys/kernel/iommu_groups/7", "/sys/kernel/hidden");
	refused("udrv", -ENODEV, "intel_iommu=on");
}

static void shared_group(void **state)
{
	tree_device("0000:00:04.4", "0x010600\n", "ahci", 7);
	refused("vfio-pci", -EPERM, "shares IOMMU group 7 with 0000:00:04.4");
}

static void no_module(void **state)
{
	tree_rename("/sys/bus/pci/drivers/udrv", "/sys/bus/pci/drivers/gone");
	refused("udrv", -ENOENT, "modprobe udrv, or insmod udrv.ko");
}

/* Bound already: nothing is written. */
static void bound(void **state)
{
	tree_remove(NIC_DIR "/driver");
	tree_link(NIC_DIR "/driver", "../../drivers/udrv");
	refused("udrv", 0, "");
}

/* The kernel in these tests: waits until drivers_probe has been written, then
 * gives the device to this driver. */
static pid_t kernel(const char *target)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	for (int ms = 0; !tree_read(PROBE)[0] && ms < 10000; ms++)
		usleep(1000);
	tree_remove(NIC_DIR "/driver");
	tree_link(NIC_DIR "/driver", target);
	_exit(0);
}

static void taken(void **state)
{
	pid_t pid = kernel("../../drivers/udrv");

	assert_int_equal(udrv_host_bind("00:04.0", "udrv", NULL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_memory_equal(tree_read(OVERRIDE), "udrv", 4);
	assert_string_equal(tree_read(UNBIND), NIC);
}

/* Neither driver comes: the override is as before, and the text is honest. */
static void not_taken(void **state)
{
	struct udrv_error err;

	tree_file(OVERRIDE, "mine\n");
	tree_remove(NIC_DIR "/driver");
	tree_link(NIC_DIR "/driver", "../../drivers/e1000");
	assert_int_equal(udrv_host_bind(NIC, "udrv", &err), -EIO);
	assert_non_null(strstr(err.text, "udrv did not take the device"));
	assert_memory_equal(tree_read(OVERRIDE), "mine", 4);
}

static void given_back(void **state)
{
	pid_t pid;

	tree_remove(NIC_DIR "/driver");
	tree_link(NIC_DIR "/driver", "../../drivers/udrv");
	tree_file(OVERRIDE, "udrv\n");
	pid = kernel("../../drivers/e1000");
	assert_int_equal(udrv_host_unbind(NIC, NULL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(tree_read(OVERRIDE)[0], '\n');
	assert_string_equal(tree_read("/sys/bus/pci/drivers/udrv/unbind"), NIC);
}

static void nothing_to_give_back(void **state)
{
	struct udrv_error err;

	assert_int_equal(udrv_host_unbind(NIC, &err), -EINVAL);
	assert_non_null(strstr(err.text, "but to e1000"));
	assert_string_equal(tree_read(UNBIND), "");
}

/* A pipe that nobody reads is a file of which a write blocks for ever. */
static void a_write_that_blocks(void **state)
{
	char path[4096];
	time_t start;

	assert_int_equal(udrv_host_path(path, sizeof(path), "/sys/fifo"), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	start = time(NULL);
	assert_int_equal(udrv_host_write_within(50, "x", "/sys/fifo"), -ETIMEDOUT);
	assert_in_range(time(NULL) - start, 0, 20);
	assert_int_equal(udrv_host_write_within(10000, "x", "/sys/nothing"), -ENOENT);
	assert_int_equal(udrv_host_write_within(10000, "y", PROBE), 0);
	assert_string_equal(tree_read(PROBE), "y");
}

static int ends[2];
static bool hung_up;

static void close_and_look(int sig)
{
	struct pollfd pfd = { .fd = ends[0] };

	close(ends[1]);
	hung_up = poll(&pfd, 1, 1000) == 1;
}

/* The process that does the write holds nothing of ours: when it sticks in the
 * kernel, a descriptor that it held would stay open for ever. */
static void a_write_holds_nothing(void **state)
{
	const struct itimerval soon = { .it_value.tv_usec = 200000 };
	char path[4096];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(udrv_host_path(path, sizeof(path), "/sys/fifo"), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	signal(SIGALRM, close_and_look);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(udrv_host_write_within(2000, "x", "/sys/fifo"), -ETIMEDOUT);
	assert_true(hung_up);
	close(ends[0]);
}

static void not_bound_to_us(void **state)
{
	struct udrv_host_vfio v;
	struct udrv_error err;

	assert_int_equal(udrv_host_open(NIC, &v, &err), -EBUSY);
	assert_non_null(strstr(err.text, "its driver is e1000"));
	assert_non_null(strstr(err.text, "udrvctl bind " NIC));
}

/* An iommufd where the kernel has all of it; the user's word counts more. */
static void which_iommu(void **state)
{
	struct udrv_host_info i;
	struct udrv_error err;
	bool iommufd = true;

	unsetenv("UDRV_IOMMU");
	assert_int_equal(udrv_host_info(NIC, &i, &err), 0);
	tree_file("/dev/iommu", "");
	assert_int_equal(udrv_host_iommufd(&i, &iommufd, &err), 0);
	assert_false(iommufd);
	setenv("UDRV_IOMMU", "iommufd", 1);
	assert_int_equal(udrv_host_iommufd(&i, &iommufd, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "CONFIG_VFIO_DEVICE_CDEV"));

	tree_file(NIC_DIR "/vfio-dev/vfio3/dev", "511:3\n");
	tree_file("/dev/vfio/devices/vfio3", "");
	assert_int_equal(udrv_host_iommufd(&i, &iommufd, &err), 0);
	assert_true(iommufd);
	setenv("UDRV_IOMMU", "type1", 1);
	assert_int_equal(udrv_host_iommufd(&i, &iommufd, &err), 0);
	assert_false(iommufd);
	setenv("UDRV_IOMMU", "type2", 1);
	assert_int_equal(udrv_host_iommufd(&i, &iommufd, &err), -EINVAL);
	assert_non_null(strstr(err.text, "there are type1 and iommufd"));
	setenv("UDRV_IOMMU", "", 1);
	assert_int_equal(udrv_host_iommufd(&i, &iommufd, &err), 0);
	assert_true(iommufd);
	unsetenv("UDRV_IOMMU");
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(other_drivers),
		IN_TREE(no_device),
		IN_TREE(in_use),
		IN_TREE(bridges),
		IN_TREE(no_group),
		IN_TREE(no_iommu_at_all),
		IN_TREE(shared_group),
		IN_TREE(no_module),
		IN_TREE(bound),
		IN_TREE(taken),
		IN_TREE(not_taken),
		IN_TREE(given_back),
		IN_TREE(nothing_to_give_back),
		IN_TREE(a_write_that_blocks),
		IN_TREE(a_write_holds_nothing),
		IN_TREE(not_bound_to_us),
		IN_TREE(which_iommu),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("host_bind", tests, NULL, NULL);
}
