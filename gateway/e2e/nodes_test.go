//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/gateway/api"
	"sharpeyes/streams/sim"
)

// startNATS runs a server of its own for several gateways.
func startNATS(t testing.TB) string {
	t.Helper()
	url, _ := startNATSAt(t, t.TempDir(), server.RANDOM_PORT)
	return url
}

func startNATSAt(t testing.TB, dir string, port int) (url string, stop func()) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true, JetStream: true, StoreDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	stop = sync.OnceFunc(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	t.Cleanup(stop)
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server doesn't start")
	}
	return s.ClientURL(), stop
}

// openJetStream connects to a server until the test ends.
func openJetStream(t testing.TB, url string) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// startNode runs one of several gateways on one NATS, with the key of the first.
func startNode(t testing.TB, url, name string, first *gateway, over settings) *gateway {
	t.Helper()
	with := settings{"node": fmt.Sprintf("{name: %s}", name), "nats": fmt.Sprintf("{url: %q}", url)}
	for k, v := range over {
		with[k] = v
	}
	g := prepareGateway(t, with)
	if first != nil {
		copyKey(t, first.dir, g.dir)
	}
	g.start(t)
	return g
}

// nodes are the gateways that one of them knows.
func (g *gateway) nodes(t testing.TB) []api.Node {
	t.Helper()
	_, b := g.request(t, http.MethodGet, "/api/v1/nodes", "")
	var out struct{ Items []api.Node }
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%v %s", err, b)
	}
	return out.Items
}

// divided waits until as many gateways live and probe all channels between them.
func divided(t testing.TB, within time.Duration, g *gateway, gateways, channels int) (by map[string]int) {
	t.Helper()
	eventually(t, within, func() error {
		by = map[string]int{}
		sum := 0
		for _, n := range g.nodes(t) {
			if n.Alive {
				by[n.Name] = n.Channels
				sum += n.Channels
			}
		}
		if len(by) != gateways || sum != channels || slices.Contains(slices.Collect(maps.Values(by)), 0) {
			return fmt.Errorf("%d channels are probed by %v, want %d by %d", sum, by, channels, gateways)
		}
		return nil
	})
	return by
}

// Three gateways share a city: each channel is probed by one of them and pulled once, whoever watches it
// where; one that is killed, stopped, paused or started again changes that for moments only.
func TestNodes(t *testing.T) {
	t.Parallel()
	const cameras = 900
	s := startSim(t, cameras)
	url := startNATS(t)
	health := settings{"health": `{interval: {1: 2s, 2: 2s, 3: 2s}, timeout: 1s, confirm: 2, confirm_gap: 200ms, deep_interval: 0s}`}
	a := startNode(t, url, "a", nil, health)
	rows := make([]row, cameras)
	for i := range rows {
		rows[i] = s.channelRow(fmt.Sprintf("camera-%d", i), i)
		rows[i]["site"] = fmt.Sprintf("xiamen/d%d/s%d", i%5, i%45)
	}
	a.register(t, rows...)
	divided(t, 10*time.Second, a, 1, cameras)
	b := startNode(t, url, "b", a, health)
	c := startNode(t, url, "c", a, health)
	all := map[string]*gateway{"a": a, "b": b, "c": c}
	by := divided(t, 40*time.Second, b, 3, cameras)
	for name, n := range by {
		if n < cameras*30/100 || n > cameras*37/100 {
			t.Errorf("%s probes %d of %d", name, n, cameras)
		}
	}
	for _, g := range all { // each knows what the others found
		eventually(t, 20*time.Second, func() error {
			if _, out := g.request(t, http.MethodGet, "/api/v1/stats", ""); !strings.Contains(string(out), fmt.Sprintf(`"online":%d`, cameras)) {
				return fmt.Errorf("%s", out)
			}
			return nil
		})
	}

	// None is probed twice as often.
	before, began := s.totals(t).Probes, time.Now()
	eventually(t, time.Minute, func() error {
		if n := s.totals(t).Probes - before; n < 4*cameras {
			return fmt.Errorf("%d probes", n)
		}
		return nil
	})
	if took := time.Since(began); took < 5*time.Second { // one is probed every 2 s
		t.Errorf("each channel was probed four times within %v", took)
	}

	// Six readers of one camera, two at each gateway: one session at the camera.
	camera := s.find(t, 0, plain(sim.H264, false))
	id := fmt.Sprintf("camera-%d", camera)
	var watching sync.WaitGroup
	defer watching.Wait()
	var frames [6]atomic.Int64
	stop := make(chan struct{})
	defer close(stop)
	for i := range frames {
		name := []string{"a", "b", "c"}[i%3]
		watching.Go(func() {
			for { // a reader comes again when its gateway is gone
				select {
				case <-stop:
					return
				default:
				}
				watchOnce(t, all[name], id, stop, &frames[i])
			}
		})
	}
	seen := func(names string) {
		t.Helper()
		was := [6]int64{}
		for i := range frames {
			was[i] = frames[i].Load()
		}
		eventually(t, 40*time.Second, func() error {
			for i := range frames {
				if strings.Contains(names, []string{"a", "b", "c"}[i%3]) && frames[i].Load() < was[i]+10 {
					return fmt.Errorf("reader %d has %d frames, and had %d", i, frames[i].Load(), was[i])
				}
			}
			return nil
		})
	}
	seen("abc")
	if c := s.camera(t, camera); c.Sessions != 1 {
		t.Errorf("six readers: %d sessions", c.Sessions)
	}

	// The one that pulls is killed: the others have the stream from its next owner, and its channels.
	owner := ownerOf(t, all, id)
	t.Logf("%s pulls", owner)
	all[owner].kill(t)
	died := time.Now()
	living := strings.ReplaceAll("abc", owner, "")
	seen(living)
	t.Logf("streams went on after %v", time.Since(died))
	by = divided(t, 40*time.Second, all[living[:1]], 2, cameras)
	t.Logf("%v after %v", by, time.Since(died))
	all[owner].start(t)
	divided(t, 40*time.Second, all[living[:1]], 3, cameras)
	seen("abc")

	if n := s.totals(t).Overpulled; n != 0 {
		t.Errorf("%d cameras had two sessions at a time", n)
	}

	// Another is paused for so long that it is taken for dead, and goes on. (Until then it keeps its session.)
	paused := ownerOf(t, all, id)
	if err := syscall.Kill(all[paused].pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	living = strings.ReplaceAll("abc", paused, "")
	divided(t, 40*time.Second, all[living[:1]], 2, cameras)
	if err := syscall.Kill(all[paused].pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	divided(t, 40*time.Second, all[living[:1]], 3, cameras)
	seen("abc")

	// One leaves in good order.
	all["c"].terminate(t)
	divided(t, 40*time.Second, a, 2, cameras)
	seen("ab")
	if c := s.camera(t, camera); c.Sessions != 1 {
		t.Errorf("after all: %d sessions", c.Sessions)
	}
	out := a.commandOf(t, "nodes")
	if !slices.ContainsFunc(strings.Split(out, "\n"), func(line string) bool { return strings.HasPrefix(line, "c ") && strings.Contains(line, "gone") }) {
		t.Errorf("c has left:\n%s", out)
	}
}

// The server goes away for a while: nobody can tell anything then. When it is back all goes on, alerts too.
func TestNodesWithoutNATS(t *testing.T) {
	t.Parallel()
	const cameras = 60
	s := startSim(t, cameras)
	dir := t.TempDir()
	at, stop := startNATSAt(t, dir, server.RANDOM_PORT)
	over := settings{"health": `{interval: {1: 1s, 2: 1s, 3: 1s}, timeout: 1s, confirm: 2, confirm_gap: 200ms, deep_interval: 0s}`}
	a := startNode(t, at, "a", nil, over)
	rows := make([]row, cameras)
	for i := range rows {
		rows[i] = s.channelRow(fmt.Sprintf("camera-%d", i), i)
		rows[i]["site"] = fmt.Sprintf("xiamen/s%d", i%12)
	}
	a.register(t, rows...)
	b := startNode(t, at, "b", a, over)
	rule := `{"enabled":true,"types":["sharpeyes.health.changed"],"when":"state == \"offline\"","severity":"warning","title":"{channel} is gone","fold_by":"channel"}`
	if res, out := a.request(t, http.MethodPut, "/api/v1/rules/gone", rule); res.StatusCode/100 != 2 {
		t.Fatalf("%s %s", res.Status, out)
	}
	divided(t, 40*time.Second, a, 2, cameras)

	stop()
	eventually(t, 20*time.Second, func() error { // nobody says that anybody is alive
		for _, n := range a.nodes(t) {
			if n.Alive || n.Channels > 0 && n.Self {
				return fmt.Errorf("%+v", n)
			}
		}
		return nil
	})
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	startNATSAt(t, dir, port)
	divided(t, 60*time.Second, b, 2, cameras)
	for _, camera := range []int{3, 4} {
		s.set(t, camera, sim.Fault{Kind: sim.Die})
	}
	eventually(t, 90*time.Second, func() error {
		_, out := b.request(t, http.MethodGet, "/api/v1/alerts?rule=gone", "")
		if !strings.Contains(string(out), "camera-3") || !strings.Contains(string(out), "camera-4") {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
}

// ownerOf is the gateway that pulls a channel from its camera: the one that tells an address of its own for it.
func ownerOf(t testing.TB, all map[string]*gateway, id string) (owner string) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		for name, g := range all {
			if g.ended {
				continue
			}
			_, b := g.request(t, http.MethodGet, "/api/v1/streams/"+id, "")
			var s api.Stream
			if json.Unmarshal(b, &s) == nil && s.ID == id && s.From == "" {
				owner = name
				return nil
			}
		}
		return fmt.Errorf("nobody pulls %s", id)
	})
	return owner
}

// watchOnce plays a channel until its connection breaks, and counts frames.
func watchOnce(t testing.TB, g *gateway, id string, stop <-chan struct{}, frames *atomic.Int64) {
	p, err := dial(t.Context(), net.Dialer{}, g.play(id))
	if err == nil {
		defer p.Close()
		err = p.play()
	}
	for err == nil {
		select {
		case <-stop:
			return
		default:
		}
		was := p.video().frames
		if err = p.next(); err == nil {
			frames.Add(int64(p.video().frames - was))
		}
	}
	select {
	case <-stop:
	case <-time.After(200 * time.Millisecond):
	}
}
