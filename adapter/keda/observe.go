package keda

import (
	"context"
	"fmt"
	"path"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/adapter/keda/externalscaler"
)

// Meter is told what KEDA asks.
type Meter interface {
	// Answered is told of each call that has ended: the method, as in Methods, and gRPC's name for the code.
	Answered(method, code string)
}

// Methods are the names of what KEDA may call.
func Methods() []string {
	var names []string
	for _, method := range externalscaler.ExternalScaler_ServiceDesc.Methods {
		names = append(names, method.MethodName)
	}
	for _, stream := range externalscaler.ExternalScaler_ServiceDesc.Streams {
		names = append(names, stream.StreamName)
	}
	return names
}

// observer stands around all calls: it makes statuses of errors, and counts.
type observer struct{ meter Meter }

func (o observer) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (response any, err error) {
	err = o.observe(info.FullMethod, func() (err error) {
		response, err = handler(ctx, request)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

func (o observer) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return o.observe(info.FullMethod, func() error { return handler(server, stream) })
}

func (o observer) observe(method string, call func() error) error {
	err := statusOf(safely(call))
	o.meter.Answered(path.Base(method), status.Code(err).String())
	return err
}

// safely makes an error of a panic: one call that goes wrong must not take the others' answers away.
func safely(call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			klog.Background().Error(nil, "Panic in a call of KEDA", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("a mistake in flink-hpa: %v; the adapter's log has more", r)
		}
	}()
	return call()
}
