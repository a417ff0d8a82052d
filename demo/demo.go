// The same measurement and the same computing as late.c, work.c and lz.c, in Go.
//
// SPDX-License-Identifier: MIT
//
// usage: demo-go TEXT EXPECTED OUT
// usage: demo-go serve TEXT      is the server in server.go
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	hashBits    = 15
	window      = 1 << 16
	minMatch    = 4
	maxMatch    = minMatch + 127
	maxLiterals = 128
	maxTries    = 32
	mostSamples = 120000
)

var names = [...]string{"fnv1a64", "adler32", "crc32", "lines", "words", "packed_bytes", "packed_crc32", "restored_bytes"}

type result [len(names)]uint64

type worker struct {
	text, packed, restored []byte
	crcTable               [256]uint32
	base                   uint32
	head                   [1 << hashBits]uint32
	prev                   [window]uint32
	last                   result
	wrong                  int
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func newWorker(text []byte) *worker {
	w := &worker{text: text, packed: make([]byte, len(text)+len(text)/128+1), restored: make([]byte, len(text))}
	for i := range w.crcTable {
		c := uint32(i)
		for bit := 0; bit < 8; bit++ {
			if c&1 != 0 {
				c = c>>1 ^ 0xedb88320
			} else {
				c >>= 1
			}
		}
		w.crcTable[i] = c
	}
	return w
}

func hash(p []byte) uint32 {
	four := uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24
	return four * 2654435761 >> (32 - hashBits)
}

// longest gives the longest of the newest maxTries candidates for text[i:].
func (w *worker) longest(i int) (bestLength, bestDistance int) {
	text := w.text
	limit := len(text) - i
	if limit > maxMatch {
		limit = maxMatch
	}
	here := w.base + uint32(i)
	at := w.head[hash(text[i:])]
	for tries := 0; tries < maxTries && at >= w.base && here-at < window; tries++ {
		a, b := text[at-w.base:], text[i:i+limit]
		n := 0
		for n < len(b) && a[n] == b[n] {
			n++
		}
		if n > bestLength {
			bestLength, bestDistance = n, int(here-at)
		}
		at = w.prev[at%window]
	}
	return
}

// remember makes positions i to i+count-1 findable.
func (w *worker) remember(i, count int) {
	for end := i + count; i < end && i+minMatch <= len(w.text); i++ {
		h := hash(w.text[i:])
		here := w.base + uint32(i)
		w.prev[here%window] = w.head[h]
		w.head[h] = here
	}
}

func (w *worker) putLiterals(from []byte, o int) int {
	for len(from) > 0 {
		run := len(from)
		if run > maxLiterals {
			run = maxLiterals
		}
		w.packed[o] = byte(run - 1)
		o++
		for _, c := range from[:run] {
			w.packed[o] = c
			o++
		}
		from = from[run:]
	}
	return o
}

func (w *worker) pack() int {
	o, i, literals := 0, 0, 0
	if w.base == 0 {
		w.base = 1
	}
	for i+minMatch <= len(w.text) {
		length, distance := w.longest(i)
		if length < minMatch {
			w.remember(i, 1)
			i++
			continue
		}
		o = w.putLiterals(w.text[literals:i], o)
		w.packed[o] = byte(128 + length - minMatch)
		w.packed[o+1] = byte(distance)
		w.packed[o+2] = byte(distance >> 8)
		o += 3
		w.remember(i, length)
		i += length
		literals = i
	}
	o = w.putLiterals(w.text[literals:], o)
	w.base += uint32(len(w.text))
	return o
}

func (w *worker) unpack(size int) int {
	packed, out := w.packed[:size], w.restored
	i, o := 0, 0
	for i < size {
		c := int(packed[i])
		i++
		if c < 128 {
			for n := c + 1; n > 0; n-- {
				out[o] = packed[i]
				o++
				i++
			}
			continue
		}
		distance := int(packed[i]) | int(packed[i+1])<<8
		i += 2
		for n := c - 128 + minMatch; n > 0; n-- {
			out[o] = out[o-distance]
			o++
		}
	}
	return o
}

func fnv1a64(p []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range p {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

func adler32(p []byte) uint32 {
	a, b := uint32(1), uint32(0)
	for _, c := range p {
		a = (a + uint32(c)) % 65521
		b = (b + a) % 65521
	}
	return b<<16 | a
}

func (w *worker) crc32(p []byte) uint32 {
	c := ^uint32(0)
	for _, x := range p {
		c = w.crcTable[byte(c)^x] ^ c>>8
	}
	return ^c
}

func count(p []byte) (lines, words uint64) {
	inside := false
	for _, c := range p {
		blank := c == ' ' || (c >= '\t' && c <= '\r')
		if c == '\n' {
			lines++
		}
		if !blank && !inside {
			words++
		}
		inside = !blank
	}
	return
}

func equalBytes(a, b []byte) int {
	n := 0
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func (w *worker) pass() {
	packed := w.pack()
	restored := w.unpack(packed)
	lines, words := count(w.text)
	w.last = result{fnv1a64(w.text), uint64(adler32(w.text)), uint64(w.crc32(w.text)), lines, words, uint64(packed),
		uint64(w.crc32(w.packed[:packed])), uint64(equalBytes(w.text, w.restored[:restored]))}
}

func readExpected(path string) (passes int, expected result) {
	f, err := os.Open(path)
	check(err)
	defer f.Close()
	for {
		var name string
		var value uint64
		if n, _ := fmt.Fscan(f, &name, &value); n != 2 {
			return
		}
		if name == "passes" {
			passes = int(value)
		}
		for i := range names {
			if name == names[i] {
				expected[i] = value
			}
		}
	}
}

// cpuTime gives the nanoseconds of processor that this process has had.
func cpuTime() int64 {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return u.Utime.Nano() + u.Stime.Nano()
}

func writeReport(path string, workers []*worker, passes int, elapsed, cpu int64, slept int, lateness []int64) {
	f, err := os.Create(path)
	check(err)
	out := bufio.NewWriter(f)
	wrong := 0
	for _, w := range workers {
		wrong += w.wrong
		for i, name := range names {
			fmt.Fprintln(out, name, w.last[i])
		}
	}
	fmt.Fprintf(out, "processors %d\nworkers %d\nwrong %d\n", runtime.GOMAXPROCS(0), len(workers), wrong)
	fmt.Fprintf(out, "passes %d\nelapsed %d\ncpu %d\nslept %d\n", passes*len(workers), elapsed, cpu, slept)
	for _, ns := range lateness {
		fmt.Fprintln(out, "late", ns)
	}
	check(out.Flush())
	check(f.Close())
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		serve(os.Args[2])
	}
	if len(os.Args) != 4 {
		check(fmt.Errorf("usage: demo-go TEXT EXPECTED OUT"))
	}
	text, err := os.ReadFile(os.Args[1])
	check(err)
	passes, expected := readExpected(os.Args[2])
	workers := make([]*worker, 2*runtime.GOMAXPROCS(0))
	for i := range workers {
		workers[i] = newWorker(text)
	}
	lateness := make([]int64, mostSamples)
	for i := range lateness {
		lateness[i] = -1
	}

	const forever = int64(1) << 62
	var running sync.WaitGroup
	asked, slept, computing, end := 0, 0, int32(len(workers)), forever
	running.Add(len(workers) + 1)
	cpu := cpuTime()
	start := time.Now()
	go func() {
		for ; asked < mostSamples; asked++ {
			due := time.Duration(asked+1) * time.Millisecond
			if int64(due) >= atomic.LoadInt64(&end) {
				break
			}
			if ahead := due - time.Since(start); ahead > 0 {
				time.Sleep(ahead)
				slept++
			}
			lateness[asked] = int64(time.Since(start) - due)
		}
		running.Done()
	}()
	for _, w := range workers {
		go func(w *worker) {
			for pass := 0; pass < passes; pass++ {
				w.pass()
				if w.last != expected {
					w.wrong++
				}
			}
			if atomic.AddInt32(&computing, -1) == 0 {
				atomic.StoreInt64(&end, int64(time.Since(start)))
			}
			running.Done()
		}(w)
	}
	running.Wait()
	writeReport(os.Args[3], workers, passes, end, cpuTime()-cpu, slept, lateness[:asked])
}
