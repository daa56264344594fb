/* SPDX-License-Identifier: MIT */
/* ctl_config.h - udrvctl config check */
#ifndef UDRVD_CTL_CONFIG_H
#define UDRVD_CTL_CONFIG_H

#include <stdbool.h>

int udrvctl_config(int argc, char *argv[], bool json);

#endif /* UDRVD_CTL_CONFIG_H */
