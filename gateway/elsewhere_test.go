package gateway

import (
	"errors"
	"testing"

	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// What another gateway says of its camera is told as it says it; that it doesn't serve the channel now is no reason
// to leave the camera alone.
func TestAs(t *testing.T) {
	for _, tt := range []struct {
		failure streams.Failure
		reason  event.Reason
		away    bool
	}{
		{streams.Failure{Reason: event.BadAnswer, Detail: "it answered 503 unauthorized: the camera refuses the password"}, event.Unauthorized, false},
		{streams.Failure{Reason: event.Unauthorized, Detail: "10.0.0.1:8554 asks for a password, and the channel has none"}, event.NoAnswer, true},
		{streams.Failure{Reason: event.ConnectRefused, Detail: "10.0.0.1:8554 refused the connection"}, event.ConnectRefused, true},
		{streams.Failure{Reason: event.NoPackets, Detail: "nothing comes"}, event.NoPackets, false},
	} {
		err := as("gateway a", &tt.failure)
		f, ok := errors.AsType[*streams.Failure](err)
		if !ok || f.Reason != tt.reason || errors.Is(err, errOwnerAway) != tt.away {
			t.Errorf("%+v is told as %+v", tt.failure, f)
		}
		if errors.Is(final(err), errOwnerAway) {
			t.Errorf("%+v isn't final", tt.failure)
		}
	}
}
