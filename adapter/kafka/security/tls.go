package security

import "github.com/IBM/sarama"

func (s *Source) makeTLS(conf *sarama.Config, m material) error {
	if s.tls == nil {
		return nil
	}
	made, err := m.tls.Config(s.tls) // without a ServerName sarama takes the broker's host
	if err != nil {
		return err
	}
	conf.Net.TLS.Enable, conf.Net.TLS.Config = true, made
	return nil
}
