package api

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"
)

// packer gzips a long text that is written piece by piece, several pieces at once: each is
// compressed on its own to a byte's border, and the pieces follow one another as one gzip member,
// since not every reader takes several.
type packer struct {
	plain   []byte // the piece that is being written
	pieces  []*[]byte
	workers errgroup.Group
	sum     uint32 // of all that is plain
	size    uint32
	tag     *xxhash.Digest
	rest    *packRest
}

// packRest is what packers leave to the next: buffers and compressors.
type packRest struct {
	plain, flaters sync.Pool
}

const pieceSize = 512 << 10

func (rest *packRest) packer() *packer {
	p := &packer{tag: xxhash.New(), rest: rest}
	p.workers.SetLimit(runtime.GOMAXPROCS(0))
	p.plain = p.buffer()
	return p
}

func (p *packer) buffer() []byte {
	if b, ok := p.rest.plain.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, pieceSize+pieceSize/8)
}

// cut hands the piece over when it is long enough; last hands over what there is.
func (p *packer) cut(last bool) {
	if len(p.plain) < pieceSize && !last {
		return
	}
	plain, packed := p.plain, new([]byte)
	p.pieces = append(p.pieces, packed)
	p.sum = crc32.Update(p.sum, crc32.IEEETable, plain)
	p.size += uint32(len(plain))
	_, _ = p.tag.Write(plain) // a digest takes everything
	p.plain = nil
	p.workers.Go(func() error {
		*packed = p.deflate(plain)
		p.rest.plain.Put(&plain)
		return nil
	})
	if !last {
		p.plain = p.buffer()
	}
}

// deflate compresses a piece up to a byte's border.
func (p *packer) deflate(plain []byte) []byte {
	out := make(appender, 0, len(plain)/4)
	w, ok := p.rest.flaters.Get().(*flate.Writer)
	if ok {
		w.Reset(&out)
	} else {
		w, _ = flate.NewWriter(&out, flateLevel) // fails only for a level that doesn't exist
	}
	_, _ = w.Write(plain) // an appender takes everything
	_ = w.Flush()
	p.rest.flaters.Put(w)
	return out
}

// flateLevel is the quickest; the others save a twentieth of a map's bytes.
const flateLevel = 1

// finish is the whole, gzipped, and a hash of what was written.
func (p *packer) finish() (packed []byte, hash uint64) {
	p.cut(true)
	_ = p.workers.Wait() // none fails
	size := 32
	for _, piece := range p.pieces {
		size += len(*piece)
	}
	packed = append(make([]byte, 0, size), 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)
	for _, piece := range p.pieces {
		packed = append(packed, *piece...)
	}
	packed = append(packed, 3, 0) // an empty last block
	packed = binary.LittleEndian.AppendUint32(packed, p.sum)
	return binary.LittleEndian.AppendUint32(packed, p.size), p.tag.Sum64()
}

// appender is a writer to a slice.
type appender []byte

// Write appends.
func (a *appender) Write(b []byte) (int, error) {
	*a = append(*a, b...)
	return len(b), nil
}

var _ io.Writer = (*appender)(nil)
