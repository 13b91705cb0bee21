package security

import (
	"cmp"
	"fmt"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

func (s *Source) makeSASL(conf *sarama.Config, m material) error {
	if s.sasl == nil {
		return nil
	}
	sasl := &conf.Net.SASL
	sasl.Enable, sasl.Mechanism = true, sarama.SASLMechanism(s.sasl.Mechanism)
	sasl.User, sasl.Password = cmp.Or(s.sasl.Username, m.username), m.password
	switch s.sasl.Mechanism {
	case config.Plain:
		return nil
	case config.ScramSHA256:
		return useScram(conf, scram.SHA256)
	case config.ScramSHA512:
		return useScram(conf, scram.SHA512)
	case config.OAuthBearer:
		tokens, err := newOAuth(s.sasl.OAuth, m, conf)
		sasl.TokenProvider = tokens
		return err
	case config.AWSMSKIAM:
		sasl.Mechanism = sarama.SASLTypeOAuth // what is called AWS_MSK_IAM is for the JVM's own library only
		sasl.TokenProvider = newMSK(s.sasl.AWS, conf)
		return nil
	case config.GSSAPI:
		return useKerberos(&sasl.GSSAPI, s.sasl.Kerberos, m)
	}
	return fmt.Errorf("sasl.mechanism: %q is none that the adapter knows", s.sasl.Mechanism)
}

// useScram keeps one client for all connections: the keys that it derives from the password are costly. Like Kafka, it
// takes the bytes of name and password as they are, without SASLprep.
func useScram(conf *sarama.Config, hash scram.HashGeneratorFcn) error {
	client, err := hash.NewClientUnprepped(conf.Net.SASL.User, conf.Net.SASL.Password, "")
	if err != nil {
		return err
	}
	conf.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &conversation{client: client} }
	return nil
}

// conversation is one authentication by SCRAM.
type conversation struct {
	client *scram.Client
	*scram.ClientConversation
}

// Begin starts it, as the user whom the client already knows.
func (c *conversation) Begin(_, _, _ string) error {
	c.ClientConversation = c.client.NewConversation()
	return nil
}
