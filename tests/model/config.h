/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A configuration of hmap.pml: WRITERS (processes), OPS (of each), WORKER, READS,
 * CLEAR, SHRINK (times), RESIZES (arrays that writers may make), START (B of the first
 * array), MASK0 (its mask, if not the usual), TOP (greatest B), SAME (only
 * arrays of the same size), RESEED, FAILS (evacuations without memory), FILL
 * (keys there at first, a bit each), ADVANCE (how far progress looks).
 */

#ifndef WRITERS
#define WRITERS 1
#endif
#ifndef OPS
#define OPS 1
#endif
#ifndef READS
#define READS 0
#endif
#ifndef SHRINK
#define SHRINK 0
#endif
#ifndef RESIZES
#define RESIZES 0
#endif
#ifndef START
#define START 1
#endif
#ifndef TOP
#define TOP 2
#endif
#ifndef FAILS
#define FAILS 0
#endif
#ifndef FILL
#define FILL 0
#endif
#ifndef ADVANCE
#define ADVANCE 4
#endif
#ifndef KEYS
#define KEYS 2
#endif
#ifndef ARRAYS
#define ARRAYS 4
#endif
#ifndef H0
#define H0 1
#endif
#ifndef H1
#define H1 3
#endif
#ifndef H2
#define H2 2
#endif
#ifndef TRIES
#define TRIES 2
#endif
