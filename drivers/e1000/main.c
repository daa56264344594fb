// SPDX-License-Identifier: MIT
/* main.c - the driver as a process of its own. */
#include "e1000.h"

int main(int argc, char *argv[])
{
	return udrv_main(&e1000_driver, argc, argv);
}
