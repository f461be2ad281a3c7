package config

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// update writes the messages of testdata anew: go test ./config -update
var update = flag.Bool("update", false, "write the expected messages of testdata anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
