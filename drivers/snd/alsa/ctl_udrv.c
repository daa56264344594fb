// SPDX-License-Identifier: MIT
/*
 * ctl_udrv.c - ALSA's way to a card's mixer: amixer -D udrv, alsamixer -D udrv.
 *
 * Values are read where udrvd keeps them, and changed by a message to it.  Whether
 * a driver is alive just now does not matter.
 */
#include <alsa/asoundlib.h>
#include <alsa/control_external.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "conf.h"

/* udrvd has other things to do as well. */
#define SET_MS	2000

struct ctl {
	snd_ctl_ext_t ext;
	const struct udrv_snd_mixer *page;
	struct udrv_snd_control list[UDRV_SND_CONTROLS];	/* a copy, looked through */
	unsigned int n;
	int32_t known[UDRV_SND_CONTROLS][2];	/* what the application was told of */
};

static struct ctl *ctl_of(snd_ctl_ext_t *ext)
{
	return ext->private_data;
}

static void now(const struct ctl *c, unsigned int i, int32_t value[2])
{
	const struct udrv_snd_control *k = &c->list[i];

	for (unsigned int ch = 0; ch < k->channels; ch++) {
		int32_t v = __atomic_load_n(&c->page->value[i][ch], __ATOMIC_ACQUIRE);

		value[ch] = v < k->min ? k->min : v > k->max ? k->max : v;
	}
	if (k->channels < 2)
		value[1] = value[0];
}

/* ---- what there is --------------------------------------------------------------- */

static int elem_count(snd_ctl_ext_t *ext)
{
	return (int)ctl_of(ext)->n;
}

static int elem_list(snd_ctl_ext_t *ext, unsigned int offset, snd_ctl_elem_id_t *id)
{
	struct ctl *c = ctl_of(ext);

	if (offset >= c->n)
		return -EINVAL;
	snd_ctl_elem_id_set_interface(id, SND_CTL_ELEM_IFACE_MIXER);
	snd_ctl_elem_id_set_name(id, c->list[offset].name);
	return 0;
}

static snd_ctl_ext_key_t find_elem(snd_ctl_ext_t *ext, const snd_ctl_elem_id_t *id)
{
	struct ctl *c = ctl_of(ext);
	unsigned int numid = snd_ctl_elem_id_get_numid(id);
	const char *name = snd_ctl_elem_id_get_name(id);

	if (numid)
		return numid <= c->n ? numid - 1 : SND_CTL_EXT_KEY_NOT_FOUND;
	for (unsigned int i = 0; i < c->n; i++)
		if (!strcmp(c->list[i].name, name))
			return i;
	return SND_CTL_EXT_KEY_NOT_FOUND;
}

static int get_attribute(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, int *type,
			 unsigned int *acc, unsigned int *count)
{
	const struct udrv_snd_control *k = &ctl_of(ext)->list[key];

	*type = k->type == UDRV_SND_SWITCH ? SND_CTL_ELEM_TYPE_BOOLEAN :
					     SND_CTL_ELEM_TYPE_INTEGER;
	*acc = SND_CTL_EXT_ACCESS_READWRITE;
	if (k->db_step)
		*acc |= SND_CTL_EXT_ACCESS_TLV_READ | SND_CTL_EXT_ACCESS_TLV_CALLBACK;
	*count = k->channels;
	return 0;
}

static int get_integer_info(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *min, long *max,
			    long *step)
{
	*min = ctl_of(ext)->list[key].min;
	*max = ctl_of(ext)->list[key].max;
	*step = 0;
	return 0;
}

static int tlv(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, int op, unsigned int numid,
	       unsigned int *to, unsigned int size)
{
	const struct udrv_snd_control *k = &ctl_of(ext)->list[key];

	if (op || size < 4 * sizeof(*to) || !k->db_step)
		return -EINVAL;
	to[0] = SND_CTL_TLVT_DB_SCALE;
	to[1] = 2 * sizeof(*to);
	to[2] = (unsigned int)k->db_min;
	to[3] = (unsigned int)k->db_step & 0xffff;
	return 0;
}

/* ---- values --------------------------------------------------------------------------- */

static int read_integer(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value)
{
	struct ctl *c = ctl_of(ext);
	int32_t v[2];

	now(c, (unsigned int)key, v);
	for (unsigned int ch = 0; ch < c->list[key].channels; ch++)
		value[ch] = v[ch];
	return 0;
}

/* Until what we have sent is what is read, as with any other mixer.  The bytes that
 * udrvd sends are left for the application's poll(). */
static int settle(const struct ctl *c, unsigned int i, const int32_t value[2])
{
	for (int ms = 0; ms < SET_MS; ms++) {
		int32_t v[2];

		now(c, i, v);
		if (v[0] == value[0] && v[1] == value[1])
			return 1;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return -ETIMEDOUT;
}

/* 1: it has changed. */
static int write_integer(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value)
{
	struct ctl *c = ctl_of(ext);
	const struct udrv_snd_control *k = &c->list[key];
	struct udrv_snd_set set = { UDRV_SND_MAGIC, (uint32_t)key, { 0 } };
	int32_t v[2];

	now(c, (unsigned int)key, v);
	for (unsigned int ch = 0; ch < 2; ch++) {
		long to = value[ch < k->channels ? ch : 0];

		if (to < k->min || to > k->max)
			return -EINVAL;
		set.value[ch] = (int32_t)to;
	}
	if (v[0] == set.value[0] && v[1] == set.value[1])
		return 0;
	if (send(ext->poll_fd, &set, sizeof(set), MSG_NOSIGNAL) != sizeof(set))
		return errno == EPIPE || errno == ECONNRESET ? -ENODEV : -errno;
	return settle(c, (unsigned int)key, set.value);
}

/* ---- events ----------------------------------------------------------------------------- */

static void subscribe(snd_ctl_ext_t *ext, int on)
{
	struct ctl *c = ctl_of(ext);

	for (unsigned int i = 0; i < c->n; i++)
		now(c, i, c->known[i]);
}

static bool news(struct ctl *c, snd_ctl_elem_id_t *id)
{
	for (unsigned int i = 0; i < c->n; i++) {
		int32_t v[2];

		now(c, i, v);
		if (!memcmp(v, c->known[i], sizeof(v)))
			continue;
		memcpy(c->known[i], v, sizeof(v));
		elem_list(&c->ext, i, id);
		snd_ctl_elem_id_set_numid(id, i + 1);
		return true;
	}
	return false;
}

/* One after the other; its bytes are taken away before the last look, so that no
 * change is missed. */
static int read_event(snd_ctl_ext_t *ext, snd_ctl_elem_id_t *id, unsigned int *mask)
{
	struct ctl *c = ctl_of(ext);
	char byte;
	ssize_t n;

	*mask = SND_CTL_EVENT_MASK_VALUE;
	if (news(c, id))
		return 1;
	while ((n = recv(ext->poll_fd, &byte, 1, MSG_DONTWAIT)) > 0)
		;
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return -ENODEV;
	return news(c, id) ? 1 : -EAGAIN;
}

static void close_ctl(snd_ctl_ext_t *ext)
{
	struct ctl *c = ctl_of(ext);

	munmap((void *)c->page, UDRV_SND_PAGE_SIZE);
	close(ext->poll_fd);
	free(c);
}

static const snd_ctl_ext_callback_t callbacks = {
	.close = close_ctl,
	.elem_count = elem_count,
	.elem_list = elem_list,
	.find_elem = find_elem,
	.get_attribute = get_attribute,
	.get_integer_info = get_integer_info,
	.read_integer = read_integer,
	.write_integer = write_integer,
	.subscribe_events = subscribe,
	.read_event = read_event,
};

/* ---- opening ----------------------------------------------------------------------------- */

/* The driver may have written anything. */
static bool makes_sense(const struct udrv_snd_control *k)
{
	return k->channels >= 1 && k->channels <= 2 && k->min < k->max && k->name[0] &&
	       !k->name[sizeof(k->name) - 1] && k->type <= UDRV_SND_SWITCH;
}

static int take_list(struct ctl *c)
{
	int ret = client_wait_magic(&c->page->magic);
	uint32_t n = c->page->n;

	memcpy(c->list, c->page->control, sizeof(c->list));
	if (ret)
		return ret;
	/* Numbers are places in it: what follows a bad one has none. */
	while (c->n < n && c->n < UDRV_SND_CONTROLS && makes_sense(&c->list[c->n]))
		c->n++;
	return c->n == n ? 0 : -EPROTO;
}

/* NULL: what came is no mixer. */
static const struct udrv_snd_mixer *map(int fd)
{
	struct stat st;
	void *va;

	if (fstat(fd, &st) || st.st_size != UDRV_SND_PAGE_SIZE)
		return NULL;
	va = mmap(NULL, UDRV_SND_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	return va == MAP_FAILED ? NULL : va;
}

/* Page and list; the lease. */
static int get_mixer(struct ctl *c, const char *device, char *path, size_t size)
{
	int fd, lease, ret = client_socket(device, path, size);

	if (ret)
		return ret;
	lease = client_lease(path, UDRV_SND_MIXER, &fd, 1);
	if (lease < 0)
		return lease;
	c->page = map(fd);
	close(fd);
	ret = c->page ? take_list(c) : -EPROTO;
	if (!ret)
		return lease;
	if (c->page)
		munmap((void *)c->page, UDRV_SND_PAGE_SIZE);
	close(lease);
	return ret;
}

static int open_ctl(snd_ctl_t **handlep, const char *name, const char *device, int mode)
{
	struct ctl *c = calloc(1, sizeof(*c));
	char path[108] = "";
	int ret;

	if (!c)
		return -ENOMEM;
	ret = get_mixer(c, device, path, sizeof(path));
	if (ret < 0) {
		SNDERR("udrv: mixer of %s: %s", path[0] ? path : UDRV_SND_DIR "/*.snd",
		       snd_strerror(ret));
		free(c);
		return ret;
	}
	c->ext = (snd_ctl_ext_t){
		.version = SND_CTL_EXT_VERSION,
		.id = "udrv", .driver = "udrv", .mixername = "udrv",
		.poll_fd = ret, .callback = &callbacks, .private_data = c, .tlv = { .c = tlv },
	};
	snprintf(c->ext.name, sizeof(c->ext.name), "%s", device[0] ? device : "udrv");
	snprintf(c->ext.longname, sizeof(c->ext.longname), "%s", path);
	subscribe(&c->ext, 0);
	ret = snd_ctl_ext_create(&c->ext, name, mode);
	if (ret < 0) {
		close_ctl(&c->ext);
		return ret;
	}
	*handlep = c->ext.handle;
	return 0;
}

SND_CTL_PLUGIN_DEFINE_FUNC(udrv);	/* a prototype */
SND_CTL_PLUGIN_DEFINE_FUNC(udrv)
{
	const char *device;
	int ret = conf_device(conf, &device);

	return ret ? ret : open_ctl(handlep, name, device, mode);
}

SND_CTL_PLUGIN_SYMBOL(udrv);
