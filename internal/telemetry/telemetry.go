// Package telemetry has the metrics that both programs give of themselves.
package telemetry

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// programLabel says which program a metric is of: adapter or webhook. No scrape configuration has to say it then.
const programLabel = "program"

// BuildInfo is flink_hpa_build_info, always 1, whose labels say which build of the program runs.
func BuildInfo(program string) prometheus.Collector {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return buildInfo(program, info)
}

func buildInfo(program string, info *debug.BuildInfo) prometheus.Collector {
	revision := "unknown"
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			revision = setting.Value
		}
	}
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "flink_hpa_build_info", Help: "1, with the program's version, its commit and the Go version that it was built with.",
		ConstLabels: prometheus.Labels{
			programLabel: program, "version": cmp.Or(info.Main.Version, "(devel)"), "revision": revision, "goversion": runtime.Version(),
		},
	})
	gauge.Set(1)
	return gauge
}
