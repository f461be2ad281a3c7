package rates

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"sharpeyes/registry/event"
)

// point is a state with its reason, as the book has them.
type point struct {
	state  code
	reason uint16 // index in book.reasons
}

// code is a state in a byte. Codes are in the store: they never change.
type code uint8

const (
	absent code = iota // not registered
	online
	degraded
	offline
	unknown
	disabled
	codes // how many
)

// codeOf is the code of a state; empty is absent.
func codeOf(s event.State) code {
	switch s {
	case "":
		return absent
	case event.Online:
		return online
	case event.Degraded:
		return degraded
	case event.Offline:
		return offline
	case event.Disabled:
		return disabled
	}
	return unknown
}

func (c code) state() event.State {
	return [...]event.State{"", event.Online, event.Degraded, event.Offline, event.Unknown, event.Disabled}[c]
}

// record is one message of the log: what happened since the one before.
type record struct {
	node    string
	at      int64 // ms since 1970, when it was made: until then nothing else has changed
	flags   flags
	dark    int64 // with blind: since when, ms
	changes []recorded
}

type flags uint8

const (
	began flags = 1 << iota // the node had been gone, or blind, until now
	ended                   // the node goes
	blind                   // the node sees nothing, until it has begun again
)

type recorded struct {
	id     string
	at     int64 // ms
	state  code
	reason event.Reason
}

// recordVersion begins every record.
const recordVersion = 1

// The bounds of what a record may hold.
const (
	maxID      = 255
	maxReasons = 1 << 12
	maxTime    = 1 << 47 // ms: far beyond any calendar, and room for sums
)

var errRecord = errors.New("it isn't a record of states")

// encode writes a record: version, flags, node, times, the reasons that occur, the changes.
func (r *record) encode() []byte {
	b := make([]byte, 0, 32+len(r.changes)*32)
	b = append(b, recordVersion, byte(r.flags))
	b = appendString(b, r.node)
	b = binary.AppendUvarint(b, uint64(r.at))
	if r.flags&blind != 0 {
		b = binary.AppendUvarint(b, uint64(r.dark))
	}
	index := make(map[event.Reason]int)
	var reasons []event.Reason
	for i := range r.changes {
		why := r.changes[i].reason
		if _, ok := index[why]; !ok {
			index[why] = len(reasons)
			reasons = append(reasons, why)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(reasons)))
	for _, why := range reasons {
		b = appendString(b, string(why))
	}
	b = binary.AppendUvarint(b, uint64(len(r.changes)))
	for i := range r.changes {
		c := &r.changes[i]
		b = appendString(b, c.id)
		b = binary.AppendVarint(b, r.at-c.at)
		b = binary.AppendUvarint(b, uint64(index[c.reason])<<3|uint64(c.state))
	}
	return b
}

// decodeRecord reads a record; the error says that it was damaged, or is of a later version.
func decodeRecord(b []byte) (record, error) {
	d := decoder{b: b}
	if v := d.byte(); d.err == nil && v != recordVersion {
		return record{}, fmt.Errorf("%w that can be read: version %d", errRecord, v)
	}
	var r record
	r.flags = flags(d.byte())
	r.node = d.string()
	r.at = d.time()
	if r.flags&blind != 0 {
		r.dark = d.time()
	}
	reasons := make([]event.Reason, d.count(maxReasons))
	for i := range reasons {
		reasons[i] = event.Reason(d.string())
	}
	n := d.count(len(b))
	if n > 0 {
		r.changes = make([]recorded, 0, min(n, 1<<12))
	}
	for range n {
		c := recorded{id: d.string()}
		back := d.varint()
		if back > maxTime || back < -maxTime {
			d.fail()
		}
		c.at = r.at - back
		var reason uint64
		c.state, reason = d.point()
		if d.err != nil || reason >= uint64(len(reasons)) || c.at < 0 || c.at > maxTime {
			return record{}, errRecord
		}
		c.reason = reasons[reason]
		r.changes = append(r.changes, c)
	}
	if d.err != nil || len(d.b) > 0 {
		return record{}, errRecord
	}
	return r, nil
}

func appendString(b []byte, s string) []byte {
	s = s[:min(len(s), maxID)]
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// decoder reads what the store gives back. After the first mistake everything is zero.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() { d.err, d.b = errRecord, nil }

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) uvarint() uint64 {
	if len(d.b) > 0 && d.b[0] < 0x80 {
		v := d.b[0]
		d.b = d.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count is a number of things that follow, each of at least one byte.
func (d *decoder) count(most int) int {
	v := d.uvarint()
	if v > uint64(most) || v > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(v)
}

func (d *decoder) time() int64 {
	v := d.uvarint()
	if v > maxTime {
		d.fail()
		return 0
	}
	return int64(v)
}

func (d *decoder) bytes() []byte {
	n := d.count(maxID)
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) string() string { return string(d.bytes()) }

// point is a state and the index of its reason.
func (d *decoder) point() (code, uint64) {
	v := d.uvarint()
	c := code(v & 7)
	if c >= codes || v>>3 > math.MaxUint16 {
		d.fail()
		return 0, 0
	}
	return c, v >> 3
}
