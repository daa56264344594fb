// SPDX-License-Identifier: MIT
/*
 * portprobe.c - stands in for a driver: which I/O ports does the kernel let a
 * driver's process read?  Prints "reads FIRST-LAST" for each range, of all 65536,
 * and ends.  (Reads of the device's own ports may have side effects: nothing else
 * must use it.)
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/io.h>

static sigjmp_buf refused;

static void on_fault(int sig)
{
	siglongjmp(refused, 1);
}

static int may(unsigned int port)
{
	if (sigsetjmp(refused, 1))
		return 0;
	inb((unsigned short)port);
	return 1;
}

int main(void)
{
	unsigned int first = 0;
	int open = 0;

	signal(SIGSEGV, on_fault);
	for (unsigned int port = 0; port <= 0x10000; port++) {
		int now = port < 0x10000 && may(port);

		if (now && !open)
			first = port;
		if (!now && open)
			printf("reads %x-%x\n", first, port - 1);
		open = now;
	}
	printf("cannot be given more: %d\n", ioperm(0x70, 2, 1));
	return 0;
}
