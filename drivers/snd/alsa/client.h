/* SPDX-License-Identifier: MIT */
/* client.h - an application's side of udrv/snd_abi.h, without ALSA. */
#ifndef UDRV_SND_CLIENT_H
#define UDRV_SND_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <udrv/snd_abi.h>

struct client {
	int lease;			/* the stream is ours while it is open */
	int bell;
	struct udrv_snd_page *page;
	char *ring;
	size_t ring_len;
	struct udrv_snd_caps caps;	/* a copy: nobody else's write changes it */
	struct udrv_snd_params params;
	uint32_t gen;			/* of our stream; 0: none prepared */
};

/* What the driver says about our stream; OFF: nothing yet. */
struct client_view {
	uint32_t is;
	uint64_t hw, hw_ns, xruns;
};

/* name: of the device, the path of a socket, or "" for the first device. */
int client_socket(const char *name, char *path, size_t size);
/* What udrvd has (a direction, or UDRV_SND_MIXER), with n descriptors.  Returns the
 * lease: what we got is ours while it is open. */
int client_lease(const char *path, uint32_t what, int *fds, unsigned int n);
/* Until a driver has filled in what begins with this; it may be yet to start. */
int client_wait_magic(const uint32_t *magic);

int client_open(struct client *c, const char *path, enum udrv_snd_dir dir);
void client_close(struct client *c);

/* A new stream, which is READY then.  -EINVAL: the driver does not like it. */
int client_prepare(struct client *c, const struct udrv_snd_params *params);
void client_want(struct client *c, enum udrv_snd_want want);
void client_appl(struct client *c, uint64_t frame);
void client_ring(struct client *c);
struct client_view client_view(const struct client *c);
/* Until the driver rings, or ms are over. */
void client_wait(struct client *c, int ms);
/* Take its rings away.  -ENODEV: it will never ring again. */
int client_heard(struct client *c);

#endif /* UDRV_SND_CLIENT_H */
