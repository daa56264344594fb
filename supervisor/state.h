/* SPDX-License-Identifier: MIT */
/*
 * state.h - what a supervised device can be, what can happen to it, and what
 * is to be done then.  Pure: state.c is one table, device.c does the work.
 */
#ifndef UDRVD_STATE_H
#define UDRVD_STATE_H

enum udrvd_state {
	UDRVD_OFF,		/* no process; the device is not ours */
	UDRVD_STARTING,		/* a process that has not said READY=1 yet */
	UDRVD_RUNNING,
	UDRVD_DYING,		/* we sent SIGKILL; its death is not seen yet */
	UDRVD_BACKOFF,		/* dead; the next process waits for its time */
	UDRVD_HELD,		/* none until an operator asks, or a device is plugged in */
	UDRVD_STOPPING,		/* asked to end */
	UDRVD_RESTARTING,	/* asked to end, and to come again */
	UDRVD_LEAVING,		/* asked to end, because its device is taken away */
	UDRVD_STATES
};

enum udrvd_event {
	/* Asked for by an operator, or by udrvd's own start and end. */
	UDRVD_EV_START,
	UDRVD_EV_STOP,
	UDRVD_EV_RESTART,
	UDRVD_EV_KILL,
	/* From the process. */
	UDRVD_EV_READY,
	UDRVD_EV_DIED,		/* the policy allows another try */
	UDRVD_EV_DIED_LIMIT,	/* the policy does not */
	UDRVD_EV_WATCHDOG,	/* it was silent for too long */
	/* From udrvd. */
	UDRVD_EV_UNUSABLE,	/* device or endpoint could not be opened */
	UDRVD_EV_TIMEOUT,	/* the state's timer */
	/* From the kernel. */
	UDRVD_EV_UNPLUGGED,	/* it waits for us to let go of the device */
	UDRVD_EV_PLUGGED,	/* there is one at the device's address */
	UDRVD_EVENTS
};

/* A step's actions are done in this order. */
enum udrvd_action {
	UDRVD_FORGIVE	= 1 << 0,	/* forget the deaths so far */
	UDRVD_TERM	= 1 << 1,	/* SIGTERM; arm the stop timer */
	UDRVD_KILL	= 1 << 2,	/* SIGKILL; arm a timer that tries again */
	UDRVD_QUIESCE	= 1 << 3,	/* the device: no DMA, no interrupts */
	UDRVD_RELEASE	= 1 << 4,	/* the device is nobody's now */
	UDRVD_HOLD	= 1 << 5,	/* tell the endpoint: another driver will come */
	UDRVD_DOWN	= 1 << 6,	/* tell the endpoint: none will */
	UDRVD_DELAY	= 1 << 7,	/* arm the back-off timer */
	UDRVD_SPAWN	= 1 << 8,	/* open what is not open, start a process,
					 * arm the start timer */
	UDRVD_WATCH	= 1 << 9,	/* the watchdog counts from now */
	UDRVD_REFUSE	= 1 << 10,	/* the operator's command makes no sense now */
	UDRVD_IMPOSSIBLE = 1 << 11,	/* a bug in udrvd: log it, do nothing */
};

/* Entering another state cancels the state's timer, before the actions. */
struct udrvd_step {
	enum udrvd_state to;
	unsigned int actions;		/* enum udrvd_action */
};

struct udrvd_step udrvd_step(enum udrvd_state state, enum udrvd_event event);

const char *udrvd_state_name(enum udrvd_state state);
const char *udrvd_event_name(enum udrvd_event event);
/* -1: there is no such state */
int udrvd_state_parse(const char *name);

#endif /* UDRVD_STATE_H */
