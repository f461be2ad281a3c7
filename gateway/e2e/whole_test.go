//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// An import that is killed at any moment has happened as a whole or not at all, and one that was
// acknowledged has happened.
func TestKilledInImport(t *testing.T) {
	const n = 20000
	g := startGateway(t, nil)
	rows := cityRows(n, 554)
	// How long an import takes here and now, so that the kills fall in the midst of it.
	g.register(t, rows...)
	began := time.Now()
	for _, r := range rows {
		r["name"] = r["name"] + " 0"
	}
	g.register(t, rows...)
	long := time.Since(began)

	whole, before := 0, " 0"
	for round := 1; round <= 5; round++ {
		after := fmt.Sprintf(" %d", round)
		for _, r := range rows {
			r["name"] = r["name"][:strings.LastIndexByte(r["name"], ' ')] + after
		}
		file := csvOf(t, rows)
		type answer struct {
			status int
			err    error
		}
		done := make(chan answer, 1)
		go func() {
			res, _, err := g.post(t, "format=csv", bytes.NewReader(file))
			if err != nil {
				done <- answer{err: err}
				return
			}
			done <- answer{status: res.StatusCode}
		}()
		// The last round is let come to its end, or nearly.
		moment := time.Duration(rand.Int64N(int64(long) * 5 / 4))
		select {
		case a := <-done:
			done <- a
		case <-time.After(moment):
		}
		g.kill(t)
		a := <-done
		g.start(t)

		if total := g.total(t); total != n {
			t.Fatalf("%d channels after kill -9, want %d", total, n)
		}
		now, old := g.named(t, after), g.named(t, before)
		t.Logf("killed after %v of %v: %d channels changed, answered %d %v", moment, long, now, a.status, a.err)
		switch {
		case now == n:
			whole++
			before = after
		case now != 0 || old != n:
			t.Fatalf("%d of %d channels are changed, %d are as before", now, n, old)
		case a.status == http.StatusOK:
			t.Fatal("what was acknowledged is gone")
		}
	}
	t.Logf("%d of 5 had happened", whole)
}

// named is how many of the names end like this.
func (g *gateway) named(t testing.TB, end string) int {
	t.Helper()
	out := g.commandOf(t, "channels", "export", "--format", "csv")
	n := 0
	for line := range strings.Lines(out) {
		if fields := strings.SplitN(line, ",", 3); len(fields) == 3 && strings.HasSuffix(fields[1], end) {
			n++
		}
	}
	return n
}

// Two imports at once are one after the other, and of two gateways on one NATS both end with the
// same registry.
func TestImportsAtOnce(t *testing.T) {
	t.Parallel()
	const n = 5000
	first := startGateway(t, nil)
	second := startSecondGateway(t, first)
	all := []*gateway{first, second}
	type result struct {
		status int
		said   string
	}
	results := make([]result, 4)
	var wg sync.WaitGroup
	for i := range results {
		rows := cityRows(n, 554)
		for _, r := range rows {
			r["name"] = fmt.Sprintf("import %d", i)
		}
		file := csvOf(t, rows)
		wg.Go(func() {
			res, b, err := all[i%2].post(t, "format=csv&prune=true", bytes.NewReader(file))
			if err != nil {
				t.Error(err)
				return
			}
			results[i] = result{res.StatusCode, string(b)}
		})
	}
	wg.Wait()
	good := map[string]bool{}
	for i, r := range results {
		switch r.status {
		case http.StatusOK:
			good[fmt.Sprintf("import %d", i)] = true
		case http.StatusConflict, http.StatusServiceUnavailable: // told to come again
			t.Logf("import %d: %s", i, r.said)
		default:
			t.Errorf("import %d: %d %s", i, r.status, r.said)
		}
	}
	eventually(t, 30*time.Second, func() error {
		var names []map[string]int
		for _, g := range all {
			has := map[string]int{}
			for line := range strings.Lines(g.commandOf(t, "channels", "export", "--format", "csv")) {
				if fields := strings.SplitN(line, ",", 3); len(fields) == 3 && strings.HasPrefix(fields[1], "import") {
					has[fields[1]]++
				}
			}
			names = append(names, has)
		}
		for name, count := range names[0] {
			if len(names[0]) == 1 && count == n && good[name] && maps.Equal(names[0], names[1]) {
				return nil
			}
		}
		return fmt.Errorf("the names are %v, of the imports that were good %v", names, good)
	})
}

// startSecondGateway runs another gateway on the NATS of the first, with the same key.
func startSecondGateway(t testing.TB, first *gateway) *gateway {
	t.Helper()
	second := prepareGateway(t, settings{"node": "{name: second}", "nats": fmt.Sprintf("{url: %q}", first.nats)})
	copyKey(t, first.dir, second.dir)
	second.start(t)
	return second
}

// copyKey gives a gateway the key of another, without which it can't read the passwords.
func copyKey(t testing.TB, from, to string) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(from, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "secret.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
}
