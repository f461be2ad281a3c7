// Package audit keeps on record who looked at what, who changed what, who was refused and who signed in.
//
// Records are events. They lie in blocks in an append-only log; each block names the hash of the one
// before, and once an hour a block signs all that came before it. Whoever takes a block out of the
// log, or changes one, breaks the chain, and Verifier finds where.
package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Block is one message of the log. Its hash is that of its bytes as they are stored.
type Block struct {
	// Prev is the hash of the block before, SHA-256 in hexadecimal; empty in the first.
	Prev   string            `json:"prev"`
	At     time.Time         `json:"at"`
	Node   string            `json:"node"` // the gateway that wrote it
	Events []json.RawMessage `json:"events,omitempty"`
	// Lost is how many records there was no room for since the block before.
	Lost      int        `json:"lost,omitempty"`
	Signature *Signature `json:"signature,omitempty"`
}

// Signature signs the hash of the block before, and with it the whole chain up to there.
type Signature struct {
	Key   string `json:"key"`   // the gateway's public key, Ed25519 in base64
	Value string `json:"value"` // of the text of Block.Prev, in base64
}

// Hash is the hash by which the next block names this one.
func Hash(block []byte) string {
	sum := sha256.Sum256(block)
	return hex.EncodeToString(sum[:])
}

func sign(key ed25519.PrivateKey, prev string) *Signature {
	return &Signature{
		Key:   PublicKey(key),
		Value: base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(prev))),
	}
}

// PublicKey is the key that signatures are checked with, as they name it.
func PublicKey(key ed25519.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
}

func (s *Signature) valid(prev string) bool {
	key, err1 := base64.StdEncoding.DecodeString(s.Key)
	value, err2 := base64.StdEncoding.DecodeString(s.Value)
	return err1 == nil && err2 == nil && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, []byte(prev), value)
}

// Verifier reads a log from its first block on and says what is wrong with it. Its zero value takes
// signatures of any key.
type Verifier struct {
	// Keys are the public keys of the city's gateways; none: whatever key signs is listed in Report.Keys.
	Keys []string

	report Report
	prev   string
	seen   map[string]bool
}

// mostProblems bounds what a Report names.
const mostProblems = 100

// Report is what became of a check.
type Report struct {
	Blocks   int       `json:"blocks"`
	Records  int       `json:"records"`
	Lost     int       `json:"lost"` // records that there was no room for
	First    uint64    `json:"first"`
	Last     uint64    `json:"last"`   // sequence
	Hash     string    `json:"hash"`   // of the last block: keep it elsewhere to find a log that was cut short
	Since    time.Time `json:"since"`  // of the first block
	Signed   time.Time `json:"signed"` // of the last good signature
	Unsigned int       `json:"unsigned"`
	Keys     []string  `json:"keys"`
	Problems []string  `json:"problems"`
}

func (v *Verifier) problem(format string, args ...any) {
	if len(v.report.Problems) < mostProblems {
		v.report.Problems = append(v.report.Problems, fmt.Sprintf(format, args...))
	}
}

// Add takes the next block.
func (v *Verifier) Add(sequence uint64, data []byte) {
	r := &v.report
	r.Blocks++
	first := r.First == 0
	if first {
		r.First = sequence
	} else if sequence != r.Last+1 {
		v.problem("blocks %d to %d are missing", r.Last+1, sequence-1)
	}
	r.Last = sequence
	var b Block
	if err := json.Unmarshal(data, &b); err != nil {
		v.problem("block %d can't be read: %v", sequence, err)
		v.prev, r.Hash = Hash(data), Hash(data)
		return
	}
	switch {
	case first:
		// Older ones have been forgotten in their time; what this one names can't be looked at.
		r.Since = b.At
		v.prev = b.Prev
		if sequence == 1 && b.Prev != "" {
			v.problem("block 1 isn't the first: it names one before it")
		}
	case b.Prev != v.prev:
		v.problem("block %d doesn't follow block %d: one of them was changed, or others were taken away", sequence, sequence-1)
	}
	if b.Signature != nil {
		v.signature(sequence, &b)
	} else {
		r.Unsigned++
	}
	r.Records += len(b.Events)
	r.Lost += b.Lost
	v.prev = Hash(data)
	r.Hash = v.prev
}

func (v *Verifier) signature(sequence uint64, b *Block) {
	s := b.Signature
	if v.seen == nil {
		v.seen = map[string]bool{}
		for _, k := range v.Keys {
			v.seen[k] = true
		}
	}
	if !v.seen[s.Key] {
		if len(v.Keys) > 0 {
			v.problem("block %d is signed with a key that is none of the city's: %s", sequence, s.Key)
			return
		}
		v.seen[s.Key] = true
		v.report.Keys = append(v.report.Keys, s.Key)
	}
	if !s.valid(b.Prev) {
		v.problem("the signature of block %d is wrong", sequence)
		return
	}
	v.report.Signed, v.report.Unsigned = b.At, 0
}

// Report is what was found until now.
func (v *Verifier) Report() Report { return v.report }
