/* SPDX-License-Identifier: MIT */
/* What the parts of the sound class say to each other. */
#ifndef UDRV_SND_INTERNAL_H
#define UDRV_SND_INTERNAL_H

#include <udrv/snd.h>

/* ---- request.c: pure -------------------------------------------------------- */

/* A copy of the application's wishes, each read once.  -EAGAIN: it was writing
 * them; it will ring again. */
int udrv_snd_request(const struct udrv_snd_page *page, struct udrv_snd_app *app);
/* -EINVAL: not within caps, or too large for the ring. */
int udrv_snd_params_check(const struct udrv_snd_params *p, const struct udrv_snd_caps *caps,
			  size_t ring_len);
/* How far the engine may go from hw (>= hw, <= hw + frames), in whole steps. */
uint64_t udrv_snd_limit(enum udrv_snd_dir dir, const struct udrv_snd_app *app,
			const struct udrv_snd_params *p, uint64_t hw, uint32_t step);
/* Make a predecessor's state one that can be true.  true: it was. */
bool udrv_snd_state_mend(struct udrv_snd_stream_state *state,
			 const struct udrv_snd_caps *caps, size_t ring_len);

/* ---- share.c: the memory between application and driver ----------------------- */

int udrv_snd_share_open(struct udrv_snd_stream *s, struct udrv_dev *dev);
void udrv_snd_share_close(struct udrv_snd_stream *s);
/* The chip has no such stream: applications are told. */
void udrv_snd_share_none(enum udrv_snd_dir dir, struct udrv_dev *dev);

/* ---- memfd.c ------------------------------------------------------------------ */

extern const char *const udrv_snd_names[UDRV_SND_DIRS];
int udrv_snd_bell(struct udrv_dev *dev, enum udrv_snd_dir dir);	/* our end, or -ENOENT */
/* Instead of what is named so: what came from the supervisor; it is taken over. */
int udrv_snd_share_replace(enum udrv_snd_dir dir, struct udrv_dev *dev, int memory, int bell);
/* A memfd of the supervisor's that cannot shrink; len: its size. */
int udrv_snd_memfd_check(struct udrv_dev *dev, int fd, const char *name, size_t *len);

/* ---- mixer.c ------------------------------------------------------------------ */

/* Has somebody turned a knob? */
void udrv_snd_mixer_look(struct udrv_snd *snd);
void udrv_snd_mixer_stop(struct udrv_snd *snd);

/* ---- news.c ------------------------------------------------------------------- */

void udrv_snd_news_begin(struct udrv_snd *snd);
void udrv_snd_news_end(struct udrv_snd *snd);
/* snd.c: a stream's memory is another one now, or nobody's. */
void udrv_snd_renewed(struct udrv_snd *snd, enum udrv_snd_dir dir, int memory, int bell);

/* ---- bell.c ------------------------------------------------------------------ */

void udrv_snd_ring_bell(int bell);
/* Take the other side's rings away.  -EPIPE: there is no other side. */
int udrv_snd_answer_bell(int bell);

#endif /* UDRV_SND_INTERNAL_H */
