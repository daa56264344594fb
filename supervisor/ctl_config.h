/* SPDX-License-Identifier: MIT */
/* ctl_config.h - udrvctl config check */
#ifndef UDRVD_CTL_CONFIG_H
#define UDRVD_CTL_CONFIG_H

int udrvctl_config(int argc, char *argv[]);

#endif /* UDRVD_CTL_CONFIG_H */
