/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The concurrency protocol of the map, for spin: lookups, writes, stripes,
 * evacuation and the worker of kmod/map, with two stripes and up to eight
 * buckets.
 *
 *	spin -a -D... hmap.pml; cc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c; ./pan
 *
 * check.sh has the configurations, and the seeded bugs: each BUG_x leaves one
 * rule of the protocol out, and shows that the checker would notice.
 *
 * An array is an object: B, lock mask, seed, the array it replaces, stripes that
 * remain to be evacuated, progress of each stripe. Its memory is reused as soon
 * as RCU allows, and wiped, so that a process that still uses it fails an
 * assertion. A bucket has a version, an evacuated mark, and for each key a slot:
 * in use or not (the tophash), and a value of two words, which are written one
 * by one.
 *
 * What is checked, besides assertions about locks and memory on the way:
 * - Every lookup returns a value that the key had at some time during the
 *   lookup (ref[] changes where the operation takes effect, seen collects what
 *   it was). A write finds under its lock what ref[] says.
 * - In the end, every key is in one chain, the one that its hash names, once;
 *   the counts are exact; nothing is being resized, and the mask is the one for
 *   the array's size; no version is odd, no lock held; one array is left and all
 *   others were freed, once.
 * - No deadlock (spin's invalid end states). The worker ends every resize in a
 *   bounded number of steps; a resize that cannot end is noticed at the end.
 * - While elements are only inserted, a sum of the counts that is taken without
 *   locks is never above their number.
 *
 * Under sequential consistency, except that the stores to a slot are made in
 * either order between two barriers. Not modelled: the order of slots in a
 * bucket (emptyRest) and the number of overflow buckets, which only the holder
 * of the stripe uses (KUnit); memory for them that is not there (FAILS is);
 * settled, which says no more than that there is no old array; the counts that
 * make a resize due (any insert may start one); cursors; values out of line; the
 * work queue; reserve and shrink, which do what the worker does, and the resizer;
 * all of kmod/dev: mapped memory, WAIT, poll(), freezing.
 *
 * Leaving out that reseeding needs a map that is not being resized gives no
 * counterexample here, so there is no seeded bug for it.
 *
 * config.h has the names of a configuration.
 */

#include "config.h"

#define STRIPES 2
#if TOP > 2			/* buckets of the largest array */
#define BUCKETS 8
#else
#define BUCKETS 4
#endif

/*
 * Steps that only a reader without a lock can tell apart are one if there is
 * none.
 */
#if READS
#define BEGIN
#define END
#else
#define BEGIN atomic {
#define END }
#endif

/* States of an array. */
#define FREE 0
#define MADE 1
#define LIVE 2
#define RETIRED 3

byte buckets;			/* the map's array; 0 is NULL */
byte lock[STRIPES];		/* 0, or the process that has it */
byte count[STRIPES];		/* all counts are modulo 256 */
byte shared;			/* what stripes have pushed */

byte state[ARRAYS + 1];
byte inside[ARRAYS + 1];	/* processes in RCU when it was retired */
byte B[ARRAYS + 1];
byte mask[ARRAYS + 1];
byte seed[ARRAYS + 1];
byte oldbuckets[ARRAYS + 1];
byte remaining[ARRAYS + 1];	/* stripes */
byte nevacuate[(ARRAYS + 1) * STRIPES];
byte version[(ARRAYS + 1) * BUCKETS];
bit mark[(ARRAYS + 1) * BUCKETS];
bit used[(ARRAYS + 1) * BUCKETS * KEYS];
byte lo[(ARRAYS + 1) * BUCKETS * KEYS];
byte hi[(ARRAYS + 1) * BUCKETS * KEYS];

byte rcu;			/* processes in a read-side section */
byte resizes = RESIZES;
byte shrinks = SHRINK;
byte grows = GROW;
byte reseeds = RESEEDS;
byte fails = FAILS;
byte running;			/* writers and others that are not done */

byte ref[KEYS];			/* the truth: 0 or the value */
byte reading = 255;		/* the key that is being looked up */
byte seen;			/* values it has had meanwhile, a bit each */

#define ME (1 << _pid)
#define HASH(k, s) (((k) == 0 -> H0 : ((k) == 1 -> H1 : H2)) ^ (s))
#define NBUCKETS(a) (1 << B[a])
#define BUCKET(a, i) ((a) * BUCKETS + (i))
#define CHAIN(a, h) BUCKET(a, (h) & (NBUCKETS(a) - 1))
#define SLOT(b, k) ((b) * KEYS + (k))
#define SMALLER(a, o) (B[o] < B[a] -> NBUCKETS(o) : NBUCKETS(a))
#define UNIT(a, o, h) ((h) & (SMALLER(a, o) - 1))
#define UNITS(a, o) (SMALLER(a, o) / (mask[a] + 1))
#define NEXT(a, s) nevacuate[(a) * STRIPES + (s)]
#define ALIVE(a) assert(state[a] == LIVE || state[a] == RETIRED)
#define FULL_MASK(a) (NBUCKETS(a) < STRIPES -> 0 : STRIPES - 1)

/* Whether progress says that the unit u has been evacuated; m is a's mask. */
#define IS_PAST(a, u, m) ((u) / ((m) + 1) < NEXT(a, (u) & (m)))

/* No stripe has anything left to do for the resize. */
#define STUCK(a) (NEXT(a, 0) == UNITS(a, oldbuckets[a]) && \
		  (mask[a] == 0 || NEXT(a, 1) == UNITS(a, oldbuckets[a])))

#ifdef BUG_RESIZE_WHILE_OLD
#define MAY_START(a) true
#else
#define MAY_START(a) (oldbuckets[a] == 0)
#endif
#ifdef BUG_SHRINK_BELOW
#define MAY_SHRINK(a) true
#else
#define MAY_SHRINK(a) (NBUCKETS(a) > STRIPES)
#endif

#ifdef BUG_STALE_MINE
#define MINE ; byte mine
#else
#define MINE
#endif

/* What the functions below use, of each process. */
#define LOCALS \
	byte a, o, c, d, s, m, h, u, k, z, x, n, moved, nw; \
	byte s0; bool ok, more, found MINE

hidden byte j;

inline wipe(w)
{
	state[w] = FREE; inside[w] = 0; B[w] = 0; mask[w] = 0; seed[w] = 0;
	oldbuckets[w] = 0; remaining[w] = 0; NEXT(w, 0) = 0; NEXT(w, 1) = 0;
	j = 0;
	do
	:: j < BUCKETS -> version[BUCKET(w, j)] = 0; mark[BUCKET(w, j)] = 0;
		j++
	:: else -> break
	od;
	j = 0;
	do
	:: j < BUCKETS * KEYS ->
		used[w * BUCKETS * KEYS + j] = 0;
		lo[w * BUCKETS * KEYS + j] = 0;
		hi[w * BUCKETS * KEYS + j] = 0;
		j++
	:: else -> break
	od;
	j = 0
}

/* An array of 2^b buckets, or 0. */
inline alloc(w, b)
{
	d_step {
		w = 1;
		do
		:: w <= ARRAYS && state[w] != FREE -> w++
		:: else -> break
		od;
		if
		:: w > ARRAYS -> w = 0
		:: else -> state[w] = MADE; B[w] = b
		fi
	}
}

/* It has not been published. */
inline array_free(w)
{
	d_step { assert(state[w] == MADE); wipe(w) }
}

inline retire(w)
{
	d_step {
		assert(state[w] == LIVE);
		state[w] = RETIRED;
		inside[w] = rcu;
#ifdef BUG_NO_GRACE
		inside[w] = 0;
#endif
		if
		:: inside[w] == 0 -> wipe(w)
		:: else
		fi
	}
}

inline rcu_begin()
{
	rcu = rcu | ME
}

inline rcu_end()
{
	d_step {
		rcu = rcu & (255 - ME);
		x = 1;
		do
		:: x <= ARRAYS ->
			inside[x] = inside[x] & (255 - ME);
			if
			:: state[x] == RETIRED && inside[x] == 0 -> wipe(x)
			:: else
			fi;
			x++
		:: else -> break
		od;
		x = 0
	}
}

inline drop()
{
	atomic {
		assert(lock[s] == _pid);
		lock[s] = 0;
		rcu_end();
		a = 0; o = 0; c = 0; d = 0; u = 0; m = 0; z = 0; n = 0; s = 0;
		h = 0; moved = 0
	}
}

/* Lock the stripe of h. */
inline lock_hash()
{
	do
#ifdef BUG_WRITER_NO_RCU
	:: a = buckets;
	   atomic {
		ALIVE(a);
#else
	:: atomic {
		rcu_begin();
		a = buckets;
#endif
		m = mask[a];
#ifdef BUG_MASK_BY_ARRAY
		z = a;
#endif
		s = h & m
	   };
	   atomic {
		lock[s] == 0 -> lock[s] = _pid;
#ifndef BUG_NO_RELOAD
		a = buckets;
#endif
		if
#ifdef BUG_MASK_RECHECK
		:: false
#elif defined(BUG_MASK_BY_ARRAY)
		:: a != z -> lock[s] = 0
#else
		:: mask[a] != m -> lock[s] = 0
#endif
		:: else ->
			/* Of a resize each stripe in use has a part. */
			assert(oldbuckets[a] == 0 ||
			       UNITS(a, oldbuckets[a]) > 0);
			break
		fi
	   }
	od
}

/* Lock the stripe of the key k. */
inline lock_key()
{
	do
	:: atomic {
		a = buckets;
		s0 = seed[a];
		h = HASH(k, s0)
	   };
	   lock_hash();
#ifdef BUG_SEED_RECHECK
	   break
#else
	   atomic {
		if
		:: seed[a] != s0 -> drop()
		:: else -> s0 = 0; break
		fi
	   }
#endif
	od
}

/*
 * Copy an old chain, to as many as there are for its unit. No reader looks into a
 * new chain before the mark of its old one; in a shrink, the mark of the first of
 * two.
 */
inline evac_chain(i, second)
{
	BEGIN
	c = BUCKET(o, i);
	assert(!(version[c] & 1) && !mark[c]);
	assert(lock[i & mask[a]] == _pid);
#ifndef BUG_EVAC_NO_VERSION
	version[c]++;
#endif
#ifdef BUG_MARK_EARLY
	mark[c] = 1;
#endif
#ifndef BUG_DEST_VERSION
	if
	:: second -> version[BUCKET(a, u)]++
	:: else
	fi;
#endif
	z = 0;
	do
	:: z < KEYS ->
		if
		:: used[SLOT(c, z)] ->
			atomic {
				d = CHAIN(a, HASH(z, seed[a]));
#ifdef BUG_MULTI_ONE_DEST
				d = BUCKET(a, i + (HASH(z, seed[a]) & NBUCKETS(o)));
#endif
				assert(!used[SLOT(d, z)])
			};
			/* Stores without a barrier: any order. */
			if
			:: used[SLOT(d, z)] = 1;
				lo[SLOT(d, z)] = lo[SLOT(c, z)];
				hi[SLOT(d, z)] = hi[SLOT(c, z)]
#if READS
			:: atomic { lo[SLOT(d, z)] = lo[SLOT(c, z)];
				hi[SLOT(d, z)] = hi[SLOT(c, z)];
				used[SLOT(d, z)] = 1 }
#endif
			fi;
			used[SLOT(c, z)] = 0
		:: else
		fi;
		z++
	:: else -> z = 0; break
	od;
#ifndef BUG_DEST_VERSION
	if
	:: second -> version[BUCKET(a, u)]++
	:: else
	fi;
#endif
#ifndef BUG_MARK_EARLY
	mark[c] = 1;
#endif
#ifndef BUG_EVAC_NO_VERSION
	version[c]++;
#endif
	END
}

inline raise_mask()
{
	atomic {
		if
		:: mask[a] == 0 -> mask[a] = FULL_MASK(a)
		:: else
		fi
	}
}

/*
 * The last unit of the last stripe has been moved. The mask is raised last: while
 * it is 0 the holder of stripe 0 is alone.
 */
inline resize_done()
{
#ifdef BUG_RAISE_EARLY
	raise_mask();
#endif
	atomic {
#ifdef BUG_RETIRE_EARLY
		retire(o)
	};
	oldbuckets[a] = 0;
#else
		oldbuckets[a] = 0
	};
	retire(o);
#endif
#ifdef BUG_RAISE_NO_STRIPE
	lock[s] = 0;
#endif
#if !defined(BUG_RAISE_EARLY) && !defined(BUG_MASK_STAYS)
	raise_mask();
#endif
#ifdef BUG_RAISE_NO_STRIPE
	atomic { lock[s] == 0 -> lock[s] = _pid };
#endif
}

/* The stripe has been evacuated. */
inline stripe_done()
{
#ifdef BUG_FINISH_BY_PROGRESS
	remaining[a]--;
	atomic { moved = STUCK(a) };
#else
	atomic {
		assert(remaining[a] > 0 && remaining[a] <= mask[a] + 1);
		remaining[a]--;
		moved = (remaining[a] == 0)
	};
#endif
	if
	:: moved -> resize_done()
	:: else
	fi;
	moved = false
}

/* The stripe's next unit has been evacuated: go on to one that has not. */
inline advance_next()
{
	d_step {
		n = NEXT(a, s);
		assert(n < UNITS(a, o));
		x = n + 1 + ADVANCE;
		if
		:: x > UNITS(a, o) -> x = UNITS(a, o)
		:: else
		fi;
		n++;
		do
		:: n < x && mark[BUCKET(o, s + n * (mask[a] + 1))] -> n++
		:: else -> break
		od;
		NEXT(a, s) = n;
		moved = (n == UNITS(a, o));
		n = 0; x = 0
	};
#ifndef BUG_STRIPE_DONE_EARLY
	if
	:: moved -> stripe_done()
	:: else
	fi
#endif
}

#define IS_NEXT (u == s + NEXT(a, s) * (mask[a] + 1))

/* Evacuate the unit u. ok: no memory was missing. */
inline evacuate()
{
	ok = true;
	if
	:: atomic { fails > 0 && !mark[BUCKET(o, u)] -> fails-- };
#ifdef BUG_FAILED_EVAC
		mark[BUCKET(o, u)] = 1;
#endif
#ifdef BUG_FAILED_ADVANCE
		if
		:: IS_NEXT -> advance_next()
		:: else
		fi;
#endif
		ok = false
	:: atomic { mark[BUCKET(o, u)] ->
#ifndef BUG_ADVANCE
		if
		:: IS_NEXT -> advance_next()
		:: else
		fi
#endif
	   }
	:: atomic { !mark[BUCKET(o, u)] -> ALIVE(o); ALIVE(a) };
#ifdef BUG_STRIPE_DONE_EARLY
		if
		:: IS_NEXT && NEXT(a, s) + 1 == UNITS(a, o) -> stripe_done()
		:: else
		fi;
#endif
#ifdef BUG_PROGRESS_EARLY
		if
		:: IS_NEXT -> NEXT(a, s)++; moved = true
		:: else
		fi;
#endif
		evac_chain(u, false);
		if
		:: B[a] < B[o] -> evac_chain(u + NBUCKETS(a), true)
		:: else
		fi;
#ifdef BUG_PROGRESS_EARLY
		if
		:: moved -> NEXT(a, s)--; moved = false
		:: else
		fi;
#endif
		if
#ifdef BUG_PROGRESS_ANY
		:: true -> u = s + NEXT(a, s) * (mask[a] + 1); advance_next()
#else
		:: IS_NEXT -> advance_next()
#endif
		:: else
		fi
	fi;
	moved = 0;
	u = 0
}

/* Evacuate the stripe's next unit. more: there may be one after it. */
inline evacuate_next()
{
	atomic {
		o = oldbuckets[a];
		more = (o != 0 && NEXT(a, s) != UNITS(a, o));
		if
		:: more -> u = s + NEXT(a, s) * (mask[a] + 1)
		:: else
		fi
	};
	if
	:: more -> evacuate()
	:: else
	fi
}

#ifdef BUG_RAISE_NO_RESTART
#define IS_RIGHT true
#else
#define IS_RIGHT ((h & mask[a]) == s)
#endif

/*
 * A put or delete evacuates its own unit, if the old array is a small one, and the
 * stripe's next. more: it has to start again, since its key is in another stripe.
 */
inline resize_work()
{
	o = oldbuckets[a];
	if
	:: o != 0 ->
		if
#if OWN
		:: !IS_PAST(a, UNIT(a, o, h), mask[a]) ->
			u = UNIT(a, o, h);
			evacuate()
#endif
#if OWN < 2
		:: true
#else
		:: else
#endif
		fi;
		evacuate_next();
		more = !IS_RIGHT
	:: else -> more = false
	fi
}

/* The B of an array to grow into, and whether w is one. */
#ifdef SAME
#define LEAST 0
#else
#define LEAST (B[a] < TOP)
#endif
#define WANTED(w) (B[w] >= B[a] + LEAST && B[w] <= B[a] + STEP)

inline choose_B()
{
	a = buckets;
	x = B[a] + LEAST;
#if STEP > 1
	if
	:: x + 1 <= TOP && x + 1 <= B[a] + STEP -> x++
	:: true
	fi;
#endif
	a = 0
}

#ifdef BUG_STALE_MASK
#define MASK m
#else
#define MASK mask[a]
#endif

/* Publish nw in the place of a. ok: that was done. */
inline publish()
{
#ifdef BUG_STALE_MINE
	if
	:: mine != 0 -> a = mine
	:: else
	fi;
#endif
	atomic {
		ALIVE(a);
		o = oldbuckets[a];
#ifdef BUG_RESIZE_WHILE_OLD
		o = 0;
#endif
		ok = (o == 0);
		/* Nothing is to be evacuated. */
		assert(mask[a] != 0 || count[1] == 0);
		found = (MASK == 0 && shared + count[0] == 0);
#ifdef BUG_EMPTY_STRIPED
		found = (shared + count[s] == 0);
#endif
		if
		:: ok ->
			seed[nw] = seed[a];
			mask[nw] = (found -> FULL_MASK(nw) : MASK);
#ifdef BUG_MASK_EARLY
			mask[nw] = FULL_MASK(nw);
#endif
			oldbuckets[nw] = (found -> 0 : a);
			remaining[nw] = (found -> 0 : mask[nw] + 1)
		:: else
		fi
	};
	if
	:: ok ->
#ifdef BUG_EMPTY_NO_STRIPE
		/* Not under stripe 0, though nothing is to be evacuated. */
		lock[s] = 0;
#endif
		atomic {
#ifdef BUG_PLAIN_PUBLISH
			ok = true;
#else
			ok = (buckets == a);
#endif
			if
			:: ok -> buckets = nw; state[nw] = LIVE
			:: else
			fi
		};
#ifdef BUG_EMPTY_NO_STRIPE
		atomic { lock[s] == 0 -> lock[s] = _pid };
#endif
		if
		:: ok && found -> nw = 0; retire(a)
		:: ok && !found -> nw = 0
		:: else
		fi
	:: else
	fi;
	o = 0;
	found = false
}

/* The chain of h at present; under its stripe. */
inline chain_of()
{
	atomic {
		o = oldbuckets[a];
		c = CHAIN(a, h);
		if
		:: o == 0 -> ALIVE(a)
		:: o != 0 && IS_PAST(a, UNIT(a, o, h), mask[a]) ->
			ALIVE(a);
			ALIVE(o);
#ifndef BUG_PROGRESS_EARLY
			assert(mark[CHAIN(o, h)])
#endif
		:: else ->
#ifndef BUG_WRITE_AHEAD
			if
			:: !mark[CHAIN(o, h)] -> c = CHAIN(o, h); ALIVE(o)
			:: else -> ALIVE(a)
			fi
#endif
		fi;
		o = 0
	}
}

#ifdef BUG_CLEAR_COUNT
bool was_empty;

inline no_keys()
{
	d_step {
		j = 0;
		do
		:: j < KEYS && ref[j] == 0 -> j++
		:: else -> break
		od;
		was_empty = was_empty || j == KEYS;
		j = 0
	}
}
#endif

/* Under the stripe the truth is known. */
inline look()
{
	atomic {
		found = used[SLOT(c, k)];
		assert(found == (ref[k] != 0));
		assert(!found || (lo[SLOT(c, k)] == ref[k] &&
				  hi[SLOT(c, k)] == ref[k]));
	}
}

inline set_ref(key, v)
{
	ref[key] = v;
#ifdef BUG_CLEAR_COUNT
	no_keys();
#endif
	if
	:: reading == key -> seen = seen | (1 << v)
	:: else
	fi
}

inline write_begin()
{
	atomic {
		assert(!(version[c] & 1) && !mark[c]);
		assert(lock[h & mask[buckets]] == _pid);
#ifndef BUG_WRITE_NO_VERSION
		version[c]++
#endif
	}
}

/* Where a write takes effect. */
inline write_end(v)
{
	atomic {
#ifndef BUG_WRITE_NO_VERSION
		version[c]++;
#endif
		set_ref(k, v)
	}
}

inline store(v)
{
	BEGIN
	write_begin();
	if
	:: used[SLOT(c, k)] = 1; lo[SLOT(c, k)] = v; hi[SLOT(c, k)] = v
#if READS
	:: lo[SLOT(c, k)] = v; hi[SLOT(c, k)] = v; used[SLOT(c, k)] = 1
#endif
	fi;
	write_end(v);
	END
}

/*
 * Add the stripe's count to the shared one. A sum may miss what is between the
 * two, and never counts it twice.
 */
inline push()
{
#ifdef PUSH
	if
#ifdef BUG_PUSH_ORDER
	:: count[s] != 0 ->
		x = count[s];
		shared = shared + x;
		count[s] = 0;
		x = 0
#else
	:: count[s] != 0 ->
		atomic { x = count[s]; count[s] = 0 };
		atomic { shared = shared + x; x = 0 }
#endif
	:: true
	fi
#else
	skip
#endif
}

/* Insert or overwrite. */
inline put()
{
	/* Memory that the operation brings along, made before the lock. */
	nw = 0;
	if
	:: atomic { resizes > 0 ->
		resizes--;
		choose_B();
		alloc(nw, x);
#ifdef BUG_STALE_MINE
		mine = buckets;
#endif
		x = 0 }
	:: skip
	fi;
	do
	:: lock_key();
	   resize_work();
	   if
	   :: more -> more = false; drop(); goto again
	   :: else
	   fi;
	   chain_of();
	   look();
	   if
	   :: found -> moved = 3 - ref[k]; store(moved); break
	   :: !found && nw != 0 && MAY_START(a) ->
		if
		:: WANTED(nw) ->
			publish();
#ifdef BUG_NO_RESTART
			if
			:: ok -> a = buckets; chain_of(); store(1);
				count[s]++; break
			:: else
			fi
#endif
		:: else
		fi;
		if
		:: nw != 0 && !WANTED(nw) -> array_free(nw); nw = 0
		:: else
		fi;
		drop()
	   :: else ->
		store(1);
		count[s]++;
		break
	   fi;
again:	   skip
	od;
	push();
	drop();
	if
	:: nw != 0 -> array_free(nw); nw = 0
	:: else
	fi;
	found = false
}

inline lock_all()
{
	atomic { lock[0] == 0 -> lock[0] = _pid; rcu_begin() };
#if !defined(BUG_ONE_STRIPE)
	atomic { lock[1] == 0 -> lock[1] = _pid };
#endif
	a = buckets
}

inline unlock_all()
{
	atomic {
		lock[0] = 0;
#if !defined(BUG_ONE_STRIPE)
		lock[1] = 0;
#endif
		a = 0;
		rcu_end()
	}
}

/* All stripes are locked: the counts are exact. */
inline check_counts()
{
	d_step {
		x = 0; j = 0;
		do
		:: j < KEYS -> x = x + (ref[j] != 0); j++
		:: else -> break
		od;
		n = count[0] + count[1] + shared;
		assert(n == x);
		j = 0; x = 0; n = 0
	}
}

/* A fresh seed of two words. A reader may get a mixture, and misses. */
inline fresh_seed()
{
	seed[a] = seed[a] ^ 1;
	seed[a] = seed[a] ^ 2
}

/* The worker's: under all stripes. */
inline reseed()
{
	lock_all();
	atomic {
		check_counts();
		n = count[0] + count[1] + shared;
#ifdef BUG_RESEED_NOT_EMPTY
		n = 0;
#endif
		found = (n == 0 && oldbuckets[a] == 0);
		n = 0
	};
	if
	:: found -> fresh_seed()
	:: else
	fi;
	found = false;
	unlock_all()
}

/* The sum of the counts, without a lock. */
inline sum()
{
#ifdef BUG_SUM_ORDER
	n = count[0];
	n = n + count[1];
	n = n + shared
#else
	n = shared;
	n = n + count[0];
	n = n + count[1]
#endif
}

inline del()
{
	do
	:: lock_key();
	   resize_work();
	   if
	   :: more -> more = false; drop()
	   :: else -> break
	   fi
	od;
	chain_of();
	look();
	if
	:: found ->
		BEGIN
		write_begin();
		used[SLOT(c, k)] = 0;
		lo[SLOT(c, k)] = 0;
		hi[SLOT(c, k)] = 0;
		write_end(0);
		END
		count[s]--;
		push();
#ifdef RESEED
		/* While one stripe is in use its holder is alone. */
		atomic {
			found = (MASK == 0 && shared + count[0] == 0 &&
				 oldbuckets[a] == 0);
#ifdef BUG_RESEED_STRIPED
			found = (shared + count[s] == 0 && oldbuckets[a] == 0)
#endif
		};
		if
		:: found -> fresh_seed()
		:: else
		fi
#endif
	:: else
	fi;
	drop();
	found = false
}

proctype writer()
{
	LOCALS;
	byte ops = OPS;

	do
	:: ops > 0 ->
		ops--;
		if
		:: k = 0
		:: k = 1
#if KEYS > 2
		:: k = 2
#endif
		fi;
		if
		:: put()
#ifndef NO_DELETE
		:: del()
#endif
		fi
	:: else -> break
	od;
	atomic { k = 0; running-- }
}

inline finish_resize()
{
	n = 0;
	byte t = 0, steps = 0;
	do
	:: t < STRIPES ->
		h = t;
		lock_hash();
		evacuate_next();
		drop();
		steps++;
		/* Each takes the stripe on, or is the last, or had no memory. */
		assert(steps <= BUCKETS + 2 * STRIPES + FAILS +
				(BUCKETS + 2) * (RESIZES + GROW));
		if
		:: more
		:: else -> t++
		fi
	:: else -> t = 0; steps = 0; break
	od;
	more = false
}

/*
 * Publish the array that the worker has made, under any stripe, if it is still one
 * to grow into (or shrink to) and no writer has published another.
 */
inline worker_publish(wanted)
{
#if GROW
	if
	:: h = 0
	:: h = 1
	fi;
#else
	h = 0;
#endif
	lock_hash();
	if
	:: wanted && MAY_START(a) -> publish()
	:: else
	fi;
	drop();
	if
	:: nw != 0 -> array_free(nw); nw = 0
	:: else
	fi
}

proctype worker()
{
	LOCALS;

	do
	:: atomic { oldbuckets[buckets] != 0 && !STUCK(buckets) -> skip };
		finish_resize()
	:: atomic { shrinks > 0 && B[buckets] > 0 ->
		shrinks--;
		x = B[buckets] - 1;
		alloc(nw, x);
		x = 0 };
		if
		:: nw != 0 ->
			worker_publish((B[a] == B[nw] + 1 && MAY_SHRINK(a)))
		:: else
		fi
#if GROW
	:: atomic { grows > 0 ->
		grows--;
		choose_B();
		alloc(nw, x);
		x = 0 };
		if
		:: nw != 0 -> worker_publish(WANTED(nw))
		:: else
		fi
#endif
#if RESEEDS
	:: atomic { reseeds > 0 -> reseeds-- };
		reseed()
#endif
	:: atomic { running == 0 &&
		    (oldbuckets[buckets] == 0 || STUCK(buckets)) -> break }
	od
}

/* While elements are only inserted, a sum is never above their number. */
proctype counter()
{
	byte n;

	sum();
	d_step {
		j = 0;
		do
		:: j < KEYS -> n = n - (ref[j] != 0); j++
		:: else -> break
		od;
		j = 0;
		assert(n == 0 || n >= 128);
		n = 0;
		running--
	}
}

/* Delete all. */
proctype clear()
{
	LOCALS;

#ifdef BUG_CLEAR_COUNT
	no_keys();
	sum();
	if
	:: n == 0 -> assert(was_empty); goto done
	:: else
	fi;
	n = 0;
#endif
	atomic {
#ifdef CLEAR_B
		x = CLEAR_B;
#else
		x = B[buckets];
#endif
		alloc(nw, x); x = 0
	};
	if
	:: nw == 0 -> goto done
	:: else
	fi;
	atomic {
		seed[nw] = seed[buckets] ^ 3;
		mask[nw] = FULL_MASK(nw)
	};
	lock_all();
	atomic {
		check_counts();
#ifdef BUG_CLEAR_IN_PLACE
		o = a; u = B[o]; m = mask[o]; d = oldbuckets[o]; z = seed[nw];
		wipe(o); B[o] = u; mask[o] = m; state[o] = LIVE; seed[o] = z;
		o = d;
		array_free(nw);
		a = 0;
		if
		:: o -> retire(o)
		:: else
		fi;
		o = 0; u = 0; m = 0; d = 0; z = 0;
#else
		buckets = nw;
		state[nw] = LIVE;
#endif
		nw = 0;
		count[0] = 0;
		count[1] = 0;
		shared = 0;
		x = 0;
		do
		:: x < KEYS -> set_ref(x, 0); x++
		:: else -> x = 0; break
		od;
		/* The old ones are the caller's now. */
		nw = a
	};
	atomic {
		if
		:: nw != 0 ->
			o = oldbuckets[nw];
#ifdef BUG_CLEAR_KEEPS_OLD
			o = 0;
#endif
			retire(nw);
			if
			:: o != 0 -> retire(o)
			:: else
			fi
		:: else
		fi;
		nw = 0; o = 0
	};
	unlock_all();
done:
	atomic { n = 0; running-- }
}

/* Look into a chain of w without a lock. */
inline open_chain(w)
{
	ALIVE(w);
	c = CHAIN(w, h);
#ifdef BUG_MARK_BEFORE_VERSION
	more = mark[c];
	ALIVE(w);
	d = version[c]
#else
	d = version[c];
	ALIVE(w);
	more = mark[c]
#endif
}

proctype reader()
{
	LOCALS;
	byte reads = READS, tries = 0, v, w;
	bool odd;

	do
	:: reads > 0 ->
		reads--;
		atomic {
			if
			:: k = 0
#ifndef READ0
			:: k = 1
#endif
			fi;
			reading = k;
			seen = 1 << ref[k];
			tries = 0;
			rcu_begin()
		};
		do
		:: tries < TRIES ->
			tries++;
			v = 0;
			ok = false;
#ifdef BUG_READ_COUNT
			sum();
			if
			:: n == 0 -> ok = true; break
			:: else -> n = 0
			fi;
#endif
#ifdef BUG_PROGRESS_FIRST
			/* Of the array before the one that is looked into. */
			atomic {
				a = buckets;
				h = HASH(k, seed[a]);
				n = NEXT(a, h & mask[a])
			};
#endif
			a = buckets;
			atomic { ALIVE(a); h = HASH(k, seed[a]) };
			atomic { ALIVE(a); o = oldbuckets[a] };
			more = true;
			if
			:: o != 0 ->
				atomic {
					ALIVE(a);
					ALIVE(o);
					u = UNIT(a, o, h);
					m = mask[a]
				};
				atomic {
					ALIVE(a);
#ifdef BUG_PROGRESS_FIRST
					found = (u / (m + 1) < n); n = 0;
#elif defined(BUG_PROGRESS_OF_OLD)
					found = IS_PAST(o, u, m);
#elif defined(BUG_PROGRESS_STRIPE)
					found = (u / (m + 1) < NEXT(a, 0));
#else
					found = IS_PAST(a, u, m);
#endif
					u = 0; m = 0
				};
				if
				:: found -> found = false
				:: else -> open_chain(o)
				fi
			:: else
			fi;
			if
			:: more -> open_chain(a); o = a
			:: else
			fi;
			if
			:: more ->
#ifdef BUG_EVACUATED_IS_MISS
				ok = true; break
#endif
				skip
			:: else ->
				/* The slot of the other key, whose bytes are compared. */
				atomic {
					ALIVE(o);
					odd = used[SLOT(c, 1 - k)] &&
					      lo[SLOT(c, 1 - k)] == 0
				};
				atomic { ALIVE(o); found = used[SLOT(c, k)] };
				if
				:: found ->
					atomic { ALIVE(o); v = lo[SLOT(c, k)] };
					atomic { ALIVE(o); w = hi[SLOT(c, k)] }
				:: else -> v = 0; w = 0
				fi;
				atomic {
					ALIVE(o);
#ifdef BUG_ODD_VERSION
					d = d | (version[c] & 1);
#endif
#ifdef BUG_ODD_VERSION
					ok = (version[c] == d);
#elif defined(BUG_NO_RETRY)
					ok = true;
#else
					ok = (version[c] == d && !(d & 1));
#endif
					/* No key that is half there. */
					assert(!ok || !odd);
					assert(!ok || v == w);
					odd = false; w = 0
				};
				if
				:: ok -> break
				:: else
				fi
			fi
		:: else -> break
		od;
		atomic {
			rcu_end();
			a = 0; o = 0; c = 0; d = 0; h = 0; more = false; n = 0;
			found = false; tries = 0
		};
#ifndef BUG_NO_FALLBACK
		if
		:: !ok ->
			lock_key();
			chain_of();
			look();
			atomic { v = (found -> lo[SLOT(c, k)] : 0) };
			drop();
			found = false
		:: else
		fi;
#endif
		atomic {
			assert(seen & (1 << v));
			reading = 255;
			seen = 0; v = 0; ok = false; k = 0
		}
	:: else -> break
	od;
	running--
}

/* Everything that must hold when all is quiet. */
inline verify()
{
	assert(oldbuckets[buckets] == 0);
	assert(mask[buckets] == FULL_MASK(buckets));
	assert(lock[0] == 0 && lock[1] == 0 && rcu == 0);
	x = 1;
	do
	:: x <= ARRAYS ->
		assert(state[x] == (x == buckets -> LIVE : FREE));
		x++
	:: else -> break
	od;
	x = 0;
	do
	:: x < NBUCKETS(buckets) ->
		c = BUCKET(buckets, x);
		assert(!(version[c] & 1) && !mark[c]);
		k = 0;
		do
		:: k < KEYS ->
			assert(used[SLOT(c, k)] == (ref[k] != 0 &&
			       CHAIN(buckets, HASH(k, seed[buckets])) == c));
			assert(!used[SLOT(c, k)] || lo[SLOT(c, k)] == ref[k]);
			k++
		:: else -> break
		od;
		x++
	:: else -> break
	od;
	check_counts()
}

init {
	LOCALS;

	atomic {
		alloc(nw, START);
		buckets = nw;
		state[nw] = LIVE;
		mask[nw] = FULL_MASK(nw);
		do
		:: k < KEYS ->
			if
			:: FILL & (1 << k) ->
				c = CHAIN(nw, HASH(k, 0));
				used[SLOT(c, k)] = 1;
				lo[SLOT(c, k)] = 1;
				hi[SLOT(c, k)] = 1;
				ref[k] = 1;
				count[HASH(k, 0) & mask[nw]]++
			:: else
			fi;
			k++
		:: else -> break
		od;
		k = 0; c = 0; nw = 0;
		do
		:: x < WRITERS -> run writer(); running++; x++
		:: else -> break
		od;
		x = 0;
#if READS
		run reader(); running++;
#endif
#ifdef CLEAR
		run clear(); running++;
#endif
#ifdef COUNT
		run counter(); running++;
#endif
#ifdef WORKER
		run worker();
#endif
	};
	atomic { _nr_pr == 1 -> verify() }
}
