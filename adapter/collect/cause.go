package collect

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// Cause is the part of a network error that stays the same from round to round. A message that reaches an HPA's status
// must not change while its reason doesn't, and Go's own names the local port of each connection.
func Cause(err error) error {
	var (
		timeout net.Error
		dns     *net.DNSError
		errno   syscall.Errno
		expired x509.CertificateInvalidError
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
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return errExpired // Go's own names the time of day
	case strings.Contains(err.Error(), "->"):
		return errors.New(withoutLocalEnds(err.Error()))
	}
	return err
}

// withoutLocalEnds is for errors that somebody made text of: "read tcp 10.0.0.7:41234->10.0.0.9:88" loses its first address.
func withoutLocalEnds(text string) string {
	parts := strings.Split(text, "->")
	for i, part := range parts[:len(parts)-1] {
		parts[i] = part[:strings.LastIndexByte(part, ' ')+1]
	}
	return strings.Join(parts, "")
}

var (
	errTimeout = errors.New("no answer in time")
	errClosed  = errors.New("the connection was closed")
	errExpired = errors.New("the certificate has expired or is not valid yet, or the clocks differ")
)
