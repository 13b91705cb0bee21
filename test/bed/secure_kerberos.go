package bed

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/flink-hpa/flink-hpa/test/process"
)

//go:embed secure_kdc.java
var kdcSource []byte

const kdcPort = 6488

// writeKerberos makes krb5.conf, which names the KDC that StartKDC starts, and keytabs: client.keytab of SecureUser, and
// the brokers', each of which is the service kafka/HOST. A broker needs no KDC: it reads tickets with its own key.
func (k *SecureKafka) writeKerberos(hosts []string, kdc string) error {
	conf := fmt.Sprintf("[libdefaults]\ndefault_realm = %[1]s\nudp_preference_limit = 1\ndns_lookup_kdc = false\n[realms]\n%[1]s = {\n  kdc = %[2]s:%[3]d\n}\n",
		SecureRealm, kdc, kdcPort)
	if err := os.WriteFile(k.File("krb5.conf"), []byte(conf), 0o600); err != nil {
		return err
	}
	var services []string
	for _, host := range hosts {
		services = append(services, "kafka/"+host)
	}
	if err := k.writeKeytab("broker.keytab", services...); err != nil {
		return err
	}
	return k.writeKeytab("client.keytab", SecureUser)
}

func (k *SecureKafka) writeKeytab(file string, principals ...string) error {
	keys := keytab.New()
	for _, principal := range principals {
		if err := keys.AddEntry(principal, SecureRealm, SecurePassword, time.Now(), 1, etypeID.AES128_CTS_HMAC_SHA1_96); err != nil {
			return err
		}
	}
	var data bytes.Buffer
	if _, err := keys.Write(&data); err != nil {
		return err
	}
	return os.WriteFile(k.File(file), data.Bytes(), 0o600)
}

// StartKDC starts a Kerberos KDC that knows the brokers and SecureUser, and returns when it answers. The caller stops it.
func (b *Bed) StartKDC(ctx context.Context, k *SecureKafka) (*process.Process, error) {
	source, work := filepath.Join(b.layout.state, "kafka-secure", "Kdc.java"), b.Dir("kafka-secure/kdc")
	if err := os.MkdirAll(work, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(source, kdcSource, 0o644); err != nil {
		return nil, err
	}
	args := []string{"-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(k.libs, "*"),
		source, work, SecureRealm, b.network.host(), strconv.Itoa(kdcPort), SecurePassword, SecureUser}
	for _, server := range k.Internal {
		host, _, err := net.SplitHostPort(server)
		if err != nil {
			return nil, err
		}
		args = append(args, "kafka/"+host)
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, err
	}
	kdc, err := process.Start(process.Spec{
		Path: java, Args: args, Dir: work, Log: b.layout.log("kdc"),
		Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + work, Variable + "=" + b.layout.state},
	})
	if err != nil {
		return nil, err
	}
	err = b.until(ctx, secureWithin, "the KDC listens", func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(b.network.host(), strconv.Itoa(kdcPort)))
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		_ = kdc.Stop(0)
		return nil, err
	}
	return kdc, nil
}
