// SPDX-License-Identifier: MIT
/*
 * What an interrupt storm costs the others: a device that never falls silent, a
 * reader who only re-arms it, at a priority above all, and a thread that counts how
 * far it gets meanwhile.  One processor ("icount").
 *
 *	stormcost BDF LIMIT...		an edu bound to udrv; storm_limit, each in turn
 *
 * Prints one JSON object: the share of the processor that the storm takes.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../tests/vm/irqlib.h"

enum { MEASURE_MS = 1000, PRIORITY = 40 };

static struct edu edu;
static int fd;
static uint64_t came;

static void *reader(void *data)
{
	const struct sched_param param = { .sched_priority = PRIORITY };
	uint64_t count;

	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) != 0)
		exit(1);
	while (read(fd, &count, sizeof(count)) == sizeof(count))
		came += count;
	exit(1);
}

static uint64_t progress(void)
{
	uint64_t end = now_ns() + MEASURE_MS * 1000000ULL, n = 0;

	while (now_ns() < end)
		n++;
	return n;
}

static void set_limit(const char *limit)
{
	FILE *file = fopen("/sys/module/udrv/parameters/storm_limit", "w");

	if (!file || fputs(limit, file) < 0 || fclose(file) != 0)
		exit(1);
}

int main(int argc, char *argv[])
{
	pthread_t thread;
	uint64_t quiet;

	if (argc < 3) {
		fprintf(stderr, "usage: stormcost BDF LIMIT...\n");
		return 100;
	}
	edu_open(&edu, argv[1]);
	fd = line_open(&edu, O_RDONLY);
	if (fd < 0)
		return 1;
	quiet = progress();
	if (pthread_create(&thread, NULL, reader, NULL) != 0)
		return 1;
	printf("{\"name\": \"storm\"");
	for (int i = 2; i < argc; i++) {
		uint64_t before, busy;

		set_limit(argv[i]);
		before = came;
		edu_raise(&edu);
		busy = progress();
		edu_ack(&edu);
		printf(", \"%s\": {\"share\": %.3f, \"interrupts\": %lu}", argv[i],
		       1 - (double)busy / (double)quiet, (unsigned long)(came - before));
		sleep_ms(200);
	}
	printf("}\n");
	fflush(stdout);
	_exit(0);
}
