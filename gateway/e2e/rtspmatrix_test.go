//go:build e2e

package e2e

import (
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/streams/sim"
)

// Every RTSP method, asked by whoever there is: who isn't granted the channel can't tell it from one that
// doesn't exist, who may find it and not watch it is told so, and whoever loses the grant in the middle is cut.
func TestRTSPMatrix(t *testing.T) {
	t.Parallel()
	s := startSim(t, 50)
	g, admin := startGuarded(t, nil)
	admin("channels", "import", writeCSV(t, []row{s.channelRow("gate", s.find(t, 0, plain(sim.H264, false)))}))
	who := map[string]string{"nobody": "", "wrong": "admin:wrong-one"}
	add := func(name, role string, grant ...string) {
		t.Helper()
		args := []string{"users", "add", name, "--role", role}
		for _, one := range grant {
			args = append(args, "--grant", one)
		}
		admin(args...)
		who[name] = "token:" + admin("users", "token", name, "--for", "the matrix")
	}
	add("boss", "admin")
	add("operator", "operator")
	add("viewer", "viewer")
	add("bare", "app")
	add("campus", "app", "list,view:scenario=campus")
	add("kitchen", "app", "list,view:scenario=kitchen")
	add("finder", "app", "list:scenario=campus")
	add("former", "app", "list,view:scenario=campus until 2020-01-01T00:00:00Z")

	// What begins a stream, by who asks; 200 for the rest.
	begins := map[string]base.StatusCode{
		"nobody": base.StatusUnauthorized, "wrong": base.StatusUnauthorized,
		"bare": base.StatusNotFound, "kitchen": base.StatusNotFound, "former": base.StatusNotFound, "finder": base.StatusForbidden,
	}
	methods := []base.Method{
		base.Options, base.Describe, base.Setup, base.Play, base.Pause, base.GetParameter, base.SetParameter, base.Teardown, base.Announce, base.Record,
	}
	for name, credentials := range who {
		for _, method := range methods {
			ofGate := ""
			for _, id := range []string{"gate", "no-such-channel"} {
				p, err := dial(t.Context(), net.Dialer{}, g.play(id))
				if err != nil {
					t.Fatal(err)
				}
				if credentials != "" {
					p.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
				}
				u, err := base.ParseURL(g.play(id))
				if err != nil {
					t.Fatal(err)
				}
				header := base.Header{}
				if method == base.Setup {
					header["Transport"] = base.HeaderValue{"RTP/AVP/TCP;unicast;interleaved=0-1"}
				}
				res, err := p.do(method, u, header)
				p.Close()
				if err != nil {
					t.Errorf("%s %s by %s: %v", method, id, name, err)
					continue
				}
				want, refused := begins[name]
				if id != "gate" && !refused {
					want = base.StatusNotFound
				} else if id != "gate" && want == base.StatusForbidden {
					want = base.StatusNotFound
				}
				switch method {
				case base.Describe, base.Setup:
					if refused || id != "gate" {
						if res.StatusCode != want {
							t.Errorf("%s %s by %s is answered %d, want %d", method, id, name, res.StatusCode, want)
						}
					} else if res.StatusCode != base.StatusOK {
						t.Errorf("%s %s by %s is answered %d %s", method, id, name, res.StatusCode, res.StatusMessage)
					}
				case base.Options:
					if res.StatusCode != base.StatusOK {
						t.Errorf("OPTIONS by %s is answered %d", name, res.StatusCode)
					}
				case base.Announce, base.Record:
					if res.StatusCode < 400 {
						t.Errorf("%s by %s is answered %d: nobody sends streams here", method, name, res.StatusCode)
					}
				default: // without a session they do nothing, and tell nothing of the channel
					said := fmt.Sprint(res.StatusCode, string(res.Body))
					if id == "gate" {
						ofGate = said
					} else if said != ofGate {
						t.Errorf("%s by %s without a session is answered %q of a channel and %q of none", method, name, ofGate, said)
					}
					if (method == base.Play || method == base.Pause) && res.StatusCode < 400 {
						t.Errorf("%s by %s without a session is answered %d", method, name, res.StatusCode)
					}
				}
			}
		}
	}

	// In the middle of a stream a grant ends, and a token is revoked.
	for what, cut := range map[string]func(){
		"a grant": func() { admin("users", "set", "campus", "--role", "app", "--grant", "list,view:scenario=kitchen") },
		"a token": func() {
			var id string
			if _, err := fmt.Sscanf(after(admin("users", "list"), "viewer"), "%s", &id); err != nil {
				t.Fatal(err)
			}
			admin("users", "revoke", "viewer", id)
		},
	} {
		name := map[string]string{"a grant": "campus", "a token": "viewer"}[what]
		p, err := dial(t.Context(), net.Dialer{}, g.play("gate"))
		if err != nil {
			t.Fatal(err)
		}
		p.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(who[name]))
		if err := p.play(); err != nil {
			t.Fatal(err)
		}
		if err := p.next(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			for {
				if err := p.next(); err != nil {
					ended <- err
					return
				}
			}
		}()
		cut()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Errorf("%s is gone, and %s still watches", what, name)
		}
		p.Close()
	}
}

// after is what follows a user's name in the list of users, from the first token's id on.
func after(list, name string) string {
	for line := range strings.Lines(list) {
		if strings.HasPrefix(line, name+" ") {
			if i := strings.LastIndex(line, " ("); i > 0 { // ID (the matrix)
				return line[strings.LastIndex(line[:i], " ")+1:]
			}
		}
	}
	return ""
}
