// SPDX-License-Identifier: MIT
/* Two devices with MSI and MSI-X for the tests of vectors (irqvec.h). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "irqvec.h"

enum {					/* 82574L manual, section 10.2.4 */
	ICS = 0xc8, IMS = 0xd0, EIAC = 0xdc, IVAR = 0xe4,
};

struct edu edu, nic;
struct vfio v = { -1, -1, -1, 0 }, vn = { -1, -1, -1, 0 };
int fds[NIC_VECTORS] = { -1, -1, -1, -1, -1 };

void drop(int i)
{
	if (fds[i] >= 0)
		close(fds[i]);
	fds[i] = -1;
}

void command(struct vfio *dev, uint16_t value)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};

	assert_int_equal(ioctl(dev->device, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	assert_int_equal(pwrite(dev->device, &value, 2, (off_t)info.offset + 4), 2);
}

int vec_setup(void **state)
{
	assert_int_equal(vfio_open(&v, edu.bdf), 0);
	assert_int_equal(vfio_open(&vn, nic.bdf), 0);
	command(&v, 0x6);
	command(&vn, 0x6);
	edu_ack(&edu);
	return 0;
}

int vec_teardown(void **state)
{
	for (int i = 0; i < NIC_VECTORS; i++)
		drop(i);
	vfio_close(&v);
	vfio_close(&vn);
	return 0;
}

int irq_fd(struct vfio *dev, uint32_t index, uint32_t vector, uint32_t flags)
{
	struct udrv_irq_fd req = {
		.argsz = sizeof(req), .flags = flags, .index = index, .vector = vector,
	};
	int fd = ioctl(dev->device, UDRV_IOCTL_IRQ_FD, &req);

	return fd < 0 ? -errno : fd;
}

int msi(uint32_t flags)
{
	return irq_fd(&v, VFIO_PCI_MSI_IRQ_INDEX, 0, flags);
}

int msix(uint32_t vector)
{
	return irq_fd(&vn, VFIO_PCI_MSIX_IRQ_INDEX, vector, O_NONBLOCK);
}

/* Each cause goes to a vector of its own; the chip clears it when sent. */
void nic_raise(unsigned int vector)
{
	uint32_t cause = 1u << (20 + vector);

	nic.regs[EIAC / 4] = 0x1f00000;
	nic.regs[IVAR / 4] = 0xcba98;
	nic.regs[IMS / 4] = cause;
	nic.regs[ICS / 4] = cause;
}

unsigned int nic_count(unsigned int vector)
{
	unsigned int sum = 0;
	int count;

	assert_true(readable(fds[vector], 2000));
	do {
		sleep_ms(1);
		count = get_count(fds[vector]);
		sum += count > 0 ? (unsigned int)count : 0;
	} while (count > 0);
	assert_in_range(sum, 1, 2);
	return sum;
}

unsigned long named(const char *name, int cpu)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long on[2] = { 0 };
	bool found = false;
	char line[512];

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, name);

		found = at && strcspn(at, " \n") == strlen(name) &&
			sscanf(line, "%*d: %lu %lu", &on[0], &on[1]) == 2;
	}
	fclose(file);
	assert_true(found);
	return cpu < 0 ? on[0] + on[1] : on[cpu];
}

int irq_named(const char *name)
{
	FILE *file = fopen("/proc/interrupts", "r");
	char line[512];
	int irq = -1;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, name))
			sscanf(line, "%d", &irq);
	fclose(file);
	return irq;
}
