package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// about is the command that tells the version.
type about struct{}

// Run writes the version.
func (about) Run(con console) error {
	_, err := fmt.Fprintf(con.out, "sharpeyes %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is what the go command stamped into the program: a release's tag, or one made of the
// commit's time and hash; "devel" when it was built outside of a repository.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
