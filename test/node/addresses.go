package node

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// addresses gives each pod a loopback address of its own. Linux lets any process bind any address of 127.0.0.0/8.
type addresses struct {
	network string // first two numbers: "127.42"
	mu      sync.Mutex
	next    int
	pods    map[types.UID]string
}

// perNumber addresses lie under each third number, pods start at NETWORK.1.1, and 120 third numbers are theirs: an
// address comes again only after 30,000 pods.
const perNumber, numbers = 250, 120

func newAddresses(network string) *addresses {
	return &addresses{network: network, pods: map[types.UID]string{}}
}

// of is the pod's address, taken at the first call.
func (a *addresses) of(pod types.UID) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if address, ok := a.pods[pod]; ok {
		return address
	}
	address := fmt.Sprintf("%s.%d.%d", a.network, 1+a.next/perNumber%numbers, 1+a.next%perNumber)
	a.next++
	a.pods[pod] = address
	return address
}

func (a *addresses) release(pod types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.pods, pod)
}
