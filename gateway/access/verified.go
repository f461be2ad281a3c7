package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// verified remembers for a short time which passwords were found right, so that bcrypt, which is
// slow on purpose, doesn't run on every request of a page that asks each second. It holds no
// password: its keys are MACs under a key that never leaves the process. The user's hash is in
// the MAC, so a changed password is forgotten at once.
type verified struct {
	key [32]byte
	max int
	ttl time.Duration

	mu    sync.Mutex
	until map[[sha256.Size]byte]time.Time
}

func newVerified(size int, ttl time.Duration) *verified {
	v := &verified{max: size, ttl: ttl, until: make(map[[sha256.Size]byte]time.Time)}
	_, _ = rand.Read(v.key[:]) // never fails: it ends the process sooner
	return v
}

func (v *verified) mac(u User, password string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, v.key[:])
	for _, part := range [][]byte{[]byte(u.Name), u.Hash, []byte(password)} {
		size := len(part)
		h.Write([]byte{byte(size >> 8), byte(size)}) // so that parts can't run into one another
		h.Write(part)
	}
	h.Sum(sum[:0])
	return sum
}

func (v *verified) has(u User, password string) bool {
	if len(password) > maxPassword {
		return false
	}
	key := v.mac(u, password)
	v.mu.Lock()
	defer v.mu.Unlock()
	until, ok := v.until[key]
	if ok && !time.Now().Before(until) {
		delete(v.until, key)
		return false
	}
	if ok { // a stream that is looked at each second needn't be hashed for each minute
		v.until[key] = time.Now().Add(v.ttl)
	}
	return ok
}

func (v *verified) add(u User, password string) {
	key := v.mac(u, password)
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.until) >= v.max {
		for k, until := range v.until {
			if !now.Before(until) {
				delete(v.until, k)
			}
		}
	}
	for k := range v.until { // still full: any one goes, and costs its owner one bcrypt
		if len(v.until) < v.max {
			break
		}
		delete(v.until, k)
	}
	v.until[key] = now.Add(v.ttl)
}
