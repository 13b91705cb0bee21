package namespaces

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Watches are the namespaces that need a watch each, for those that are served to be seen: these, or none, which are all, with one watch under
// metav1.NamespaceAll.
func Watches(served []string) []string {
	if len(served) == 0 {
		return []string{metav1.NamespaceAll}
	}
	return served
}

// Watch is the one of Watches, here by its namespace, that sees that namespace; ok is false when none does.
func Watch[W any](watches map[string]W, namespace string) (watch W, ok bool) {
	if watch, ok = watches[metav1.NamespaceAll]; !ok {
		watch, ok = watches[namespace]
	}
	return watch, ok
}
