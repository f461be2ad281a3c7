//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// built is the path of the built program, written once by TestMain before any test runs.
var built string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	flag.Parse()
	// Most of these tests wait for cameras and clocks, not for a processor: more of them than
	// there are cores may wait at the same time.
	parallelGiven := false
	flag.Visit(func(f *flag.Flag) { parallelGiven = parallelGiven || f.Name == "test.parallel" })
	if !parallelGiven {
		if err := flag.Set("test.parallel", "6"); err != nil {
			fmt.Fprintln(os.Stderr, "set test.parallel:", err)
			return 1
		}
	}
	dir, err := os.MkdirTemp("", "sharpeyes-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a folder for the program:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = filepath.Join(dir, "sharpeyes")
	// The program is built as its users build it: the race detector would change the timings
	// that are tested here, and the packages' own tests run with it.
	build := exec.Command("go", "build", "-race=false", "-o", built, "sharpeyes/cmd/sharpeyes")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the program:", err)
		return 1
	}
	return m.Run()
}
