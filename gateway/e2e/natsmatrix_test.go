//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nats.go/micro"

	"sharpeyes/registry/event"
)

// caller is somebody connected to the gateway's NATS server.
type caller struct {
	t  *testing.T
	nc *nats.Conn
}

func connectAs(t *testing.T, url string, o ...nats.Option) caller {
	t.Helper()
	nc, err := nats.Connect(url, append(o, nats.NoReconnect(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return caller{t, nc}
}

// refused reports whether the server said no to what was just done with the subject: it says so before it
// answers what is asked next.
func (c caller) refused(subject string) bool {
	c.t.Helper()
	if err := c.nc.FlushTimeout(10 * time.Second); err != nil {
		c.t.Fatal(err)
	}
	err := c.nc.LastError()
	return err != nil && strings.Contains(err.Error(), `"`+subject+`"`)
}

func (c caller) mayPublish(subject string) bool {
	c.t.Helper()
	if err := c.nc.Publish(subject, []byte("{}")); err != nil {
		c.t.Fatal(err)
	}
	return !c.refused(subject)
}

func (c caller) mayHear(subject string) bool {
	c.t.Helper()
	s, err := c.nc.SubscribeSync(subject)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = s.Unsubscribe() }()
	return !c.refused(subject)
}

// Every subject that there is, asked by whoever there is. The subjects are those that a running gateway tells
// of: its kinds of events, its service's endpoints, its streams and what they store. One that is added and isn't
// in the tables here fails.
func TestNATSMatrix(t *testing.T) {
	t.Parallel()
	g, admin := startGuarded(t, settings{"nats": "{listen: 127.0.0.1:0, leaf_listen: 127.0.0.1:0, leaf_remotes: ['nats://siming:token@" + deadAddress(t) + "']}"})
	for _, o := range [][]nats.Option{nil, {nats.UserInfo("admin", "wrong-one")}, {nats.Token("se_x.y.z")}, {nats.UserInfo("", "")}} {
		if nc, err := nats.Connect(g.nats, append(o, nats.NoReconnect())...); err == nil {
			nc.Close()
			t.Error("nobody was let in")
		}
	}
	boss := connectAs(t, g.nats, nats.UserInfo("admin", adminPassword))
	who := map[string]caller{}
	for name, args := range map[string][]string{
		"operator": {"operator"}, "viewer": {"viewer"}, "bare": {"app"},
		"campus":   {"app", "--grant", "list,view,events:scenario=campus;site=xiamen/siming"},
		"tagged":   {"app", "--grant", "list,view,events:tag=gate"},
		"editor":   {"app", "--grant", "list,edit"},
		"level":    {"app", "--grant", "share"}, // joins as a server, and can do nothing as a client
		"former":   {"app", "--grant", "list,view,events:scenario=campus until 2020-01-01T00:00:00Z"},
		"narrowed": {"operator", "--grant", "list,view,events,acknowledge:class=2"},
	} {
		admin(append([]string{"users", "add", name, "--role"}, args...)...)
		who[name] = connectAs(t, g.nats, nats.Token(admin("users", "token", name, "--for", "the matrix")))
	}
	everywhere := []string{"operator", "viewer"} // who has the permissions of a viewer on NATS

	// Events: one's own subjects, none but these, and nobody says what the gateway says.
	for _, kind := range event.Kinds() {
		for what, may := range map[string][]string{
			".>":                                   everywhere,
			".c1.campus.xiamen.siming.binhai.gate": append([]string{"campus"}, everywhere...),
			".c2.kitchen.xiamen.huli.stove":        append([]string{"narrowed"}, everywhere...),
			".c1.campus.xiamen.huli.gate":          everywhere,
			".c3.community.xiamen.siming.shop":     everywhere,
		} {
			subject := event.Prefix + string(kind) + what
			switch kind {
			case event.KindAudit:
				may = nil
			case event.KindSite, event.KindGateway:
				if what != ".>" {
					continue // theirs have other subjects
				}
			case event.KindHealth, event.KindMotion, event.KindAlert, event.KindStream:
			default:
				t.Errorf("nothing is said here of who may hear of %s", kind)
			}
			for name, c := range who {
				if got := c.mayHear(subject); got != slices.Contains(may, name) {
					t.Errorf("%s hears %s: %v", name, subject, got)
				}
				if c.mayPublish(subject[:len(subject)-1] + "x") {
					t.Errorf("%s may say %s", name, subject)
				}
			}
		}
	}
	for name, c := range who {
		for _, subject := range []string{">", "sharpeyes.>", "sharpeyes.event.>", "$JS.>", "$KV.>", "$SYS.>", "_SHARPEYES.>", "sharpeyes.api.>"} {
			if want := subject == "sharpeyes.event.>" && slices.Contains(everywhere, name); c.mayHear(subject) != want {
				t.Errorf("%s hears %s: %v", name, subject, !want)
			}
		}
	}

	// The service: what asks is for those who may see the whole city, what changes for administrators.
	asks := map[string]bool{
		event.ChannelsGet: true, event.ChannelsQuery: true, event.ChannelsReport: true, event.Sites: true, event.Stats: true,
		event.StreamsOpen: true, event.MotionReport: false,
	}
	m, err := boss.nc.Request("$SRV.INFO", nil, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var service micro.Info
	if err := json.Unmarshal(m.Data, &service); err != nil || len(service.Endpoints) < len(asks) {
		t.Fatalf("%v %s", err, m.Data)
	}
	for _, e := range service.Endpoints {
		all, known := asks[e.Subject]
		if !known {
			t.Errorf("nothing is said here of who may ask %s", e.Subject)
		}
		for name, c := range who {
			if got := c.mayPublish(e.Subject); got != (all && slices.Contains(everywhere, name)) {
				t.Errorf("%s asks %s: %v", name, e.Subject, got)
			}
			if c.mayHear(e.Subject) {
				t.Errorf("%s may answer %s", name, e.Subject)
			}
		}
	}

	// What levels ask one another, and answer.
	for _, subject := range []string{"sharpeyes.share.hello", "sharpeyes.share.read", "sharpeyes.share.open", "sharpeyes.level.level.hello", "_LEVEL.level.x"} {
		for name, c := range who {
			if c.mayPublish(subject) || c.mayHear(subject) {
				t.Errorf("%s may ask or answer %s", name, subject)
			}
		}
	}

	// The streams: of two, single messages may be read by those who may see the whole city.
	const none, statuses, events = 0, 1, 2
	streams := map[string]int{
		"SHARPEYES_EVENTS": events, "KV_SHARPEYES_STATUS": statuses, "SHARPEYES_REGISTRY": none, "SHARPEYES_AUDIT": none, "OBJ_SHARPEYES_SNAPSHOTS": none,
		"KV_SHARPEYES_USERS": none, "KV_SHARPEYES_RULES": none, "KV_SHARPEYES_ALERTS": none, "KV_SHARPEYES_LEASES": none, "KV_SHARPEYES_NODES": none, "SHARPEYES_WEBHOOKS": none,
		"SHARPEYES_STATES": none, "SHARPEYES_SHARED": none, "KV_SHARPEYES_LEVELS": none, "KV_SHARPEYES_WALLS": none,
	}
	js, err := jetstream.New(boss.nc)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	list := js.ListStreams(t.Context())
	for info := range list.Info() {
		name := info.Config.Name
		kind, known := streams[name]
		seen[name] = true
		if !known {
			t.Errorf("nothing is said here of who may read the stream %s", name)
		}
		allowed := map[string]bool{"STREAM.INFO." + name: kind != none}
		for _, op := range []string{
			"STREAM.DELETE.", "STREAM.PURGE.", "STREAM.UPDATE.", "STREAM.MSG.DELETE.", "STREAM.MSG.GET.", "STREAM.SNAPSHOT.", "STREAM.RESTORE.", "STREAM.LEADER.STEPDOWN.",
			"CONSUMER.CREATE.", "CONSUMER.NAMES.", "CONSUMER.LIST.", "DIRECT.GET.",
		} {
			allowed[op+name] = false
		}
		for _, op := range []string{"CONSUMER.CREATE.%s.c", "CONSUMER.DURABLE.CREATE.%s.c", "CONSUMER.DELETE.%s.c", "CONSUMER.MSG.NEXT.%s.c", "DIRECT.GET.%s.sharpeyes.event.audit.x"} {
			allowed[fmt.Sprintf(op, name)] = false
		}
		if kind == statuses {
			allowed["STREAM.MSG.GET."+name], allowed["DIRECT.GET."+name], allowed["DIRECT.GET."+name+".$KV.SHARPEYES_STATUS.gate"] = true, true, true
			allowed["DIRECT.GET."+name+".sharpeyes.event.audit.x"] = true // there is none in it
		} else if kind == events {
			allowed["DIRECT.GET."+name+".sharpeyes.event.health.c1.campus.xiamen.gate"] = true
		}
		for op, viewers := range allowed {
			for name, c := range who {
				if got := c.mayPublish("$JS.API." + op); got != (viewers && slices.Contains(everywhere, name)) {
					t.Errorf("%s asks %s: %v", name, op, got)
				}
			}
		}
		for _, subject := range info.Config.Subjects { // nobody writes into it, and few hear what is written
			at := strings.NewReplacer("*", "x", ">", "x").Replace(subject)
			for name, c := range who {
				if c.mayPublish(at) {
					t.Errorf("%s writes to %s", name, at)
				}
				if hears := c.mayHear(subject); hears != (kind != none && slices.Contains(everywhere, name)) {
					t.Errorf("%s hears %s: %v", name, subject, hears)
				}
			}
		}
	}
	if err := list.Err(); err != nil || len(seen) < 8 {
		t.Fatalf("the streams are %v, %v", slices.Sorted(maps.Keys(seen)), err)
	}
	for name := range streams {
		if !seen[name] {
			t.Errorf("there is no stream %s any more", name)
		}
	}

	// In the middle, a token is revoked and a grant ends.
	for name, cut := range map[string]func(){
		"viewer": func() { admin("users", "revoke", "viewer", strings.Fields(after(admin("users", "list"), "viewer"))[0]) },
		"campus": func() { admin("users", "set", "campus", "--role", "app", "--grant", "list:class=3") },
	} {
		cut()
		eventually(t, 5*time.Second, func() error {
			if who[name].nc.IsConnected() {
				return fmt.Errorf("%s is connected as before", name)
			}
			return nil
		})
	}
}
