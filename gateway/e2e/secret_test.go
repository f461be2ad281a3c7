//go:build e2e

package e2e

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"

	"sharpeyes/streams/sim"
)

// The password of a camera appears nowhere, least of all when it is refused.
func TestCameraRefusesPassword(t *testing.T) {
	t.Parallel()
	const secret = "Xq7#mark-of-the-password/93"
	s := startSim(t, 10)
	g := startGateway(t, settings{
		"health": eagerHealth,
		"log":    "{level: debug}",
	})
	events := g.subscribe(t, "sharpeyes.>")
	s.set(t, 1, sim.Fault{Kind: sim.Unauthorized})
	r := s.channelRow("locked", 1)
	r["username"], r["password"] = "admin", secret
	g.register(t, r)

	res, _ := g.answer(t, "locked")
	if said := res.StatusMessage + " " + string(res.Body); res.StatusCode != base.StatusServiceUnavailable || !strings.Contains(said, "password") && !strings.Contains(said, "unauthorized") {
		t.Errorf("the answer is %d %q, want 503 and the reason", res.StatusCode, said)
	}
	events.await(t, 10*time.Second, "stream failed", func(e cloudEvent) bool {
		return e.Type == "sharpeyes.stream.failed" && e.Subject == "locked" && e.Data.Reason == "unauthorized"
	})

	// It is changed to another and back, so that the past has it too.
	for _, password := range []string{"another", secret} {
		if res, b := g.request(t, http.MethodPatch, "/api/v1/channels/locked", fmt.Sprintf(`{"password":%q}`, password)); res.StatusCode != http.StatusOK {
			t.Fatalf("PATCH: %s\n%s", res.Status, b)
		}
	}
	said := map[string]string{}
	r["password"] = secret + "2"
	out, errs, status := g.importFile(t, writeCSV(t, []row{r}), "--dry-run")
	if !strings.Contains(out, "password") || status != 0 {
		t.Errorf("a dry run with another password: exit status %d\n%s%s", status, out, errs)
	}
	said["a dry run"] = out + errs
	out, errs, _ = g.importFile(t, writeCSV(t, []row{r}), "--dry-run", "--json")
	said["a dry run as JSON"] = out + errs
	said["keys rotate"] = g.commandOf(t, "keys", "rotate")
	for _, path := range []string{
		"/channels", "/channels/locked", "/channels/locked/history", "/channels:versions", "/channels:report", "/channels:report?format=csv",
		"/channels:export?format=csv", "/channels:export?format=ndjson", "/channels:export?format=csv&version=1", "/channels:export?format=ndjson&version=1",
		"/channels.geojson", "/sites", "/maintenance", "/streams", "/stats", "/openapi.json",
	} {
		res, b := g.request(t, http.MethodGet, "/api/v1"+path, "")
		if res.StatusCode != http.StatusOK {
			t.Errorf("GET %s: %s\n%s", path, res.Status, b)
		}
		said[path] = string(b)
	}
	for _, path := range []string{"/api/v1/streams/locked", "/metrics", "/readyz"} {
		_, b := g.request(t, http.MethodGet, path, "")
		said[path] = string(b)
	}
	for subject, body := range map[string]string{"channels.get": `{"id":"locked"}`, "channels.query": `{}`, "channels.report": `{}`, "sites": `{}`, "stats": `{}`} {
		said["nats req "+subject] = g.natsCommand(t, "req", "sharpeyes.api."+subject, body)
	}
	for _, args := range [][]string{{"channels", "show", "locked"}, {"channels", "list"}, {"channels", "history", "locked"}, {"channels", "versions"}} {
		said[strings.Join(args, " ")] = g.commandOf(t, args...)
	}
	g.stored(t, said)
	// A request that fails is where a value likes to slip into an error.
	_, b := g.request(t, http.MethodPatch, "/api/v1/channels/locked", `{"password":"`+secret+`","class":7}`)
	said["a refused PATCH"] = string(b)
	bad := s.channelRow("worse", 2)
	bad["class"], bad["username"], bad["password"] = "7", "admin", secret
	out, errs, _ = g.importFile(t, writeCSV(t, []row{bad}))
	said["a refused import"] = out + errs
	bad["url"], bad["password"] = "rtsp://admin:"+secret+"@127.0.0.1:99999/main", ""
	out, errs, _ = g.importFile(t, writeCSV(t, []row{bad}))
	said["a refused import of a URL"] = out + errs

	g.terminate(t)
	said["its log"], _ = g.stderr.read()
	said["its output"], _ = g.stdout.read()
	said["the events"], _ = events.said.read()
	walk(t, g.dir, func(name string, b []byte) { said["file "+name] = string(b) })
	for where, text := range said {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), "mark-of-the-password"} {
			if strings.Contains(text, form) {
				t.Errorf("the password is in %s", where)
			}
		}
	}
}

// stored adds all that is stored on NATS: as it is, and unpacked where it is compressed.
func (g *gateway) stored(t testing.TB, into map[string]string) {
	t.Helper()
	js := openJetStream(t, g.nats)
	unpack, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unpack.Close()
	unpacked := 0
	names := js.StreamNames(t.Context())
	for name := range names.Name() {
		s, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		for seq := s.CachedInfo().State.FirstSeq; seq > 0 && seq <= s.CachedInfo().State.LastSeq; seq++ {
			m, err := s.GetMsg(t.Context(), seq)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			where := fmt.Sprintf("message %d of %s", seq, name)
			into[where] = fmt.Sprint(m.Subject, m.Header) + string(m.Data)
			if plain, err := unpack.DecodeAll(m.Data, nil); err == nil && len(plain) > 0 {
				into[where+", unpacked"] = string(plain)
				unpacked++
			}
		}
	}
	if err := names.Err(); err != nil {
		t.Fatal(err)
	}
	if unpacked == 0 {
		t.Error("nothing of the registry's log could be unpacked")
	}
}

// walk reads all files under a folder.
func walk(t testing.TB, dir string, each func(name string, b []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		if err == nil {
			each(name, b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
