/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lookups in mapped memory, for hmap.c. */
#ifndef HMAP_MAPPED_H
#define HMAP_MAPPED_H

#include <linux/hmap.h>

struct mapped;

/* @fd is of a map that can be mapped. Returns NULL if it cannot be used. */
struct mapped *libhmap_mapped_open(int fd, const struct hmap_ioc_info *info);
void libhmap_mapped_close(struct mapped *m);

#endif /* HMAP_MAPPED_H */
