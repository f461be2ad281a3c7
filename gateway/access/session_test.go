package access_test

import (
	"errors"
	"net/netip"
	"testing"

	"sharpeyes/gateway/access"
)

// A session lets in until it is ended, or the user's password changes, or the user is gone.
func TestSessions(t *testing.T) {
	a := newAccess(t, access.Options{})
	ctx, here := t.Context(), netip.MustParseAddr("10.0.0.1")
	if err := a.AddUser(ctx, access.User{Name: "ann", Role: access.Operator}, "secret"); err != nil {
		t.Fatal(err)
	}
	in := func(text string) bool {
		t.Helper()
		p, err := a.AuthenticateToken(ctx, text, here)
		var denied access.DeniedError
		if err != nil && !errors.As(err, &denied) {
			t.Fatal(err)
		}
		return err == nil && p.Name == "ann"
	}
	open := func() string {
		t.Helper()
		text, _, err := a.AddSession(ctx, "ann")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	one, two := open(), open()
	if !in(one) || !in(two) || in(one+"x") || in("ss_.") || in("ss_=tickets.x") {
		t.Error("not those two, and no others, are let in")
	}
	if err := a.EndSession(ctx, one); err != nil || in(one) || !in(two) {
		t.Errorf("signing out: %v", err)
	}
	if users, err := a.Users(ctx); err != nil || len(users) != 1 {
		t.Errorf("sessions are listed as users: %v %v", users, err)
	}
	if err := a.SetPassword(ctx, "ann", "another"); err != nil || in(two) {
		t.Errorf("a session outlives its password: %v", err)
	}
	three := open()
	if err := a.DeleteUser(ctx, "ann"); err != nil || in(three) {
		t.Errorf("a session outlives its user: %v", err)
	}
	if err := a.EndSession(ctx, three); err != nil {
		t.Error(err)
	}
	for range 100 { // pages that are still open keep nobody from signing in
		if in(three) {
			t.Fatal("it lets in again")
		}
	}
}
