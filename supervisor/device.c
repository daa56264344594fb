// SPDX-License-Identifier: MIT
/* device.c - runs the state table: what happened becomes what is done. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "log.h"
#include "udrvd.h"

#define MS		1000000ull
/* SIGKILL cannot be refused, but a process stuck in the kernel takes its time. */
#define KILL_AGAIN	(5000 * MS)
/* So long may the device take to be quiet before its next driver is given up. */
#define QUIET_LIMIT	(60000 * MS)

/* An event that an action brought about; it is dealt with after the step. */
#define NO_EVENT	UDRVD_EVENTS

static void arm(struct udrvd_device *d, uint64_t ns)
{
	udrvd_timer_arm(&d->udrvd->loop, &d->timer, ns);
}

static void do_kill(struct udrvd_device *d)
{
	if (!d->killed)
		d->killed = udrvd_now();
	udrvd_process_signal(d, SIGKILL);
	arm(d, KILL_AGAIN);
}

static void do_endpoint(struct udrvd_device *d, bool hold)
{
	struct udrvd_endpoint *e = &d->endpoint;
	char text[64];
	int ret;

	if (!e->is_open || (hold && d->handed_over && e->ops->stays))
		return;
	ret = (hold ? e->ops->hold : e->ops->down)(e, text, sizeof(text));
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_ENDPOINT, "%s", text);
	if (ret)
		udrvd_log(UDRV_WARN, d->cfg->name, "%s", text);
}

/* An engine plays on only until a driver that comes at once has stopped it, and
 * not if that one never came to be ready within its time. */
static void do_quiesce(struct udrvd_device *d, bool down)
{
	const struct udrvd_endpoint *e = &d->endpoint;
	bool hung = d->killed && !d->life.ready;

	if (e->is_open && e->ops->plays_on && !down && !d->delay && !hung)
		udrvd_device_irqs_off(d);
	else
		udrvd_device_quiesce(d);
}

/* It is left running only for a driver that comes at once. */
static void do_end(struct udrvd_device *d, unsigned int actions)
{
	d->handed_over = d->handed_over && actions & UDRVD_SPAWN && !(actions & UDRVD_DOWN);
	if (d->handed_over)
		udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_HANDOVER, "%s", d->layout);
	else
		do_quiesce(d, actions & UDRVD_DOWN);
}

static void do_delay(struct udrvd_device *d)
{
	if (d->delay)
		udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_BACKOFF,
				  "%llu ms, useless lives: %u of %u", d->delay / MS,
				  d->strikes, d->cfg->restart.limit);
	arm(d, udrvd_hardware_late(d) ? QUIET_LIMIT : d->delay);
}

void udrvd_device_quiet(struct udrvd_device *d)
{
	if (d->state == UDRVD_BACKOFF)
		arm(d, d->delay);
}

static enum udrvd_event unusable(struct udrvd_device *d, const char *text)
{
	const char *bdf = d->cfg->bdf;
	size_t len = strlen(bdf);

	/* The helpers begin with the address, which the log shows anyway. */
	if (!strncmp(text, bdf, len) && !strncmp(text + len, ": ", 2))
		text += len + 2;
	snprintf(d->cause, sizeof(d->cause), "%s", text);
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_UNUSABLE, "%s", text);
	udrvd_log(UDRV_ERR, d->cfg->name, "%s: %s", bdf, text);
	return UDRVD_EV_UNUSABLE;
}

/* Nobody drives a device that was handed over: the heir has done all that takes
 * time already, or it hangs. */
static uint64_t start_limit(const struct udrvd_device *d)
{
	return d->handed_over && d->cfg->stop_timeout < d->cfg->start_timeout ?
		d->cfg->stop_timeout : d->cfg->start_timeout;
}

/* As if a driver had died at once, but none has. */
static enum udrvd_event wait_for_quiet(struct udrvd_device *d)
{
	d->delay = 0;
	return UDRVD_EV_DIED;
}

static enum udrvd_event do_spawn(struct udrvd_device *d)
{
	bool held = d->page && (d->vfio.device >= 0 || !strcmp(d->cfg->bdf, "none"));
	struct udrvd_verdict verdict;
	struct udrv_error err;
	int ret;

	if (udrvd_hardware_late(d))
		return udrvd_now() - d->late.since < QUIET_LIMIT ? wait_for_quiet(d) :
			unusable(d, "does not answer: it is not quiet after 60 s; "
				    "udrvctl start tries again");
	ret = udrvd_device_open(d, &err);
	if (ret)
		return unusable(d, err.text);
	if (!held)
		udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_OPENED, "%s", d->cfg->bdf);
	arm(d, start_limit(d));
	ret = udrvd_process_start(d);
	if (!ret)
		return NO_EVENT;

	/* No process could be made: as if it had died at once. */
	snprintf(d->cause, sizeof(d->cause), "cannot be started: %s", strerror(-ret));
	udrvd_log(UDRV_ERR, d->cfg->name, "%s", d->cause);
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_DIED, "%s", d->cause);
	d->deaths++;
	d->life.died = udrvd_now();
	verdict = udrvd_policy_death(&d->cfg->restart, &d->strikes, &d->life);
	d->delay = verdict.delay;
	return verdict.give_up ? UDRVD_EV_DIED_LIMIT : UDRVD_EV_DIED;
}

void udrvd_device_first_io(struct udrvd_device *d, uint64_t ns)
{
	uint64_t now = udrvd_now();

	/* One that took a running device over may have been busy before it was ready. */
	if (d->state == UDRVD_STARTING)
		d->early_io = true;
	if (d->state != UDRVD_RUNNING || d->life.first_io)
		return;
	/* The driver's clock is ours, if it tells the truth. */
	if (ns < d->life.ready || ns > now)
		ns = now;
	d->life.first_io = ns;
	udrvd_history_add(&d->history, ns, UDRVD_H_FIRST_IO, "pid %d", d->process.pid);
	udrvd_outage_end(&d->history, ns);
}

static void do_watch(struct udrvd_device *d)
{
	d->life.ready = udrvd_now();
	udrvd_history_add(&d->history, d->life.ready, UDRVD_H_READY, "pid %d", d->process.pid);
	udrvd_log(UDRV_INFO, d->cfg->name, "pid %d is ready", d->process.pid);
	if (d->cfg->watchdog)
		udrvd_timer_arm(&d->udrvd->loop, &d->watchdog, d->cfg->watchdog);
	if (d->endpoint.is_open && d->endpoint.ops->ready)
		d->endpoint.ops->ready(&d->endpoint);
	udrvd_upgrade_ready(d);
	if (d->early_io)
		udrvd_device_first_io(d, d->life.ready);
	udrvd_progress_begin(d);
	udrvd_standby_soon(d);
}

static void do_held(struct udrvd_device *d)
{
	udrvd_outage_forget(&d->history);
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_HELD, "%s", d->cause);
	udrvd_log(UDRV_ERR, d->cfg->name, "given up after %u useless lives (%s); go on with: udrvctl start %s",
		  d->strikes, d->cause, d->cfg->name);
}

static void do_unplugged(struct udrvd_device *d)
{
	udrvd_outage_forget(&d->history);
	snprintf(d->cause, sizeof(d->cause), "unplugged");
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_HELD, "%s", d->cause);
	udrvd_log(UDRV_WARN, d->cfg->name, "%s was unplugged; it goes on when one is plugged in there",
		  d->cfg->bdf);
}

static void enter(struct udrvd_device *d, enum udrvd_state to)
{
	if (d->state == to)
		return;
	udrvd_timer_cancel(&d->udrvd->loop, &d->timer);
	udrvd_timer_cancel(&d->udrvd->loop, &d->watchdog);
	udrvd_progress_end(d);
	d->state = to;
	d->since = udrvd_now();
	/* What an operator wanted is no outage. */
	if (to == UDRVD_STOPPING || to == UDRVD_RESTARTING || to == UDRVD_OFF ||
	    to == UDRVD_LEAVING)
		udrvd_outage_forget(&d->history);
	if (to == UDRVD_STOPPING || to == UDRVD_OFF || to == UDRVD_HELD || to == UDRVD_LEAVING) {
		udrvd_upgrade_failed(d, "the device was stopped");
		udrvd_standby_end(d);
	}
}

static enum udrvd_event act(struct udrvd_device *d, unsigned int actions)
{
	if (actions & UDRVD_FORGIVE)
		d->strikes = 0;
	if (actions & UDRVD_TERM) {
		udrvd_process_signal(d, udrvd_upgrade_signal(d));
		arm(d, d->cfg->stop_timeout);
	}
	if (actions & UDRVD_KILL)
		do_kill(d);
	if (actions & UDRVD_QUIESCE)
		do_end(d, actions);
	if (actions & UDRVD_RELEASE)
		udrvd_device_release(d);
	if (actions & (UDRVD_HOLD | UDRVD_DOWN))
		do_endpoint(d, actions & UDRVD_HOLD);
	if (actions & UDRVD_DELAY)
		do_delay(d);
	if (actions & UDRVD_WATCH)
		do_watch(d);
	return actions & UDRVD_SPAWN ? do_spawn(d) : NO_EVENT;
}

int udrvd_device_event(struct udrvd_device *d, enum udrvd_event event)
{
	int ret = 0;

	/* Twice at most: what an action brings about does not spawn. */
	while (event != NO_EVENT) {
		struct udrvd_step step = udrvd_step(d->state, event);
		bool given_up = step.to == UDRVD_HELD && d->state != UDRVD_HELD;
		bool unplugged = step.to == UDRVD_HELD &&
			(event == UDRVD_EV_UNPLUGGED || d->state == UDRVD_LEAVING);

		if (step.actions & UDRVD_IMPOSSIBLE)
			udrvd_log(UDRV_ERR, d->cfg->name, "bug in udrvd: '%s' in state '%s'",
				  udrvd_event_name(event), udrvd_state_name(d->state));
		if (step.actions & UDRVD_REFUSE)
			ret = -EPERM;
		enter(d, step.to);
		if (event == UDRVD_EV_DIED_LIMIT && step.to == UDRVD_HELD)
			do_held(d);
		if (unplugged)
			do_unplugged(d);
		event = act(d, step.actions);
		/* The device is quiet now, whatever that program does with it. */
		if (given_up)
			udrvd_escalate(d);
	}
	udrvd_settled(d->udrvd);
	return ret;
}

int udrvd_device_signal(struct udrvd_device *d, int sig)
{
	if (!d->process.pid)
		return -ESRCH;
	udrvd_process_signal(d, sig);
	return 0;
}

static void timed_out(struct udrvd_timer *t)
{
	struct udrvd_device *d = container_of(t, struct udrvd_device, timer);
	const struct udrvd_config *cfg = d->cfg;

	if (d->process.pid && d->killed)
		udrvd_log(UDRV_ERR, cfg->name, "pid %d does not die: it hangs in the kernel",
			  d->process.pid);
	else if (d->state == UDRVD_STARTING)
		snprintf(d->why, sizeof(d->why), "no READY=1 within %llu ms",
			 start_limit(d) / MS);
	else if (d->state != UDRVD_DYING && d->process.pid)
		snprintf(d->why, sizeof(d->why), "no end within %llu ms of SIGTERM",
			 cfg->stop_timeout / MS);
	udrvd_device_event(d, UDRVD_EV_TIMEOUT);
}

static void silent(struct udrvd_timer *t)
{
	struct udrvd_device *d = container_of(t, struct udrvd_device, watchdog);

	/* We may be the slow one: is there a message that waits for us? */
	udrvd_notify_receive(d);
	if (d->watchdog.armed)
		return;
	snprintf(d->why, sizeof(d->why), "watchdog: silent for %llu ms",
		 d->cfg->watchdog / MS);
	udrvd_device_event(d, UDRVD_EV_WATCHDOG);
}

int udrvd_device_init(struct udrvd_device *d, struct udrvd *udrvd,
		      const struct udrvd_config *cfg)
{
	memset(d, 0, sizeof(*d));
	d->udrvd = udrvd;
	d->cfg = cfg;
	d->state = UDRVD_OFF;
	d->since = udrvd_now();
	strcpy(d->driver, cfg->driver);
	d->timer.fn = timed_out;
	d->watchdog.fn = silent;
	d->vfio = UDRV_HOST_CLOSED;
	d->arena = d->checkpoint = d->storm.fd = d->trace.fd = -1;
	d->late.watch.fd = -1;
	udrvd_plug_init(d);
	udrvd_cell_init(&d->cell);
	d->cgroup = UDRVD_NO_CGROUP;
	udrvd_standby_init(d);
	udrvd_endpoint_init(&d->endpoint, cfg);
	return udrvd_notify_open(d);
}

void udrvd_device_exit(struct udrvd_device *d)
{
	udrvd_timer_cancel(&d->udrvd->loop, &d->timer);
	udrvd_timer_cancel(&d->udrvd->loop, &d->watchdog);
	udrvd_timer_cancel(&d->udrvd->loop, &d->plug.timer);
	udrvd_standby_end(d);
	udrvd_escalate_end(d);
	udrvd_hardware_forget(d);
	udrvd_device_close(d);
	udrvd_cgroup_close(&d->cgroup);
	udrvd_notify_close(d);
}
