// unbuffered, buffered128, mpmc4x4, select3, skynet, sieve.
//
// SPDX-License-Identifier: MIT
package main

import "sync"

const (
	capacity    = 128
	children    = 10
	leaves      = 1000000
	primes      = 1000
	lastPrime   = 7919
	sumOfPrimes = 3682913
)

func roundTrips(n int) {
	there, back := make(chan int), make(chan int)
	go func() {
		for value := range there {
			back <- value + 1
		}
		close(back)
	}()
	sum := 0
	for i := 0; i < n; i++ {
		there <- i
		sum += <-back
	}
	close(there)
	for range back {
		sum++
	}
	expect("sum", sum, n*(n+1)/2)
}

func pass(n, workers int) {
	var producing, consuming sync.WaitGroup
	items := make(chan int, capacity)
	sums := make([]int, workers)
	producing.Add(workers)
	consuming.Add(workers)
	for i := 0; i < workers; i++ {
		go func(result *int) {
			sum := 0
			for item := range items {
				sum += item
			}
			*result = sum
			consuming.Done()
		}(&sums[i])
		go func(first, end int) {
			for k := first; k < end; k++ {
				items <- k
			}
			producing.Done()
		}(n/workers*i, n/workers*(i+1))
	}
	producing.Wait()
	close(items)
	consuming.Wait()
	sum := 0
	for _, s := range sums {
		sum += s
	}
	expect("sum", sum, n*(n-1)/2)
}

func selectAll(n int) {
	var c [3]chan int
	for i := range c {
		c[i] = make(chan int)
		go func(out chan<- int, first, end int) {
			for k := first; k < end; k++ {
				out <- k
			}
			close(out)
		}(c[i], n*i/len(c), n*(i+1)/len(c))
	}
	sum, count := 0, 0
	for open := len(c); open > 0; {
		var item, chosen int
		var ok bool
		select {
		case item, ok = <-c[0]:
			chosen = 0
		case item, ok = <-c[1]:
			chosen = 1
		case item, ok = <-c[2]:
			chosen = 2
		}
		if ok {
			sum += item
			count++
		} else {
			c[chosen] = nil
			open--
		}
	}
	expect("count", count, n)
	expect("sum", sum, n*(n-1)/2)
}

func node(out chan<- int, first, leaves int) {
	if leaves == 1 {
		out <- first
		return
	}
	in := make(chan int)
	share := leaves / children
	for i := 0; i < children; i++ {
		go node(in, first+i*share, share)
	}
	sum := 0
	for i := 0; i < children; i++ {
		sum += <-in
	}
	out <- sum
}

func tree(leaves int) {
	out := make(chan int)
	go node(out, 0, leaves)
	expect("sum", <-out, leaves*(leaves-1)/2)
}

func generate(out chan<- int) {
	for i := 2; i <= lastPrime; i++ {
		out <- i
	}
	close(out)
}

func filter(in <-chan int, out chan<- int, prime int) {
	for candidate := range in {
		if candidate%prime != 0 {
			out <- candidate
		}
	}
	close(out)
}

func sieve(primes int) {
	sum := 0
	c := make(chan int)
	go generate(c)
	for i := 0; i < primes; i++ {
		prime := <-c
		sum += prime
		next := make(chan int)
		go filter(c, next, prime)
		c = next
	}
	left := 0
	for range c {
		left++
	}
	expect("left", left, 0)
	expect("sum", sum, sumOfPrimes)
}
