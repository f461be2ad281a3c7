package registry

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// Sealer encrypts the passwords of channels. A sealed password can be opened only with the id of
// the channel it was sealed for, so that nobody can move it to a channel of his own.
type Sealer interface {
	Seal(channelID string, s Secret) ([]byte, error)
	Open(channelID string, b []byte) (Secret, error)
}

// ErrSealed says that a password can't be opened: with another key, for another channel, or damaged.
var ErrSealed = errors.New("the sealed password can't be opened: another key, or damaged")

// The first byte of a sealed password says what follows.
const (
	sealOneKey = 1 // nonce, box: from before there could be several keys
	sealKeyID  = 2 // id of the key, nonce, box
)

// sealContext and keyContext keep the key's uses apart from one another.
const (
	sealContext = "sharpeyes channel password\x00"
	keyContext  = "sharpeyes key id\x00"
)

// keyIDSize is enough to tell a few keys apart, and tells nothing of them.
const keyIDSize = 4

type keyID [keyIDSize]byte

func idOf(key [32]byte) keyID {
	sum := sha256.Sum256(append([]byte(keyContext), key[:]...))
	return keyID(sum[:keyIDSize])
}

// KeyID is the short name of a key, which sealed passwords carry. It says nothing of the key.
func KeyID(key [32]byte) string {
	id := idOf(key)
	return hex.EncodeToString(id[:])
}

// sealer seals with the first key.
type sealer struct{ keys []sealKey }

type sealKey struct {
	id   keyID
	aead cipher.AEAD
}

// NewSealer seals with the key, by XChaCha20-Poly1305 and random nonces, and opens what was sealed
// with it or with any of the older ones.
func NewSealer(key [32]byte, older ...[32]byte) Sealer {
	var s sealer
	for _, k := range append([][32]byte{key}, older...) {
		aead, err := chacha20poly1305.NewX(k[:])
		if err != nil {
			panic(err) // only for a key of another length
		}
		s.keys = append(s.keys, sealKey{idOf(k), aead})
	}
	return s
}

// Seal encrypts the password of the channel.
func (s sealer) Seal(channelID string, secret Secret) ([]byte, error) {
	k := s.keys[0]
	const head = 1 + keyIDSize
	nonce := head + k.aead.NonceSize()
	b := make([]byte, nonce, nonce+len(secret)+k.aead.Overhead())
	b[0] = sealKeyID
	copy(b[1:], k.id[:])
	if _, err := rand.Read(b[head:]); err != nil {
		return nil, fmt.Errorf("seal the password of channel %s: %w", channelID, err)
	}
	return k.aead.Seal(b, b[head:], []byte(secret.Reveal()), []byte(sealContext+channelID)), nil // #nosec G407: the nonce has just been read from crypto/rand
}

// Open decrypts it; the error wraps ErrSealed.
func (s sealer) Open(channelID string, b []byte) (Secret, error) {
	switch {
	case len(b) > 1+keyIDSize && b[0] == sealKeyID:
		id, box := keyID(b[1:1+keyIDSize]), b[1+keyIDSize:]
		known := false
		for _, k := range s.keys {
			if k.id != id {
				continue
			}
			known = true
			if p, ok := k.open(channelID, box); ok {
				return p, nil
			}
		}
		if !known {
			return "", fmt.Errorf("channel %s: key %x isn't given: %w", channelID, id, ErrSealed)
		}
	case len(b) > 0 && b[0] == sealOneKey:
		for _, k := range s.keys {
			if p, ok := k.open(channelID, b[1:]); ok {
				return p, nil
			}
		}
	}
	return "", fmt.Errorf("channel %s: %w", channelID, ErrSealed)
}

// open opens a nonce and what follows it.
func (k sealKey) open(channelID string, b []byte) (Secret, bool) {
	n := k.aead.NonceSize()
	if len(b) < n {
		return "", false
	}
	p, err := k.aead.Open(nil, b[:n], b[n:], []byte(sealContext+channelID))
	return Secret(p), err == nil
}
