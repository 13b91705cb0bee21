// Command webhook is the admission webhook that gives Flink pods what reactive mode needs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	"github.com/flink-hpa/flink-hpa/cmd/internal/logging"
	"github.com/flink-hpa/flink-hpa/cmd/internal/version"
	"github.com/flink-hpa/flink-hpa/webhook"
	"github.com/flink-hpa/flink-hpa/webhook/certs"
)

func main() {
	var opts webhook.Options
	addFlags(flag.CommandLine, &opts)
	setUpLogging := logging.AddGoFlags(flag.CommandLine)
	showVersion := flag.Bool("version", false, "print the version and end")
	flag.Parse()
	if *showVersion {
		fmt.Println(version.Line("webhook"))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := setUpLogging()
	if err == nil {
		err = webhook.Run(ctx, opts)
	}
	stop()
	if err != nil {
		klog.Background().Error(err, "Webhook failed")
		klog.FlushAndExit(klog.ExitFlushTimeout, 1)
	}
	klog.Flush()
}

func addFlags(set *flag.FlagSet, o *webhook.Options) {
	set.StringVar(&o.BindAddress, "bind-address", "", "`address` to serve on; empty for all")
	set.StringVar(&o.Port, "port", "9443", "`port` to serve on")
	set.StringVar(&o.Profiles, "profiles", "", "`file` with the defaults to inject, read again when it changes; empty for the built-in ones")
	set.StringVar(&o.Namespace, "namespace", "flink-hpa", "`namespace` of this program, its Secret and its Service")
	set.Func("namespaces", "`namespaces` whose pods are watched, with commas between them; all when it isn't given", func(list string) error {
		o.Namespaces = strings.Split(list, ",")
		return nil
	})
	set.DurationVar(&o.ShutdownDelay, "shutdown-delay-duration", 10*time.Second, "`time` for which admissions are answered after SIGTERM, while the webhook is not ready any more")
	set.StringVar(&o.Secret, "tls-secret", "", "`name` of the Secret that keeps the serving certificate")
	set.StringVar(&o.Service, "tls-service", "", "`name` of the Service that the certificate is for")
	set.StringVar(&o.Configuration, "webhook-configuration", "", "`name` of the MutatingWebhookConfiguration and the ValidatingWebhookConfiguration that get the CA bundle")
	set.DurationVar(&o.Overlap, "tls-rotation-wait", certs.DefaultOverlap, "`time` that each step of a change of CA lasts, in which old and new are trusted")
	set.StringVar(&o.CertFile, "tls-cert-file", "", "`file` with the serving certificate; without --tls-secret")
	set.StringVar(&o.KeyFile, "tls-private-key-file", "", "`file` with its key")
}
