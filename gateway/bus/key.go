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
)

// KeyVariable is the environment variable that can hold the key of the credentials.
const KeyVariable = "SHARPEYES_SECRET_KEY"

// LoadKey returns the key that seals the cameras' passwords: from the environment variable
// SHARPEYES_SECRET_KEY (32 bytes in base64 or hexadecimal), else from the file, which is made with a
// random key when it isn't there. A file that others than its owner can read is refused. Gateways
// that share a registry must be given the same key.
func LoadKey(path string) ([32]byte, error) {
	if v := os.Getenv(KeyVariable); v != "" {
		key, err := parseKey(v)
		if err != nil {
			return key, fmt.Errorf("%s: %w", KeyVariable, err)
		}
		return key, nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return [32]byte{}, fmt.Errorf("reading the key of the credentials: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return [32]byte{}, fmt.Errorf("the key of the credentials %s can be read by others (mode %04o): chmod 600 it, and change the passwords if others had access", path, mode)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return [32]byte{}, fmt.Errorf("reading the key of the credentials: %w", err)
	}
	key, err := parseKey(string(b))
	if err != nil {
		return key, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// parseKey reads 32 bytes in hexadecimal or base64, with or without padding. Its error never
// repeats what it read.
func parseKey(s string) (key [32]byte, err error) {
	s = strings.TrimSpace(s)
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
	return key, errors.New("not a key: it must be 32 bytes in base64 or hexadecimal")
}

// makeKey writes a new key so that after a crash there is a whole file or none.
func makeKey(path string) (key [32]byte, err error) {
	rand.Read(key[:]) // never fails
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return key, fmt.Errorf("making the directory of the key: %w", err)
	}
	f, err := os.CreateTemp(dir, ".secret.key-*") // mode 0600
	if err != nil {
		return key, fmt.Errorf("writing the key of the credentials: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return key, fmt.Errorf("writing the key of the credentials: %w", err)
	}
	// A link refuses to replace a key that another process made meanwhile; a rename would lose it.
	if err := os.Link(f.Name(), path); err != nil {
		return key, fmt.Errorf("writing the key of the credentials: %w", err)
	}
	if d, err := os.Open(dir); err == nil {
		defer d.Close()
		if err := d.Sync(); err != nil {
			return key, fmt.Errorf("writing the key of the credentials: %w", err)
		}
	}
	return key, nil
}
