// SPDX-License-Identifier: MIT
/* PCI addresses; what a device is, and who uses it. */
#include <stdio.h>

#include "host_tree.h"

static void addresses(void **state)
{
	static const struct { const char *text, *bdf; } good[] = {
		{ "0000:00:04.0", "0000:00:04.0" }, { "00:04.0", "0000:00:04.0" },
		{ "ABCD:eF:1f.7", "abcd:ef:1f.7" }, { "ff:1F.7", "0000:ff:1f.7" },
	};
	char bdf[UDRV_BDF_LEN];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(udrv_host_bdf(good[i].text, bdf, NULL), 0);
		assert_string_equal(bdf, good[i].bdf);
	}
}

static void no_addresses(void **state)
{
	static const char *const bad[] = {
		"", "x", "4", "04.0", "00:04", "00:04.", "00:04.8", "00:20.0", "00:04.00",
		"0000:00:04.0 ", " 00:04.0", "+0:04.0", "0x:04.0", "00000:00:04.0", "10000:00:04.0",
		"000:00:04.0", "0000-00:04.0", "0000:00:04:0", "0000:00:4.0", "00:04,0", "-1:04.0",
		"0000:00:04.g", "qtest:e1", "../../etc/passwd", "%s%s%s%s%s%s",
	};
	char bdf[UDRV_BDF_LEN] = "unchanged";
	char longest[2000];
	struct udrv_error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.text[0] = '\0';
		assert_int_equal(udrv_host_bdf(bad[i], bdf, &err), -EINVAL);
		assert_non_null(strstr(err.text, "as in 0000:00:04.0"));
		assert_non_null(strstr(err.text, bad[i]));
		assert_string_equal(bdf, "unchanged");
	}
	memset(longest, '0', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(udrv_host_bdf(longest, bdf, &err), -EINVAL);
	assert_non_null(strstr(err.text, "as in 0000:00:04.0"));
}

static void a_device(void **state)
{
	struct udrv_host_info i;

	assert_int_equal(udrv_host_info("00:04.0", &i, NULL), 0);
	assert_string_equal(i.bdf, NIC);
	assert_int_equal(i.vendor, 0x8086);
	assert_int_equal(i.device, 0x100e);
	assert_int_equal(i.class_code, 0x020000);
	assert_string_equal(i.driver, "e1000");
	assert_int_equal(i.iommu_group, 7);
	assert_int_equal(i.group_others, 0);
	assert_string_equal(i.user, "");
}

static void no_device(void **state)
{
	struct udrv_host_info i;
	struct udrv_error err;

	assert_int_equal(udrv_host_info("0000:00:05.0", &i, &err), -ENODEV);
	assert_non_null(strstr(err.text, "0000:00:05.0"));
	assert_non_null(strstr(err.text, "udrvctl list"));
	assert_int_equal(udrv_host_info("nonsense", &i, &err), -EINVAL);
}

static void no_driver_no_group(void **state)
{
	struct udrv_host_info i;

	tree_device("0000:00:08.0", "0x00ff00\n", "", -1);
	assert_int_equal(udrv_host_info("0000:00:08.0", &i, NULL), 0);
	assert_string_equal(i.driver, "");
	assert_int_equal(i.iommu_group, -1);
}

static void others_in_the_group(void **state)
{
	struct udrv_host_info i;

	tree_device("0000:00:04.1", "0x020000\n", "vfio-pci", 7);
	tree_device("0000:00:04.2", "0x060400\n", "pcieport", 7);
	tree_device("0000:00:04.3", "0x020000\n", "", 7);
	assert_int_equal(udrv_host_info(NIC, &i, NULL), 0);
	assert_int_equal(i.group_others, 0);
	tree_device("0000:00:04.4", "0x010600\n", "ahci", 7);
	assert_int_equal(udrv_host_info(NIC, &i, NULL), 0);
	assert_int_equal(i.group_others, 1);
	assert_string_equal(i.group_other, "0000:00:04.4");
}

/* A serial port on the SoC, say: the IOMMU does not only know PCI. */
static void another_bus_in_the_group(void **state)
{
	struct udrv_host_info i;

	tree_dir("/sys/devices/platform/serial8250");
	tree_link("/sys/devices/platform/serial8250/driver", "../../../bus/platform/drivers/serial8250");
	tree_link("/sys/kernel/iommu_groups/7/devices/serial8250-and-more",
		  "../../../../devices/platform/serial8250");
	assert_int_equal(udrv_host_info(NIC, &i, NULL), 0);
	assert_int_equal(i.group_others, 1);
	assert_string_equal(i.group_other, "serial8250-a");
}

/* Cut, but not taken for none. */
static void long_names(void **state)
{
	struct udrv_host_info i;

	tree_device("0000:00:04.1", "0x020000\n", "a_driver_whose_name_is_longer_than_we_keep", 7);
	assert_int_equal(udrv_host_info("0000:00:04.1", &i, NULL), 0);
	assert_string_equal(i.driver, "a_driver_whose_name_is_longer_t");
	assert_int_equal(udrv_host_info(NIC, &i, NULL), 0);
	assert_int_equal(i.group_others, 1);
}

static const char *user(void)
{
	static struct udrv_host_info i;

	assert_int_equal(udrv_host_info(NIC, &i, NULL), 0);
	return i.user;
}

static void interfaces(void **state)
{
	tree_file(NIC_DIR "/net/eth0/flags", "0x1002\n");
	tree_link(NIC_DIR "/net/eth0/subsystem", "/sys/class/net");
	assert_string_equal(user(), "");
	tree_link(NIC_DIR "/net/eth0/master", "/sys/devices/virtual/net/br0");
	assert_string_equal(user(), "interface eth0 belongs to br0");
	tree_file(NIC_DIR "/net/eth0/flags", "0x1003\n");
	assert_string_equal(user(), "interface eth0 is up");
}

/* Behind a USB controller, say. */
static void interface_far_below(void **state)
{
	tree_file(NIC_DIR "/usb1/1-2/1-2:1.0/net/usb0/flags", "0x1003\n");
	tree_link(NIC_DIR "/usb1/1-2/1-2:1.0/net/usb0/subsystem", "/sys/class/net");
	assert_string_equal(user(), "interface usb0 is up");
}

static void interface_elsewhere(void **state)
{
	tree_dir(NIC_DIR "/net");
	assert_string_equal(user(), "its interface is in another network namespace");
}

#define DISK	NIC_DIR "/ata1/host0/target0:0:0/0:0:0:0/block/sda"

static void a_mounted_disk(void **state)
{
	tree_block(DISK, "8:0\n");
	tree_file("/proc/self/mountinfo", "30 1 8:1 / /mnt rw - ext4 /dev/sdb rw\n");
	assert_string_equal(user(), "");
	tree_file("/proc/self/mountinfo",
		  "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"
		  "30 1 8:0 / /home/me rw,noatime master:1 shared:2 - ext4 /dev/root rw\n");
	assert_string_equal(user(), "/dev/sda is mounted on /home/me");
}

static void a_mounted_partition(void **state)
{
	tree_block(DISK, "8:0\n");
	tree_block(DISK "/sda1", "8:1\n");
	tree_block(DISK "/sda2", "8:2\n");
	tree_file("/proc/self/mountinfo", "30 1 8:2 / / rw - ext4 /dev/root rw\n");
	assert_string_equal(user(), "/dev/sda2 is mounted on /");
	/* As btrfs does it: a number of its own, the name is the device's. */
	tree_file("/proc/self/mountinfo", "30 1 0:33 /sub /data rw - btrfs /dev/sda1 rw,subvol=/sub\n");
	assert_string_equal(user(), "/dev/sda1 is mounted on /data");
}

static void swap(void **state)
{
	tree_block(DISK, "8:0\n");
	tree_block(DISK "/sda1", "8:1\n");
	tree_file("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n"
		  "/dev/sda11 partition\t1\t0\t-2\n");
	assert_string_equal(user(), "");
	tree_file("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n"
		  "/dev/sda1                partition\t8388604\t0\t-2\n");
	assert_string_equal(user(), "/dev/sda1 is swapped to");
}

static void part_of_a_raid(void **state)
{
	tree_block(DISK, "8:0\n");
	tree_dir(DISK "/holders");
	assert_string_equal(user(), "");
	tree_link(DISK "/holders/md0", "/sys/devices/virtual/block/md0");
	assert_string_equal(user(), "/dev/sda is part of md0");
}

static void under_a_loop_device(void **state)
{
	tree_block(DISK, "8:0\n");
	tree_block(DISK "/sda1", "8:1\n");
	tree_file("/sys/class/block/loop4/loop/backing_file", "/home/me/disk.img\n");
	assert_string_equal(user(), "");
	tree_file("/sys/class/block/loop5/loop/backing_file", "/dev/sda1\n");
	assert_string_equal(user(), "/dev/sda1 is the file of loop5");
}

/* The disk of a path is elsewhere in sysfs, under another name. */
static void nvme_multipath(void **state)
{
	tree_link(NIC_DIR "/nvme/nvme3/nvme0c3n1/subsystem", "/sys/class/block");
	tree_block("/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1", "259:0\n");
	tree_block("/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p2", "259:2\n");
	tree_link("/sys/class/block/nvme0n1",
		  "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1");
	assert_string_equal(user(), "");
	tree_file("/proc/self/mountinfo", "30 1 259:2 / / rw - ext4 /dev/root rw\n");
	assert_string_equal(user(), "/dev/nvme0n1p2 is mounted on /");
}

static void a_shared_folder(void **state)
{
	tree_link(NIC_DIR "/virtio3/subsystem", "/sys/bus/virtio");
	tree_file(NIC_DIR "/virtio3/mount_tag", "out");
	assert_string_equal(user(), "");
	tree_file("/proc/self/mountinfo", "30 1 0:40 / /out rw - 9p out rw,trans=virtio\n");
	assert_string_equal(user(), "its file system out is mounted on /out");
}

/* /dev/null stands for a device file, because a test may make none. */
static void open_files(void **state)
{
	tree_file(NIC_DIR "/sound/card0/pcmC0D0p/dev", "1:3\n");
	tree_link(NIC_DIR "/sound/card0/pcmC0D0p/subsystem", "/sys/class/sound");
	tree_file("/proc/812/comm", "aplay\n");
	tree_link("/proc/812/fd/0", "/dev/zero");
	tree_link("/proc/812/fd/1", "socket:[1234]");
	assert_string_equal(user(), "");
	tree_link("/proc/812/fd/4", "/dev/null");
	assert_string_equal(user(), "/dev/null is open in process 812 (aplay)");
}

static void a_driver_process(void **state)
{
	tree_file("/sys/class/vfio/7/dev", "1:3\n");
	tree_link("/sys/class/vfio/7/subsystem", "/sys/class/vfio");
	tree_file("/proc/812/comm", "udrvd\n");
	tree_link("/proc/812/fd/9", "/dev/null");
	assert_string_equal(user(), "/dev/null is open in process 812 (udrvd)");
}

static void many_files(void **state)
{
	char path[128];

	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), NIC_DIR "/tty/ttyS%d/subsystem", i);
		tree_link(path, "/sys/class/tty");
		snprintf(path, sizeof(path), NIC_DIR "/tty/ttyS%d/dev", i);
		tree_file(path, i == 100 ? "1:3\n" : "1:99\n");
	}
	assert_string_equal(user(), "");
	tree_file("/proc/5/comm", "getty\n");
	tree_link("/proc/5/fd/0", "/dev/null");
	assert_string_equal(user(), "/dev/null is open in process 5 (getty)");
}

/* Desktops read every input device; the jacks of a card are no users. */
static void jacks_of_a_sound_card(void **state)
{
	tree_file(NIC_DIR "/sound/card0/input9/event9/dev", "1:3\n");
	tree_link(NIC_DIR "/sound/card0/input9/event9/subsystem", "/sys/class/input");
	tree_link("/proc/812/fd/4", "/dev/null");
	assert_string_equal(user(), "");
	tree_file(NIC_DIR "/usb1/input8/event8/dev", "1:3\n");
	tree_link(NIC_DIR "/usb1/input8/event8/subsystem", "/sys/class/input");
	assert_string_equal(user(), "/dev/null is open in process 812 (?)");
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(no_addresses),
		IN_TREE(a_device),
		IN_TREE(no_device),
		IN_TREE(no_driver_no_group),
		IN_TREE(others_in_the_group),
		IN_TREE(another_bus_in_the_group),
		IN_TREE(long_names),
		IN_TREE(interfaces),
		IN_TREE(interface_far_below),
		IN_TREE(interface_elsewhere),
		IN_TREE(a_mounted_disk),
		IN_TREE(a_mounted_partition),
		IN_TREE(swap),
		IN_TREE(part_of_a_raid),
		IN_TREE(under_a_loop_device),
		IN_TREE(nvme_multipath),
		IN_TREE(a_shared_folder),
		IN_TREE(open_files),
		IN_TREE(a_driver_process),
		IN_TREE(many_files),
		IN_TREE(jacks_of_a_sound_card),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
