// The server of server.c in Go, on package net, with the computing of demo.go.
//
// SPDX-License-Identifier: MIT
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
)

const (
	passesOfRequest = 4
	longestHead     = 1024
)

func reply(c net.Conn, status, body string) bool {
	_, err := fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	return err == nil
}

func answer(c net.Conn, head, text []byte, w **worker) bool {
	if bytes.HasPrefix(head, []byte("GET /light ")) {
		return reply(c, "200 OK", "light\n")
	}
	if !bytes.HasPrefix(head, []byte("GET /compute ")) {
		return reply(c, "404 Not Found", "")
	}
	if *w == nil {
		*w = newWorker(text)
	}
	for pass := 0; pass < passesOfRequest; pass++ {
		(*w).pass()
	}
	body := ""
	for i, name := range names {
		body += fmt.Sprintln(name, (*w).last[i])
	}
	return reply(c, "200 OK", body)
}

func serveConnection(c net.Conn, text []byte) {
	defer c.Close()
	var w *worker
	in, have := make([]byte, longestHead), 0
	for have < len(in) {
		n, err := c.Read(in[have:])
		if err != nil {
			return
		}
		have += n
		head := in[:have]
		for end := bytes.Index(head, []byte("\r\n\r\n")); end >= 0; end = bytes.Index(head, []byte("\r\n\r\n")) {
			if !answer(c, head, text, &w) {
				return
			}
			head = head[end+4:]
		}
		have = copy(in, head)
	}
}

// serve prints the port on 127.0.0.1 first.
func serve(path string) {
	text, err := os.ReadFile(path)
	check(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	for {
		c, err := l.Accept()
		check(err)
		go serveConnection(c, text)
	}
}
