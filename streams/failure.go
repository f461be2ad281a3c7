package streams

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"sharpeyes/registry/event"
)

// Failure is why a stream can't be had from its camera.
type Failure struct {
	Reason event.Reason
	Detail string // a sentence for an operator; never holds a credential
	Err    error  // may be nil
	Status int    // of the camera's answer that said no; 0 when it is nothing of that kind
}

// Error is the reason and the sentence.
func (f *Failure) Error() string { return fmt.Sprintf("%s: %s", f.Reason, f.Detail) }

// Unwrap is the underlying error.
func (f *Failure) Unwrap() error { return f.Err }

// Explain turns an error of the network into the reason that it is evidence of. Before the
// connection stood (connected false) a time-out means that nobody is there; after it, that the
// camera is there and says nothing. Address is the camera's host and port.
func Explain(err error, connected bool, address string) *Failure {
	f := &Failure{Err: err}
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		authority   x509.UnknownAuthorityError
		timeout     net.Error
	)
	switch {
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert), errors.As(err, &authority):
		f.Reason, f.Detail = event.TLS, fmt.Sprintf("%s did not agree on TLS", address)
	case errors.As(err, &dns):
		f.Reason, f.Detail = event.Unreachable, fmt.Sprintf("the name in %s can't be resolved", address)
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Reason, f.Detail = event.ConnectRefused, fmt.Sprintf("%s refused the connection", address)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTDOWN):
		f.Reason, f.Detail = event.Unreachable, fmt.Sprintf("there is no way to %s", address)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		if connected {
			f.Reason, f.Detail = event.NoAnswer, fmt.Sprintf("%s accepted the connection and did not answer in time", address)
		} else {
			f.Reason, f.Detail = event.ConnectTimeout, fmt.Sprintf("%s did not accept the connection in time", address)
		}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		// A closed port refuses. A reset comes after the handshake, even when it comes so soon that
		// it is found in place of the connection.
		f.Reason, f.Detail = event.NoAnswer, fmt.Sprintf("%s closed the connection", address)
	case connected:
		f.Reason, f.Detail = event.BadAnswer, fmt.Sprintf("%s gave an answer that is not understood", address)
	default:
		f.Reason, f.Detail = event.Unreachable, fmt.Sprintf("%s can't be reached", address)
	}
	return f
}
