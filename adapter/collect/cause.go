package collect

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// Cause is the part of a network error that stays the same from round to round. A message that reaches an HPA's status
// must not change while its reason doesn't, and Go's own names the local port of each connection.
func Cause(err error) error {
	var (
		timeout net.Error
		dns     *net.DNSError
		errno   syscall.Errno
	)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &dns):
		return errors.New("no address is known for the host name " + dns.Name)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET):
		return errClosed
	case errors.As(err, &errno):
		return errno
	}
	return err
}

var (
	errTimeout = errors.New("no answer in time")
	errClosed  = errors.New("the connection was closed")
)
