// Package plugin is kubectl's plugin flink-hpa: what a person asks about HPAs that go by flink-hpa's metrics. It reads HPAs and
// explanations, with the rights of whoever runs it, and changes nothing.
package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/flink-hpa/flink-hpa/cmd/internal/version"
)

const usage = `Tells how the HPAs that use flink-hpa's metrics fare, and why.

Usage:
  kubectl flink-hpa [status]      a line for each HPA: its TaskManagers, its metrics, and why
  kubectl flink-hpa explain HPA   why its number is what it is: flink_desired_taskmanagers, or a ScalingRule's
  kubectl flink-hpa explain scalingrule/NAME
                                  what a ScalingRule says, why, since when, and what it waits for
  kubectl flink-hpa watch         status again whenever an HPA changes, until Ctrl-C

Flags:
`

// asked is what the command line asks for.
type asked struct {
	command   string
	hpa, rule string // of explain: one of the two
	namespace string // metav1.NamespaceAll: all
	json      bool
	history   bool
}

// Run does what args ask, as a person or a script writes them behind kubectl flink-hpa. An error says what is wrong with them, or what the
// API server answered.
func Run(ctx context.Context, args []string, out io.Writer) error {
	question, config, err := parse(args, out)
	if err != nil || question.command == "" {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connect to Kubernetes: %w", err)
	}
	asker := asker{client}
	switch question.command {
	case "explain":
		if question.rule != "" {
			return asker.explainRule(ctx, question, out)
		}
		return asker.explain(ctx, question, out)
	case "watch":
		return asker.watch(ctx, question.namespace, out)
	default:
		return asker.status(ctx, question.namespace, out)
	}
}

// parse returns no command where it has answered already.
func parse(args []string, out io.Writer) (asked, *rest.Config, error) {
	flags := pflag.NewFlagSet("kubectl flink-hpa", pflag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() { _, _ = fmt.Fprint(out, usage+flags.FlagUsages()) }
	rules, overrides := clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{}
	flags.StringVar(&rules.ExplicitPath, "kubeconfig", "", "Path to the kubeconfig file to use.")
	names := clientcmd.RecommendedConfigOverrideFlags("")
	names.ContextOverrideFlags.Namespace.ShortName = "n"
	clientcmd.BindOverrideFlags(overrides, flags, names)
	everywhere := flags.BoolP("all-namespaces", "A", false, "Of all namespaces.")
	output := flags.StringP("output", "o", "text", "Format of explain: text or json.")
	history := flags.Bool("history", false, "With explain: also the changes of flink_desired_taskmanagers, and what came of each.")
	showVersion := flags.Bool("version", false, "Print the version and end.")
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return asked{}, nil, nil
	} else if err != nil {
		return asked{}, nil, fmt.Errorf("%w; see kubectl flink-hpa --help", err)
	}
	if *showVersion {
		_, err := fmt.Fprintln(out, version.Line("kubectl-flink_hpa"))
		return asked{}, nil, err
	}
	question, err := questionOf(flags.Args())
	if err != nil {
		return asked{}, nil, err
	}
	question.history = *history
	switch *output {
	case "text", "json":
		question.json = *output == "json"
	default:
		return asked{}, nil, fmt.Errorf("--output=%s: possible are text and json", *output)
	}
	kubeconfig := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	if question.namespace, _, err = kubeconfig.Namespace(); err != nil {
		return asked{}, nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	if *everywhere {
		if question.command == "explain" {
			return asked{}, nil, errors.New("--all-namespaces: explain is about one HPA or ScalingRule; give its namespace by --namespace")
		}
		question.namespace = metav1.NamespaceAll
	}
	config, err := kubeconfig.ClientConfig()
	if err != nil {
		return asked{}, nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	return question, config, nil
}

// questionOf reads the words that are no flags.
func questionOf(words []string) (asked, error) {
	if len(words) == 0 {
		return asked{command: "status"}, nil
	}
	command, rest := words[0], words[1:]
	switch {
	case command != "status" && command != "explain" && command != "watch":
		return asked{}, fmt.Errorf("command %q is none of status, explain and watch; see kubectl flink-hpa --help", command)
	case command == "explain" && len(rest) != 1:
		return asked{}, errors.New("explain needs the name of one HPA, or scalingrule/NAME; kubectl flink-hpa status lists the HPAs")
	case command != "explain" && len(rest) > 0:
		return asked{}, fmt.Errorf("%s takes no arguments, and got %q", command, strings.Join(rest, " "))
	case command == "explain":
		return toExplain(rest[0])
	}
	return asked{command: command}, nil
}

// toExplain reads what is to be explained, with its kind in front as kubectl has it. What has none is an HPA.
func toExplain(word string) (asked, error) {
	kind, name, with := strings.Cut(word, "/")
	if !with {
		kind, name = "hpa", word
	}
	question := asked{command: "explain"}
	switch strings.ToLower(kind) {
	case "hpa", "horizontalpodautoscaler", "horizontalpodautoscalers":
		question.hpa = name
	case "scalingrule", "scalingrules", "srule":
		question.rule = name
	default:
		return asked{}, fmt.Errorf("%q: explained are hpa/NAME and scalingrule/NAME", word)
	}
	if name == "" || strings.Contains(name, "/") {
		return asked{}, fmt.Errorf("%q: is no name; write hpa/NAME or scalingrule/NAME", word)
	}
	return question, nil
}
