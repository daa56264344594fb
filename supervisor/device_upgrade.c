// SPDX-License-Identifier: MIT
/*
 * device_upgrade.c - another program for a driver that works.
 *
 * The new one comes up as a standby while the old one goes on working.  Only then
 * is the old one asked to end, which it does in order, and the new one gets the
 * device.  If both know the same layout of the driver's state, the device goes on
 * running meanwhile, and nothing is lost.  Until the new one has said READY=1,
 * whatever goes wrong leads back to the old program.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "log.h"

static const char *const names[] = {
	[UDRVD_UPGRADE_NONE] = "none",
	[UDRVD_UPGRADE_PREPARING] = "preparing",
	[UDRVD_UPGRADE_SWITCHING] = "switching",
	[UDRVD_UPGRADE_DONE] = "done",
	[UDRVD_UPGRADE_FAILED] = "failed",
};

const char *udrvd_upgrade_name(const struct udrvd_device *d)
{
	return names[d->upgrade.phase];
}

__attribute__((format(printf, 3, 4)))
static int refuse(struct udrv_error *err, int ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return ret;
}

int udrvd_upgrade_begin(struct udrvd_device *d, const char *path, struct udrv_error *err)
{
	struct udrvd_upgrade *u = &d->upgrade;
	struct stat st;

	if (d->state != UDRVD_RUNNING)
		return refuse(err, -EPERM, "%s is '%s'; only a driver that runs can be upgraded",
			      d->cfg->name, udrvd_state_name(d->state));
	if (u->phase == UDRVD_UPGRADE_PREPARING)
		return refuse(err, -EBUSY, "%s is being upgraded to %s already", d->cfg->name, u->to);
	if (path[0] != '/' || strlen(path) >= sizeof(u->to))
		return refuse(err, -EINVAL, "driver %.60s: expected an absolute path", path);
	if (stat(path, &st))
		return refuse(err, -errno, "driver %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || access(path, X_OK))
		return refuse(err, -EACCES, "driver %s: expected a program that can be executed", path);
	udrvd_standby_end(d);
	u->phase = UDRVD_UPGRADE_PREPARING;
	u->result[0] = '\0';
	strcpy(u->to, path);
	strcpy(u->from, d->driver);
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_UPGRADE, "to %.100s", path);
	udrvd_standby_start(d);
	return 0;
}

const char *udrvd_upgrade_path(const struct udrvd_device *d)
{
	return d->upgrade.phase == UDRVD_UPGRADE_PREPARING ? d->upgrade.to : d->driver;
}

int udrvd_upgrade_signal(struct udrvd_device *d)
{
	struct udrvd_upgrade *u = &d->upgrade;

	if (u->phase != UDRVD_UPGRADE_SWITCHING || u->asked)
		return SIGTERM;
	/* An orderly end would stop an engine that plays on until the heir does,
	 * which goes on with the frame where that was. */
	if (d->endpoint.is_open && d->endpoint.ops->plays_on && !d->layout[0])
		return SIGKILL;
	if (!d->layout[0] || strcmp(d->layout, d->standby.layout) != 0)
		return SIGTERM;
	u->asked = true;
	return SIGUSR1;
}

bool udrvd_upgrade_asked(const struct udrvd_device *d)
{
	return d->upgrade.phase == UDRVD_UPGRADE_SWITCHING && d->upgrade.asked;
}

static void finish(struct udrvd_device *d, enum udrvd_upgrade_phase phase, const char *text)
{
	struct udrvd_upgrade *u = &d->upgrade;

	u->phase = phase;
	snprintf(u->result, sizeof(u->result), "%s", text);
	udrvd_history_add(&d->history, udrvd_now(), UDRVD_H_UPGRADE, "%s: %.90s",
			  udrvd_upgrade_name(d), text);
	udrvd_log(phase == UDRVD_UPGRADE_DONE ? UDRV_INFO : UDRV_WARN, d->cfg->name,
		  "upgrade to %s %s%s%s", u->to, udrvd_upgrade_name(d), *text ? ": " : "", text);
}

void udrvd_upgrade_waiting(struct udrvd_device *d)
{
	if (d->upgrade.phase != UDRVD_UPGRADE_PREPARING)
		return;
	d->upgrade.phase = UDRVD_UPGRADE_SWITCHING;
	d->upgrade.asked = false;
	strcpy(d->driver, d->upgrade.to);
	udrvd_device_event(d, UDRVD_EV_RESTART);
}

void udrvd_upgrade_ready(struct udrvd_device *d)
{
	if (d->upgrade.phase == UDRVD_UPGRADE_SWITCHING)
		finish(d, UDRVD_UPGRADE_DONE, "");
}

void udrvd_upgrade_failed(struct udrvd_device *d, const char *why)
{
	struct udrvd_upgrade *u = &d->upgrade;

	if (u->phase != UDRVD_UPGRADE_PREPARING && u->phase != UDRVD_UPGRADE_SWITCHING)
		return;
	strcpy(d->driver, u->from);
	finish(d, UDRVD_UPGRADE_FAILED, why);
	udrvd_standby_end(d);
	if (d->state == UDRVD_RUNNING)
		udrvd_standby_soon(d);
}
