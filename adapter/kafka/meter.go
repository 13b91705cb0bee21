package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/IBM/sarama"
)

// Meter is told what a client does. Its methods are called from several goroutines.
type Meter interface {
	// Requested counts a request that was sent to a broker, under Kafka's name for it, such as OffsetFetch.
	Requested(request string)
	// Failed counts a request without an answer, or an error in an answer, under one of Kinds.
	Failed(kind string)
	// Connected is told of connections that were opened (+1) and closed (-1).
	Connected(delta int)
	// Tracked is told after each round how many consumer groups were asked for, and on how many partitions.
	Tracked(groups, partitions int)
	// Lost is told how many records between a group's committed offsets and the log start offsets are gone: deleted before they
	// were read. 0 when there are none any more.
	Lost(group, topic string, records int64)
}

// Kinds of failure.
const (
	failedConnection     = "connection"     // refused, broken, or no address
	failedTimeout        = "timeout"        // no answer in time
	failedAuthentication = "authentication" // TLS or SASL
	failedAuthorization  = "authorization"  // the broker knows who asks, and says no
	failedMoved          = "moved"          // not the leader or coordinator any more
	failedUnknown        = "unknown"        // no such topic, group or commit
	failedOther          = "other"
)

// Kinds lists the kinds of failure that a Meter is told of.
func Kinds() []string {
	return []string{failedConnection, failedTimeout, failedAuthentication, failedAuthorization, failedMoved, failedUnknown, failedOther}
}

func kindOf(err error) string {
	var (
		code        sarama.KError
		network     net.Error
		certificate *tls.CertificateVerificationError
		alert       tls.AlertError
		noTLS       tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return failedTimeout
	case errors.As(err, &code):
		return kindOfCode(code)
	case errors.As(err, &certificate), errors.As(err, &alert), errors.As(err, &noTLS):
		return failedAuthentication
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, sarama.ErrNotConnected):
		return failedConnection
	}
	return failedOther
}

func kindOfCode(code sarama.KError) string {
	switch code {
	case sarama.ErrSASLAuthenticationFailed, sarama.ErrUnsupportedSASLMechanism, sarama.ErrIllegalSASLState:
		return failedAuthentication
	case sarama.ErrTopicAuthorizationFailed, sarama.ErrGroupAuthorizationFailed, sarama.ErrClusterAuthorizationFailed:
		return failedAuthorization
	case sarama.ErrUnknownTopicOrPartition, sarama.ErrGroupIDNotFound:
		return failedUnknown
	case sarama.ErrRequestTimedOut:
		return failedTimeout
	}
	if movedAway(code) {
		return failedMoved
	}
	return failedOther
}

// unmetered is the Meter of a client that has none.
type unmetered struct{}

func (unmetered) Requested(string)           {}
func (unmetered) Failed(string)              {}
func (unmetered) Connected(int)              {}
func (unmetered) Tracked(int, int)           {}
func (unmetered) Lost(string, string, int64) {}
