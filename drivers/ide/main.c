// SPDX-License-Identifier: MIT
/* main.c - the driver as a process of its own. */
#include "disk.h"

int main(int argc, char *argv[])
{
	return udrv_main(&disk_driver, argc, argv);
}
