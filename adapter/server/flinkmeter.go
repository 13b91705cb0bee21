package server

import (
	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/flink/rest"
)

// flinkMeter is the meter of the Flink collector.
type flinkMeter struct{ *ownMetrics }

var _ flink.Meter = flinkMeter{}

// Requested implements flink.Meter, as do the others.
func (m flinkMeter) Requested(request rest.Request) {
	m.flinkRequests.WithLabelValues(string(request)).Inc()
}

func (m flinkMeter) Failed(request rest.Request) {
	m.flinkErrors.WithLabelValues(string(request)).Inc()
}

func (m flinkMeter) Decided(reason desired.Code) {
	m.decisions.WithLabelValues(string(reason)).Inc()
}
