//go:build e2e

package e2e

import (
	"strconv"
	"strings"
	"testing"
)

// city is the number of channels of the reference city.
const city = 62283

// A file is registered as a whole or not at all, and what was acknowledged outlives kill -9.
func TestImportCityAllOrNothing(t *testing.T) {
	g := startGateway(t, nil)
	rows := cityRows(city, 554)

	const bad = 41234 // of rows, from 0; after the header row, so it is row 41236 of the file
	good := rows[bad]["class"]
	rows[bad]["class"] = "7"
	out, errs, status := g.importFile(t, writeCSV(t, rows))
	if status != 1 {
		t.Fatalf("import with a bad row: exit status %d, want 1\n%s%s", status, out, errs)
	}
	if said := out + errs; !strings.Contains(said, "41236") && !strings.Contains(said, "41,236") || !strings.Contains(said, "class") {
		t.Errorf("the row and column at fault aren't named:\n%s", said)
	}
	if n := g.total(t); n != 0 {
		t.Fatalf("%d channels after a refused import, want none", n)
	}

	rows[bad]["class"] = good
	file := writeCSV(t, rows)
	out, errs, status = g.importFile(t, file)
	g.kill(t) // right after the acknowledgement
	if status != 0 {
		t.Fatalf("import: exit status %d\n%s%s", status, out, errs)
	}
	wantCount(t, out+errs, "created", city)

	g.start(t)
	if n := g.total(t); n != city {
		t.Fatalf("%d channels after kill -9 and a restart, want %d", n, city)
	}
	var last struct{ Name, URL string }
	g.get(t, "/api/v1/channels/"+rows[city-1]["id"], &last)
	if last.Name != rows[city-1]["name"] || last.URL != rows[city-1]["url"] {
		t.Errorf("the last channel is %+v, want name %s, URL %s", last, rows[city-1]["name"], rows[city-1]["url"])
	}

	out, errs, status = g.importFile(t, file)
	if status != 0 {
		t.Fatalf("import the same file again: exit status %d\n%s%s", status, out, errs)
	}
	wantCount(t, out+errs, "unchanged", city)
	wantCount(t, out+errs, "created", 0)
	wantCount(t, out+errs, "updated", 0)
}

// An acknowledged edit is there after kill -9, whatever came before it.
func TestEditOutlivesKill(t *testing.T) {
	t.Parallel()
	g := startGateway(t, nil)
	g.register(t, cityRows(20, 554)...)
	id := cityRows(1, 554)[0]["id"]
	for _, name := range []string{"First name", "Second name", "校园南门"} {
		if out, errs, status := command(t, nil, "channels", "set", "--server", g.server(), id, "name="+name); status != 0 {
			t.Fatalf("set the name: exit status %d\n%s%s", status, out, errs)
		}
		g.kill(t)
		g.start(t)
		var ch struct{ Name string }
		if g.get(t, "/api/v1/channels/"+id, &ch); ch.Name != name {
			t.Fatalf("after kill -9 the name is %q, want %q", ch.Name, name)
		}
	}
	if out, errs, status := command(t, nil, "channels", "delete", "--server", g.server(), id); status != 0 {
		t.Fatalf("delete: exit status %d\n%s%s", status, out, errs)
	}
	g.kill(t)
	g.start(t)
	if n := g.total(t); n != 19 {
		t.Errorf("%d channels after a delete and kill -9, want 19", n)
	}
}

// wantCount looks for a count in what an import said: {"created":62283} or "created 62,283" or
// "62283 created".
func wantCount(t testing.TB, said, word string, want int) {
	t.Helper()
	plain := strings.NewReplacer(",", "", `"`, "", ":", " ").Replace(said)
	fields := strings.FieldsFunc(plain, func(r rune) bool { return strings.ContainsRune(" \t\n{}()", r) })
	number := strconv.Itoa(want)
	for i, f := range fields {
		if strings.EqualFold(f, word) && (i > 0 && fields[i-1] == number || i+1 < len(fields) && fields[i+1] == number) {
			return
		}
	}
	t.Errorf("the import should say %s: %d; it says:\n%s", word, want, said)
}
