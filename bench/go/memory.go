// memory: bytes that each of 1,000,000 parked goroutines adds to the process.
//
// SPDX-License-Identifier: MIT
package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	crowd  = 1000000
	settle = 20 * time.Millisecond // from "about to park" to parked, for the last few
)

// statusBytes gives the bytes behind a line of /proc/self/status such as "VmRSS:  1234 kB".
func statusBytes(format string) float64 {
	kilobytes := -1
	status, err := os.Open("/proc/self/status")
	if err == nil {
		defer status.Close()
		for lines := bufio.NewScanner(status); kilobytes < 0 && lines.Scan(); {
			fmt.Sscanf(lines.Text(), format, &kilobytes)
		}
	}
	if kilobytes < 0 {
		fmt.Fprintln(os.Stderr, "no", format, "in /proc/self/status")
		os.Exit(1)
	}
	return float64(kilobytes) * 1024
}

func memory() {
	var all sync.WaitGroup
	var arrived, released int64
	gate := make(chan struct{})
	rss, tables := statusBytes("VmRSS: %d"), statusBytes("VmPTE: %d")
	all.Add(crowd)
	for i := 0; i < crowd; i++ {
		go func() {
			atomic.AddInt64(&arrived, 1)
			if _, ok := <-gate; !ok {
				atomic.AddInt64(&released, 1)
			}
			all.Done()
		}()
	}
	for atomic.LoadInt64(&arrived) < crowd {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(settle)
	rss = (statusBytes("VmRSS: %d") - rss) / crowd
	tables = (statusBytes("VmPTE: %d") - tables) / crowd
	close(gate)
	all.Wait()
	expect("released", int(released), crowd)
	report("memory", "bytes", rss+tables)
	report("memory_rss", "bytes", rss)
	report("memory_pagetables", "bytes", tables)
}
