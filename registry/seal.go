package registry

import (
	"crypto/rand"
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

// sealVersion begins every sealed password.
const sealVersion = 1

// sealContext keeps the key's other uses, should there be any, apart from this one.
const sealContext = "sharpeyes channel password\x00"

type sealer struct{ key [32]byte }

// NewSealer seals with the key, by XChaCha20-Poly1305 and random nonces, and opens what was sealed
// with it or with any of the older ones.
func NewSealer(key [32]byte, older ...[32]byte) Sealer { return sealer{key} }

// Seal encrypts the password of the channel.
func (s sealer) Seal(channelID string, secret Secret) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(s.key[:])
	if err != nil {
		return nil, fmt.Errorf("seal the password of channel %s: %w", channelID, err)
	}
	head := 1 + aead.NonceSize()
	b := make([]byte, head, head+len(secret)+aead.Overhead())
	b[0] = sealVersion
	if _, err := rand.Read(b[1:]); err != nil {
		return nil, fmt.Errorf("seal the password of channel %s: %w", channelID, err)
	}
	return aead.Seal(b, b[1:], []byte(secret.Reveal()), []byte(sealContext+channelID)), nil
}

// Open decrypts it; the error wraps ErrSealed.
func (s sealer) Open(channelID string, b []byte) (Secret, error) {
	aead, err := chacha20poly1305.NewX(s.key[:])
	if err != nil {
		return "", fmt.Errorf("open the password of channel %s: %w", channelID, err)
	}
	head := 1 + aead.NonceSize()
	if len(b) < head || b[0] != sealVersion {
		return "", fmt.Errorf("channel %s: %w", channelID, ErrSealed)
	}
	p, err := aead.Open(nil, b[1:head], b[head:], []byte(sealContext+channelID))
	if err != nil {
		return "", fmt.Errorf("channel %s: %w", channelID, ErrSealed)
	}
	return Secret(p), nil
}
