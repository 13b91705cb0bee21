package bed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/test/load"
)

// Names of the secure cluster.
const (
	SecureNamespace = "kafka-secure"
	SecureBrokers   = "statefulset/kafka" // its pods are the brokers 0, 1 and 2; scaling it down kills the last ones
	SecureRealm     = "FLINKHPA.TEST"     // Kerberos
	SecureUser      = "adapter"           // whom the brokers let in, except by SCRAM, where the tests make the users
	SecurePassword  = "kept-from-every-log"
)

const (
	secureCount   = 3
	secureAddress = 10 // last number of broker 0's Service; the others' follow
	secureWithin  = 2 * time.Minute
)

// SecureKafka is a Kafka cluster of three brokers that ask clients who they are, beside the bed's own broker.
type SecureKafka struct {
	Internal []string // host:port; what the brokers use among themselves: no encryption, and everybody may do everything
	SASL     []string // TLS, and each SASL mechanism
	MTLS     []string // TLS, and a client certificate

	files string
	libs  string
}

// StartSecureKafka brings the secure cluster up and returns when its three brokers answer. It ends with its namespace,
// or with the bed.
func (b *Bed) StartSecureKafka(ctx context.Context) (*SecureKafka, error) {
	k := &SecureKafka{files: b.Dir("kafka-secure/pki"), libs: b.layout.kafkaLibs()}
	var hosts []string
	for i := range secureCount {
		host := b.network.service(secureAddress + i)
		hosts = append(hosts, host)
		k.Internal = append(k.Internal, net.JoinHostPort(host, "9092"))
		k.SASL = append(k.SASL, net.JoinHostPort(host, "9094"))
		k.MTLS = append(k.MTLS, net.JoinHostPort(host, "9095"))
	}
	if err := k.writeFiles(hosts, b.network.host()); err != nil {
		return nil, err
	}
	const manifest = "kafka-secure.yaml"
	err := b.render(manifest, manifest, map[string]string{
		"State": b.layout.state, "Address": strings.TrimSuffix(hosts[0], "0"),
		"User": SecureUser, "Password": SecurePassword, "Realm": SecureRealm,
	})
	if err != nil {
		return nil, err
	}
	if _, err := b.Run(ctx, "apply", "-f", b.layout.manifests(manifest)); err != nil {
		return nil, err
	}
	return k, b.until(ctx, secureWithin, "three brokers answer", func(context.Context) error { return k.complete() })
}

// File is where a file lies that the cluster was made with: ca.crt; of SecureUser, client.crt, client.key and client.keytab;
// krb5.conf.
func (k *SecureKafka) File(name string) string { return filepath.Join(k.files, name) }

// writeFiles makes what the brokers mount: their certificate, good for each one's host, and their Kerberos keys.
func (k *SecureKafka) writeFiles(hosts []string, kdc string) error {
	ca, err := newAuthority(layout{state: filepath.Dir(k.files)})
	if err != nil {
		return err
	}
	for _, id := range []identity{{file: "broker", user: "broker", names: hosts}, {file: "client", user: SecureUser}} {
		if err := ca.issue(id); err != nil {
			return err
		}
	}
	var pem []byte
	for _, file := range []string{"broker.key", "broker.crt"} {
		data, err := os.ReadFile(k.File(file))
		if err != nil {
			return err
		}
		pem = append(pem, data...)
	}
	if err := os.WriteFile(k.File("broker.pem"), pem, 0o600); err != nil {
		return err
	}
	return k.writeKerberos(hosts, kdc)
}

// complete says which brokers are missing.
func (k *SecureKafka) complete() error {
	client, err := load.Connect(k.Internal)
	if err != nil {
		return err
	}
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		return errors.Join(err, client.Close())
	}
	brokers, _, err := admin.DescribeCluster()
	if err == nil && len(brokers) < secureCount {
		err = fmt.Errorf("only %d brokers are there", len(brokers))
	}
	return errors.Join(err, admin.Close()) // and client with it
}

// Tool runs one of Kafka's own command line tools, named by its class, and returns what it printed.
func (k *SecureKafka) Tool(ctx context.Context, class string, args ...string) (string, error) {
	line := append([]string{"-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(k.libs, "*"), class}, args...)
	output, err := exec.CommandContext(ctx, "java", line...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", class, strings.Join(args, " "), err, output)
	}
	return string(output), nil
}
