/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A configuration of hmap.pml: WRITERS (processes), OPS (of each), WORKER, READS,
 * CLEAR, CLEAR_B (B of the array that clear leaves, if not the same), COUNT (a
 * process that sums the counts), SHRINK (times), RESIZES (arrays that writers may
 * make), GROW (arrays that the worker may make), STEP (doublings in one resize),
 * START (B of the first array), TOP (greatest B), SAME (only arrays of the same
 * size), OWN (whether writers evacuate their own units: 2 always, 0 never, 1
 * sometimes), RESEED (at the delete that empties the map), RESEEDS (times that the
 * worker looks), PUSH (of counts), FAILS (evacuations without memory), FILL (keys
 * there at first, a bit each), ADVANCE (how far progress looks).
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
#ifndef GROW
#define GROW 0
#endif
#ifndef STEP
#define STEP 1
#endif
#ifndef OWN
#define OWN 2
#endif
#ifndef RESEEDS
#define RESEEDS 0
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
