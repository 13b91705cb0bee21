// Package security puts a Kafka cluster's TLS and SASL settings into a sarama configuration.
//
// Secrets stand in files that may be renewed at any time. They are read anew before each round of polling, which costs
// next to nothing, and no error names what is in them.
package security

import (
	"fmt"
	"strings"

	"github.com/IBM/sarama"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/tlsfile"
)

// Source is one cluster's TLS and SASL settings. It is not safe for concurrent use; what it puts into a configuration is.
type Source struct {
	tls  *config.TLS
	sasl *config.SASL

	made *sarama.Config // holds what the last Apply made, with the tokens that it keeps; nil before the first
	from material
}

// New returns the source of settings that were validated; nil for tls means no encryption, nil for sasl no authentication.
func New(tls *config.TLS, sasl *config.SASL) *Source { return &Source{tls: tls, sasl: sasl} }

// Apply reads the files and sets conf.Net.TLS and conf.Net.SASL. changed is true when what it read differs from what
// the last Apply that succeeded had read, and for the first. The error names the field and the file, never its content;
// conf is unchanged then.
func (s *Source) Apply(conf *sarama.Config) (changed bool, err error) {
	from, err := s.read()
	if err != nil {
		return false, err
	}
	changed = s.made == nil || from != s.from
	if changed {
		made := sarama.NewConfig()                  // with SASL over Kafka's own requests, which tells why it fails
		made.Net.ReadTimeout = conf.Net.ReadTimeout // which tokens must not exceed
		if err := s.makeTLS(made, from); err != nil {
			return false, err
		}
		if err := s.makeSASL(made, from); err != nil {
			return false, err
		}
		s.made, s.from = made, from
	}
	conf.Net.TLS, conf.Net.SASL = s.made.Net.TLS, s.made.Net.SASL
	return changed, nil
}

// material is what stands in the files; the same material makes the same settings.
type material struct {
	tls                        tlsfile.Files
	username, password         string
	clientID, secret, oauthCA  string
	keytab, krb5conf, krb5pass string
}

func (s *Source) read() (material, error) {
	var (
		m material
		r reader
	)
	m.tls, r.err = tlsfile.Read(s.tls)
	if s.sasl == nil {
		return m, r.err
	}
	m.username = r.word("sasl.usernameFile", s.sasl.UsernameFile)
	m.password = r.word("sasl.passwordFile", s.sasl.PasswordFile)
	if o := s.sasl.OAuth; o != nil {
		m.clientID = r.word("sasl.oauth.clientIDFile", o.ClientIDFile)
		m.secret = r.word("sasl.oauth.clientSecretFile", o.ClientSecretFile)
		m.oauthCA = r.file("sasl.oauth.caFile", o.CAFile)
	}
	if k := s.sasl.Kerberos; k != nil {
		m.krb5conf = r.file("sasl.kerberos.configFile", configFile(k))
		m.keytab = r.file("sasl.kerberos.keytabFile", k.KeytabFile)
		m.krb5pass = r.word("sasl.kerberos.passwordFile", k.PasswordFile)
	}
	return m, r.err
}

// reader reads files until the first that it can't.
type reader struct{ err error }

// file is the content of a file, which mustn't be empty. No path means no content.
func (r *reader) file(field, path string) string {
	if r.err != nil {
		return ""
	}
	var content string
	content, r.err = tlsfile.Content(field, path)
	return content
}

// word is the same without the newline that most editors, and echo, put at the end.
func (r *reader) word(field, path string) string {
	content := strings.TrimRight(r.file(field, path), "\r\n")
	if content == "" && path != "" && r.err == nil {
		r.err = fmt.Errorf("%s: %s: %w", field, path, tlsfile.ErrEmpty)
	}
	return content
}
