/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the two parts of the program that names.sh runs. */
#ifndef NAMES_H
#define NAMES_H

int use_ovs(void);

#endif /* NAMES_H */
