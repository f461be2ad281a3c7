//go:build linux

package main

import (
	"bufio"
	"bytes"
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

// server is a relay that is measured.
type server struct {
	name    string
	address string // of RTSP
	pid     int
}

// gateway is "sharpeyes serve" with a registry of channels of the bench.
type gateway struct {
	server
	cmd  *exec.Cmd
	read chan struct{} // closed when all that it said was read
	http string        // base URL

	motion string // of its channels
}

// patience bounds whatever is waited for that isn't measured.
const patience = time.Minute

var field = regexp.MustCompile(`\b(http|rtsp)=(\S+)`)

// startGateway runs the built program on a data directory of its own, with whatever isn't a matter of
// streams at rest. A pull ends soon after its last reader, so that one measurement leaves nothing
// to the next.
func (b *bench) startGateway(ctx context.Context, name string) (*gateway, error) {
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
streams: {linger: 1s}
health: {interval: {1: 24h, 2: 24h, 3: 24h}, deep_interval: 0s, timeout: 1s, confirm: 1}
access: {anonymous: admin}
`, filepath.Join(dir, "data"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	g := &gateway{cmd: exec.Command(b.binary, "serve", "--config", config), read: make(chan struct{}), motion: b.motion}
	g.name = "gateway"
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
	g.pid = g.cmd.Process.Pid
	log, err := os.Create(filepath.Join(dir, "gateway.log"))
	if err != nil {
		g.stop()
		return nil, err
	}
	ready := make(chan string, 1)
	go func() { // ends with the process
		defer close(g.read)
		defer log.Close()
		defer close(ready)
		told := false
		for s := bufio.NewScanner(out); s.Scan(); {
			fmt.Fprintln(log, s.Text())
			if !told && strings.Contains(s.Text(), "msg=ready") {
				told = true
				ready <- s.Text()
			}
		}
	}()
	select {
	case line := <-ready:
		for _, m := range field.FindAllStringSubmatch(line, -1) {
			if m[1] == "http" {
				g.http = "http://" + m[2]
			} else {
				g.address = m[2]
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
	said, _ := os.ReadFile(log.Name())
	return nil, fmt.Errorf("%w; it said:\n%s", err, said)
}

// stop ends it in good order.
func (g *gateway) stop() {
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	ended := time.AfterFunc(20*time.Second, func() { _ = g.cmd.Process.Kill() })
	defer ended.Stop()
	<-g.read
	_ = g.cmd.Wait()
}

// register imports channels first to first+n-1 of a kind of cameras. They are read by nobody yet.
func (g *gateway) register(ctx context.Context, kind string, n, port int) error {
	var b bytes.Buffer
	b.WriteString("id,name,class,site,scenario,motion,url\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,%[1]s,3,bench,traffic,%s,%s\n", channelID(kind, i), g.motion, cameraURL(kind, i, port))
	}
	_, err := g.ask(ctx, http.MethodPost, "/api/v1/channels:import?format=csv", &b)
	return err
}

// settle waits until every channel was probed, which happens once and would be measured along.
func (g *gateway) settle(ctx context.Context) error {
	const every = 500 * time.Millisecond
	for until := time.Now().Add(patience); ; {
		b, err := g.ask(ctx, http.MethodGet, "/api/v1/channels?state=unknown&limit=1", nil)
		if err != nil {
			return err
		}
		var page struct{ Total int }
		if err := json.Unmarshal(b, &page); err != nil || page.Total == 0 {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d channels were not probed within %v", page.Total, patience)
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// metric is the value of a series without labels.
func (g *gateway) metric(ctx context.Context, name string) (float64, error) {
	b, err := g.ask(ctx, http.MethodGet, "/metrics", nil)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(v), 64)
		}
	}
	return 0, fmt.Errorf("the gateway has no metric %s", name)
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
