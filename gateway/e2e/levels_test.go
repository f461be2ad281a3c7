//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"sharpeyes/gateway/api"
	"sharpeyes/streams/sim"
)

// cable carries connections to an address, until it is cut.
type cable struct {
	listener net.Listener
	to       atomic.Pointer[string]
	mu       sync.Mutex
	cut      bool
	open     map[net.Conn]bool
}

func lay(t testing.TB) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: l, open: map[net.Conn]bool{}}
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			carrying.Go(func() { c.carry(in) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		c.set(true)
		carrying.Wait()
	})
	return c
}

func (c *cable) address() string { return c.listener.Addr().String() }

// set cuts the cable, or mends it.
func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for conn := range c.open {
		if cut {
			conn.Close()
		}
	}
}

func (c *cable) take(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		c.open[conn] = true
	}
	return !c.cut
}

func (c *cable) carry(in net.Conn) {
	defer in.Close()
	to := c.to.Load()
	if to == nil || !c.take() {
		return
	}
	out, err := net.Dial("tcp", *to)
	if err != nil {
		return
	}
	defer out.Close()
	if !c.take(in, out) {
		return
	}
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			in.Close()
			out.Close()
		})
	}
	both.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, in)
	delete(c.open, out)
}

// level is a gateway that has levels below, and the cable to the one above.
type level struct {
	*gateway
	name string
	up   *cable
}

// startLevel runs a gateway; with one above, it joins that over a cable.
func startLevel(t testing.TB, name string, above *level, over settings) *level {
	t.Helper()
	l := &level{name: name}
	natsConfig := "listen: 127.0.0.1:0, leaf_listen: 127.0.0.1:0"
	if above != nil {
		above.commandOf(t, "users", "add", name, "--role", "app", "--grant", "share:site=xiamen")
		token := strings.TrimSpace(above.commandOf(t, "users", "token", name, "--for", "the link"))
		l.up = lay(t)
		natsConfig += fmt.Sprintf(", leaf_remotes: ['nats://%s:%s@%s']", name, token, l.up.address())
		l.up.to.Store(&above.leaf)
	}
	with := settings{"node": "{name: gateway-of-" + name + "}", "nats": "{" + natsConfig + "}", "health": `{interval: {1: 1s, 2: 1s, 3: 1s}, timeout: 1s, confirm: 2, confirm_gap: 200ms, deep_interval: 0s, flapping: {changes: 0, within: 1m}}`}
	for k, v := range over {
		with[k] = v
	}
	l.gateway = startGateway(t, with)
	return l
}

// again starts a level that was killed; below are those that have joined it.
func (l *level) again(t testing.TB, below ...*level) {
	t.Helper()
	l.start(t)
	for _, b := range below {
		b.up.to.Store(&l.leaf)
	}
}

// told are the ids of the health events of a channel that a gateway has, from the first to the last.
func (l *level) told(t testing.TB, id string) (ids []string) {
	t.Helper()
	var page struct {
		Items []struct{ ID string }
	}
	l.get(t, "/api/v1/events?limit=1000&kind=health&channel="+id, &page)
	for _, e := range page.Items {
		ids = append(ids, e.ID)
	}
	slices.Reverse(ids)
	return ids
}

// sees waits until a level has the channel in a state.
func (l *level) sees(t testing.TB, id, state, via string) {
	t.Helper()
	eventually(t, 60*time.Second, func() error {
		res, b, err := l.try(t, http.MethodGet, "/api/v1/channels/"+id, "")
		if err != nil {
			return err
		}
		var ch struct {
			Via    string
			Status struct{ State string }
		}
		if res.StatusCode != http.StatusOK || json.Unmarshal(b, &ch) != nil || ch.Status.State != state || ch.Via != via {
			return fmt.Errorf("%s: %d %s", l.name, res.StatusCode, b)
		}
		return nil
	})
}

// TestLevels links a community with its street, that with its district, and that with the city.
func TestLevels(t *testing.T) {
	t.Parallel()
	s := startSim(t, 60)
	camera := s.find(t, 0, plain(sim.H264, false))
	other := s.find(t, camera+1, plain(sim.H264, false))
	city := startLevel(t, "city", nil, nil)
	district := startLevel(t, "siming", city, nil)
	street := startLevel(t, "zhonghua", district, settings{"share": "{classes: [1, 2]}"})
	community := startLevel(t, "guanren", street, nil)
	all := []*level{city, district, street, community}
	via := []string{"siming", "zhonghua", "guanren", ""}

	gate, home, far := s.channelRow("gate", camera), s.channelRow("home", other), s.channelRow("far", other)
	gate["class"], gate["site"] = "1", "xiamen/siming/zhonghua/guanren"
	home["class"], home["site"] = "3", gate["site"]
	far["class"], far["site"] = "1", "zhangzhou/gulei" // whatever it shares, nobody lets it register that
	community.register(t, gate, home, far)
	for i, l := range all {
		l.sees(t, "gate", "online", via[i])
	}
	street.sees(t, "home", "online", "guanren")
	for _, hidden := range []string{"home", "far"} {
		for _, l := range all[:2] {
			if res, b := l.request(t, http.MethodGet, "/api/v1/channels/"+hidden, ""); res.StatusCode != http.StatusNotFound {
				t.Errorf("%s has %s: %s", l.name, hidden, b)
			}
		}
	}
	if _, b := city.request(t, http.MethodGet, "/api/v1/channels/gate", ""); strings.Contains(string(b), fmt.Sprint(s.port)) {
		t.Errorf("the city is told the camera's address: %s", b)
	}
	if res, b := city.request(t, http.MethodPatch, "/api/v1/channels/gate", `{"name":"x"}`); res.StatusCode != http.StatusConflict || !strings.Contains(string(b), "siming") {
		t.Errorf("the city edits a channel of the community: %d %s", res.StatusCode, b)
	}
	if out := city.commandOf(t, "channels", "export"); strings.Contains(out, "gate") {
		t.Errorf("the city exports a channel of the community:\n%s", out)
	}

	// Readers at all levels: one session at the camera.
	var watching sync.WaitGroup
	defer watching.Wait()
	stop := make(chan struct{})
	stopped := sync.OnceFunc(func() { close(stop) })
	defer stopped()
	frames := make([]atomic.Int64, len(all))
	for i, l := range all {
		watching.Go(func() { watchOnce(t, l.gateway, "gate", stop, &frames[i]) })
	}
	eventually(t, 30*time.Second, func() error {
		for i := range frames {
			if frames[i].Load() < 20 {
				return fmt.Errorf("%s has %d frames", all[i].name, frames[i].Load())
			}
		}
		return nil
	})
	if c := s.camera(t, camera); c.Sessions != 1 {
		t.Errorf("readers at four levels: %d sessions", c.Sessions)
	}
	stopped()
	watching.Wait()
	if res, b := city.request(t, http.MethodGet, "/api/v1/streams/home", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("home: %s", b)
	}

	// An event of the community is heard in the city.
	nc, err := nats.Connect(city.nats)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	heard, err := nc.SubscribeSync("sharpeyes.event.health.c1.*.xiamen.siming.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	state := func(wanted string, by *level) {
		t.Helper()
		if wanted == "offline" {
			s.set(t, camera, sim.Fault{Kind: sim.Die})
		} else {
			s.heal(t, camera)
		}
		for i, l := range all {
			if l == by {
				by.sees(t, "gate", wanted, via[i])
			}
		}
	}
	state("offline", city)
	m, err := heard.NextMsg(20 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(m.Data), `"state":"offline"`) {
		t.Errorf("%s", m.Data)
	}

	// The district is cut off: it works on, and what the city missed arrives, once and in order.
	same := func() {
		t.Helper()
		var here, there []string
		eventually(t, 60*time.Second, func() error {
			here, there = city.told(t, "gate"), community.told(t, "gate")
			if n := len(here); n == 0 || len(there) < n || !slices.Equal(there[len(there)-n:], here) {
				return fmt.Errorf("the city has heard %d events of the community's %d:\n%v\n%v", len(here), len(there), here, there)
			}
			return nil
		})
	}
	connected := func(l *level, below string, want bool) {
		t.Helper()
		eventually(t, 60*time.Second, func() error {
			var out struct{ Levels []api.Level }
			_, b, err := l.try(t, http.MethodGet, "/api/v1/nodes", "")
			if err == nil {
				err = json.Unmarshal(b, &out)
			}
			if i := slices.IndexFunc(out.Levels, func(l api.Level) bool { return l.Name == below }); err != nil || i < 0 || out.Levels[i].Connected != want {
				return fmt.Errorf("%v: %s", err, b)
			}
			return nil
		})
	}
	district.up.set(true)
	connected(city, "siming", false)
	for range 2 {
		state("online", district)
		state("offline", district)
	}
	state("online", district)
	was := len(city.told(t, "gate"))
	if now := len(community.told(t, "gate")); now < was+5 {
		t.Errorf("the city has %d of %d events while it is cut off", was, now)
	}
	district.up.set(false)
	city.sees(t, "gate", "online", "siming")
	same()

	// So it is when a level dies in the middle of it.
	for i, l := range []*level{city, district, street} {
		state("offline", community)
		l.kill(t)
		state("online", community)
		l.again(t, all[i+1])
		city.sees(t, "gate", "online", "siming")
		same()
	}
	if got, ids := city.told(t, "gate"), map[string]bool{}; true {
		for _, id := range got {
			if ids[id] {
				t.Errorf("%s was told twice", id)
			}
			ids[id] = true
		}
	}

	// What the community takes away is gone everywhere.
	if res, b := community.request(t, http.MethodDelete, "/api/v1/channels/gate", ""); res.StatusCode != http.StatusNoContent {
		t.Fatalf("%d %s", res.StatusCode, b)
	}
	eventually(t, 30*time.Second, func() error {
		if res, b, err := city.try(t, http.MethodGet, "/api/v1/channels/gate", ""); err != nil || res.StatusCode != http.StatusNotFound {
			return fmt.Errorf("%v %s", err, b)
		}
		return nil
	})

	// Who may share no more is cut off at once.
	connected(city, "siming", true)
	city.commandOf(t, "users", "set", "siming", "--role", "app", "--grant", "list")
	eventually(t, 30*time.Second, func() error {
		if _, b, err := city.try(t, http.MethodGet, "/api/v1/nodes", ""); err != nil || strings.Contains(string(b), "siming") {
			return fmt.Errorf("%v %s", err, b)
		}
		return nil
	})
}

// TestLevelOverTLS joins with a certificate of an authority of one's own, and doesn't without it, nor with a wrong token.
func TestLevelOverTLS(t *testing.T) {
	t.Parallel()
	cert, key, _ := selfSigned(t)
	city := startGateway(t, settings{"nats": fmt.Sprintf("{listen: 127.0.0.1:0, leaf_listen: 127.0.0.1:0, tls_cert: %q, tls_key: %q}", cert, key)})
	city.commandOf(t, "users", "add", "siming", "--role", "app", "--grant", "share:site=xiamen")
	token := strings.TrimSpace(city.commandOf(t, "users", "token", "siming", "--for", "the link"))
	for what, tt := range map[string]struct {
		env  []string
		url  string
		want bool
	}{
		"the authority's certificate":    {[]string{"SSL_CERT_FILE=" + cert}, "tls://siming:" + token + "@" + city.leaf, true},
		"no certificate":                 {nil, "tls://siming:" + token + "@" + city.leaf, false},
		"a wrong token":                  {[]string{"SSL_CERT_FILE=" + cert}, "tls://siming:" + token[:len(token)-3] + "abc@" + city.leaf, false},
		"a token in the name of another": {[]string{"SSL_CERT_FILE=" + cert}, "tls://huli:" + token + "@" + city.leaf, false},
	} {
		t.Run(what, func(t *testing.T) {
			g := prepareGateway(t, settings{"nats": fmt.Sprintf("{listen: 127.0.0.1:0, leaf_remotes: [%q]}", tt.url)})
			g.process = spawn(t, tt.env, "serve", "--config", g.config)
			g.addresses(t)
			above := func() bool {
				var out struct{ Above struct{ Connected bool } }
				g.get(t, "/api/v1/nodes", &out)
				return out.Above.Connected
			}
			if tt.want {
				eventually(t, 20*time.Second, func() error {
					if !above() {
						return fmt.Errorf("not connected")
					}
					return nil
				})
				return
			}
			eventually(t, 20*time.Second, func() error { // it was tried
				if out, _ := g.stderr.read(); !strings.Contains(out, "eafnode") {
					return fmt.Errorf("nothing is said of it")
				}
				return nil
			})
			if above() {
				t.Error("it is connected")
			}
			out, _ := g.stderr.read()
			if strings.Contains(out, token) {
				t.Errorf("the token is in the log:\n%s", out)
			}
		})
	}
}
