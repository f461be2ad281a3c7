package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// gateway is "sharpeyes serve" on a data directory of its own, which stays from start to start.
type gateway struct {
	binary string
	dir    string
	nats   string // URL of the store outside; empty for its own

	cmd  *exec.Cmd
	read chan struct{} // closed when all that it said was read
	http string        // base URL
	url  string        // of its NATS server
}

// patience bounds whatever is waited for: it is far above every bar.
const patience = 5 * time.Minute

var field = regexp.MustCompile(`\b(http|nats)=(\S+)`)

// start runs the gateway, and returns how long it took from the start of the program until a query
// answered that there are so many channels.
func (g *gateway) start(ctx context.Context, channels int) (time.Duration, error) {
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		return 0, err
	}
	config := filepath.Join(g.dir, "gateway.yaml")
	text := fmt.Sprintf(`node: {name: %q}
data_dir: %q
nats: {url: %q, listen: "127.0.0.1:0"}
http: {listen: "127.0.0.1:0"}
rtsp: {listen: "127.0.0.1:0", udp: false}
health: {interval: {1: 24h, 2: 24h, 3: 24h}}
access: {anonymous: admin}
`, filepath.Base(g.dir), filepath.Join(g.dir, "data"), g.nats)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return 0, err
	}
	g.cmd = exec.Command(g.binary, "serve", "--config", config)
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "SHARPEYES_") {
			g.cmd.Env = append(g.cmd.Env, kv)
		}
	}
	out, err := g.cmd.StderrPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := g.cmd.Start(); err != nil {
		return 0, err
	}
	ready := make(chan bool, 1)
	g.read = make(chan struct{})
	go func() { // ends with the process
		defer close(g.read)
		s := bufio.NewScanner(out)
		last, told := "", false
		for s.Scan() {
			if last = s.Text(); told || !strings.Contains(last, "msg=ready") {
				continue
			}
			told = true
			for _, m := range field.FindAllStringSubmatch(last, -1) {
				if m[1] == "http" {
					g.http = "http://" + m[2]
				} else {
					g.url = m[2]
				}
			}
			ready <- true
		}
		if !told {
			benchtable.Progress("the gateway ended; it last said: %s", last)
			ready <- false
		}
	}()
	select {
	case ok := <-ready:
		if !ok {
			return 0, errors.New("the gateway isn't ready")
		}
	case <-time.After(patience):
		return 0, errors.New("the gateway isn't ready in time")
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	n, err := g.total(ctx)
	took := time.Since(began)
	if err == nil && n != channels {
		err = fmt.Errorf("the gateway has %d channels, want %d", n, channels)
	}
	return took, err
}

// kill ends it with -9.
func (g *gateway) kill() { g.end(syscall.SIGKILL) }

// stop ends it in good order.
func (g *gateway) stop() { g.end(syscall.SIGTERM) }

func (g *gateway) end(s syscall.Signal) {
	if g.cmd == nil {
		return
	}
	_ = g.cmd.Process.Signal(s)
	<-g.read
	_ = g.cmd.Wait()
	g.cmd = nil
}

// cpu is the processor time that the process has used, which another load on the machine changes
// less than the time on the clock.
func (g *gateway) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// Fields count from the one after the name, which is in parentheses and may hold spaces.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	const userTime, systemTime, tick = 11, 12, 10 * time.Millisecond
	user, _ := strconv.Atoi(fields[userTime])
	system, _ := strconv.Atoi(fields[systemTime])
	return time.Duration(user+system) * tick
}

// resident is the memory of the process in bytes.
func (g *gateway) resident() int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", g.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var size, pages int64
	_, _ = fmt.Sscan(string(b), &size, &pages)
	return pages * int64(os.Getpagesize())
}

// total asks how many channels there are.
func (g *gateway) total(ctx context.Context) (int, error) {
	var page struct{ Total int }
	err := g.ask(ctx, http.MethodGet, "/api/v1/channels?limit=1", nil, &page)
	return page.Total, err
}

// ask makes one request; an answer that isn't good is an error.
func (g *gateway) ask(ctx context.Context, method, path string, body io.Reader, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, g.http+path, body)
	if err != nil {
		return err
	}
	if body != nil && method == http.MethodPatch {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %.500s", method, path, res.Status, b)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(b, into)
}

// imports sends a file and returns how long it took until a query saw all of it.
func (g *gateway) imports(ctx context.Context, file string, channels int) (time.Duration, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	began := time.Now()
	if err := g.ask(ctx, http.MethodPost, "/api/v1/channels:import?format=csv", f, nil); err != nil {
		return 0, err
	}
	n, err := g.total(ctx)
	took := time.Since(began)
	if err == nil && n != channels {
		err = fmt.Errorf("%d channels after the import, want %d", n, channels)
	}
	return took, err
}
