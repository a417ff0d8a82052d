// The workloads of bench/*.c in Go: build/bench/go yield prints "name unit value" lines as the C program does. A workload that
// Go cannot express prints nothing.
//
// SPDX-License-Identifier: MIT
package main

import (
	"fmt"
	"os"
	"sort"
	"time"
)

const (
	repeats   = 3
	runTime   = 200 * time.Millisecond
	probeTime = 20 * time.Millisecond
	grain     = 256
)

var benches = map[string]func(){
	"yield":         func() { perOp("yield", yields) },
	"spawn256":      func() { perOp("spawn256", func(n int) { batches(n, 256) }) },
	"spawnjoin":     func() { perOp("spawnjoin", func(n int) { batches(n, 1) }) },
	"unbuffered":    func() { perOp("unbuffered", roundTrips) },
	"buffered128":   func() { perOp("buffered128", func(n int) { pass(n, 1) }) },
	"mpmc4x4":       func() { perOp("mpmc4x4", func(n int) { pass(n, 4) }) },
	"select3":       func() { perOp("select3", selectAll) },
	"mutex8":        func() { perOp("mutex8", contend) },
	"counter":       func() { perOp("counter_atomic", countAtomic); perOp("counter_mutex", countLocked) },
	"skynet":        func() { report("skynet", "ns", best(tree, leaves)/leaves) },
	"sieve":         func() { report("sieve", "ms", best(sieve, primes)/1e6) },
	"sleepers":      func() { report("sleepers", "ns", best(sleepAll, sleepers)/sleepers) },
	"memory":        memory,
	"lateness":      lateness,
	"preempt":       preempt,
	"identity":      func() {}, // there are no thread identities
	"identitybytes": func() {},
	"contention":    func() {}, // nor libc's locks
	"slice":         func() {}, // the slice is fixed at 10 ms
	"silence":       func() {}, // the signals are not counted
}

// expect ends the program with a message where a workload's own result is wrong.
func expect(what string, got, wanted int) {
	if got != wanted {
		fmt.Fprintf(os.Stderr, "wrong result: %s is %d, not %d\n", what, got, wanted)
		os.Exit(1)
	}
}

func timed(run func(n int), n int) time.Duration {
	start := time.Now()
	run(n)
	return time.Since(start)
}

// best runs run(n) three times and gives the nanoseconds of the fastest.
func best(run func(n int), n int) float64 {
	fastest := timed(run, n)
	for i := 1; i < repeats; i++ {
		if t := timed(run, n); t < fastest {
			fastest = t
		}
	}
	return float64(fastest)
}

func calibrate(run func(n int)) int {
	n := 4 * grain
	t := timed(run, n)
	for t < probeTime {
		n *= 4
		t = timed(run, n)
	}
	grains := int(float64(n) * float64(runTime) / float64(t) / grain)
	if grains < 1 {
		grains = 1
	}
	return grains * grain
}

// perOp prints the nanoseconds of one operation, where run(n) does n of them; n is chosen so that a run takes about 0.2 s.
func perOp(name string, run func(n int)) {
	n := calibrate(run)
	report(name, "ns", best(run, n)/float64(n))
}

func report(name, unit string, value float64) {
	fmt.Printf("%s %s %.4f\n", name, unit, value)
}

// quantile sorts the values and gives the one below which the share q of them lies.
func quantile(values []float64, q float64) float64 {
	sort.Float64s(values)
	return values[int(q*float64(len(values)-1)+0.5)]
}

func main() {
	if len(os.Args) == 2 {
		if run := benches[os.Args[1]]; run != nil {
			run()
			return
		}
	}
	fmt.Fprintf(os.Stderr, "usage: %s workload, which is one of:", os.Args[0])
	for name := range benches {
		fmt.Fprintf(os.Stderr, " %s", name)
	}
	fmt.Fprintln(os.Stderr)
	os.Exit(2)
}
