package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// asProgram makes the test binary be the program itself, so that exit statuses are real ones.
const asProgram = "SHARPEYES_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// answer is what the program did.
type answer struct {
	status   int
	out, err string
}

// program runs the program with the given standard input, and environment beside a clean one.
func program(t *testing.T, env []string, in string, args ...string) answer {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "SHARPEYES_") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	// The race detector would have each program sleep for a second before it exits.
	cmd.Env = append(cmd.Env, asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdin = strings.NewReader(in)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return answer{cmd.ProcessState.ExitCode(), out.String(), complaint.String()}
}

func TestExitStatus(t *testing.T) {
	tests := []struct {
		args   string
		status int
		out    string // somewhere on standard output
		err    string // somewhere on standard error
	}{
		{"", wrongUsage, "", "Try: sharpeyes --help"},
		{"--help", done, "Usage: sharpeyes <command>", ""},
		{"channels import --help", done, "--dry-run", ""},
		{"version", done, "sharpeyes ", ""},
		{"nonsense", wrongUsage, "", "unexpected argument nonsense"},
		{"serve --nonsense", wrongUsage, "", "Try: sharpeyes serve --help"},
		{"channels", wrongUsage, "", "Try: sharpeyes channels --help"},
		{"channels show", wrongUsage, "", "Try: sharpeyes channels show --help"},
		{"channels import f.csv --encoding latin1", wrongUsage, "", "utf-8"},
		{"channels list --server nowhere", wrongUsage, "", "isn't the address of a gateway"},
		{"channels list --server http://u:hunter2@127.0.0.1:1", wrongUsage, "", "SHARPEYES_PASSWORD"},
		{"channels list --limit=-1", wrongUsage, "", "negative"},
		{"channels set gate-1 name", wrongUsage, "", "isn't FIELD=VALUE"},
		{"channels set gate-1 class=two", wrongUsage, "", "class=two"},
		{"channels set gate-1 name=a name=b", wrongUsage, "", "twice"},
		{"demo --channels 0", wrongUsage, "", "1 to 1000000"},
		{"demo --channels 5 --live 6", wrongUsage, "", "0 to 5"},
		{"sim --cameras 0", wrongUsage, "", "--cameras=0"},
		{"sim --start never", wrongUsage, "", "keyframe"},
		{"stats --server http://127.0.0.1:1", failed, "", "connection refused"},
		{"channels import /nonexistent/c.csv", failed, "", "no such file"},
		{"config check /nonexistent.yaml", failed, "", "no such file"},
		{"serve --config /nonexistent.yaml", failed, "", "no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			got := program(t, nil, "", strings.Fields(tt.args)...)
			if got.status != tt.status || !strings.Contains(got.out, tt.out) || !strings.Contains(got.err, tt.err) {
				t.Errorf("exit status %d, want %d\nout: %s\nerr: %s", got.status, tt.status, got.out, got.err)
			}
			if (got.status == done) != (got.err == "") {
				t.Errorf("exit status %d with this on standard error: %s", got.status, got.err)
			}
			if strings.Contains(got.err, "hunter2") {
				t.Error("it tells a password")
			}
		})
	}
}

func TestConfigCommands(t *testing.T) {
	t.Parallel()
	def := program(t, nil, "", "config", "default")
	if def.status != done {
		t.Fatal(def.err)
	}
	file := t.TempDir() + "/gateway.yaml"
	if err := os.WriteFile(file, []byte(def.out), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := program(t, nil, "", "config", "check", file); got.status != done || got.out == "" {
		t.Errorf("the default configuration is refused: %s", got.err)
	}
	if got := program(t, []string{"SHARPEYES_LOG_LEVEL=loud"}, "", "config", "check", file); got.status != failed || !strings.Contains(got.err, "SHARPEYES_LOG_LEVEL") {
		t.Errorf("a bad variable: exit status %d, %s", got.status, got.err)
	}
}
