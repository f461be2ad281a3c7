package bus

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"

	"sharpeyes/registry"
)

// Headers of each part of a transaction in the log: enough to list the history without decoding.
const (
	headerTx     = "Sharpeyes-Tx"     // id of the transaction
	headerPart   = "Sharpeyes-Part"   // "2/4"
	headerAt     = "Sharpeyes-At"     // RFC 3339
	headerBy     = "Sharpeyes-By"     // who made it
	headerAction = "Sharpeyes-Action" // import, edit, …
	headerCounts = "Sharpeyes-Counts" // channels created/updated/unchanged/deleted: "1/2/0/3"
)

const (
	// partSize is the payload of one part, below the server's usual bound of 1 MiB.
	partSize = 900 << 10
	// maxParts is what the server takes in one atomic batch.
	maxParts = 1000
	// maxBody bounds what a compressed transaction or snapshot may grow to.
	maxBody = 4 << 30
)

// codec compresses transactions and snapshots. It may be used from several goroutines.
type codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newCodec() (codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return codec{}, fmt.Errorf("making the compressor: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBody))
	if err != nil {
		return codec{}, fmt.Errorf("making the decompressor: %w", err)
	}
	return codec{enc: enc, dec: dec}, nil
}

func (c codec) close() {
	c.enc.Close()
	c.dec.Close()
}

func (c codec) pack(b []byte) []byte { return c.enc.EncodeAll(b, nil) }

func (c codec) unpack(b []byte) ([]byte, error) {
	out, err := c.dec.DecodeAll(b, nil)
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	return out, nil
}

// split makes the messages of a transaction, in their order.
func (c codec) split(tx registry.Transaction, n registry.Counts, body []byte) ([]*nats.Msg, error) {
	packed := c.pack(body)
	many := max(1, (len(packed)+partSize-1)/partSize)
	if many > maxParts {
		return nil, fmt.Errorf("the change is too large for one transaction: %d parts of %d KiB, at most %d: split it", many, partSize>>10, maxParts)
	}
	counts := fmt.Sprintf("%d/%d/%d/%d", n.Created, n.Updated, n.Unchanged, n.Deleted)
	subject := subjectOf(tx)
	parts := make([]*nats.Msg, many)
	for i := range parts {
		m := nats.NewMsg(subject)
		m.Data = packed[i*partSize : min((i+1)*partSize, len(packed))]
		m.Header.Set(headerTx, tx.ID)
		m.Header.Set(headerPart, strconv.Itoa(i+1)+"/"+strconv.Itoa(many))
		m.Header.Set(headerAt, tx.At.Format(time.RFC3339Nano))
		m.Header.Set(headerBy, tx.By)
		m.Header.Set(headerAction, tx.Action)
		m.Header.Set(headerCounts, counts)
		parts[i] = m
	}
	return parts, nil
}

// readCounts reads the header of the counts; nil when it isn't there, as before it was written.
func readCounts(h nats.Header) *registry.Counts {
	fields := strings.Split(h.Get(headerCounts), "/")
	var n [4]int
	if len(fields) != len(n) {
		return nil
	}
	for i, f := range fields {
		var err error
		if n[i], err = strconv.Atoi(f); err != nil || n[i] < 0 {
			return nil
		}
	}
	return &registry.Counts{Created: n[0], Updated: n[1], Unchanged: n[2], Deleted: n[3]}
}

// part is what a message of the log says of itself.
type part struct {
	tx   string
	i, n int // from 1
}

// readPart reads the headers of a message. It fails for what isn't a part of a transaction.
func readPart(h nats.Header) (part, error) {
	p := part{tx: h.Get(headerTx)}
	i, n, ok := strings.Cut(h.Get(headerPart), "/")
	if p.tx == "" || !ok {
		return p, errors.New("no part of a transaction")
	}
	var err1, err2 error
	p.i, err1 = strconv.Atoi(i)
	p.n, err2 = strconv.Atoi(n)
	if err1 != nil || err2 != nil || p.i < 1 || p.i > p.n || p.n > maxParts {
		return p, fmt.Errorf("part %q isn't of the form 1/1", h.Get(headerPart))
	}
	return p, nil
}

// assembly puts the parts of a transaction together again.
type assembly struct {
	tx   string
	n    int
	next int
	data []byte
}

// add takes the next message of the log. It returns the packed transaction when its last part has
// come, and an error when parts are missing or out of order; what was gathered is forgotten then.
func (a *assembly) add(p part, data []byte) (whole []byte, err error) {
	if a.next > 0 && (p.tx != a.tx || p.i != a.next || p.n != a.n) {
		err = fmt.Errorf("transaction %s has %d parts of %d", a.tx, a.next-1, a.n)
		*a = assembly{}
	}
	if a.next == 0 {
		if p.i != 1 {
			return nil, errors.Join(err, fmt.Errorf("transaction %s begins with part %d of %d", p.tx, p.i, p.n))
		}
		*a = assembly{tx: p.tx, n: p.n, next: 1, data: make([]byte, 0, min(p.n*len(data), mostAhead))}
	}
	a.data = append(a.data, data...)
	a.next++
	if p.i < p.n {
		return nil, err
	}
	whole = a.data
	*a = assembly{}
	return whole, err
}

// pending reports whether a transaction has begun and isn't whole.
func (a *assembly) pending() bool { return a.next > 0 }
