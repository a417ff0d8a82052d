// The servers of ours.c in Go: build/bench/net/go echo|plaintext|http. echo and plaintext do what ours.c does, on package net;
// http is plaintext as net/http serves it. The first line that each prints is the port on 127.0.0.1.
//
// SPDX-License-Identifier: MIT
package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
)

const (
	longestHead = 2048
	reply       = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
	unknown     = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
)

func die(err error) {
	fmt.Fprintln(os.Stderr, "go:", err)
	os.Exit(1)
}

func echo(c net.Conn) {
	defer c.Close()
	buffer := make([]byte, 16384)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		if _, err := c.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// answer appends a reply for each whole request in `in`, and gives how much of it they take up.
func answer(in, out []byte) (int, []byte) {
	used := 0
	for {
		end := bytes.Index(in[used:], []byte("\r\n\r\n"))
		if end < 0 {
			return used, out
		}
		if bytes.HasPrefix(in[used:], []byte("GET /plaintext ")) {
			out = append(out, reply...)
		} else {
			out = append(out, unknown...)
		}
		used += end + 4
	}
}

func plaintext(c net.Conn) {
	defer c.Close()
	in, out, have := make([]byte, longestHead), make([]byte, 0, 4096), 0
	for have < len(in) {
		n, err := c.Read(in[have:])
		if err != nil {
			return
		}
		have += n
		used, out := answer(in[:have], out[:0])
		if len(out) > 0 {
			if _, err := c.Write(out); err != nil {
				return
			}
		}
		have = copy(in, in[used:have])
	}
}

// webserver leaves the date out, as the others do.
func webserver(l net.Listener) {
	http.HandleFunc("/plaintext", func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["Date"] = nil
		header["Content-Type"] = []string{"text/plain"}
		header["Content-Length"] = []string{"13"}
		w.Write([]byte("Hello, World!"))
	})
	die(http.Serve(l, nil))
}

func main() {
	servers := map[string]func(net.Conn){"echo": echo, "plaintext": plaintext, "http": nil}
	if len(os.Args) != 2 {
		die(fmt.Errorf("usage: go echo|plaintext|http"))
	}
	serve, known := servers[os.Args[1]]
	if !known {
		die(fmt.Errorf("no server is called %s", os.Args[1]))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		die(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	if serve == nil {
		webserver(l)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			die(err)
		}
		go serve(c)
	}
}
