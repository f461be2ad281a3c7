package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	c := Default()
	c.DataDir = t.TempDir()
	if w := c.Warnings(); len(w) != 0 {
		t.Errorf("of what is right by default: %q", w)
	}
	key := filepath.Join(c.DataDir, "secret.key")
	if err := os.WriteFile(key, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.HTTP.Listen, c.RTSP.Listen, c.NATS.Listen, c.Access.Anonymous = ":8080", "0.0.0.0:8554", "10.0.0.1:4222", "viewer"
	c.NATS.LeafListen, c.NATS.LeafRemotes = ":7422", []string{"tls://a:marked@city:7422", "nats://a:marked@city:7422"}
	got := strings.Join(c.Warnings(), "\n")
	for _, want := range []string{"http.listen: :8080", "rtsp.listen: 0.0.0.0:8554", "nats.listen: 10.0.0.1:4222", "nats.leaf_listen: :7422", "nats.leaf_remotes[1]: ", "access.anonymous: ", "secret.key can be read by others (mode 0644)"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q isn't in\n%s", want, got)
		}
	}
	if strings.Contains(got, "marked") || strings.Contains(got, "leaf_remotes[0]") {
		t.Errorf("a token, or too much, is in\n%s", got)
	}
	c.HTTP.TLSCert, c.NATS.TLSCert = "cert.pem", "cert.pem"
	if got := strings.Join(c.Warnings(), "\n"); strings.Contains(got, "http.listen") || strings.Contains(got, "nats.listen") {
		t.Errorf("with TLS:\n%s", got)
	}
}
