// Package logging has the flags by which both programs log: -v, --vmodule, --logging-format and --log-flush-frequency.
package logging

import (
	"flag"

	"github.com/spf13/pflag"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"

	_ "k8s.io/component-base/logs/json/register" // --logging-format=json
)

// AddFlags adds the flags. What it returns puts them in force; call it once, when they are parsed, and before goroutines log.
func AddFlags(flags *pflag.FlagSet) (apply func() error) {
	config := logsapi.NewLoggingConfiguration()
	logsapi.AddFlags(config, flags)
	return func() error { return applied(config) }
}

// AddGoFlags is AddFlags for the standard library's flags.
func AddGoFlags(flags *flag.FlagSet) (apply func() error) {
	config := logsapi.NewLoggingConfiguration()
	logsapi.AddGoFlags(config, flags)
	return func() error { return applied(config) }
}

func applied(config *logsapi.LoggingConfiguration) error {
	logs.InitLogs()
	return logsapi.ValidateAndApply(config, nil)
}
