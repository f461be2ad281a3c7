//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"sharpeyes/gateway/bus"
	"sharpeyes/streams/sim"
)

// cluster is three NATS servers. Gateways sign in as city, the level below as siming.
type cluster struct {
	options [3]*server.Options
	servers [3]*server.Server
}

func startCluster(t testing.TB) *cluster {
	t.Helper()
	level, err := bus.Permissions(bus.Login{Name: "siming", Role: bus.RoleLevel})
	if err != nil {
		t.Fatal(err)
	}
	var c cluster
	var routes []*url.URL
	ports := freePorts(t, 9)
	for i := range 3 {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", ports[i])})
	}
	for i := range 3 {
		c.options[i] = &server.Options{
			ServerName: fmt.Sprintf("n%d", i), Host: "127.0.0.1", Port: ports[3+i], NoLog: true, NoSigs: true,
			Cluster:   server.ClusterOpts{Name: "city", Host: "127.0.0.1", Port: ports[i]},
			LeafNode:  server.LeafNodeOpts{Host: "127.0.0.1", Port: ports[6+i]},
			Routes:    routes,
			JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
			Users: []*server.User{
				{Username: "city", Password: "right"},
				{Username: "siming", Password: "right", Permissions: &server.Permissions{
					Publish:   &server.SubjectPermission{Allow: level["publish"]["allow"]},
					Subscribe: &server.SubjectPermission{Allow: level["subscribe"]["allow"]},
				}},
			},
		}
		c.start(t, i)
	}
	t.Cleanup(func() {
		for i := range c.servers {
			c.stop(i)
		}
	})
	for _, s := range c.servers {
		if !s.ReadyForConnections(10 * time.Second) {
			t.Fatal("a NATS server doesn't start")
		}
	}
	eventually(t, 30*time.Second, func() error {
		for _, s := range c.servers {
			if s.JetStreamIsLeader() {
				return nil
			}
		}
		return fmt.Errorf("the cluster has no leader")
	})
	return &c
}

func (c *cluster) start(t testing.TB, i int) {
	t.Helper()
	s, err := server.NewServer(c.options[i].Clone())
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	c.servers[i] = s
}

func (c *cluster) stop(i int) {
	if s := c.servers[i]; s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
	c.servers[i] = nil
}

// urls are the addresses of all servers, in the name of a user.
func (c *cluster) urls(user string, port func(*server.Options) int) (all []string) {
	for _, o := range c.options {
		all = append(all, fmt.Sprintf("nats://%s:right@127.0.0.1:%d", user, port(o)))
	}
	return all
}

// freePorts finds ports that nobody listens on.
func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// Two gateways of a city are on a cluster of three NATS servers, and a district has joined it. Each of the servers
// goes away for a while: what is edited and what happens meanwhile is there afterwards, and streams go on.
func TestCluster(t *testing.T) {
	t.Parallel()
	const cameras = 20
	s := startSim(t, 60)
	c := startCluster(t)
	over := settings{
		"nats":   fmt.Sprintf("{url: %q, replicas: 3}", strings.Join(c.urls("city", func(o *server.Options) int { return o.Port }), ",")),
		"health": `{interval: {1: 1s, 2: 1s, 3: 1s}, timeout: 1s, confirm: 2, confirm_gap: 200ms, deep_interval: 0s, flapping: {changes: 0, within: 1m}}`,
	}
	a := startNode(t, "", "a", nil, over)
	rows := make([]row, cameras)
	for i := range rows {
		rows[i] = s.channelRow(fmt.Sprintf("camera-%d", i), i)
		rows[i]["site"] = fmt.Sprintf("xiamen/huli/s%d", i%8)
	}
	a.register(t, rows...)
	b := startNode(t, "", "b", a, over)
	divided(t, time.Minute, a, 2, cameras)

	a.commandOf(t, "users", "add", "siming", "--role", "app", "--grant", "share:site=xiamen/siming")
	if out := a.commandOf(t, "users", "nats-permissions", "siming"); !strings.Contains(out, `"_LEVEL.siming.>"`) || !strings.Contains(out, `"sharpeyes.level.siming.>"`) {
		t.Errorf("the permissions of a level are told as %s", out)
	}
	district := startGateway(t, settings{
		"node": "{name: siming}",
		"nats": fmt.Sprintf("{listen: 127.0.0.1:0, leaf_remotes: ['%s']}", strings.Join(c.urls("siming", func(o *server.Options) int { return o.LeafNode.Port }), "', '")),
	})
	camera := s.find(t, cameras, plain(sim.H264, false))
	gate := s.channelRow("gate", camera)
	gate["site"] = "xiamen/siming/zhonghua"
	district.register(t, gate)
	all := []*gateway{a, b}
	for _, g := range all {
		(&level{gateway: g, name: "city"}).sees(t, "gate", "online", "siming")
	}

	var watching sync.WaitGroup
	defer watching.Wait()
	stop := make(chan struct{})
	defer close(stop)
	frames := make([]atomic.Int64, 2)
	for i, g := range all {
		watching.Go(func() { watchOnce(t, g, "gate", stop, &frames[i]) })
	}
	flow := func() {
		t.Helper()
		was := []int64{frames[0].Load(), frames[1].Load()}
		eventually(t, 20*time.Second, func() error {
			for i := range frames {
				if frames[i].Load() < was[i]+20 {
					return fmt.Errorf("reader %d has %d frames and had %d", i, frames[i].Load(), was[i])
				}
			}
			return nil
		})
	}
	flow()
	if n := s.camera(t, camera).Sessions; n != 1 {
		t.Errorf("two readers: %d sessions", n)
	}

	acknowledged := 0
	edit := func(g *gateway) {
		t.Helper()
		name := fmt.Sprintf("edit %d", acknowledged+1)
		began := time.Now()
		eventually(t, 30*time.Second, func() error {
			res, body, err := g.try(t, http.MethodPatch, "/api/v1/channels/camera-0", fmt.Sprintf(`{"name":%q}`, name))
			if err == nil && res.StatusCode != http.StatusOK {
				err = fmt.Errorf("%d %s", res.StatusCode, body)
			}
			return err
		})
		acknowledged++
		if took := time.Since(began); took > time.Second {
			t.Logf("an edit took %v", took)
		}
	}
	failing := cameras - 1
	for i := range c.servers {
		c.stop(i)
		for n := range 10 {
			edit(all[n%2])
		}
		s.set(t, failing, sim.Fault{Kind: sim.Die})
		id := fmt.Sprintf("camera-%d", failing)
		for _, g := range all {
			(&level{gateway: g, name: "city"}).sees(t, id, "offline", "")
		}
		flow()
		c.start(t, i)
		s.heal(t, failing)
		for _, g := range all {
			(&level{gateway: g, name: "city"}).sees(t, id, "online", "")
		}
		failing--
		eventually(t, 60*time.Second, func() error { // its copies are whole again before another server goes
			if !c.servers[i].JetStreamIsCurrent() {
				return fmt.Errorf("server %d isn't current", i)
			}
			js := openJetStream(t, c.urls("city", func(o *server.Options) int { return o.Port })[i])
			for info := range js.ListStreams(t.Context()).Info() {
				if info.Cluster == nil || info.Cluster.Leader == "" {
					return fmt.Errorf("%s has no leader", info.Config.Name)
				}
				for _, r := range info.Cluster.Replicas {
					if !r.Current {
						return fmt.Errorf("%s isn't current on %s", info.Config.Name, r.Name)
					}
				}
			}
			return nil
		})
	}
	for _, g := range all {
		var h struct {
			Items []struct {
				Fields []struct{ Field, New string }
			}
		}
		g.get(t, "/api/v1/channels/camera-0/history?limit=1000", &h)
		edits := map[string]int{}
		for _, change := range h.Items {
			for _, f := range change.Fields {
				if f.Field == "name" {
					edits[f.New]++
				}
			}
		}
		for n := range acknowledged {
			if name := fmt.Sprintf("edit %d", n+1); edits[name] != 1 {
				t.Errorf("%q is in the history %d times", name, edits[name])
			}
		}
		var page struct {
			Items []struct {
				ID   string
				Data struct {
					Channel struct{ ID string }
					State   string
				}
			}
		}
		g.get(t, "/api/v1/events?limit=1000&kind=health", &page)
		went, ids := map[string]bool{}, map[string]bool{}
		for _, e := range page.Items {
			if ids[e.ID] {
				t.Errorf("event %s is there twice", e.ID)
			}
			ids[e.ID] = true
			went[e.Data.Channel.ID] = went[e.Data.Channel.ID] || e.Data.State == "offline"
		}
		for i := range c.servers {
			if id := fmt.Sprintf("camera-%d", cameras-1-i); !went[id] {
				t.Errorf("%s went and it isn't told", id)
			}
		}
	}
}
