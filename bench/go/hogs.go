// lateness and preempt: goroutines that compute and never call the library. bench/preempt.c says how preempt is measured.
//
// SPDX-License-Identifier: MIT
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	_ "unsafe" // for go:linkname
)

const (
	sleeps     = 500
	duelTime   = time.Second
	gapsMost   = 65536
	cacheLine  = 128
	roundsSpun = 64 // some 50 ns of the goroutine's own code between two readings of the clock
)

func hog(stop *int32, ended *sync.WaitGroup) {
	var seed uint32 = 1
	for atomic.LoadInt32(stop) == 0 {
		for i := 0; i < 16; i++ {
			seed = seed*1664525 + 1013904223
		}
		if seed == 0 {
			seed = 1
		}
	}
	ended.Done()
}

func lateness() {
	var stop int32
	var ended, slept sync.WaitGroup
	hogs := 2 * runtime.GOMAXPROCS(0)
	ended.Add(hogs)
	for i := 0; i < hogs; i++ {
		go hog(&stop, &ended)
	}
	late := make([]float64, sleeps)
	early := 0
	slept.Add(1)
	go func() {
		for i := range late {
			start := time.Now()
			time.Sleep(time.Millisecond)
			over := time.Since(start) - time.Millisecond
			late[i] = float64(over) / 1e3
			if over < 0 {
				early++
			}
		}
		slept.Done()
	}()
	slept.Wait()
	atomic.StoreInt32(&stop, 1)
	ended.Wait()
	expect("early", early, 0)
	report("lateness_p50", "us", quantile(late, 0.50))
	report("lateness_p99", "us", quantile(late, 0.99))
	report("lateness_max", "us", quantile(late, 1.00))
}

// nanotime is the clock without a check for preemption: time.Now has one, so a hog that calls it gives way by itself, as soon as
// the request is noted and before the signal comes, and that would be measured.
//
//go:linkname nanotime runtime.nanotime
func nanotime() int64

type side struct {
	reading int64 // the last one of this side; written only by it
	_       [cacheLine - 8]byte
}

func preempt() {
	if runtime.GOMAXPROCS(0) != 1 {
		return
	}
	var sides [2]side
	var ended sync.WaitGroup
	var gaps int64
	gap := make([]float64, gapsMost)
	end := nanotime() + int64(duelTime)
	takePart := func(mine, other *int64) {
		var seed uint32 = 1
		for now := int64(0); now < end; {
			for i := 0; i < roundsSpun; i++ {
				seed = seed*1664525 + 1013904223
			}
			now = nanotime() + int64(seed&1) // the seed, so that the loop is not optimised away
			last := atomic.LoadInt64(other)
			if last > atomic.LoadInt64(mine) && now > last {
				if n := atomic.AddInt64(&gaps, 1); n <= gapsMost {
					gap[n-1] = float64(now - last)
				}
			}
			atomic.StoreInt64(mine, now)
		}
		ended.Done()
	}
	ended.Add(2)
	go takePart(&sides[0].reading, &sides[1].reading)
	go takePart(&sides[1].reading, &sides[0].reading)
	ended.Wait()
	if gaps <= 2 {
		expect("gaps", int(gaps), 3)
	}
	if gaps > gapsMost {
		gaps = gapsMost
	}
	report("preempt", "us", quantile(gap[:gaps], 0.5)/1e3)
}
