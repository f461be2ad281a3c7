package bus

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"sharpeyes/registry"
)

// KeyVariable is the environment variable that can hold the keys of the credentials.
const KeyVariable = "SHARPEYES_SECRET_KEY"

// maxKeys bounds how many keys are kept: the newest and those that older parts of the log need.
const maxKeys = 64

// Keys seal the cameras' passwords: with the first of them, and they open what was sealed with any.
// The log keeps what it holds for ever, so that a key is needed as long as the log is. They are a
// registry.Sealer, and may be used from several goroutines.
type Keys struct {
	path string // empty when the keys come from the environment
	ring atomic.Pointer[ring]
}

// ring is the keys and what seals with them.
type ring struct {
	keys [][32]byte // the newest first
	registry.Sealer
}

func newRing(keys [][32]byte) *ring { return &ring{keys, registry.NewSealer(keys[0], keys[1:]...)} }

// LoadKeys returns the keys that seal the cameras' passwords: from the environment variable
// SHARPEYES_SECRET_KEY, else from the file, which is made with a random key when it isn't there. A
// key is 32 bytes in base64 or hexadecimal; of several, on a line each or with commas between, the
// first seals. A file that others than its owner can read is refused. Gateways that share a registry
// must be given the same keys.
func LoadKeys(path string) (*Keys, error) {
	if v := os.Getenv(KeyVariable); v != "" {
		keys, err := parseKeys(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", KeyVariable, err)
		}
		return keysOf("", keys), nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		key := randomKey()
		if err := writeKeys(path, [][32]byte{key}, false); err != nil {
			return nil, err
		}
		return keysOf(path, [][32]byte{key}), nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key of the credentials: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("the key of the credentials %s can be read by others (mode %04o): chmod 600 it, and change the passwords if others had access", path, mode)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key of the credentials: %w", err)
	}
	keys, err := parseKeys(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keysOf(path, keys), nil
}

func keysOf(path string, keys [][32]byte) *Keys {
	k := &Keys{path: path}
	k.ring.Store(newRing(keys))
	return k
}

// Seal encrypts a password with the first key.
func (k *Keys) Seal(channelID string, s registry.Secret) ([]byte, error) {
	return k.ring.Load().Seal(channelID, s)
}

// Open decrypts a password that was sealed with any of the keys.
func (k *Keys) Open(channelID string, b []byte) (registry.Secret, error) {
	return k.ring.Load().Open(channelID, b)
}

// first is the id of the key that seals.
func (k *Keys) first() string { return registry.KeyID(k.ring.Load().keys[0]) }

// add makes a new key the first, in the file before anything is sealed with it: whenever the process
// dies, the file opens everything. The caller sees to it that nobody else adds one meanwhile.
func (k *Keys) add() error {
	old := k.ring.Load().keys
	if len(old) >= maxKeys {
		return fmt.Errorf("there are %d keys already: no more are kept", len(old))
	}
	keys := append([][32]byte{randomKey()}, old...)
	if err := writeKeys(k.path, keys, true); err != nil {
		return err
	}
	k.ring.Store(newRing(keys))
	return nil
}

func randomKey() (key [32]byte) {
	rand.Read(key[:]) // never fails
	return key
}

// parseKeys reads keys on a line each or with commas between. Its error never repeats what it read.
func parseKeys(s string) ([][32]byte, error) {
	var keys [][32]byte
	for field := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
		key, err := parseKey(field)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	switch {
	case len(keys) == 0:
		return nil, errNoKey
	case len(keys) > maxKeys:
		return nil, fmt.Errorf("%d keys are more than the %d that are kept", len(keys), maxKeys)
	}
	return keys, nil
}

var errNoKey = errors.New("not a key: it must be 32 bytes in base64 or hexadecimal")

// parseKey reads 32 bytes in hexadecimal or base64, with or without padding.
func parseKey(s string) (key [32]byte, err error) {
	decoders := []func(string) ([]byte, error){
		hex.DecodeString,
		base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	}
	for _, decode := range decoders {
		if b, err := decode(s); err == nil && len(b) == len(key) {
			copy(key[:], b)
			return key, nil
		}
	}
	return key, errNoKey
}

// writeKeys writes the file so that after a crash there is a whole one: the former, if there was
// one, or the new. Unless told to replace, it refuses a file that another process made meanwhile.
func writeKeys(path string, keys [][32]byte, replace bool) error {
	if err := tryWriteKeys(path, keys, replace); err != nil {
		return fmt.Errorf("writing the key of the credentials: %w", err)
	}
	return nil
}

func tryWriteKeys(path string, keys [][32]byte, replace bool) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".secret.key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	for _, key := range keys {
		if err == nil {
			_, err = f.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if replace {
		err = os.Rename(f.Name(), path)
	} else {
		err = os.Link(f.Name(), path) // refuses to replace
	}
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
