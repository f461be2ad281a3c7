package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/nats-io/nats.go"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"sharpeyes/config"
	"sharpeyes/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A whole city starts, is watched, and stops; nothing of it is left.
func TestDemo(t *testing.T) {
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.HTTP.Listen, cfg.RTSP.Listen, cfg.NATS.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Health.Interval = map[int]time.Duration{1: time.Second, 2: time.Second, 3: time.Second}
	ctx, cancel := context.WithCancel(t.Context())
	ready := make(chan gateway.Addresses, 1)
	ended := make(chan error, 1)
	var out, log bytes.Buffer // written before Ready and read after the end
	go func() {
		ended <- gateway.Demo(ctx, cfg, gateway.DemoOptions{
			Options: gateway.Options{
				Log: slog.New(slog.NewTextHandler(&log, nil)), Version: "test",
				Ready: func(a gateway.Addresses) { ready <- a },
			},
			Channels: 300, Live: 2, SimListen: ":0", Out: &out,
		})
	}()
	var a gateway.Addresses
	select {
	case a = <-ready:
	case err := <-ended:
		t.Fatalf("ended before it was ready: %v\n%s", err, log.String())
	}
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	}()

	health := listen(t, a.NATS, "sharpeyes.event.health.>")
	play(t, regexp.MustCompile(`rtsp://\S+`).FindString(out.String()))

	var stats struct{ Total struct{ Total int } }
	get(t, "http://"+a.HTTP+"/api/v1/stats", &stats)
	if stats.Total.Total != 300 {
		t.Errorf("%d channels, want 300", stats.Total.Total)
	}
	var event struct{ Type, Subject string }
	if err := json.Unmarshal(<-health, &event); err != nil || event.Type != "sharpeyes.health.changed" {
		t.Errorf("got %+v, %v", event, err)
	}
	get(t, "http://"+a.HTTP+"/readyz", nil)
	for _, name := range []string{"openapi", "asyncapi"} {
		documented(t, "http://"+a.HTTP+"/api/v1/"+name+".json", "web/app/api/"+name+".json")
	}

	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := c.Get("http://" + a.HTTP + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("the metrics: %s, %v: %s", res.Status, err, page)
	}
	for _, name := range []string{`pull_readers{channel="`, `pulls_by_phase{phase="flowing"}`, "join_seconds_count", "camera_received_bytes_total", "rtsp_sent_bytes_total"} {
		if !bytes.Contains(page, []byte("\nsharpeyes_"+name)) {
			t.Errorf("the metrics don't tell of %s", name)
		}
	}
}

var update = flag.Bool("update", false, "write the documents that the page's types are made of")

// documented fails when the document that is served isn't the one that the page is built from.
func documented(t *testing.T, url, file string) {
	t.Helper()
	var document map[string]any
	get(t, url, &document)
	document["info"].(map[string]any)["version"] = "" // changes with every build
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if was, err := os.ReadFile(file); err != nil || !bytes.Equal(was, b.Bytes()) {
		t.Errorf("%s isn't what is served: go test ./gateway -run TestDemo -update (%v)", file, err)
	}
}

// listen subscribes before the first probes are done, or soon after: some change is still to come.
func listen(t *testing.T, url, subject string) <-chan []byte {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	first := make(chan []byte, 1)
	if _, err := nc.Subscribe(subject, func(m *nats.Msg) {
		select {
		case first <- m.Data:
		default:
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return first
}

// play waits for a few packets of a stream.
func play(t *testing.T, url string) {
	t.Helper()
	u, err := base.ParseURL(url)
	if err != nil {
		t.Fatalf("the demo says to play %q: %v", url, err)
	}
	tcp := gortsplib.TransportTCP
	c := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Transport: &tcp}
	if err := c.Start2(); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	desc, _, err := c.Describe(u)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetupAll(desc.BaseURL, desc.Medias); err != nil {
		t.Fatal(err)
	}
	packets := make(chan struct{}, 100)
	c.OnPacketRTPAny(func(*description.Media, format.Format, *rtp.Packet) {
		select {
		case packets <- struct{}{}:
		default:
		}
	})
	if _, err := c.Play(nil); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		<-packets
	}
}

func get(t *testing.T, url string, to any) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, res.Status)
	}
	if to == nil {
		return
	}
	if err := json.NewDecoder(res.Body).Decode(to); err != nil {
		t.Fatal(err)
	}
}

// What can't be opened stops the start, with the key that it was configured by.
func TestTakenPortStopsTheStart(t *testing.T) {
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.HTTP.Listen, cfg.RTSP.Listen, cfg.NATS.Listen = "127.0.0.1:0", "192.0.2.1:8554", "127.0.0.1:0" // the second is of no interface
	err := gateway.Run(t.Context(), cfg, gateway.Options{Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "rtsp.listen") {
		t.Fatalf("got %v, want one that names rtsp.listen", err)
	}
}

// A registry of real cameras is not a demo's to replace.
func TestDemoRefusesRealCameras(t *testing.T) {
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.HTTP.Listen, cfg.RTSP.Listen, cfg.NATS.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Access.Anonymous = "admin"
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var status string
	err := gateway.Run(ctx, cfg, gateway.Options{Log: slog.New(slog.DiscardHandler), Ready: func(a gateway.Addresses) {
		go func() {
			defer cancel()
			status = put("http://"+a.HTTP+"/api/v1/channels/gate-1",
				`{"name":"Gate","class":1,"site":"a","scenario":"campus","url":"rtsp://192.0.2.1/main","enabled":false}`)
		}()
	}})
	if err != nil || status != "201 Created" {
		t.Fatalf("%v, %s", err, status)
	}
	err = gateway.Demo(t.Context(), cfg, gateway.DemoOptions{
		Options: gateway.Options{Log: slog.New(slog.DiscardHandler)}, Channels: 1, SimListen: ":0", Out: io.Discard,
	})
	if err == nil || !strings.Contains(err.Error(), "gate-1") {
		t.Fatalf("got %v, want a refusal that names the camera", err)
	}
}

func put(url, body string) string {
	req, err := http.NewRequest(http.MethodPut, url, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := c.Do(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	return res.Status
}

// A reload is taken over whole, or not at all, and says which key stood in its way.
func TestReload(t *testing.T) {
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.HTTP.Listen, cfg.RTSP.Listen, cfg.NATS.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	var level slog.LevelVar
	lines := make(chan string, 100)
	log := slog.New(slog.NewTextHandler(writer(func(line string) {
		if strings.Contains(line, "the configuration was") {
			lines <- line
		}
	}), &slog.HandlerOptions{Level: &level}))
	configs := make(chan config.Config)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- gateway.Run(ctx, cfg, gateway.Options{Log: log, Level: &level, Reload: configs}) }()

	next := cfg
	next.HTTP.Listen, next.Log.Level = "127.0.0.1:1", "error"
	configs <- next
	if line := <-lines; !strings.Contains(line, "http.listen can't change") || level.Level() != slog.LevelInfo {
		t.Errorf("got %s, at level %v", line, level.Level())
	}
	next = cfg
	next.Streams.Linger, next.Log.Level = time.Second, "debug"
	configs <- next
	if line := <-lines; !strings.Contains(line, "streams.linger, log.level") || level.Level() != slog.LevelDebug {
		t.Errorf("got %s, at level %v", line, level.Level())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

type writer func(string)

func (w writer) Write(b []byte) (int, error) { w(string(b)); return len(b), nil }
