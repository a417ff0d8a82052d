// yield, spawn256, spawnjoin, mutex8, counter, sleepers.
//
// SPDX-License-Identifier: MIT
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	goroutines = 8
	sleepers   = 100000
	steps      = 1000 // different lengths of sleep; 7919 is prime to it and spreads them
	step       = 9 * time.Microsecond
)

func yields(n int) {
	var all sync.WaitGroup
	var done [goroutines]struct { // on cache lines of its own
		n int
		_ [120]byte
	}
	all.Add(goroutines)
	for i := 0; i < goroutines; i++ {
		go func(done *int) {
			for k := 0; k < n/goroutines; k++ {
				runtime.Gosched()
				*done++
			}
			all.Done()
		}(&done[i].n)
	}
	all.Wait()
	sum := 0
	for _, d := range done {
		sum += d.n
	}
	expect("done", sum, n)
}

type job struct {
	left sync.WaitGroup
	done int64
}

func (j *job) run() {
	atomic.AddInt64(&j.done, 1)
	j.left.Done()
}

func batches(n, batch int) {
	var shared job
	for i := 0; i < n; i += batch {
		shared.left.Add(batch)
		for k := 0; k < batch; k++ {
			go shared.run()
		}
		shared.left.Wait()
	}
	expect("done", int(shared.done), n)
}

func contend(n int) {
	var lock sync.Mutex
	var all sync.WaitGroup
	counter := 0
	all.Add(goroutines)
	for i := 0; i < goroutines; i++ {
		go func() {
			for k := 0; k < n/goroutines; k++ {
				lock.Lock()
				counter++
				lock.Unlock()
			}
			all.Done()
		}()
	}
	all.Wait()
	expect("counter", counter, n)
}

// count runs add in as many goroutines as there are processors, n times in all.
func count(n int, add func()) int {
	var all sync.WaitGroup
	procs := runtime.GOMAXPROCS(0)
	all.Add(procs)
	for i := 0; i < procs; i++ {
		go func() {
			for k := 0; k < n/procs; k++ {
				add()
			}
			all.Done()
		}()
	}
	all.Wait()
	return n / procs * procs
}

func countAtomic(n int) {
	var word int64
	added := count(n, func() { atomic.AddInt64(&word, 1) })
	expect("word", int(word), added)
}

func countLocked(n int) {
	var lock sync.Mutex
	counter := 0
	added := count(n, func() {
		lock.Lock()
		counter++
		lock.Unlock()
	})
	expect("counter", counter, added)
}

func sleepAll(n int) {
	var all sync.WaitGroup
	var slept, early int64
	all.Add(n)
	for i := 0; i < n; i++ {
		go func(length time.Duration) {
			start := time.Now()
			time.Sleep(length)
			if time.Since(start) < length {
				atomic.AddInt64(&early, 1)
			}
			atomic.AddInt64(&slept, 1)
			all.Done()
		}(time.Millisecond + time.Duration(i*7919%steps)*step)
	}
	all.Wait()
	expect("slept", int(slept), n)
	expect("early", int(early), 0)
}
