package gateway

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateAge is how long a certificate is used until its files are looked at again.
const certificateAge = time.Second

// certificate is a certificate and its key, read again when their files change. What can't be read leaves
// the one before in force: whoever renews a certificate writes two files, one after the other.
type certificate struct {
	cert, key string // files
	log       *slog.Logger

	mu     sync.Mutex
	now    *tls.Certificate
	stamps [2]time.Time // when the files of now were written
	tried  [2]time.Time // the same of the last attempt
	looked time.Time
}

// loadCertificate is the configuration of a listener over TLS; nil without files.
func loadCertificate(cert, key string, log *slog.Logger) (*tls.Config, error) {
	if cert == "" && key == "" {
		return nil, nil
	}
	c := &certificate{cert: cert, key: key, log: log}
	if err := c.read(); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < certificateAge {
		return c.now, nil
	}
	c.looked = time.Now()
	if stamps := c.written(); stamps != c.stamps && stamps != c.tried {
		c.tried = stamps
		if err := c.read(); err != nil {
			c.log.Error("A new certificate can't be used; the old one stays in force", "file", c.cert, "error", err)
		} else {
			c.log.Info("A new certificate is in force", "file", c.cert)
		}
	}
	return c.now, nil
}

// written is when the files were written; zero for one that isn't there.
func (c *certificate) written() (stamps [2]time.Time) {
	for i, name := range []string{c.cert, c.key} {
		if info, err := os.Stat(name); err == nil {
			stamps[i] = info.ModTime()
		}
	}
	return stamps
}

func (c *certificate) read() error {
	stamps := c.written()
	now, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.now, c.stamps = &now, stamps
	return nil
}
