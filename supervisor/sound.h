/* SPDX-License-Identifier: MIT */
/*
 * sound.h - a sound card's endpoint: endpoint_snd.c keeps streams and mixer from
 * driver to driver, sound_app.c lets applications have them.
 */
#ifndef UDRVD_SOUND_H
#define UDRVD_SOUND_H

#include <stdbool.h>
#include <stdint.h>
#include <udrv/snd_abi.h>

#include "loop.h"

/* Connections at once.  Whoever has got nothing yet makes room for the next. */
#define UDRVD_SOUND_APPS	32
/* Those of them that may be mixers: streams always find a place. */
#define UDRVD_SOUND_MIXERS	16

struct udrvd_device;
struct udrvd_sound;

struct udrvd_sound_app {
	struct udrvd_watch watch;	/* fd -1: the place is free */
	struct udrvd_timer timer;	/* until it has something */
	struct udrvd_sound *sound;
	struct udrvd_sound_stream *stream;	/* its own */
	bool mixer;			/* it has that; neither: nothing yet */
	uint64_t since;
	pid_t pid;
};

struct udrvd_sound_stream {
	int memory;
	int bell[2];			/* ours, which the application has too; the driver's */
	bool untold;			/* the driver does not know these yet */
	uint64_t seen;			/* where it was when we last looked */
	struct udrvd_sound_app *app;	/* who has it; NULL: nobody */
};

struct udrvd_sound {
	struct udrvd_device *d;
	struct udrvd_watch listener;
	struct udrvd_sound_stream stream[UDRV_SND_DIRS];
	int mixer;			/* memfd */
	int mixer_ro;			/* the same, for applications */
	int news, drivers_news;		/* ends of the driver's socket; -1 */
	struct udrvd_sound_app app[UDRVD_SOUND_APPS];
};

extern const char *const udrvd_sound_names[UDRV_SND_DIRS][2];

/* ---- endpoint_snd.c ---------------------------------------------------------- */

/* Other memory and another bell, of which the driver is told: what the last
 * application still has of the old is nothing that anybody plays or hears. */
int udrvd_sound_renew(struct udrvd_sound *s, struct udrvd_sound_stream *st);
/* -EAGAIN: the driver has not even read older news. */
int udrvd_sound_tell(struct udrvd_sound *s, struct udrvd_sound_stream *st);
/* A knob is turned.  true: something has changed. */
bool udrvd_sound_set(struct udrvd_sound *s, const struct udrv_snd_set *set);

/* ---- sound_app.c ------------------------------------------------------------- */

int udrvd_sound_listen(struct udrvd_sound *s);
void udrvd_sound_drop_all(struct udrvd_sound *s);
void udrvd_sound_close(struct udrvd_sound *s);

#endif /* UDRVD_SOUND_H */
