package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

const (
	sessionPath   = prefix + "/session"
	sessionCookie = "sharpeyes_session"
)

// Session is who asks.
type Session struct {
	Name   string              `json:"name"`
	Grants map[string][]string `json:"grants" doc:"by action: where it may be done; an empty text is the whole city"`
	// Anonymous says that nobody signed in: signing out isn't possible.
	Anonymous bool `json:"anonymous,omitempty"`
}

// Sessions sign pages in and out. Their errors are those of an Authenticator.
type Sessions interface {
	// AddSession returns what lets the user in from then on, as a token does.
	AddSession(ctx context.Context, user string) (text string, until time.Time, err error)
	// EndSession makes it let nobody in any more.
	EndSession(ctx context.Context, text string) error
}

type sessionOutput struct {
	Cookie string `header:"Set-Cookie"`
	Body   Session
}

type endOutput struct {
	Cookie string `header:"Set-Cookie"`
}

func (a *API) sessionOperations(h huma.API) {
	tags := []string{"users"}
	register(a, h, huma.Operation{
		OperationID: "who-am-i", Method: http.MethodGet, Path: sessionPath, Tags: tags, Summary: "Who asks, and what they may do",
	}, func(ctx context.Context, in *usersInput) (*sessionOutput, error) {
		return &sessionOutput{Body: sessionOf(principal(ctx))}, nil
	})
	if a.o.Sessions == nil {
		return
	}
	register(a, h, huma.Operation{
		OperationID: "sign-in", Method: http.MethodPost, Path: sessionPath, Tags: tags, Summary: "Sign in with a name and a password, for a page",
		Description: "The answer sets a cookie that scripts can't read and other sites' pages don't send. It lets in for 12 hours, until the password changes.",
	}, a.signIn)
	register(a, h, huma.Operation{
		OperationID: "sign-out", Method: http.MethodDelete, Path: sessionPath, Tags: tags, Summary: "Sign out", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *usersInput) (*endOutput, error) {
		if c, err := in.r.Cookie(sessionCookie); err == nil {
			if err := a.o.Sessions.EndSession(ctx, c.Value); err != nil {
				return nil, usersError{err}
			}
		}
		return &endOutput{Cookie: cookie(in.r, "", time.Unix(1, 0)).String()}, nil
	})
}

func (a *API) signIn(ctx context.Context, in *usersInput) (*sessionOutput, error) {
	var body struct {
		Name     string          `json:"name"`
		Password registry.Secret `json:"password"`
	}
	if err := decodeStrictly(in.request, &body); err != nil {
		return nil, err
	}
	act := event.Audit{User: bounded(body.Name), Address: addressOf(in.r), Action: "sign in", Target: "/session"}
	if body.Name == "" { // else who doesn't sign in would be whoever may come without
		return nil, registry.FieldErrors{{Column: "name", Message: "write the user's name"}}
	}
	who, err := a.o.Authenticator.Authenticate(ctx, body.Name, body.Password.Reveal(), remoteAddr(in.r))
	if err != nil {
		if a.o.Audit != nil {
			a.o.Audit.Note(event.AuditDenied, act)
		}
		var denied interface{ Denied() bool }
		if errors.As(err, &denied) && denied.Denied() { // without a challenge, at which a browser would ask by itself
			return nil, problem(http.StatusUnauthorized, err.Error())
		}
		return nil, err
	}
	text, until, err := a.o.Sessions.AddSession(ctx, who.String())
	if err != nil {
		return nil, err
	}
	if a.o.Audit != nil {
		a.o.Audit.Note(event.AuditLogin, act)
	}
	return &sessionOutput{Cookie: cookie(in.r, text, until).String(), Body: sessionOf(who)}, nil
}

// cookie keeps a session in a browser. Over TLS it is never sent without.
func cookie(r *http.Request, text string, until time.Time) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: text, Path: "/", Expires: until,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
}

func sessionOf(p Principal) Session {
	s := Session{Name: p.String(), Grants: map[string][]string{}, Anonymous: p.String() == "anonymous"}
	for _, action := range []string{"list", "view", "events", "acknowledge", "edit", "admin"} {
		for _, scope := range p.Scopes(action) {
			s.Grants[action] = append(s.Grants[action], scope.String())
		}
	}
	return s
}
