package access

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// cost is how dear it is to try a password (RFC 9106, 4): the second recommended option, for those
// who may have little memory, at a quarter of its memory: a gateway has videos to send meanwhile.
type cost struct {
	Memory uint32 // KiB
	Time   uint32
}

var usualCost = cost{Memory: 16 << 10, Time: 3}

const (
	argonPrefix = "$argon2id$"
	saltSize    = 16
	keySize     = 32
	mostMemory  = 1 << 20 // KiB; a damaged record must not take all there is
	mostTime    = 100
)

// hashPassword is the password's hash with its salt and cost, as a text.
func hashPassword(password string, c cost) []byte {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails: it ends the process sooner
	key := argon2.IDKey([]byte(password), salt, c.Time, c.Memory, 1, keySize)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Appendf(nil, argonPrefix+"v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, c.Memory, c.Time, encode(salt), encode(key))
}

var errHash = errors.New("the stored hash is damaged")

// comparePassword reports whether the password belongs to the hash, of whatever kind that is.
func comparePassword(hash []byte, password string) (bool, error) {
	if !bytes.HasPrefix(hash, []byte(argonPrefix)) {
		err := bcrypt.CompareHashAndPassword(hash, []byte(password))
		switch {
		case err == nil:
			return len(password) <= bcryptReads, nil
		case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword), errors.Is(err, bcrypt.ErrPasswordTooLong):
			return false, nil
		}
		return false, fmt.Errorf("checking a password: %w", err)
	}
	parts := bytes.Split(hash, []byte("$")) // "", argon2id, v=19, m=…,t=…,p=1, salt, key
	if len(parts) != 6 {
		return false, errHash
	}
	var version int
	var c cost
	var threads uint8
	if _, err := fmt.Sscanf(string(parts[2]), "v=%d", &version); err != nil || version != argon2.Version {
		return false, errHash
	}
	if _, err := fmt.Sscanf(string(parts[3]), "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &threads); err != nil ||
		c.Memory < 8 || c.Memory > mostMemory || c.Time < 1 || c.Time > mostTime || threads < 1 {
		return false, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(string(parts[4]))
	key, err2 := base64.RawStdEncoding.DecodeString(string(parts[5]))
	if err1 != nil || err2 != nil || len(key) < 16 || len(key) > 128 {
		return false, errHash
	}
	got := argon2.IDKey([]byte(password), salt, c.Time, c.Memory, threads, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}
