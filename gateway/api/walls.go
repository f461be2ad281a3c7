package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
)

// Wall is which cameras a user wants to see together, and how.
type Wall struct {
	Name    string   `json:"name" doc:"1 to 64 characters" example:"学校"`
	Tiles   int      `json:"tiles" doc:"1, 4, 9, 16 or 25 at once"`
	Cameras []string `json:"cameras" doc:"ids of channels by their places, at most 1,000; empty where there is none"`
	Every   int      `json:"every" doc:"seconds between two steps of the tour, 3 to 3600"`
}

// Walls keeps the walls of each user.
type Walls interface {
	// Walls are those of a user, by name.
	Walls(user string) ([]Wall, error)
	PutWall(ctx context.Context, user string, w Wall) error
	// DeleteWall takes one away; it is no error when there is none.
	DeleteWall(ctx context.Context, user, name string) error
}

// The bounds of what is kept for one user.
const (
	mostWalls   = 100
	mostCameras = 1000
	longestWall = 64 // characters of its name
	longestID   = 64 // bytes
)

type wallsInput struct{ request }

type wallsOutput struct {
	Body struct {
		Items []Wall `json:"items" doc:"by name"`
	}
}

type wallInput struct {
	request
	Name string `path:"name" doc:"the wall's name"`
}

type wallOutput struct{ Body Wall }

func (a *API) wallOperations(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "list-walls", Method: http.MethodGet, Path: prefix + "/walls", Tags: []string{"walls"},
		Summary: "The walls of who asks", Description: "Each user has walls of their own, wherever they sign in.",
	}, func(ctx context.Context, in *wallsInput) (*wallsOutput, error) {
		if len(in.r.URL.Query()) > 0 {
			return nil, badQuery("", "", "there are no parameters here")
		}
		var out wallsOutput
		all, err := a.o.Walls.Walls(principal(ctx).String())
		if out.Body.Items = all; all == nil {
			out.Body.Items = []Wall{}
		}
		return &out, err
	})
	register(a, h, huma.Operation{
		OperationID: "put-wall", Method: http.MethodPut, Path: prefix + "/walls/{name}", Tags: []string{"walls"},
		Summary: "Keep a wall",
	}, a.putWall)
	register(a, h, huma.Operation{
		OperationID: "delete-wall", Method: http.MethodDelete, Path: prefix + "/walls/{name}", Tags: []string{"walls"},
		Summary: "Take a wall away", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *wallInput) (*emptyOutput, error) {
		return nil, a.o.Walls.DeleteWall(ctx, principal(ctx).String(), in.Name)
	})
}

func (a *API) putWall(ctx context.Context, in *wallInput) (*wallOutput, error) {
	w := Wall{Name: in.Name}
	if err := decodeStrictly(in.request, &w); err != nil {
		return nil, err
	}
	if err := w.validate(in.Name); err != nil {
		return nil, err
	}
	user := principal(ctx).String()
	all, err := a.o.Walls.Walls(user)
	if err != nil {
		return nil, err
	}
	if len(all) >= mostWalls && !slices.ContainsFunc(all, func(other Wall) bool { return other.Name == w.Name }) {
		return nil, problem(http.StatusConflict, fmt.Sprintf("%d walls are kept: delete one first", mostWalls))
	}
	return &wallOutput{w}, a.o.Walls.PutWall(ctx, user, w)
}

// validate says what is wrong with a wall that is to be kept by a name.
func (w *Wall) validate(name string) error {
	var errs registry.FieldErrors
	need := func(ok bool, column, value, message string) {
		if !ok {
			errs = append(errs, registry.FieldError{Column: column, Value: value, Message: message})
		}
	}
	need(w.Name == name, "name", w.Name, "must be the name in the path, or left out")
	need(name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= longestWall && !strings.ContainsFunc(name, unicode.IsControl) && name == strings.TrimSpace(name),
		"name", "", fmt.Sprintf("must be 1 to %d characters", longestWall))
	need(slices.Contains([]int{1, 4, 9, 16, 25}, w.Tiles), "tiles", fmt.Sprint(w.Tiles), "must be 1, 4, 9, 16 or 25")
	need(w.Every >= 3 && w.Every <= 3600, "every", fmt.Sprint(w.Every), "must be 3 to 3600 seconds")
	need(len(w.Cameras) <= mostCameras, "cameras", fmt.Sprint(len(w.Cameras)), fmt.Sprintf("must be at most %d", mostCameras))
	for _, id := range w.Cameras {
		if len(id) > longestID || strings.ContainsFunc(id, unicode.IsControl) {
			need(false, "cameras", "", "must be ids of channels")
			break
		}
	}
	if w.Cameras == nil {
		w.Cameras = []string{}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}
