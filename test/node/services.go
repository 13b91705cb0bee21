package node

import (
	"fmt"
	"net"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// routes says for each address of a Service, IP:PORT, which pods answer there, IP:PORT each. Only ready pods count
// that are to stay, and a Service of the type ExternalName is served like the others when its name is an address of this node: that is
// how the API server, which refuses loopback addresses in EndpointSlices, is led to a pod here.
func routes(services []*corev1.Service, pods []*corev1.Pod, ours func(ip string) bool) map[string][]string {
	out := map[string][]string{}
	for _, service := range services {
		ip := addressOf(service)
		if !ours(ip) || len(service.Spec.Selector) == 0 {
			continue
		}
		for _, port := range service.Spec.Ports {
			var backends []string
			for _, pod := range selected(service, pods) {
				if target, ok := targetPort(port, pod); ok && IsReady(pod) && pod.DeletionTimestamp == nil {
					backends = append(backends, net.JoinHostPort(pod.Status.PodIP, target))
				}
			}
			if len(backends) > 0 {
				out[net.JoinHostPort(ip, fmt.Sprint(port.Port))] = backends
			}
		}
	}
	return out
}

// addressOf is the address that a Service's name resolves to; none for a headless Service, or a name elsewhere.
func addressOf(service *corev1.Service) string {
	address := service.Spec.ClusterIP
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		address = service.Spec.ExternalName
	}
	if net.ParseIP(address) == nil {
		return ""
	}
	return address
}

func selected(service *corev1.Service, pods []*corev1.Pod) []*corev1.Pod {
	var out []*corev1.Pod
	selector := labels.SelectorFromSet(service.Spec.Selector)
	for _, pod := range pods {
		if pod.Namespace == service.Namespace && pod.Status.PodIP != "" && selector.Matches(labels.Set(pod.Labels)) {
			out = append(out, pod)
		}
	}
	return out
}

func targetPort(port corev1.ServicePort, pod *corev1.Pod) (string, bool) {
	switch {
	case port.TargetPort.Type == intstr.String:
		for _, container := range pod.Spec.Containers {
			for _, p := range container.Ports {
				if p.Name == port.TargetPort.StrVal {
					return fmt.Sprint(p.ContainerPort), true
				}
			}
		}
		return "", false
	case port.TargetPort.IntVal != 0:
		return fmt.Sprint(port.TargetPort.IntVal), true
	}
	return fmt.Sprint(port.Port), true
}

// hosts is what names mean to a pod in namespace, in the form of /etc/hosts. It stands in for cluster DNS.
func hosts(namespace, machine string, services []*corev1.Service, pods []*corev1.Pod) string {
	var out strings.Builder
	fmt.Fprintf(&out, "127.0.0.1 localhost %s\n", machine)
	for _, service := range services {
		names := namesOf(service.Name, service.Namespace, namespace)
		if ip := addressOf(service); ip != "" {
			fmt.Fprintf(&out, "%s %s\n", ip, names)
			continue
		}
		for _, pod := range selected(service, pods) {
			if IsReady(pod) || service.Spec.PublishNotReadyAddresses {
				fmt.Fprintf(&out, "%s %s\n", pod.Status.PodIP, names)
			}
			if pod.Spec.Subdomain == service.Name && pod.Spec.Hostname != "" {
				fmt.Fprintf(&out, "%s %s\n", pod.Status.PodIP, namesOf(pod.Spec.Hostname+"."+service.Name, service.Namespace, namespace))
			}
		}
	}
	for _, pod := range pods {
		if pod.Namespace == namespace && pod.Status.PodIP != "" {
			fmt.Fprintf(&out, "%s %s\n", pod.Status.PodIP, pod.Name)
		}
	}
	return out.String()
}

func namesOf(name, namespace, from string) string {
	full := name + "." + namespace
	names := full + " " + full + ".svc " + full + ".svc.cluster.local"
	if namespace == from {
		names = name + " " + names
	}
	return names
}
