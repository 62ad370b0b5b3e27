// SPDX-License-Identifier: GPL-2.0
//
// Suite "go": the map of Go 1.19, on the keys of keys.h, in their orders.
//
//	gomap N SEED
//
// prints one JSON object for each operation, of one run. The runtime is as
// programs have it: GOGC=100, all processors for the garbage collector. Garbage
// of what came before is collected while no clock runs; what the operations
// themselves make is collected when the runtime likes, and counts. The collector
// never looks into the map, since neither keys nor values are pointers.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// An operation is done for all keys until it was done so often, on small maps.
const leastOps = 1 << 20

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func word(seed, i uint64) uint64 {
	return mix(mix(seed) + (i+1)*0x9e3779b97f4a7c15)
}

func valueOf(key uint64) uint64 {
	return ^key
}

// Lookups have an order of their own in each round.
type keys struct {
	insert         []uint64
	lookup, absent [][]uint64
	sum            uint64 // of all values
}

func makeKeys(n, rounds, seed uint64) *keys {
	k := &keys{insert: make([]uint64, n)}
	for i := range k.insert {
		k.insert[i] = word(seed, uint64(i))
		k.sum += valueOf(k.insert[i])
	}
	for round := uint64(0); round < rounds; round++ {
		k.lookup = append(k.lookup, shuffled(k.insert, seed, round))
		absent := make([]uint64, n)
		for i := range absent {
			absent[i] = word(seed, (round+1)*n+uint64(i))
		}
		k.absent = append(k.absent, absent)
	}
	return k
}

func shuffled(keys []uint64, seed, round uint64) []uint64 {
	s := append([]uint64(nil), keys...)
	for i := uint64(len(s)) - 1; i > 0; i-- {
		j := (word(seed, i+1<<33+round<<34) >> 32) * (i + 1) >> 32
		s[i], s[j] = s[j], s[i]
	}
	return s
}

type goMap map[uint64]uint64

func check(good bool, op string) {
	if !good {
		fmt.Fprintln(os.Stderr, "gomap: wrong result of", op)
		os.Exit(1)
	}
}

func insert(m goMap, k *keys, round uint64) {
	for _, key := range k.insert {
		m[key] = valueOf(key)
	}
	check(len(m) == len(k.insert), "insert")
}

func hit(m goMap, k *keys, round uint64) {
	sum := uint64(0)
	for _, key := range k.lookup[round] {
		sum += m[key]
	}
	check(sum == k.sum, "hit")
}

func miss(m goMap, k *keys, round uint64) {
	found := 0
	for _, key := range k.absent[round] {
		if _, ok := m[key]; ok {
			found++
		}
	}
	check(found == 0, "miss")
}

func remove(m goMap, k *keys, round uint64) {
	for _, key := range k.lookup[round] {
		delete(m, key)
	}
	check(len(m) == 0, "delete")
}

// The longest of the inserts into an empty map, each timed.
func longest(k *keys) time.Duration {
	m := goMap{}
	worst := time.Duration(0)
	for _, key := range k.insert {
		begin := time.Now()
		m[key] = valueOf(key)
		if took := time.Since(begin); took > worst {
			worst = took
		}
	}
	return worst
}

func timed(op func(goMap, *keys, uint64), m goMap, k *keys, round uint64) time.Duration {
	begin := time.Now()
	op(m, k, round)
	return time.Since(begin)
}

func report(op string, n uint64, unit string, ns float64) {
	fmt.Printf(`{"suite": "go", "contestant": "Go map", "op": "%s", "n": %d, "unit": "%s", `+
		`"median": %.1f, "min": %.1f, "max": %.1f, "runs": 1, "kernel": "native", "note": "%s"}`+"\n",
		op, n, unit, ns, ns, ns, runtime.Version()+", GOGC=100")
}

func main() {
	var n, seed uint64
	if _, err := fmt.Sscan(strings.Join(os.Args[1:], " "), &n, &seed); err != nil || n == 0 {
		fmt.Fprintln(os.Stderr, "usage: gomap N SEED")
		os.Exit(2)
	}
	rounds := (leastOps + n - 1) / n
	k := makeKeys(n, rounds, seed)
	perOp := func(op string, took time.Duration) {
		report(op, n, "ns/op", float64(took.Nanoseconds())/float64(n*rounds))
	}

	var inserts, hits, misses, deletes time.Duration
	var m goMap
	runtime.GC()
	for i := uint64(0); i < rounds; i++ {
		m = goMap{}
		inserts += timed(insert, m, k, i)
		if i < rounds-1 {
			deletes += timed(remove, m, k, i)
		}
	}
	perOp("insert", inserts)
	runtime.GC()
	for i := uint64(0); i < rounds; i++ {
		hits += timed(hit, m, k, i)
	}
	perOp("hit", hits)
	for i := uint64(0); i < rounds; i++ {
		misses += timed(miss, m, k, i)
	}
	perOp("miss", misses)
	perOp("delete", deletes+timed(remove, m, k, rounds-1))
	m = nil
	runtime.GC()
	report("longest insert", n, "ns", float64(longest(k).Nanoseconds()))
}
