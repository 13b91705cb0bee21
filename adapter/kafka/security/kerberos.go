package security

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/IBM/sarama"
	krb5 "github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// useKerberos sets what sarama needs to log in to the KDC for each connection. It reads both files once more by itself then,
// so what it would stumble over is refused here: gokrb5's message for a broken keytab holds the keytab.
func useKerberos(conf *sarama.GSSAPIConfig, k *config.Kerberos, m material) error {
	if err := checkKrb5(m.krb5conf); err != nil {
		return fmt.Errorf("sasl.kerberos.configFile: %s: %w", configFile(k), err)
	}
	*conf = sarama.GSSAPIConfig{
		AuthType:           sarama.KRB5_USER_AUTH,
		KerberosConfigPath: configFile(k),
		ServiceName:        cmp.Or(k.ServiceName, "kafka"),
		Username:           k.Principal,
		Password:           m.krb5pass,
		Realm:              k.Realm,
		DisablePAFXFAST:    k.DisableFAST,
	}
	if k.KeytabFile != "" {
		if keytab.New().Unmarshal([]byte(m.keytab)) != nil {
			return fmt.Errorf("sasl.kerberos.keytabFile: %s: no keytab is in it", k.KeytabFile)
		}
		conf.AuthType, conf.KeyTabPath = sarama.KRB5_KEYTAB_AUTH, k.KeytabFile
	}
	return nil
}

// checkKrb5 parses a krb5.conf. gokrb5 panics on some that are broken, such as one with {} on a line.
func checkKrb5(content string) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("can't be parsed: { must end its line, and } stand on one of its own")
		}
	}()
	_, err = krb5.NewFromString(content)
	return err
}

func configFile(k *config.Kerberos) string { return cmp.Or(k.ConfigFile, "/etc/krb5.conf") }
