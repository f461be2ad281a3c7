package registry_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sharpeyes/registry"
)

func testSealer(b byte) registry.Sealer { return registry.NewSealer([32]byte{0: b}) }

func testTransaction() registry.Transaction {
	in := channels(3000) // enough for several stretches
	in[1] = registry.Channel{ID: "bare", Name: "<&>\u2028", Class: 9, Site: "a", Scenario: "b", URL: "rtsp://h/?a=1&b=2", Transport: "udp", Motion: "off"}
	return registry.Transaction{
		ID: "tx1", At: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), By: "admin", Action: "import",
		Put: in, Delete: []string{"x", "y"}, DeleteSites: []string{"old/site"},
		Sites: []registry.Site{{Path: "xiamen", Name: "厦门", Lon: ptr(118.1), Lat: ptr(24.5)}},
	}
}

func TestTransactionThereAndBack(t *testing.T) {
	want := testTransaction()
	b, err := registry.EncodeTransaction(want, testSealer(1))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("sesame")) {
		t.Error("a password lies open in the record")
	}
	got, err := registry.DecodeTransaction(b, testSealer(1))
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != want.ID || !got.At.Equal(want.At) || got.By != want.By || got.Action != want.Action ||
		!sameChannels(got.Put, want.Put) || !slices.Equal(got.Delete, want.Delete) || !slices.Equal(got.DeleteSites, want.DeleteSites) ||
		len(got.Sites) != 1 || got.Sites[0].Name != "厦门" || *got.Sites[0].Lon != 118.1 {
		t.Errorf("got %+v", got)
	}
	empty, err := registry.EncodeTransaction(registry.Transaction{ID: "e"}, testSealer(1))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := registry.DecodeTransaction(empty, testSealer(1)); err != nil || got.ID != "e" || !got.Empty() {
		t.Errorf("empty: %+v, %v", got, err)
	}
}

func TestEncodingIsDeterministic(t *testing.T) {
	tx := testTransaction()
	for i := range tx.Put {
		tx.Put[i].Password = "" // but for the nonces
	}
	a, _ := registry.EncodeTransaction(tx, testSealer(1))
	b, _ := registry.EncodeTransaction(tx, testSealer(1))
	if !bytes.Equal(a, b) {
		t.Error("the same transaction gives other bytes")
	}
}

// What is in users' logs must be readable by every later version.
func TestFormOfVersionOne(t *testing.T) {
	const kept = `{"v":1,"id":"t","at":"2026-01-02T03:04:05Z","by":"admin","action":"edit","delete":["b"],"sites":1,"channels":1}
{"path":"xiamen","name":"Xiamen"}
{"id":"a","name":"Gate","class":1,"site":"xiamen","scenario":"campus","url":"rtsp://h/","username":"u","transport":"auto","motion":"auto","enabled":true}
`
	tx, err := registry.DecodeTransaction([]byte(kept), testSealer(1))
	if err != nil {
		t.Fatal(err)
	}
	b, err := registry.EncodeTransaction(tx, testSealer(1))
	if err != nil || string(b) != kept {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestSnapshotThereAndBack(t *testing.T) {
	tx := testTransaction()
	tx.Delete, tx.DeleteSites = nil, nil
	want, err := registry.Empty().Apply(tx, 42)
	if err != nil {
		t.Fatal(err)
	}
	b, err := encodeSnapshot(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := registry.DecodeSnapshot(b, testSealer(1))
	if err != nil {
		t.Fatal(err)
	}
	if got.Version() != 42 || !sameChannels(slices.Collect(got.All()), slices.Collect(want.All())) {
		t.Errorf("version %d, %d channels", got.Version(), got.Len())
	}
	if site, ok := got.Site("xiamen"); !ok || site.Name != "厦门" {
		t.Errorf("site %+v", site)
	}
	b, err = encodeSnapshot(registry.Empty())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := registry.DecodeSnapshot(b, testSealer(1)); err != nil || got.Len() != 0 || got.Version() != 0 {
		t.Errorf("empty: %v", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	tx := registry.Transaction{ID: "t", Put: channels(2)}
	b, err := registry.EncodeTransaction(tx, testSealer(1))
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	for name, tt := range map[string]struct {
		body string
		want error
	}{
		"nothing":         {"", registry.ErrForm},
		"a later version": {strings.Replace(s, `"v":1`, `"v":3`, 1), registry.ErrForm},
		"cut short":       {s[:strings.LastIndex(s[:len(s)-1], "\n")], registry.ErrForm},
		"cut in a line":   {s[:len(s)-9], registry.ErrForm},
		"a line more":     {s + "{}\n", registry.ErrForm},
		"moved password":  {strings.Replace(s, tx.Put[0].ID, "somebody-else", 1), registry.ErrSealed},
		"damaged seal":    {strings.Replace(s, `"sealed_password":"A`, `"sealed_password":"B`, 1), registry.ErrSealed},
		"negative counts": {`{"v":1,"sites":-1,"channels":1}`, registry.ErrForm},
	} {
		if _, err := registry.DecodeTransaction([]byte(tt.body), testSealer(1)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if _, err := registry.DecodeTransaction(b, testSealer(2)); !errors.Is(err, registry.ErrSealed) {
		t.Errorf("another key: %v", err)
	}
}

func TestSealer(t *testing.T) {
	s := testSealer(1)
	a, err := s.Seal("a", "sesame")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := s.Seal("a", "sesame")
	if bytes.Equal(a, b) {
		t.Error("two seals of one password are the same")
	}
	if got, err := s.Open("a", a); err != nil || got.Reveal() != "sesame" {
		t.Errorf("%q, %v", got.Reveal(), err)
	}
	if _, err := s.Open("b", a); !errors.Is(err, registry.ErrSealed) {
		t.Errorf("for another channel: %v", err)
	}
	for i := range a {
		damaged := slices.Clone(a)
		damaged[i] ^= 1
		if _, err := s.Open("a", damaged); !errors.Is(err, registry.ErrSealed) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := s.Open("a", a[:i]); !errors.Is(err, registry.ErrSealed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func encodeSnapshot(s *registry.Snapshot) ([]byte, error) {
	var b bytes.Buffer
	err := registry.EncodeSnapshot(&b, s, testSealer(1))
	return b.Bytes(), err
}
