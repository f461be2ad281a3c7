package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"sync"
	"time"
)

// askCommand makes this program ask for one URL again and again, in a process that holds nothing
// else: the collector of a process with a whole city in it would be measured along with the answer.
const askCommand = "ask"

// ask has n requests made at a rate, or one after the other when that is 0. At a rate none waits
// for another: a slow answer delays nobody's question. The time of each counts from when it was
// sent, since how late a timer fires says nothing of who is asked.
func ask(ctx context.Context, address string, rate, n int) ([]time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, askCommand, address, strconv.Itoa(rate), strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", address, err)
	}
	var took []time.Duration
	return took, json.Unmarshal(out, &took)
}

// asker is a connection over which one question is asked at a time.
type asker struct {
	conn  net.Conn
	read  *bufio.Reader
	bytes []byte // of the question
}

const askTimeout = 10 * time.Second

func dialAsker(u *url.URL) (*asker, error) {
	conn, err := net.DialTimeout("tcp", u.Host, askTimeout)
	if err != nil {
		return nil, err
	}
	return &asker{conn, bufio.NewReaderSize(conn, 64<<10),
		fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: identity\r\n\r\n", u.RequestURI(), u.Host)}, nil
}

func (a *asker) ask() error {
	if err := a.conn.SetDeadline(time.Now().Add(askTimeout)); err != nil {
		return err
	}
	if _, err := a.conn.Write(a.bytes); err != nil {
		return err
	}
	res, err := http.ReadResponse(a.read, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

// runAsker prints how long each request took, as a list of nanoseconds.
func runAsker(args []string) error {
	debug.SetGCPercent(-1) // all that is asked here leaves some megabytes
	u, err := url.Parse(args[0])
	if err != nil {
		return err
	}
	rate, _ := strconv.Atoi(args[1])
	n, _ := strconv.Atoi(args[2])
	const connections = 32 // as many questions may be open at once
	idle := make(chan *asker, connections)
	for range connections {
		a, err := dialAsker(u)
		if err != nil {
			return err
		}
		defer a.conn.Close()
		if err := a.ask(); err != nil { // what is made only once
			return err
		}
		idle <- a
	}
	took := make([]time.Duration, n)
	errs := make([]error, n)
	one := func(a *asker, i int) {
		sent := time.Now()
		errs[i] = a.ask()
		took[i] = time.Since(sent)
		idle <- a
	}
	var running sync.WaitGroup
	began := time.Now()
	for i := range took {
		if rate == 0 {
			one(<-idle, i)
			continue
		}
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		a := <-idle
		running.Go(func() { one(a, i) })
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(took)
}
