package access

import (
	"errors"
	"fmt"
	"time"
)

// ErrNoUser says that there is no user of that name.
var ErrNoUser = errors.New("no such user")

// ErrUserExists says that the name is taken.
var ErrUserExists = errors.New("user exists")

// DeniedError says that whoever asks isn't let in. It doesn't tell whether the user exists.
type DeniedError struct {
	Missing bool // nobody signed in, and anonymous askers may nothing
	Token   bool // the token is nobody's, or has ended
	Ticket  bool // the ticket is for something else, or was used too late
}

// Error says what is wrong, with no name in it.
func (e DeniedError) Error() string {
	if e.Missing {
		return "sign in: a user name and a password are needed here"
	}
	if e.Ticket {
		return "the ticket is for something else, or too old: ask for another"
	}
	if e.Token {
		return "the token isn't known, or has ended"
	}
	return "wrong user name or password"
}

// Denied marks the error as a refusal, for those who can't import this package.
func (DeniedError) Denied() bool { return true }

// SlowedError says that the asker's address guessed wrong too often.
type SlowedError struct {
	After time.Duration // when it may try again
}

// Error says how long to wait.
func (e SlowedError) Error() string {
	return fmt.Sprintf("too many wrong passwords from this address: try again in %s", e.After.Round(time.Second))
}

// RetryAfter is when the asker may try again.
func (e SlowedError) RetryAfter() time.Duration { return e.After }

// InvalidError is something about a user that can't be taken. Its text says what to write instead.
type InvalidError struct{ text string }

func invalid(text string) error { return InvalidError{text} }

// Error is the text.
func (e InvalidError) Error() string { return e.text }

// Invalid marks the error for those who can't import this package.
func (InvalidError) Invalid() bool { return true }
