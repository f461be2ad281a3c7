package config

import (
	"os"
	"strings"
	"testing"
)

func TestEveryKeyIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range allKeys() {
		if !strings.Contains(string(text), "`"+key+"`") {
			t.Errorf("docs/configuration.md doesn't tell about %s", key)
		}
	}
}
