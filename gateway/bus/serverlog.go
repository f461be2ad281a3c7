package bus

import (
	"fmt"
	"log/slog"
	"sync"
)

// serverLog hands the server's warnings and errors to slog; its notices are of no interest beside
// the gateway's own. What the server calls fatal is kept as the reason why it didn't start: the
// server's own logger would end the process.
type serverLog struct {
	log   *slog.Logger
	heard func(text string) // of errors

	mu  sync.Mutex
	err error
}

func (l *serverLog) Noticef(format string, v ...any) {}
func (l *serverLog) Debugf(format string, v ...any)  {}
func (l *serverLog) Tracef(format string, v ...any)  {}

func (l *serverLog) Warnf(format string, v ...any) {
	l.log.Warn("NATS server", "text", fmt.Sprintf(format, v...))
}

func (l *serverLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.heard(text)
	l.log.Error("NATS server", "text", text)
}

func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = fmt.Errorf(format, v...)
	}
}

// fatal is the first fatal error, nil when there was none.
func (l *serverLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
