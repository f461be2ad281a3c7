package streams

import (
	"context"
	"log/slog"
	"time"

	"sharpeyes/registry"
)

// Sink takes what a Source gets from a camera. Its methods are called one after another.
type Sink interface {
	// Describe comes first, once a connection.
	Describe(*Description)
	// Playing says that the camera accepted to send.
	Playing()
	// Deliver hands over one unit; it never blocks.
	Deliver(*Unit)
	// Lost says that packets did not arrive.
	Lost(packets uint64)
}

// Source opens streams at cameras.
type Source interface {
	// Pull opens one stream and hands it to the sink until ctx ends or the stream does. It returns
	// once the connection is closed and nothing of it is left. The error is a *Failure when it is
	// the camera's doing.
	Pull(ctx context.Context, ch registry.Channel, p Profile, sink Sink) error
}

// Observer hears what becomes of pulls: Started with the first unit that the camera sends, and then
// Stopped or Failed; Failed alone when none came. A connection that breaks and is soon replaced is
// not heard of. Its methods must not block.
type Observer interface {
	Started(registry.Channel, Info)
	Stopped(registry.Channel, Info)
	Failed(registry.Channel, Info, *Failure)
	// Watched says that a reader began to receive a stream, with 0, or has received it for as long.
	Watched(registry.Channel, Key, Who, time.Duration)
}

// Options is what a Hub needs.
type Options struct {
	Source   Source
	Observer Observer
	Channel  func(id string) (registry.Channel, bool)
	Linger   time.Duration // how long a pull outlives its last reader
	// StartTimeout is how long readers wait for a camera that stopped sending to send again.
	StartTimeout time.Duration
	MaxPulls     int // 0: no bound
	MaxReaders   int // 0: no bound; of all pulls together
	MaxPerDevice int // 0: no bound; pulls of one recorder
	Queue        int // bytes that may wait for one reader
	Log          *slog.Logger
}

// Limits are what can be changed while the hub is at work, as in Options.
type Limits struct {
	Linger                             time.Duration
	MaxPulls, MaxReaders, MaxPerDevice int
}
