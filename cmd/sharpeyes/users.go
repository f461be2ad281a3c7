package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// users is the commands on users.
type users struct {
	client
	List   usersList   `cmd:"" help:"List users, their grants and tokens."`
	Add    usersAdd    `cmd:"" help:"Add a user."`
	Set    usersSet    `cmd:"" help:"Change a user's role, grants and end."`
	Delete usersDelete `cmd:"" help:"Delete users."`
	Passwd usersPasswd `cmd:"" help:"Change a password."`
	Token  usersToken  `cmd:"" help:"Make a token, which is shown this once."`
	NATS   usersNATS   `cmd:"" name:"nats-permissions" help:"Write the user's permissions for the configuration of a NATS server outside."`
	Revoke usersRevoke `cmd:"" help:"Take a token away."`
}

// userAnswer is a user as the gateway shows them.
type userAnswer struct {
	Name, Role string
	Grants     []string
	Until      time.Time
	Tokens     []struct {
		ID, Name string
		Until    time.Time
	}
}

type usersList struct{}

// Run lists users.
func (usersList) Run(ctx context.Context, con console, c *users) error {
	var all struct{ Items []userAnswer }
	raw, err := c.ask(ctx, request{method: http.MethodGet, path: "/users"}, &all)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add("NAME", "ROLE", "UNTIL", "GRANTS", "TOKENS")
	for _, u := range all.Items {
		var tokens []string
		for _, k := range u.Tokens {
			tokens = append(tokens, k.ID+" ("+k.Name+")")
		}
		t.add(u.Name, u.Role, end(u.Until), strings.Join(u.Grants, " + "), strings.Join(tokens, ", "))
	}
	return t.write(con.out)
}

// end is when something ends, empty for never.
func end(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return localTime(t)
}

// userFlags say what a user may do.
type userFlags struct {
	Role  string   `enum:"admin,operator,viewer,app" required:"" placeholder:"ROLE" help:"admin, operator, viewer, or app, which may only what its grants say."`
	Grant []string `sep:"none" placeholder:"GRANT" help:"What may be done where, in place of what the role may: 'list,view,events:class=1,2;scenario=campus;site=xiamen/siming;tag=gate'. May be given several times."`
	Until string   `placeholder:"DATE" help:"When the user ends, like 2026-12-31 (its midnight, this machine's time)."`
}

func (f userFlags) body(name string) (map[string]any, error) {
	body := map[string]any{"name": name, "role": f.Role, "grants": append([]string{}, f.Grant...)}
	if f.Until != "" {
		until, err := readTime("until", f.Until)
		if err != nil {
			return nil, err
		}
		body["until"] = until
	}
	return body, nil
}

type usersAdd struct {
	Name string `arg:"" help:"Name of the user."`
	userFlags
	PasswordStdin bool `help:"Read the password from standard input; else it is asked for on a terminal. Without either the user has none, and needs a token."`
}

// Run adds a user.
func (a usersAdd) Run(ctx context.Context, con console, c *users) error {
	body, err := a.body(a.Name)
	if err != nil {
		return err
	}
	password, err := readPassword(con, a.PasswordStdin)
	if err != nil {
		return err
	}
	if password != "" {
		body["password"] = password
	}
	raw, err := c.send(ctx, request{method: http.MethodPost, path: "/users"}, body)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	_, err = fmt.Fprintf(con.out, "added %s\n", a.Name)
	return err
}

// readPassword reads a password from standard input, or asks for it where that is a terminal; empty
// otherwise.
func readPassword(con console, stdin bool) (string, error) {
	if stdin {
		line, err := bufio.NewReader(con.in).ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", fmt.Errorf("reading the password from standard input: %w", errors.Join(errors.New("there is none"), err))
		}
		return line, nil
	}
	in, ok := con.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", nil
	}
	fmt.Fprint(con.err, "Password: ")
	b, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(con.err)
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return string(b), nil
}

type usersSet struct {
	Name string `arg:"" help:"Name of the user."`
	userFlags
}

// Run changes a user.
func (s usersSet) Run(ctx context.Context, con console, c *users) error {
	body, err := s.body(s.Name)
	if err != nil {
		return err
	}
	if _, err := c.send(ctx, request{method: http.MethodPut, path: "/users/" + url.PathEscape(s.Name)}, body); err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "set %s\n", s.Name)
	return err
}

type usersNATS struct {
	Name string `arg:"" help:"Name of the user."`
}

// Run writes permissions in the form of a NATS server's configuration, which takes JSON.
func (n usersNATS) Run(ctx context.Context, con console, c *users) error {
	raw, err := c.ask(ctx, request{method: http.MethodGet, path: "/users/" + url.PathEscape(n.Name) + "/nats-permissions"}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	fmt.Fprintf(con.out, "# of the user %s, for authorization.users of a NATS server: give it a password or an nkey too\npermissions: ", n.Name)
	return writeJSON(con.out, raw)
}

type usersDelete struct {
	Name []string `arg:"" help:"Names of the users."`
}

// Run deletes users.
func (d usersDelete) Run(ctx context.Context, con console, c *users) error {
	var failed error
	for _, name := range d.Name {
		if _, err := c.ask(ctx, request{method: http.MethodDelete, path: "/users/" + url.PathEscape(name)}, nil); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
			continue
		}
		fmt.Fprintf(con.out, "deleted %s\n", name)
	}
	return failed
}

type usersPasswd struct {
	Name          string `arg:"" help:"Name of the user."`
	PasswordStdin bool   `help:"Read the password from standard input."`
}

// Run changes a password.
func (p usersPasswd) Run(ctx context.Context, con console, c *users) error {
	password, err := readPassword(con, p.PasswordStdin)
	if err != nil {
		return err
	}
	if password == "" {
		return usageError{errors.New("there is no password; give it on standard input with --password-stdin")}
	}
	if _, err := c.send(ctx, request{method: http.MethodPut, path: "/users/" + url.PathEscape(p.Name) + "/password"}, map[string]string{"password": password}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "changed the password of %s\n", p.Name)
	return err
}

type usersToken struct {
	Name  string `arg:"" help:"Name of the user."`
	For   string `name:"for" default:"command line" placeholder:"TEXT" help:"What it is for."`
	Until string `placeholder:"DATE" help:"When it ends."`
}

// Run makes a token and writes it, and nothing else, to standard output.
func (k usersToken) Run(ctx context.Context, con console, c *users) error {
	body := map[string]any{"name": k.For}
	if k.Until != "" {
		until, err := readTime("until", k.Until)
		if err != nil {
			return err
		}
		body["until"] = until
	}
	raw, err := c.send(ctx, request{method: http.MethodPost, path: "/users/" + url.PathEscape(k.Name) + "/tokens"}, body)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	var made struct{ ID, Token string }
	if err := json.Unmarshal(raw, &made); err != nil {
		return fmt.Errorf("the gateway's answer isn't a token: %w", err)
	}
	fmt.Fprintf(con.err, "token %s of %s; it can't be shown again:\n", made.ID, k.Name)
	_, err = fmt.Fprintln(con.out, made.Token)
	return err
}

type usersRevoke struct {
	Name string   `arg:"" help:"Name of the user."`
	ID   []string `arg:"" help:"Ids of the tokens."`
}

// Run takes tokens away.
func (r usersRevoke) Run(ctx context.Context, con console, c *users) error {
	var failed error
	for _, id := range r.ID {
		if _, err := c.ask(ctx, request{method: http.MethodDelete, path: "/users/" + url.PathEscape(r.Name) + "/tokens/" + url.PathEscape(id)}, nil); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", id, err))
			continue
		}
		fmt.Fprintf(con.out, "revoked %s\n", id)
	}
	return failed
}
