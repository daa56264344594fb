// SPDX-License-Identifier: MIT
/* hda_main.c - the driver as a process of its own. */
#include "hda.h"

int main(int argc, char *argv[])
{
	return udrv_main(&hda_driver, argc, argv);
}
