//go:build linux

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
)

// patience bounds whatever is waited for that isn't measured.
const patience = 5 * time.Minute

var field = regexp.MustCompile(`\b(http|nats)=(\S+)`)

// gateway is "sharpeyes serve" on a data directory of its own.
type gateway struct {
	cmd  *exec.Cmd
	read chan struct{} // closed when all that it said was read
	http string        // base URL
	nats string
}

// start runs the built program with the given section of health.
func (b *bench) start(ctx context.Context, name, health string) (*gateway, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "gateway.yaml")
	text := fmt.Sprintf(`node: {name: bench}
data_dir: %q
nats: {listen: "127.0.0.1:0"}
http: {listen: "127.0.0.1:0"}
rtsp: {listen: "127.0.0.1:0", udp: false}
health: %s
access: {anonymous: admin}
`, filepath.Join(dir, "data"), health)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	g := &gateway{cmd: exec.Command(b.binary, "serve", "--config", config), read: make(chan struct{})}
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "SHARPEYES_") {
			g.cmd.Env = append(g.cmd.Env, kv)
		}
	}
	out, err := g.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan string, 1)
	go func() { // ends with the process
		defer close(g.read)
		defer close(ready)
		told := false
		for s := bufio.NewScanner(out); s.Scan(); {
			switch line := s.Text(); {
			case !told && strings.Contains(line, "msg=ready"):
				told = true
				ready <- line
			case strings.Contains(line, "level=WARN"), strings.Contains(line, "level=ERROR"):
				fmt.Fprintln(os.Stderr, "gateway:", line)
			}
		}
	}()
	select {
	case line := <-ready:
		for _, m := range field.FindAllStringSubmatch(line, -1) {
			if m[1] == "http" {
				g.http = "http://" + m[2]
			} else {
				g.nats = m[2]
			}
		}
		if line != "" {
			return g, nil
		}
		err = errors.New("the gateway ended before it was ready")
	case <-time.After(patience):
		err = errors.New("the gateway isn't ready in time")
	case <-ctx.Done():
		err = ctx.Err()
	}
	g.stop()
	return nil, err
}

// stop ends it in good order.
func (g *gateway) stop() {
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(20*time.Second, func() { _ = g.cmd.Process.Kill() })
	defer late.Stop()
	<-g.read
	_ = g.cmd.Wait()
}

// cpu is the processor time that the process has used.
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

// resident is the memory of the process in MiB.
func (g *gateway) resident() float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", g.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var size, pages int64
	_, _ = fmt.Sscan(string(b), &size, &pages)
	return float64(pages*int64(os.Getpagesize())) / (1 << 20)
}

// metrics is all series by what stands before their values.
func (g *gateway) metrics(ctx context.Context) (map[string]float64, error) {
	b, err := g.ask(ctx, http.MethodGet, "/metrics", nil)
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for line := range strings.Lines(string(b)) {
		if at := strings.LastIndexByte(line, ' '); at > 0 && line[0] != '#' {
			if v, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64); err == nil {
				all[line[:at]] = v
			}
		}
	}
	return all, nil
}

// ask makes one request, on a connection of its own; an answer that isn't good is an error.
func (g *gateway) ask(ctx context.Context, method, path string, body io.Reader) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, g.http+path, body)
	if err != nil {
		return nil, err
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %.500s", method, path, res.Status, b)
	}
	return b, err
}

// online is how many channels are online.
func (g *gateway) online(ctx context.Context) (int, error) {
	b, err := g.ask(ctx, http.MethodGet, "/api/v1/stats", nil)
	if err != nil {
		return 0, err
	}
	var stats struct{ Total struct{ Online int } }
	return stats.Total.Online, json.Unmarshal(b, &stats)
}

// settle waits until as many channels are online.
func (g *gateway) settle(ctx context.Context, channels int) error {
	for until := time.Now().Add(patience); ; {
		n, err := g.online(ctx)
		if err != nil || n == channels {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d channels are online after %v, want %d", n, patience, channels)
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// reasons is the state and reason of every channel, as "state reason".
func (g *gateway) reasons(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	for cursor := ""; ; {
		b, err := g.ask(ctx, http.MethodGet, "/api/v1/channels?limit=1000&cursor="+cursor, nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Items []struct {
				ID     string
				Status struct{ State, Reason string }
			}
			Next string
		}
		if err := json.Unmarshal(b, &page); err != nil {
			return nil, err
		}
		for _, i := range page.Items {
			all[i.ID] = i.Status.Reason
			if i.Status.Reason == "" {
				all[i.ID] = i.Status.State
			}
		}
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}
