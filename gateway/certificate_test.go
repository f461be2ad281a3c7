package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// renew writes a new certificate of the number, dated so that it can be told from the one before.
func renew(t *testing.T, cert, key string, number int64, at time.Time) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(number), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// A renewed certificate is in force without a restart, and half a one is not.
func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	began := time.Now().Add(-time.Hour)
	renew(t, cert, key, 1, began)
	c := &certificate{cert: cert, key: key, log: slog.New(slog.DiscardHandler)}
	if err := c.read(); err != nil {
		t.Fatal(err)
	}
	want := func(number int64) {
		t.Helper()
		c.looked = time.Time{}
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Leaf.SerialNumber.Int64() != number {
			t.Errorf("certificate %v, want %d", got.Leaf.SerialNumber, number)
		}
	}
	want(1)
	renew(t, cert, key, 2, began.Add(time.Minute))
	want(2)
	if err := os.WriteFile(cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(2)
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	want(2)
	renew(t, cert, key, 3, began.Add(2*time.Minute))
	want(3)
	if none, err := loadCertificate("", "", c.log); none != nil || err != nil {
		t.Errorf("%v, %v", none, err)
	}
	if _, err := loadCertificate(cert, cert, c.log); err == nil {
		t.Error("a file without a key is taken")
	}
}
