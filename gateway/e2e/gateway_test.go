//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// settings override sections of the configuration: the section's name, and its value as YAML.
type settings map[string]string

// Sections that several tests share.
const (
	// quietHealth keeps probes out of tests that count connections, goroutines or cycles.
	quietHealth = `{interval: {1: 24h, 2: 24h, 3: 24h}}`
	// eagerHealth finds a change within about a second.
	eagerHealth = `{interval: {1: 500ms, 2: 500ms, 3: 500ms}, timeout: 1s, confirm: 2, confirm_gap: 200ms}`
)

// gateway is a running "sharpeyes serve".
type gateway struct {
	*process
	dir    string // data directory
	config string // file
	http   string // host:port
	rtsp   string // host:port
	nats   string // URL
	leaf   string // host:port, where a level below joins; empty when it can't
}

// startGateway runs a gateway of its own for the test, on free loopback ports, whoever may ask
// being its administrator.
func startGateway(t testing.TB, over settings) *gateway {
	t.Helper()
	g := prepareGateway(t, over)
	g.start(t)
	return g
}

// prepareGateway writes the configuration of a gateway, which isn't started yet.
func prepareGateway(t testing.TB, over settings) *gateway {
	t.Helper()
	dir := t.TempDir()
	g := &gateway{dir: filepath.Join(dir, "data"), config: filepath.Join(dir, "sharpeyes.yaml")}
	sections := settings{
		"node":    "{name: e2e}",
		"nats":    "{listen: 127.0.0.1:0}",
		"http":    "{listen: 127.0.0.1:0}",
		"rtsp":    "{listen: 127.0.0.1:0}",
		"streams": "{linger: 1s, start_timeout: 5s}",
		"health":  quietHealth,
		"access":  "{anonymous: admin}",
	}
	for k, v := range over {
		sections[k] = v
	}
	var b strings.Builder
	fmt.Fprintf(&b, "data_dir: %s\n", g.dir)
	for k, v := range sections {
		fmt.Fprintf(&b, "%s: %s\n", k, v)
	}
	if err := os.WriteFile(g.config, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.keepsSecrets(t) }) // after it has ended
	return g
}

// start runs the program on the gateway's configuration and data directory, again after a kill.
func (g *gateway) start(t testing.TB) {
	t.Helper()
	g.process = spawn(t, nil, "serve", "--config", g.config)
	g.addresses(t)
}

// addresses waits for the gateway to be ready and learns where it listens.
func (g *gateway) addresses(t testing.TB) {
	t.Helper()
	a := g.awaitLine(t, "ready", readyWithin)
	g.http = strings.TrimPrefix(a["http"], "http://")
	g.rtsp = strings.TrimPrefix(a["rtsp"], "rtsp://")
	g.nats = a["nats"]
	g.leaf = a["leaf"]
	if !strings.Contains(g.nats, "://") {
		g.nats = "nats://" + g.nats
	}
	if g.http == "" || g.rtsp == "" || a["nats"] == "" {
		t.Fatalf("the line \"ready\" must have http, rtsp and nats, it has %v", a)
	}
}

// server is the base URL of the HTTP API, as --server takes it.
func (g *gateway) server() string { return "http://" + g.http }

// play is the RTSP URL of a channel.
func (g *gateway) play(id string) string { return "rtsp://" + g.rtsp + "/" + id }

// request makes one HTTP request on a connection of its own, so that none stays open and is
// counted, and returns the answer and its body.
func (g *gateway) request(t testing.TB, method, path, body string) (*http.Response, []byte) {
	t.Helper()
	res, b, err := g.try(t, method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	answered(t, method+" "+path, b)
	return res, b
}

func (g *gateway) try(t testing.TB, method, path, body string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(t.Context(), method, g.server()+path, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 60 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	return res, b, nil
}

// get asks for JSON and decodes it; anything but 200 fails the test.
func (g *gateway) get(t testing.TB, path string, into any) {
	t.Helper()
	res, b := g.request(t, http.MethodGet, path, "")
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s\n%s", path, res.Status, b)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("GET %s: %v\n%s", path, err, b)
	}
}

// total is the number of registered channels.
func (g *gateway) total(t testing.TB) int {
	t.Helper()
	var page struct {
		Total int `json:"total"`
	}
	g.get(t, "/api/v1/channels?limit=1", &page)
	return page.Total
}

// metric is the value of one series without labels.
func (g *gateway) metric(t testing.TB, name string) float64 {
	t.Helper()
	v, found := g.series(t, name+" ")
	if !found {
		t.Fatalf("no metric %s", name)
	}
	return v
}

// sum is the sum of all series of a metric with labels; 0 when there is none yet.
func (g *gateway) sum(t testing.TB, name string) float64 {
	t.Helper()
	v, _ := g.series(t, name+"{")
	return v
}

// series adds up the metrics whose lines begin with the prefix.
func (g *gateway) series(t testing.TB, prefix string) (sum float64, found bool) {
	t.Helper()
	_, b := g.request(t, http.MethodGet, "/metrics", "")
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, prefix) {
			continue
		}
		fields := strings.Fields(line)
		v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			t.Fatalf("metric %s: %v", line, err)
		}
		sum, found = sum+v, true
	}
	return sum, found
}

// importFile runs "sharpeyes channels import".
func (g *gateway) importFile(t testing.TB, file string, flags ...string) (stdout, stderr string, status int) {
	t.Helper()
	return command(t, nil, append([]string{"channels", "import", "--server", g.server(), file}, flags...)...)
}

// register imports channels, which must succeed.
func (g *gateway) register(t testing.TB, rows ...row) {
	t.Helper()
	if out, err, status := g.importFile(t, writeCSV(t, rows)); status != 0 {
		t.Fatalf("import %d channels: exit status %d\n%s%s", len(rows), status, out, err)
	}
}
