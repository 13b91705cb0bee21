// Package namespaces reads the flag --namespaces, which both programs have, and knows which watches see the namespaces of it.
package namespaces

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Given are the namespaces of the flag, sorted and each once. The error names the flag, and the namespace that can't exist.
func Given(flag []string) ([]string, error) {
	for _, namespace := range flag {
		if wrong := validation.IsDNS1123Label(namespace); len(wrong) > 0 {
			return nil, fmt.Errorf("--namespaces=%s: namespace %q can't exist: %s", strings.Join(flag, ","), namespace, strings.Join(wrong, "; "))
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(flag))), nil
}
