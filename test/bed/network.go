package bed

import (
	"fmt"
	"hash/fnv"
	"net"
)

// network is a slice of the loopback range that belongs to one bed, so that several run side by side with the ports
// that everybody knows: 127.N.0.1 is the control plane and the node, 127.N.1.1 and on are pods, 127.N.128.0/18 are Services.
type network struct {
	prefix string       // "127.N"
	claim  net.Listener // held as long as the bed runs; the kernel frees it however the bed ends
}

// claimPort is where a bed holds its network. Nothing else listens there.
const claimPort = "6440"

// claimNetwork takes the first free network, beginning at one that depends on where the bed's state lies, so that the
// addresses of a checkout mostly stay the same.
func claimNetwork(state string) (network, error) {
	hash := fnv.New32a()
	hash.Write([]byte(state))
	const first, count = 16, 224
	start := int(hash.Sum32() % count)
	var last error
	for i := range count {
		prefix := fmt.Sprintf("127.%d", first+(start+i)%count)
		listener, err := net.Listen("tcp", prefix+".0.1:"+claimPort)
		if err == nil {
			return network{prefix: prefix, claim: listener}, nil
		}
		last = err
	}
	return network{}, fmt.Errorf("no free loopback network: %w", last)
}

func (n network) host() string         { return n.prefix + ".0.1" }
func (n network) serviceRange() string { return n.prefix + ".128.0/18" }

// service is a fixed address for a Service, from the part of the range that Kubernetes leaves for that.
func (n network) service(last int) string { return fmt.Sprintf("%s.128.%d", n.prefix, last) }

func (n network) url(port int) string { return fmt.Sprintf("https://%s:%d", n.host(), port) }
