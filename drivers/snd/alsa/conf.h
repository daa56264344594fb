/* SPDX-License-Identifier: MIT */
/* conf.h - what both plugins read of a configuration: device. */
#ifndef UDRV_SND_CONF_H
#define UDRV_SND_CONF_H

#include <alsa/asoundlib.h>

static inline int conf_device(snd_config_t *conf, const char **device)
{
	snd_config_iterator_t i, next;

	*device = "";
	snd_config_for_each(i, next, conf) {
		snd_config_t *n = snd_config_iterator_entry(i);
		const char *id;

		if (snd_config_get_id(n, &id) < 0 || !strcmp(id, "comment") ||
		    !strcmp(id, "type") || !strcmp(id, "hint"))
			continue;
		if (strcmp(id, "device") != 0 || snd_config_get_string(n, device) < 0) {
			SNDERR("udrv: '%s' is not understood; expected device, the name of an udrv device",
			       id);
			return -EINVAL;
		}
	}
	return 0;
}

#endif /* UDRV_SND_CONF_H */
