package main

import (
	"fmt"
	"os"

	"sharpeyes/config"
)

// conf is the commands on configurations.
type conf struct {
	Check   confCheck   `cmd:"" help:"Find everything that is wrong with a configuration."`
	Default confDefault `cmd:"" help:"Write a configuration with every key, its default and what it is for."`
}

type confCheck struct {
	File string `arg:"" help:"The file."`
}

// Run reads the file as serve would, environment included.
func (c confCheck) Run(con console) error {
	loaded, err := config.Load(c.File, os.Environ())
	if err != nil {
		return err
	}
	for _, w := range loaded.Warnings() {
		fmt.Fprintln(con.err, "warning:", w)
	}
	_, err = fmt.Fprintf(con.out, "%s is right.\n", c.File)
	return err
}

type confDefault struct{}

// Run writes the file.
func (confDefault) Run(con console) error { return config.WriteDefault(con.out) }
