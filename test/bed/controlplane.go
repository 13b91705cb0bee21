package bed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/flink-hpa/flink-hpa/test/process"
)

const (
	apiserver   = "kube-apiserver" // the program's name
	auditPolicy = "audit.yaml"
)

// component is a part of the control plane.
type component struct {
	name string
	spec process.Spec
	*process.Process
}

const (
	etcdPort      = 2379
	etcdPeerPort  = 2380
	apiserverPort = 6443
	readyWithin   = 90 * time.Second
	stopWithin    = 5 * time.Second
)

// startControlPlane starts etcd, kube-apiserver, kube-controller-manager with all its controllers and kube-scheduler, in
// that order, and returns when the API server is ready. What has been started is in b.processes also after an error.
func (b *Bed) startControlPlane(ctx context.Context) error {
	ca, err := newAuthority(b.layout)
	if err != nil {
		return err
	}
	host := b.network.host()
	for _, id := range []identity{
		{file: "apiserver", user: "kube-apiserver", names: []string{host, b.network.service(1), "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}},
		{file: "admin", user: "admin", group: "system:masters"},
		{file: "controller-manager", user: "system:kube-controller-manager", names: []string{host}},
		{file: "scheduler", user: "system:kube-scheduler", names: []string{host}},
		{file: "front-proxy", user: "front-proxy-client"},
	} {
		if err := ca.issue(id); err != nil {
			return err
		}
	}
	server := b.network.url(apiserverPort)
	configs := map[string]string{}
	for _, name := range []string{"admin", "controller-manager", "scheduler"} {
		if configs[name], err = ca.kubeconfig(name, server); err != nil {
			return err
		}
	}
	b.Kubeconfig = configs["admin"]
	if b.Config, err = clientcmd.BuildConfigFromFlags("", b.Kubeconfig); err != nil {
		return err
	}
	b.Config.QPS, b.Config.Burst = 100, 200
	if b.Client, err = kubernetes.NewForConfig(b.Config); err != nil {
		return err
	}
	if err := b.startComponent("etcd", b.etcdArgs()...); err != nil {
		return err
	}
	if err := b.render(auditPolicy, auditPolicy, nil); err != nil {
		return err
	}
	if err := b.startComponent(apiserver, b.apiserverArgs()...); err != nil {
		return err
	}
	if err := b.apiserverReady(ctx); err != nil {
		return err
	}
	if err := b.startComponent("kube-controller-manager", b.controllerManagerArgs(configs["controller-manager"])...); err != nil {
		return err
	}
	return b.startComponent("kube-scheduler", b.controllerArgs(configs["scheduler"])...)
}

// startComponent starts a part of the control plane, which is the one program under another name.
func (b *Bed) startComponent(name string, args ...string) error {
	spec := process.Spec{
		Path: b.layout.bin(name), Args: args, Log: b.layout.log(name), Dir: b.layout.state,
		Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.layout.state, Variable + "=" + b.layout.state},
	}
	p, err := process.Start(spec)
	if err != nil {
		return err
	}
	b.processes = append(b.processes, component{name, spec, p})
	return nil
}

// AuditLog is the file where the API server notes each request of flink-hpa's service accounts, as an audit.k8s.io/v1 Event on a line.
func (b *Bed) AuditLog() string { return filepath.Join(b.Logs, "audit.log") }

// RestartAPIServer ends the API server, starts it anew, and returns when it is ready. It is not safe for concurrent use with itself.
func (b *Bed) RestartAPIServer(ctx context.Context) error {
	i := slices.IndexFunc(b.processes, func(c component) bool { return c.name == apiserver })
	old := b.processes[i]
	if err := old.Stop(stopWithin); err != nil {
		return err
	}
	p, err := process.Start(old.spec)
	if err != nil {
		return err
	}
	b.processes[i].Process = p
	return b.apiserverReady(ctx)
}

func (b *Bed) apiserverReady(ctx context.Context) error {
	return b.until(ctx, readyWithin, "the API server is ready", func(ctx context.Context) error {
		return b.Client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

func (b *Bed) etcdArgs() []string {
	client := fmt.Sprintf("http://%s:%d", b.network.host(), etcdPort)
	peer := fmt.Sprintf("http://%s:%d", b.network.host(), etcdPeerPort)
	return []string{
		"--data-dir=" + filepath.Join(b.layout.state, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer,
	}
}

// scaleToZero is off by default. With it HPAs may have minReplicas 0, and the controller brings back what it has scaled to 0.
const scaleToZero = "--feature-gates=HPAScaleToZero=true"

func (b *Bed) apiserverArgs() []string {
	pki := b.layout.pki
	return []string{
		fmt.Sprintf("--etcd-servers=http://%s:%d", b.network.host(), etcdPort),
		"--bind-address=" + b.network.host(), "--advertise-address=" + b.network.host(), fmt.Sprintf("--secure-port=%d", apiserverPort),
		"--service-cluster-ip-range=" + b.network.serviceRange(),
		"--authorization-mode=RBAC",
		scaleToZero,
		"--client-ca-file=" + pki("ca.crt"), "--tls-cert-file=" + pki("apiserver.crt"), "--tls-private-key-file=" + pki("apiserver.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + pki("sa.pub"), "--service-account-signing-key-file=" + pki("sa.key"),
		"--requestheader-client-ca-file=" + pki("ca.crt"), "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + pki("front-proxy.crt"), "--proxy-client-key-file=" + pki("front-proxy.key"),
		// Endpoints may not be loopback addresses, so the API server can't publish its own.
		"--endpoint-reconciler-type=none",
		// As many requests at a time as two cores can answer within the time-outs of webhooks; the others wait their turn before admission.
		// The defaults, 400 and 200, are for a machine of its own.
		"--max-requests-inflight=40", "--max-mutating-requests-inflight=20",
		"--audit-policy-file=" + b.layout.manifests(auditPolicy), "--audit-log-path=" + b.AuditLog(),
	}
}

func (b *Bed) controllerManagerArgs(kubeconfig string) []string {
	return append(b.controllerArgs(kubeconfig),
		"--controllers=*", "--use-service-account-credentials", scaleToZero,
		"--service-account-private-key-file="+b.layout.pki("sa.key"), "--root-ca-file="+b.layout.pki("ca.crt"),
		// The default is 15 s; an HPA that looks more often makes a demo of minutes show what takes a day elsewhere.
		"--horizontal-pod-autoscaler-sync-period=5s")
}

// controllerArgs are what kube-controller-manager and kube-scheduler have in common.
func (b *Bed) controllerArgs(kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=" + b.network.host(), "--leader-elect=false",
	}
}
