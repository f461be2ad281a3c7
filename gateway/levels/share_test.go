package levels

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// shelf is a Store in memory.
type shelf struct {
	records map[string]string
	puts    int
}

func (s *shelf) All(_ context.Context, f func(string, []byte)) error {
	for name, record := range s.records {
		f(name, []byte(record))
	}
	return nil
}

func (s *shelf) Put(_ context.Context, records map[string][]byte) error {
	for name, record := range records {
		s.puts++
		if record == nil {
			delete(s.records, name)
		} else {
			s.records[name] = string(record)
		}
	}
	return nil
}

func (s *shelf) names() string {
	return strings.Join(slices.Sorted(maps.Keys(s.records)), " ")
}

func channel(id string, class registry.Class, site string) registry.Channel {
	return registry.Channel{
		ID: id, Name: id, Class: class, Site: site, Scenario: "campus", URL: "rtsp://10.1.2.3/main", SubURL: "rtsp://10.1.2.3/sub",
		Username: "admin", Password: "hidden", Device: "recorder-7", Transport: "udp", Motion: "always", Enabled: true,
	}
}

func city(t testing.TB, version uint64, channels ...registry.Channel) *registry.Snapshot {
	t.Helper()
	s, err := registry.Empty().Apply(registry.Transaction{Put: channels, Sites: []registry.Site{{Path: "xiamen/siming", Name: "思明区"}, {Path: "fuzhou", Name: "福州"}}}, version)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{records: map[string]string{"channel.former": "{}"}}
		var now atomic.Pointer[registry.Snapshot]
		now.Store(city(t, 1, channel("gate", 1, "xiamen/siming"), channel("home", 3, "xiamen/siming")))
		var statuses registry.Statuses
		share := NewShare(ShareOptions{
			Store: store, Snapshot: now.Load, Statuses: &statuses, Log: slog.New(slog.DiscardHandler),
			Wants: func(c *registry.Channel) bool { return c.Class < 3 },
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- share.Keep(ctx) }()
		synctest.Wait()
		if got := store.names(); got != "channel.gate site.xiamen.siming" || share.Channels() != 1 {
			t.Errorf("%s, %d", got, share.Channels())
		}
		for _, hidden := range []string{"10.1.2.3", "admin", "hidden", "recorder-7"} {
			if strings.Contains(store.records["channel.gate"], hidden) {
				t.Errorf("the level above is told %s: %s", hidden, store.records["channel.gate"])
			}
		}
		// Only what changes is written.
		puts := store.puts
		time.Sleep(10 * Every)
		synctest.Wait()
		if store.puts != puts {
			t.Errorf("%d writings of nothing", store.puts-puts)
		}
		statuses.Set("gate", registry.Status{State: event.Online})
		statuses.Set("home", registry.Status{State: event.Online})
		time.Sleep(2 * Every)
		synctest.Wait()
		if store.puts != puts+1 || !strings.Contains(store.records["channel.gate"], `"online"`) {
			t.Errorf("%d writings, %s", store.puts-puts, store.records["channel.gate"])
		}
		now.Store(city(t, 2, channel("home", 3, "xiamen/siming")))
		time.Sleep(2 * Every)
		synctest.Wait()
		if got := store.names(); got != "" {
			t.Errorf("shared is still %s", got)
		}
		stop()
		<-ended
	})
}

func TestTaken(t *testing.T) {
	b, err := json.Marshal(shared(channel("gate", 1, "xiamen/siming"), registry.Status{State: event.Offline, Reason: event.NoAnswer}))
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	c, err := r.taken("siming")
	if err != nil || c.Via != "siming" || c.URL != "rtsp://siming/gate" || c.SubURL != "rtsp://siming/gate/sub" || c.Name != "gate" || r.Status.Reason != event.NoAnswer {
		t.Errorf("%+v %v", c, err)
	}
}

// TestFound has a level say anything of a state.
func TestFound(t *testing.T) {
	r := Record{Status: registry.Status{State: "broken", Reason: "whatever", Detail: strings.Repeat("字", 1000), Since: time.Now().Add(time.Hour), Told: "x"}}
	if s := r.found(); s.State != event.Unknown || s.Reason != "" || len(s.Detail) > 500 || s.Since.After(time.Now()) || s.Told != "" {
		t.Errorf("%+v", s)
	}
	r.Status = registry.Status{State: event.Offline, Reason: event.NoAnswer, Detail: "it fell", Outage: "xiamen", Event: "e1"}
	if s := r.found(); s != r.Status {
		t.Errorf("%+v", s)
	}
}

// FuzzTaken has a level below send anything: what is taken over can be registered, and belongs to it.
func FuzzTaken(f *testing.F) {
	f.Add([]byte(`{"channel":{"id":"gate","name":"g","class":1,"site":"xiamen","scenario":"campus","url":"yes","sub_url":"yes","enabled":true},"status":{"state":"online"}}`))
	f.Add([]byte(`{"channel":{"id":"../../x","via":"other","password":"p"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Record
		if json.Unmarshal(b, &r) != nil {
			return
		}
		c, err := r.taken("siming")
		if err != nil {
			return
		}
		if c.Via != "siming" || c.Password != "" || c.Username != "" || !strings.HasPrefix(c.URL, "rtsp://siming/") {
			t.Errorf("%+v", c)
		}
		c.Via = ""
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	})
}
