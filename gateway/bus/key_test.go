package bus

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loadKey is the first key that LoadKeys finds.
func loadKey(path string) ([32]byte, error) {
	k, err := LoadKeys(path)
	if err != nil {
		return [32]byte{}, err
	}
	return k.ring.Load().keys[0], nil
}

func TestKeyIsMadeOnceAndKept(t *testing.T) {
	t.Setenv(KeyVariable, "")
	path := filepath.Join(t.TempDir(), "data", "secret.key")
	first, err := loadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %04o, want 0600", info.Mode().Perm())
	}
	again, err := loadKey(path)
	if err != nil || again != first || first == [32]byte{} {
		t.Errorf("the second key is another: %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestKeyThatOthersCanRead(t *testing.T) {
	t.Setenv(KeyVariable, "")
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := loadKey(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := loadKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("error is %v", err)
	}
}

func TestKeyFromTheEnvironment(t *testing.T) {
	want := [32]byte{0: 7, 31: 250}
	path := filepath.Join(t.TempDir(), "secret.key")
	for _, v := range []string{
		hex.EncodeToString(want[:]), base64.StdEncoding.EncodeToString(want[:]), base64.RawURLEncoding.EncodeToString(want[:]) + "\n",
	} {
		t.Setenv(KeyVariable, v)
		if got, err := loadKey(path); err != nil || got != want {
			t.Errorf("%q: %v, %v", v, got, err)
		}
	}
	t.Setenv(KeyVariable, "not-the-right-length")
	if _, err := loadKey(path); err == nil || strings.Contains(err.Error(), "not-the-right") {
		t.Errorf("error is %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was made")
	}
}
