//go:build e2e

package e2e

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"sharpeyes/registry/geo"
)

// A file as a Chinese spreadsheet writes it, with positions as Chinese maps have them, registers
// the same channels as the file in UTF-8 and WGS-84, and what is exported imports as the same.
func TestEncodings(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	rows := cityRows(200, 554)
	plain := writeCSV(t, rows)
	g.commandOf(t, "channels", "import", plain)

	shifted := cityRows(200, 554)
	for _, r := range shifted {
		p := geo.WGS84ToGCJ02(geo.Point{Lon: number(t, r["lon"]), Lat: number(t, r["lat"])})
		r["lon"], r["lat"] = strconv.FormatFloat(p.Lon, 'f', -1, 64), strconv.FormatFloat(p.Lat, 'f', -1, 64)
	}
	text, err := os.ReadFile(writeCSV(t, shifted))
	if err != nil {
		t.Fatal(err)
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(text)
	if err != nil {
		t.Fatal(err)
	}
	gbFile := filepath.Join(t.TempDir(), "gb18030.csv")
	if err := os.WriteFile(gbFile, gb, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, status := g.importFile(t, gbFile); status != 1 {
		t.Errorf("without its encoding: exit status %d, want 1", status)
	}
	g.commandOf(t, "channels", "import", gbFile, "--encoding", "gb18030", "--coordinates", "gcj02")

	out := g.commandOf(t, "channels", "export")
	records, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(records) != len(rows)+1 {
		t.Fatalf("%d rows in the export, %v", len(records), err)
	}
	at := map[string]int{}
	for i, name := range records[0] {
		at[name] = i
	}
	want := map[string]row{}
	for _, r := range rows {
		want[r["id"]] = r
	}
	for _, record := range records[1:] {
		r := want[record[at["id"]]]
		if record[at["name"]] != r["name"] {
			t.Errorf("the name is %q, want %q", record[at["name"]], r["name"])
		}
		for _, c := range []string{"lon", "lat"} {
			// A ten-millionth of a degree is a centimetre.
			if got := number(t, record[at[c]]); math.Abs(got-number(t, r[c])) > 1e-7 {
				t.Errorf("%s is %v, want %s", c, got, r[c])
			}
		}
	}
	again := filepath.Join(t.TempDir(), "again.csv")
	bom := append([]byte("\ufeff"), out...)
	if err := os.WriteFile(again, bom, 0o600); err != nil {
		t.Fatal(err)
	}
	wantCount(t, g.commandOf(t, "channels", "import", again), "unchanged", len(rows))
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
