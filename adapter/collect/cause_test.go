package collect

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestCause(t *testing.T) {
	local, _ := net.ResolveTCPAddr("tcp", "127.0.0.1:41234")
	remote, _ := net.ResolveTCPAddr("tcp", "127.0.0.1:9092")
	read := func(err error) error {
		return fmt.Errorf("poll: %w", &net.OpError{Op: "read", Net: "tcp", Source: local, Addr: remote, Err: err})
	}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"a deadline of the round", fmt.Errorf("poll: %w", context.DeadlineExceeded), "no answer in time"},
		{"a deadline of the connection", read(os.ErrDeadlineExceeded), "no answer in time"},
		{"a refused connection", read(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "connection refused"},
		{"a reset connection", read(os.NewSyscallError("read", syscall.ECONNRESET)), "the connection was closed"},
		{"an end in the middle", io.ErrUnexpectedEOF, "the connection was closed"},
		{"a name that does not resolve", &net.DNSError{Name: "kafka.kafka.svc", Server: "10.0.0.10:53", Err: "no such host"}, "no address is known for the host name kafka.kafka.svc"},
		{"a certificate out of its time", fmt.Errorf("tls: %w", x509.CertificateInvalidError{Reason: x509.Expired, Detail: "current time 12:00"}), "the certificate has expired or is not valid yet, or the clocks differ"},
		{"a network error that has become text", errors.New("KDC: read udp 10.0.0.7:41234->10.0.0.9:88: i/o timeout; read tcp [::1]:41235->[::1]:88: reset"),
			"KDC: read udp 10.0.0.9:88: i/o timeout; read tcp [::1]:88: reset"},
		{"anything else keeps its text", errors.New("status 503"), "status 503"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Cause(test.err); got.Error() != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if Cause(nil) != nil {
		t.Error("no error has a cause")
	}
}
