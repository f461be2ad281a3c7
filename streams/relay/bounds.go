package relay

import "time"

// bounds is how long a reader may take for what.
type bounds struct {
	join    time.Duration // a connection may be there without a stream, whatever it says
	play    time.Duration // a stream may be held before it is played
	pause   time.Duration // and after that, without being played
	idle    time.Duration // nothing may be heard, unless packets are taken over TCP
	request time.Duration // from a request's first byte to its last
	write   time.Duration // a write may wait for the reader's TCP window
}

func defaultBounds() bounds {
	return bounds{
		join: 20 * time.Second, play: 30 * time.Second, pause: 5 * time.Minute,
		idle: 60 * time.Second, request: 10 * time.Second, write: 10 * time.Second,
	}
}

const (
	defaultMaxConns = 10_000
	// perAddress is the part of MaxConns that one address may have.
	perAddress = 4
	// maxHead is the bytes of a request's first line and headers. A line has to fit readBuffer.
	maxHead = 16 << 10
	// maxHeaders is how many headers a request may have.
	maxHeaders = 64
	// maxBody is the bytes of a request's body. None is ever kept.
	maxBody = 64 << 10
	// readBuffer is the bytes of a connection's buffer for what the reader says.
	readBuffer = 4 << 10
)
