// Command sharpeyes is a video-surveillance gateway: it registers a city's cameras, watches their
// health and motion, and serves their streams. This package holds flags, signals and exit statuses;
// what the commands do is in the packages below.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // rules say times of the day, and not every machine knows all zones

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	Serve       serve         `cmd:"" help:"Run the gateway."`
	Demo        demo          `cmd:"" help:"Run a whole city on this machine: simulated cameras and a gateway."`
	Sim         simulate      `cmd:"" help:"Run simulated cameras alone."`
	Channels    channels      `cmd:"" help:"Register, find and change channels of a running gateway."`
	Sites       sites         `cmd:"" help:"List and describe the places where channels are."`
	Maintenance maintenance   `cmd:"" help:"List and set the times when sites or channels are worked on."`
	Stats       stats         `cmd:"" help:"Count channels by state, and tell their rates over time."`
	Events      events        `cmd:"" help:"Tell what happens, as it happens."`
	Alerts      alertCommands `cmd:"" help:"List alerts, and acknowledge, close or snooze them."`
	Rules       rules         `cmd:"" help:"List, change and try the rules that raise alerts."`
	Users       users         `cmd:"" help:"Say who may sign in, and what they may do."`
	Audit       auditCommands `cmd:"" help:"Tell who looked at what, who changed what and who was refused; check that the record is whole."`
	Nodes       nodes         `cmd:"" help:"List the gateways of the city, and what each does."`
	Keys        keys          `cmd:"" help:"Change the key that the cameras' passwords are kept with."`
	Config      conf          `cmd:"" help:"Check a configuration, or write the default one."`
	Version     about         `cmd:"" help:"Tell the version."`
}

// The exit statuses.
const (
	done       = 0
	failed     = 1
	wrongUsage = 2
)

// usageError is a mistake in the command line that only the command itself could find.
type usageError struct{ error }

// console is the standard streams, for commands to use in place of the process's own.
type console struct {
	in       io.Reader
	out, err io.Writer
}

func main() { os.Exit(run(os.Args[1:], console{os.Stdin, os.Stdout, os.Stderr})) }

func run(args []string, con console) int {
	var c commands
	parser, err := kong.New(&c,
		kong.Name("sharpeyes"),
		kong.Description("Sharp Eyes, a video-surveillance gateway for a whole city."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(con.out, con.err),
	)
	if err != nil {
		fmt.Fprintln(con.err, "sharpeyes:", err)
		return failed
	}
	command, err := parser.Parse(args)
	if err != nil {
		return complain(con, usageError{err}, path(err))
	}

	// The first signal ends the command in good order; with the handler gone, a second one ends the
	// process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(con)
	if err := command.Run(); err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		return complain(con, err, strings.Fields(command.Command()))
	}
	return done
}

// path is the words of the command that was being read when the command line went wrong.
func path(err error) []string {
	var parse *kong.ParseError
	if !errors.As(err, &parse) || parse.Context == nil {
		return nil
	}
	var words []string
	for node := parse.Context.Selected(); node != nil && node.Parent != nil; node = node.Parent {
		words = append([]string{node.Name}, words...)
	}
	return words
}

// complain tells an error, once, and answers with the exit status that it stands for.
func complain(con console, err error, words []string) int {
	fmt.Fprintln(con.err, "sharpeyes:", err)
	var usage usageError
	if !errors.As(err, &usage) {
		return failed
	}
	for i, w := range words {
		if strings.HasPrefix(w, "<") {
			words = words[:i]
			break
		}
	}
	fmt.Fprintf(con.err, "Try: %s\n", strings.Join(append(append([]string{"sharpeyes"}, words...), "--help"), " "))
	return wrongUsage
}
