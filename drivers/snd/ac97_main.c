// SPDX-License-Identifier: MIT
/* ac97_main.c - the driver as a process of its own. */
#include "ac97.h"

int main(int argc, char *argv[])
{
	return udrv_main(&ac97_driver, argc, argv);
}
