package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

type rotateInput struct{ request }

type rotateOutput struct{ Body Rotation }

// rotatedWithin is how long it may take to seal the passwords of a city anew.
const rotatedWithin = 2 * time.Minute

func (a *API) keysOperation(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "rotate-key", Method: http.MethodPost, Path: prefix + "/keys:rotate", Tags: []string{"keys"},
		Summary:     "Seal the cameras' passwords with a new key",
		Description: "The gateway makes the key, and goes on while the passwords are sealed anew.",
	}, func(ctx context.Context, in *rotateInput) (*rotateOutput, error) {
		ctx, cancel := context.WithTimeout(ctx, rotatedWithin)
		defer cancel()
		_ = http.NewResponseController(in.w).SetWriteDeadline(time.Now().Add(rotatedWithin + leaveWithin)) // a writer that has no deadlines is a test's
		r, err := a.o.RotateKey(ctx, principal(ctx).String())
		if _, refused := errors.AsType[RefusedError](err); err != nil && !refused {
			err = storeError{fmt.Errorf("rotating the key: %w", err)}
		}
		return &rotateOutput{r}, err
	})
}
