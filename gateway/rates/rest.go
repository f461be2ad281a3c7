package rates

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"sharpeyes/registry/event"
)

const (
	// restVersion begins each part of a day at rest.
	restVersion = 1
	// partSize is about how large a part is, below what a server takes as one message.
	partSize = 512 << 10
	// maxParts is how many parts a day may have.
	maxParts = 1000
)

// rest writes a day in the form in which it is kept and read: by the ids of its channels, in parts.
func (k *book) rest(d *day) [][]byte {
	order := make([]uint32, 0, len(k.names))
	d.each(func(n uint32, _ point, _ []change) { order = append(order, n) })
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(k.names[a], k.names[b]) })

	var bodies [][]byte
	var body []byte
	count := 0
	before := ""
	flush := func() {
		bodies = append(bodies, append(binary.AppendUvarint(nil, uint64(count)), body...))
		body, count, before = body[:0], 0, ""
	}
	for _, n := range order {
		first, changes := d.of(int(n))
		id := k.names[n]
		same := 0
		for same < min(len(id), len(before)) && id[same] == before[same] {
			same++
		}
		before = id
		body = binary.AppendUvarint(body, uint64(same))
		body = appendString(body, id[same:])
		body = appendPoint(body, first)
		body = binary.AppendUvarint(body, uint64(len(changes)))
		last := uint32(0)
		for _, c := range changes {
			body = binary.AppendUvarint(body, uint64(c.at-last))
			body = appendPoint(body, c.point)
			last = c.at
		}
		if count++; len(body) >= partSize {
			flush()
		}
	}
	if count > 0 || len(bodies) == 0 {
		flush()
	}

	for i := range bodies {
		head := []byte{restVersion}
		head = binary.AppendUvarint(head, uint64(d.number))
		head = binary.AppendUvarint(head, uint64(i))
		head = binary.AppendUvarint(head, uint64(len(bodies)))
		head = binary.AppendUvarint(head, uint64(len(k.reasons)))
		for _, why := range k.reasons {
			head = appendString(head, string(why))
		}
		head = binary.AppendUvarint(head, uint64(len(d.gaps)))
		for _, g := range d.gaps {
			head = binary.AppendUvarint(head, uint64(g.from))
			head = binary.AppendUvarint(head, uint64(g.until-g.from))
		}
		bodies[i] = append(head, bodies[i]...)
	}
	return bodies
}

func appendPoint(b []byte, p point) []byte {
	return binary.AppendUvarint(b, uint64(p.reason)<<3|uint64(p.state))
}

// part is what begins a part of a day at rest.
type part struct {
	number  int64 // of the day
	i, n    int   // which part it is, of how many
	reasons []event.Reason
	gaps    spans
}

// readPart reads a part, and calls f with each of its channels in the order of their ids, until f
// returns false. What f is given is good until it returns; the index of a reason is one of the part's.
func readPart(b []byte, f func(p *part, id []byte, first point, changes []change) bool) (part, error) {
	d := decoder{b: b}
	if v := d.byte(); d.err == nil && v != restVersion {
		return part{}, fmt.Errorf("%w that can be read: version %d", errRecord, v)
	}
	p := part{number: d.time()}
	p.i, p.n = int(min(d.uvarint(), maxParts)), int(min(d.uvarint(), maxParts+1))
	p.reasons = make([]event.Reason, d.count(1<<16))
	for i := range p.reasons {
		p.reasons[i] = event.Reason(d.string())
	}
	for range d.count(dayLength) {
		from, long := d.uvarint(), d.uvarint()
		if from > dayLength || long > dayLength-from || len(p.gaps) > 0 && int64(from) <= p.gaps[len(p.gaps)-1].until {
			d.fail()
			break
		}
		p.gaps = append(p.gaps, span{int64(from), int64(from + long)})
	}
	count := d.count(len(b))
	if d.err != nil || p.i >= p.n || p.n > maxParts {
		return part{}, errRecord
	}
	var id []byte
	var changes []change
	for range count {
		same := d.uvarint()
		rest := d.bytes()
		if same > uint64(len(id)) || same+uint64(len(rest)) > maxID {
			return part{}, errRecord
		}
		id = append(id[:same], rest...)
		first := d.part(&p)
		changes = changes[:0]
		at := uint64(0)
		for range d.count(len(b)) {
			at += min(d.uvarint(), dayLength)
			if at >= dayLength {
				return part{}, errRecord
			}
			changes = append(changes, change{uint32(at), d.part(&p)})
		}
		if d.err != nil {
			return part{}, errRecord
		}
		if f != nil && !f(&p, id, first, changes) {
			return p, nil
		}
	}
	if d.err != nil || len(d.b) > 0 {
		return part{}, errRecord
	}
	return p, nil
}

// part is a point whose reason is one of the part's.
func (d *decoder) part(p *part) point {
	c, reason := d.point()
	if reason >= uint64(len(p.reasons)) {
		d.fail()
		return point{}
	}
	return point{c, uint16(reason)}
}
