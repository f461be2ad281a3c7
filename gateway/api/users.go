package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

// User is somebody who may sign in, as an answer shows them.
type User struct {
	Name    string    `json:"name"`
	Role    string    `json:"role" doc:"admin, operator, viewer or app"`
	Grants  []string  `json:"grants" doc:"like list,view,events:class=1,2;scenario=campus;site=xiamen/siming;tag=gate; they say in place of the role what may be done where"`
	Until   time.Time `json:"until,omitzero" doc:"when the user, and all grants with it, ends"`
	Created time.Time `json:"created,omitzero" readOnly:"true"`
	Tokens  []Token   `json:"tokens,omitempty" readOnly:"true"`
	// Password is read, and never shown.
	Password registry.Secret `json:"password,omitzero" doc:"only with POST; left out, the user needs a token"`
}

// Token is a token as an answer shows it.
type Token struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Until   time.Time `json:"until,omitzero"`
	// Text is there once, in the answer to who made it.
	Text string `json:"token,omitempty" doc:"the token itself, which can't be had again"`
}

// Users keeps users. Their errors are registry.NotFoundError, ErrUserExists, InvalidUser.
type Users interface {
	List(ctx context.Context) ([]User, error)
	Get(ctx context.Context, name string) (User, error)
	Add(ctx context.Context, u User) error
	Set(ctx context.Context, u User) error
	SetPassword(ctx context.Context, name string, password registry.Secret) error
	Delete(ctx context.Context, name string) error
	AddToken(ctx context.Context, user, name string, until time.Time) (Token, error)
	DeleteToken(ctx context.Context, user, id string) error
	// NATSPermissions are publish and subscribe, each with allow and deny; nil: all.
	NATSPermissions(ctx context.Context, name string) (map[string]map[string][]string, error)
}

type permissionsOutput struct {
	Body map[string]map[string][]string
}

type usersInput struct{ request }

type usersOutput struct {
	Body struct {
		Items []User `json:"items" doc:"by name"`
	}
}

type userInput struct {
	request
	Name string `path:"name" doc:"the user's name"`
}

type userTokenInput struct {
	request
	Name string `path:"name" doc:"the user's name"`
	ID   string `path:"id" doc:"the token's id"`
}

type userOutput struct {
	Status int
	Body   User
}

type tokenOutput struct {
	Status int
	Body   Token
}

func (a *API) userOperations(h huma.API) {
	tags := []string{"users"}
	register(a, h, huma.Operation{OperationID: "list-users", Method: http.MethodGet, Path: prefix + "/users", Tags: tags, Summary: "All users"},
		func(ctx context.Context, _ *usersInput) (*usersOutput, error) {
			var out usersOutput
			all, err := a.o.Users.List(ctx)
			out.Body.Items = all
			return &out, err
		})
	register(a, h, huma.Operation{
		OperationID: "add-user", Method: http.MethodPost, Path: prefix + "/users", Tags: tags, Summary: "Add a user", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *usersInput) (*userOutput, error) {
		var u User
		if err := decodeStrictly(in.request, &u); err != nil {
			return nil, err
		}
		if err := a.o.Users.Add(ctx, u); err != nil {
			return nil, err
		}
		made, err := a.o.Users.Get(ctx, u.Name)
		return &userOutput{http.StatusCreated, made}, err
	})
	register(a, h, huma.Operation{OperationID: "get-user", Method: http.MethodGet, Path: prefix + "/users/{name}", Tags: tags, Summary: "One user"},
		func(ctx context.Context, in *userInput) (*userOutput, error) {
			u, err := a.o.Users.Get(ctx, in.Name)
			return &userOutput{http.StatusOK, u}, err
		})
	register(a, h, huma.Operation{
		OperationID: "set-user", Method: http.MethodPut, Path: prefix + "/users/{name}", Tags: tags, Summary: "Change a user's role, grants and end",
		Description: "It is in force within a second, also for streams and WebSockets that are open.",
	}, func(ctx context.Context, in *userInput) (*userOutput, error) {
		var u User
		if err := decodeStrictly(in.request, &u); err != nil {
			return nil, err
		}
		if u.Password != "" || u.Name != "" && u.Name != in.Name {
			return nil, registry.FieldErrors{{Column: "name", Value: u.Name, Message: "write role, grants and until; the password has a path of its own"}}
		}
		u.Name = in.Name
		if err := a.o.Users.Set(ctx, u); err != nil {
			return nil, err
		}
		now, err := a.o.Users.Get(ctx, u.Name)
		return &userOutput{http.StatusOK, now}, err
	})
	register(a, h, huma.Operation{
		OperationID: "delete-user", Method: http.MethodDelete, Path: prefix + "/users/{name}", Tags: tags, Summary: "Delete a user", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *userInput) (*emptyOutput, error) {
		if in.Name == principal(ctx).String() {
			return nil, problem(http.StatusConflict, "nobody can delete themselves: have another administrator do it")
		}
		return nil, a.o.Users.Delete(ctx, in.Name)
	})
	register(a, h, huma.Operation{
		OperationID: "set-password", Method: http.MethodPut, Path: prefix + "/users/{name}/password", Tags: tags,
		Summary: "Change a password: one's own, or as an administrator anybody's", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *userInput) (*emptyOutput, error) {
		if p := principal(ctx); p.String() != in.Name && !whole(p, "admin") {
			return nil, errForbidden
		}
		var body struct {
			Password registry.Secret `json:"password"`
		}
		if err := decodeStrictly(in.request, &body); err != nil {
			return nil, err
		}
		return nil, a.o.Users.SetPassword(ctx, in.Name, body.Password)
	})
	register(a, h, huma.Operation{
		OperationID: "nats-permissions", Method: http.MethodGet, Path: prefix + "/users/{name}/nats-permissions", Tags: tags,
		Summary: "What the user may do on NATS, as the configuration of a NATS server writes it",
		Description: "publish and subscribe, each with allow and deny. Without either the user may all. The server inside the gateway holds to it " +
			"by itself; one outside must be told.",
	}, func(ctx context.Context, in *userInput) (*permissionsOutput, error) {
		all, err := a.o.Users.NATSPermissions(ctx, in.Name)
		if all == nil {
			all = map[string]map[string][]string{}
		}
		return &permissionsOutput{all}, err
	})
	register(a, h, huma.Operation{
		OperationID: "add-token", Method: http.MethodPost, Path: prefix + "/users/{name}/tokens", Tags: tags,
		Summary: "Make a token, which is shown this once", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *userInput) (*tokenOutput, error) {
		var body struct {
			Name  string    `json:"name"`
			Until time.Time `json:"until"`
		}
		if err := decodeStrictly(in.request, &body); err != nil {
			return nil, err
		}
		t, err := a.o.Users.AddToken(ctx, in.Name, body.Name, body.Until)
		return &tokenOutput{http.StatusCreated, t}, err
	})
	register(a, h, huma.Operation{
		OperationID: "delete-token", Method: http.MethodDelete, Path: prefix + "/users/{name}/tokens/{id}", Tags: tags,
		Summary: "Take a token away", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *userTokenInput) (*emptyOutput, error) {
		return nil, a.o.Users.DeleteToken(ctx, in.Name, in.ID)
	})
}
