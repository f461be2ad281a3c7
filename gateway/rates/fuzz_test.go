package rates

import (
	"bytes"
	"reflect"
	"testing"

	"sharpeyes/registry/event"
)

func sampleRecord() record {
	return record{node: "one", at: 1_780_000_000_000, flags: began | blind, dark: 1_779_999_999_000, changes: []recorded{
		{id: "35020301001310000001", at: 1_779_999_998_123, state: offline, reason: event.NoAnswer},
		{id: "gate-1", at: 1_780_000_000_000, state: online},
		{id: "gate-2", at: 1_780_000_000_000, state: absent},
	}}
}

func sampleDay() (*book, *day) {
	k := newBook()
	for _, r := range []record{
		{node: "one", at: 100*dayLength + 5, flags: began, changes: []recorded{{id: "b", at: 100*dayLength + 1, state: online}, {id: "abc", at: 100*dayLength + 2, state: degraded, reason: event.Frozen}}},
		{node: "one", at: 100*dayLength + 5000, changes: []recorded{{id: "abd", at: 100*dayLength + 4000, state: unknown}, {id: "b", at: 100*dayLength + 4500, state: offline, reason: event.TLS}}},
		{node: "one", at: 101*dayLength + 1, flags: began},
	} {
		k.apply(&r)
	}
	return k, k.days[0]
}

func TestRecordRoundTrip(t *testing.T) {
	want := sampleRecord()
	got, err := decodeRecord(want.encode())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// What was damaged is refused, and what is taken is written back as something that means the same.
func FuzzRecord(f *testing.F) {
	r := sampleRecord()
	f.Add(r.encode())
	f.Add((&record{node: "n", at: 1}).encode())
	f.Add([]byte{recordVersion + 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRecord(b)
		if err != nil {
			return
		}
		again, err := decodeRecord(r.encode())
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Fatalf("%+v became %+v, %v", r, again, err)
		}
		k := newBook()
		k.apply(&r)
	})
}

func FuzzPart(f *testing.F) {
	k, d := sampleDay()
	for _, part := range k.rest(d) {
		f.Add(part)
	}
	f.Add([]byte{restVersion, 1, 0, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var before []byte
		_, err := readPart(b, func(p *part, id []byte, first point, changes []change) bool {
			s := scopeOf(0, dayLength, p.gaps, nil)
			r := s.count(first.state, changes)
			all := int64(0)
			for _, n := range r {
				all += int64(n)
			}
			if all > dayLength {
				t.Fatalf("%q has a day of %d ms", id, all)
			}
			for i, c := range changes {
				if i > 0 && c.at < changes[i-1].at || int(c.reason) >= len(p.reasons) {
					t.Fatalf("%q: %v", id, changes)
				}
			}
			before = append(before[:0], bytes.Clone(id)...)
			return true
		})
		_ = err
	})
}
