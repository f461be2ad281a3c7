//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// open are the descriptors that the process has open, and what they are of.
func (p *process) open(t testing.TB) map[string]string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", p.pid())
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		if to, err := os.Readlink(dir + "/" + e.Name()); err == nil { // else it was closed meanwhile
			all[e.Name()] = to
		}
	}
	return all
}

// sockets is the number of sockets that the process has open.
func (p *process) sockets(t testing.TB) (n int) {
	t.Helper()
	for _, to := range p.open(t) {
		if strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// autopsy ends the process, and logs what files it had open and what its goroutines did.
func (p *process) autopsy(t testing.TB) {
	t.Helper()
	t.Log(p.open(t))
	p.ended = true
	if err := p.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Log(err)
	}
	<-p.exited
	t.Log(p.stderr.tail(5000))
}

// cpu is the processor time that the process has used, in user and kernel mode.
func (p *process) cpu(t testing.TB) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid()))
	if err != nil {
		t.Fatal(err)
	}
	// Fields count from the one after the name, which is in parentheses and may hold spaces.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	const userTime, systemTime, tick = 11, 12, 10 * time.Millisecond
	var sum time.Duration
	for _, i := range []int{userTime, systemTime} {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			t.Fatalf("/proc/%d/stat: %v", p.pid(), err)
		}
		sum += time.Duration(n) * tick
	}
	return sum
}

// resident is the memory of the process, in bytes, and the most that it ever was.
func (p *process) resident(t testing.TB) (now, most int64) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid()))
	if err != nil {
		t.Fatal(err)
	}
	read := func(key string) int64 {
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, key); ok {
				n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				if err != nil {
					t.Fatalf("/proc/%d/status: %v", p.pid(), err)
				}
				return n << 10
			}
		}
		return 0
	}
	return read("VmRSS:"), read("VmHWM:")
}
