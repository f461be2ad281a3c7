//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// The processes that this program runs itself as, besides the one that measures.
const (
	roleCameras   = "cameras"
	roleReference = "reference"
	roleCrowd     = "crowd"
	roleJoins     = "joins"
	roleAskers    = "askers"
)

// play plays a role, if the arguments ask for one.
func play(ctx context.Context, args []string) (played bool, err error) {
	if len(args) == 0 {
		return false, nil
	}
	in, out, rest := os.Stdin, os.Stdout, args[1:]
	switch args[0] {
	case roleCameras:
		return true, serveCameras(ctx, in, out)
	case roleReference:
		return true, serveReference(ctx, rest, in, out)
	case roleCrowd:
		return true, crowd(ctx, rest, out)
	case roleJoins:
		return true, joins(ctx, rest, out)
	case roleAskers:
		return true, askers(ctx, rest, in, out)
	}
	return false, nil
}

// child is this program in a role.
type child struct {
	role  string
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
}

// startChild begins a role, and reads the first line that it says.
func startChild(ctx context.Context, first any, role string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{role: role, cmd: exec.CommandContext(ctx, self, append([]string{role}, args...)...)}
	c.cmd.Stderr = os.Stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.lines = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the %s: %w", role, err)
	}
	if err := c.read(first); err != nil {
		return nil, errors.Join(err, c.end())
	}
	return c, nil
}

// read reads one line.
func (c *child) read(into any) error {
	line, err := c.lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("hear from the %s: %w", c.role, err)
	}
	return json.Unmarshal(line, into)
}

// ask sends a command and reads the answer.
func (c *child) ask(command string, into any) error {
	if _, err := io.WriteString(c.in, command+"\n"); err != nil {
		return fmt.Errorf("tell the %s: %w", c.role, err)
	}
	return c.read(into)
}

// end waits for the child to end, which those who listen do by themselves then.
func (c *child) end() error {
	_ = c.in.Close()
	stuck := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	defer stuck.Stop()
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("the %s: %w", c.role, err)
	}
	return nil
}

// runChild plays a role to its end, and reads the line that it says.
func runChild(ctx context.Context, into any, role string, args ...string) error {
	c, err := startChild(ctx, into, role, args...)
	if err != nil {
		return err
	}
	return c.end()
}
