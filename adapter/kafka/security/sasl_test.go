package security

import (
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

func TestPlain(t *testing.T) {
	files := newFolder(t)
	conf, _ := mustApply(t, New(nil, &config.SASL{Mechanism: config.Plain, Username: "lag", PasswordFile: files.write("p", " with blanks \r\n")}))
	if got := conf.Net.SASL; got.Mechanism != sarama.SASLTypePlaintext || got.User != "lag" || got.Password != " with blanks " || got.Version != sarama.SASLHandshakeV1 || !got.Handshake {
		t.Errorf("got mechanism %s, user %q, password %q, version %d, handshake %t", got.Mechanism, got.User, got.Password, got.Version, got.Handshake)
	}
}

func TestScram(t *testing.T) {
	tests := []struct {
		name      string
		mechanism string
		hash      scram.HashGeneratorFcn
		password  string // the broker's
		file      string // ours
		want      string
	}{
		{"SHA-256", config.ScramSHA256, scram.SHA256, "secret", "secret", ""},
		{"SHA-512, with the newline of an editor", config.ScramSHA512, scram.SHA512, "secret", "secret\n", ""},
		{"a password that SASLprep would change", config.ScramSHA512, scram.SHA512, "a\u00a0\u00aab", "a\u00a0\u00aab", ""},
		{"a password that SASLprep would refuse", config.ScramSHA512, scram.SHA512, "\U0001f511", "\U0001f511", ""},
		{"another password", config.ScramSHA512, scram.SHA512, "secret", "other", "proof invalid"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := newFolder(t)
			conf, _ := mustApply(t, New(nil, &config.SASL{Mechanism: test.mechanism, Username: "us,er=", PasswordFile: files.write("p", test.file)}))
			for range 2 { // connections
				err := converse(conf, newScramServer(t, test.hash, "us,er=", test.password))
				if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
			}
		})
	}
}

func newScramServer(t *testing.T, hash scram.HashGeneratorFcn, user, password string) *scram.ServerConversation {
	t.Helper()
	client, err := hash.NewClientUnprepped(user, password, "")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "0123456789abcdef", Iters: 4096})
	if err != nil {
		t.Fatal(err)
	}
	server, err := hash.NewServer(func(string) (scram.StoredCredentials, error) { return stored, nil })
	if err != nil {
		t.Fatal(err)
	}
	return server.NewConversation()
}

// converse goes to and fro as sarama does with a broker.
func converse(conf *sarama.Config, server *scram.ServerConversation) error {
	client := conf.Net.SASL.SCRAMClientGeneratorFunc()
	if err := client.Begin(conf.Net.SASL.User, conf.Net.SASL.Password, conf.Net.SASL.SCRAMAuthzID); err != nil {
		return err
	}
	message, err := client.Step("")
	for err == nil && !client.Done() {
		var answer string
		if answer, err = server.Step(message); err == nil {
			message, err = client.Step(answer)
		}
	}
	return err
}
