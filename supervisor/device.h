/* SPDX-License-Identifier: MIT */
/*
 * device.h - a supervised device: what it holds, and its process.
 *
 * device.c runs the state table, device_open.c gets and gives back what
 * outlives a driver, device_hardware.c the device itself, device_process.c starts
 * a driver and listens to it, device_standby.c keeps another one ready,
 * device_upgrade.c changes its program.
 */
#ifndef UDRVD_DEVICE_H
#define UDRVD_DEVICE_H

#include <sys/stat.h>
#include <udrv/checkpoint.h>
#include <udrv/host.h>

#include "cell.h"
#include "cgroup.h"
#include "config.h"
#include "endpoint.h"
#include "history.h"
#include "interrupts.h"
#include "loop.h"
#include "message.h"
#include "policy.h"
#include "spawn.h"
#include "state.h"
#include "trace.h"

struct udrvd;

/* Passes on what a process writes to its standard error. */
struct udrvd_said {
	struct udrvd_device *d;
	struct udrvd_watch watch;	/* fd -1: nothing comes */
	struct udrvd_timer timer;	/* armed: too much came, the watch rests */
	uint64_t since;
	unsigned int used;		/* bytes in this second */
	bool told;
};

/* When work at the endpoint was last seen done, or none was waiting. */
struct udrvd_progress {
	struct udrvd_timer timer;
	uint64_t done, since;
};

/* Watches what a process's filter (filter.h) has to say. */
struct udrvd_guard {
	struct udrvd_device *d;		/* NULL: it watches none */
	struct udrvd_process *p;
	struct udrvd_watch report, listener;
	unsigned int rings;		/* of io_uring, that were made for it */
	struct udrvd_said said;
};

/* A process that waits for the death of the driver's; pid 0: there is none. */
struct udrvd_standby {
	struct udrvd_process process;
	struct udrvd_watch pidfd;
	struct udrvd_guard guard;
	int control;			/* the socket for the go; -1 */
	bool waiting;			/* it says that it is ready for it */
	char layout[UDRV_LAYOUT_MAX];	/* that it can take over; "": none */
	bool unknown;			/* this driver cannot do it */
	struct udrvd_timer timer;	/* to start one, or it was silent for too long */
	uint64_t delay;			/* of the last try that failed */
	char path[256];			/* what it runs, and what that was */
	struct stat file;
};

/* From one program to another. */
struct udrvd_upgrade {
	enum udrvd_upgrade_phase {
		UDRVD_UPGRADE_NONE,
		UDRVD_UPGRADE_PREPARING,	/* the new one comes up as a standby */
		UDRVD_UPGRADE_SWITCHING,	/* until it is ready */
		UDRVD_UPGRADE_DONE,
		UDRVD_UPGRADE_FAILED,		/* back to the old one */
	} phase;
	bool asked;			/* the old one is to hand the device over */
	char from[256], to[256];
	char result[160];		/* why it failed */
};

/* The device may be taken away and brought back. */
struct udrvd_plug {
	struct udrvd_watch request;	/* fd -1: nobody tells us that it goes */
	struct udrvd_timer timer;	/* one has come */
};

/* Quieting the device hangs. */
struct udrvd_late {
	struct udrvd_watch watch;	/* fd -1: it does not */
	uint64_t since;
};

/* The program that tells somebody; pid 0: it does not run. */
struct udrvd_escalation {
	struct udrvd_process process;
	struct udrvd_watch pidfd;
	struct udrvd_timer timer;
	bool killed;			/* its time was up */
};

struct udrvd_device {
	struct udrvd *udrvd;
	const struct udrvd_config *cfg;
	char driver[256];			/* the program to start */

	enum udrvd_state state;
	uint64_t since;				/* of the state */
	struct udrvd_timer timer;		/* the state's own */
	unsigned int strikes;
	uint64_t delay;				/* of the back-off at hand */
	char cause[512];			/* of the last death or failure */

	/* What outlives drivers. */
	struct udrv_host_vfio vfio;		/* all -1: not open, or no hardware */
	struct udrv_host_ports ports;		/* its driver gets */
	struct udrvd_late late;
	int arena, checkpoint;			/* memfds; -1: not made yet */
	char arena_name[40];			/* and where it is mapped */
	const volatile struct udrv_checkpoint *page;
	struct udrvd_endpoint endpoint;
	struct udrvd_trace trace;

	/* The process; pid 0: there is none. */
	struct udrvd_process process;
	struct udrvd_watch pidfd;
	struct udrvd_guard guard;
	struct udrvd_cell cell;
	struct udrvd_cgroup cgroup;
	bool no_cell_said;
	struct udrvd_life life;
	char why[96];				/* we sent SIGKILL because ... */
	uint64_t killed;			/* when; 0: we did not */
	uint64_t signal_at;			/* of an operator's other signal */
	struct udrvd_timer watchdog;
	struct udrvd_progress progress;
	char status[80];			/* the driver's STATUS= */
	char layout[UDRV_LAYOUT_MAX];		/* of the state it can hand over; "": none */
	bool early_io;				/* the first I/O came before READY=1 */
	bool said_handover;			/* it has handed over, and touches nothing any more */
	bool handed_over;			/* it has ended so: the device runs, until
						 * the heir is there, or dead */
	struct udrvd_standby standby;
	struct udrvd_escalation escalation;
	struct udrvd_upgrade upgrade;

	/* Where it reports: a socket of its own, so that a driver that floods
	 * it does not drown the others' messages. */
	struct udrvd_watch notify;
	char notify_name[64];			/* "@udrv/..." */

	struct udrvd_plug plug;

	struct udrvd_watch storm;		/* fd -1: nobody counts storms */
	unsigned int storms;			/* since the device was bound */
	uint64_t storm_said;

	struct udrvd_rate irq_rate;		/* between looks at the status */
	unsigned int starts, deaths;
	unsigned int dma_faults;
	unsigned int malformed;			/* messages that made no sense */
	unsigned int foreign;			/* messages of other processes */
	unsigned int malformed_logged;		/* of this process */
	struct udrvd_history history;
};

/* Never fails half: on an error nothing is left. */
int udrvd_device_init(struct udrvd_device *d, struct udrvd *udrvd,
		      const struct udrvd_config *cfg);
/* No process may be left. */
void udrvd_device_exit(struct udrvd_device *d);

/* -EPERM: the state has no use for this command. */
int udrvd_device_event(struct udrvd_device *d, enum udrvd_event event);
/* What was late with quieting it has ended. */
void udrvd_device_quiet(struct udrvd_device *d);
/* A signal other than SIGKILL, which is UDRVD_EV_KILL.  -ESRCH: no process. */
int udrvd_device_signal(struct udrvd_device *d, int sig);

/* ---- device_open.c ----------------------------------------------------- */
int udrvd_device_open(struct udrvd_device *d, struct udrv_error *err);
void udrvd_device_close(struct udrvd_device *d);	/* all, for ever */
/* Valid: a copy of the checkpoint page that can be believed to be one. */
bool udrvd_device_checkpoint(const struct udrvd_device *d, struct udrv_checkpoint *cp);

/* ---- device_hardware.c: all bounded ------------------------------------- */
int udrvd_hardware_open(struct udrvd_device *d, struct udrv_error *err);
void udrvd_device_release(struct udrvd_device *d);
void udrvd_device_quiesce(struct udrvd_device *d);
/* The gentle way, for an endpoint that plays on. */
void udrvd_device_irqs_off(struct udrvd_device *d);
/* Either of them has not ended in its time, and goes on. */
bool udrvd_hardware_late(const struct udrvd_device *d);
void udrvd_hardware_forget(struct udrvd_device *d);

/* ---- device_process.c --------------------------------------------------- */
/* A process of this program with these descriptors. */
int udrvd_process_spawn(struct udrvd_device *d, const char *path, const struct udrvd_fd *fds,
			unsigned int n, struct udrvd_process *p);
/* The driver: the standby if there is one, else a new process. */
int udrvd_process_start(struct udrvd_device *d);
void udrvd_device_first_io(struct udrvd_device *d, uint64_t ns);
void udrvd_process_signal(struct udrvd_device *d, int sig);
int udrvd_notify_open(struct udrvd_device *d);
void udrvd_notify_close(struct udrvd_device *d);
/* Take in what is waiting on the socket. */
void udrvd_notify_receive(struct udrvd_device *d);

/* ---- device_standby.c ----------------------------------------------------- */
void udrvd_standby_init(struct udrvd_device *d);
/* The driver works: time to prepare the next one. */
void udrvd_standby_soon(struct udrvd_device *d);
void udrvd_standby_start(struct udrvd_device *d);	/* now */
/* It becomes the driver's process, with these descriptors.  -ENOENT: there is none. */
int udrvd_standby_go(struct udrvd_device *d, const struct udrvd_fd *fds, unsigned int n);
void udrvd_standby_said(struct udrvd_device *d, const struct udrvd_message *m);
void udrvd_standby_end(struct udrvd_device *d);

/* ---- device_upgrade.c ------------------------------------------------------ */
int udrvd_upgrade_begin(struct udrvd_device *d, const char *path, struct udrv_error *err);
/* What a standby is to run. */
const char *udrvd_upgrade_path(const struct udrvd_device *d);
/* How the driver is to be asked to end; was it asked to hand the device over? */
int udrvd_upgrade_signal(struct udrvd_device *d);
bool udrvd_upgrade_asked(const struct udrvd_device *d);
/* For the others, whether or not there is an upgrade: its program waits, is
 * ready, or does not get that far. */
void udrvd_upgrade_waiting(struct udrvd_device *d);
void udrvd_upgrade_ready(struct udrvd_device *d);
void udrvd_upgrade_failed(struct udrvd_device *d, const char *why);
const char *udrvd_upgrade_name(const struct udrvd_device *d);

/* ---- escalate.c ------------------------------------------------------------ */
/* The device was given up: run what its configuration names, if anything. */
void udrvd_escalate(struct udrvd_device *d);
void udrvd_escalate_end(struct udrvd_device *d);

/* ---- guard.c --------------------------------------------------------------- */
void udrvd_guard_begin(struct udrvd_guard *g, struct udrvd_device *d, struct udrvd_process *p);
void udrvd_guard_end(struct udrvd_guard *g);

/* ---- progress.c ------------------------------------------------------------ */
/* While the driver is running. */
void udrvd_progress_begin(struct udrvd_device *d);
void udrvd_progress_end(struct udrvd_device *d);

/* ---- plug.c ---------------------------------------------------------------- */
void udrvd_plug_init(struct udrvd_device *d);
/* While the device is open. */
void udrvd_plug_open(struct udrvd_device *d);
void udrvd_plug_close(struct udrvd_device *d);
/* A line of the kernel's log. */
void udrvd_plug_logged(struct udrvd_device *d, const char *line);

/* ---- said.c ---------------------------------------------------------------- */
int udrvd_said_pipe(int ends[2]);
void udrvd_said_begin(struct udrvd_said *s, struct udrvd_device *d, int fd);
void udrvd_said_end(struct udrvd_said *s);

/* ---- storm.c -------------------------------------------------------------- */
/* Not vital: vfio-pci does not count any. */
void udrvd_storm_open(struct udrvd_device *d);
void udrvd_storm_close(struct udrvd_device *d);

#endif /* UDRVD_DEVICE_H */
