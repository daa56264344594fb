/* SPDX-License-Identifier: MIT */
/* loop.h - descriptors to watch and moments to wait for, in one thread. */
#ifndef UDRVD_LOOP_H
#define UDRVD_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* Embed these; fn finds its owner with container_of(). */
struct udrvd_watch {
	int fd;
	void (*fn)(struct udrvd_watch *w, unsigned int events);	/* EPOLL* */
};

/* One shot. */
struct udrvd_timer {
	void (*fn)(struct udrvd_timer *t);
	bool armed;
	uint64_t at;			/* CLOCK_MONOTONIC ns */
	struct udrvd_timer *next;
};

struct udrvd_loop {
	int epoll;
	struct udrvd_timer *timers;	/* armed ones, the nearest first */
	bool stopped;
};

int udrvd_loop_init(struct udrvd_loop *loop);
void udrvd_loop_exit(struct udrvd_loop *loop);

/* events: EPOLLIN and the like, level-triggered. */
int udrvd_watch_add(struct udrvd_loop *loop, struct udrvd_watch *w, unsigned int events);
void udrvd_watch_change(struct udrvd_loop *loop, struct udrvd_watch *w, unsigned int events);
/* fn is not called any more, not even from within the loop's present turn. */
void udrvd_watch_del(struct udrvd_loop *loop, struct udrvd_watch *w);

/* Arming one that is armed moves it. */
void udrvd_timer_arm(struct udrvd_loop *loop, struct udrvd_timer *t, uint64_t after_ns);
void udrvd_timer_cancel(struct udrvd_loop *loop, struct udrvd_timer *t);

/* Until udrvd_loop.stopped. */
int udrvd_loop_run(struct udrvd_loop *loop);

uint64_t udrvd_now(void);		/* CLOCK_MONOTONIC ns */

#endif /* UDRVD_LOOP_H */
