// Command controlplane is the Kubernetes control plane and its command line in one program: etcd,
// kube-apiserver, kube-controller-manager, kube-scheduler and kubectl, each unchanged. Linked together they
// share most of their code, so that one build of a few minutes replaces five downloads.
//
// It acts as the component whose name it is called by (a symbolic link will do), or that its first argument
// names.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // the clients' own metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // kubernetes_build_info
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var components = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"}

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args
	if !slices.Contains(components, name) && len(args) > 1 {
		args = args[1:]
		name = args[0]
	}
	os.Args = args
	os.Exit(run(name, args))
}

func run(name string, args []string) int {
	var command *cobra.Command
	switch name {
	case "etcd":
		etcdmain.Main(args)
		return 0
	case "kube-apiserver":
		command = apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		command = controllermanager.NewControllerManagerCommand()
	case "kube-scheduler":
		command = scheduler.NewSchedulerCommand()
	case "kubectl":
		command = kubectl.NewDefaultKubectlCommand()
	default:
		fmt.Fprintf(os.Stderr, "controlplane: no component is called %q; there are %v\n", name, components)
		return 2
	}
	return cli.Run(command)
}
