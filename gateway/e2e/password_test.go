//go:build e2e

package e2e

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/streams"
	"sharpeyes/streams/sim"
)

// A password with the characters that URLs give a meaning reaches the camera as it is, however it
// was written, and outlives the round trip of an export that doesn't have it.
func TestPasswordReachesCamera(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	locked := 0
	for !sim.SceneOf(locked).Locked {
		locked++
	}
	edit := strings.NewReplacer("Locked", "Edited", "Edited", "Edited again")
	for i, password := range []string{"p@ss:w/o#r^d%1", "@:/#^%", "a%zz@b/c:d", "100%", `he said "no", 密码;=&`} {
		farm, err := sim.Listen(t.Context(), sim.Options{Listen: ":0", Cameras: locked + 1, Password: password, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { farm.Close() })
		rest, ok := strings.CutPrefix(farm.URL(locked, streams.Main), "rtsp://")
		if !ok {
			t.Fatalf("the camera is at %s", rest)
		}
		channel := func(form, url string) row {
			return row{"id": fmt.Sprintf("%s-%d", form, i), "name": "Locked", "class": "1", "site": "xiamen", "scenario": "campus", "url": url, "transport": "tcp"}
		}
		column := channel("column", "rtsp://"+rest)
		column["username"], column["password"] = sim.Username, password
		escaped := channel("escaped", "rtsp://"+url.UserPassword(sim.Username, password).String()+"@"+rest)
		asItIs := channel("as-it-is", "rtsp://"+sim.Username+":"+password+"@"+rest)
		rows := []row{column, escaped, asItIs}
		g.register(t, rows...)

		body := fmt.Sprintf(`{"name":"Locked","class":1,"site":"xiamen","scenario":"campus","url":"rtsp://%s","transport":"tcp","username":%q,"password":%q}`, rest, sim.Username, password)
		if res, b := g.request(t, http.MethodPut, fmt.Sprintf("/api/v1/channels/json-%d", i), body); res.StatusCode/100 != 2 {
			t.Fatalf("PUT: %s\n%s", res.Status, b)
		}
		ids := []string{column["id"], escaped["id"], asItIs["id"], fmt.Sprintf("json-%d", i)}
		for _, id := range ids {
			if res, _ := g.answer(t, id); res.StatusCode != base.StatusOK {
				t.Errorf("%s with the password %q: %d %s", id, password, res.StatusCode, res.StatusMessage)
			}
		}

		// Export without passwords, edit, import.
		for _, format := range []string{"csv", "ndjson"} {
			out := g.commandOf(t, "channels", "export", "--format", format)
			if strings.Contains(out, password) {
				t.Errorf("the password is in the export\n%s", out)
			}
			file := filepath.Join(t.TempDir(), "edited."+format)
			if err := os.WriteFile(file, []byte(edit.Replace(out)), 0o600); err != nil {
				t.Fatal(err)
			}
			g.commandOf(t, "channels", "import", "--format", format, file)
		}
		for _, id := range ids {
			var ch struct{ Name string }
			g.get(t, "/api/v1/channels/"+id, &ch)
			if res, _ := g.answer(t, id); res.StatusCode != base.StatusOK || ch.Name == "Locked" {
				t.Errorf("%s (%s) with the password %q after the round trip: %d %s", id, ch.Name, password, res.StatusCode, res.StatusMessage)
			}
		}
		if wrong, _ := g.request(t, http.MethodPatch, "/api/v1/channels/"+column["id"], `{"password":"another"}`); wrong.StatusCode != http.StatusOK {
			t.Fatalf("PATCH: %s", wrong.Status)
		}
		if res, _ := g.answer(t, column["id"]); res.StatusCode == base.StatusOK {
			t.Errorf("the camera lets the password %q in", "another")
		}
	}
}
