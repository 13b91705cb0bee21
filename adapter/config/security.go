package config

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// TLS is how connections to brokers, or to JobManagers, are encrypted. An empty one (tls: {}) trusts the system's roots and shows no
// client certificate. All files are PEM, and are read again when they change. The server's certificate is always verified.
type TLS struct {
	// CAFile holds the roots that the servers' certificates must lead to; empty: the system's.
	CAFile string `json:"caFile"`
	// CertFile and KeyFile are the client's certificate and its key: both or neither.
	CertFile string `json:"certFile"`
	KeyFile  string `json:"keyFile"`
	// ServerName is what each broker's certificate must be for; empty: the host under which the broker is reached.
	ServerName string `json:"serverName"`
}

// The values of SASL.Mechanism.
const (
	Plain       = "PLAIN"
	ScramSHA256 = "SCRAM-SHA-256"
	ScramSHA512 = "SCRAM-SHA-512"
	OAuthBearer = "OAUTHBEARER"
	GSSAPI      = "GSSAPI"
	AWSMSKIAM   = "AWS_MSK_IAM"
)

// SASL is how the adapter says to the brokers who it is. Secrets stand in files, which are read again when they change;
// a newline at their end doesn't count. A field that doesn't belong to the mechanism is a mistake.
type SASL struct {
	Mechanism string `json:"mechanism"`
	// AllowPlaintext lets PLAIN and OAUTHBEARER send their secrets without TLS: to brokers that a mesh encrypts for, and in tests.
	AllowPlaintext bool `json:"allowPlaintext"`
	// Username, or the file that holds it, for PLAIN and SCRAM.
	Username     string `json:"username"`
	UsernameFile string `json:"usernameFile"`
	PasswordFile string `json:"passwordFile"`

	OAuth    *OAuth    `json:"oauth"`    // for OAUTHBEARER
	Kerberos *Kerberos `json:"kerberos"` // for GSSAPI
	AWS      *AWS      `json:"aws"`      // for AWS_MSK_IAM
}

// validateSecurity checks TLS and SASL, each and together.
func (c KafkaCluster) validateSecurity(at *field.Path) field.ErrorList {
	mistakes := append(c.TLS.validate(at.Child("tls")), c.SASL.validate(at.Child("sasl"))...)
	if c.SASL == nil || c.TLS != nil {
		return mistakes
	}
	tls := at.Child("tls")
	switch {
	case c.SASL.Mechanism == AWSMSKIAM:
		mistakes = append(mistakes, field.Required(tls, "AWS_MSK_IAM has listeners with TLS only; tls: {} trusts the system's roots"))
	case c.SASL.sendsSecrets() && !c.SASL.AllowPlaintext:
		mistakes = append(mistakes, field.Required(tls, c.SASL.Mechanism+" sends its secret readable without TLS: set tls, {} trusts the system's roots; "+
			"where something else encrypts, set sasl.allowPlaintext: true"))
	}
	return mistakes
}

func (t *TLS) validate(at *field.Path) field.ErrorList {
	var mistakes field.ErrorList
	if t == nil {
		return nil
	}
	if t.CertFile == "" && t.KeyFile != "" {
		mistakes = append(mistakes, field.Required(at.Child("certFile"), "keyFile is set, and a client certificate needs both"))
	}
	if t.KeyFile == "" && t.CertFile != "" {
		mistakes = append(mistakes, field.Required(at.Child("keyFile"), "certFile is set, and a client certificate needs both"))
	}
	return mistakes
}

// sendsSecrets tells whether whoever reads along can use what is sent.
func (s *SASL) sendsSecrets() bool { return s.Mechanism == Plain || s.Mechanism == OAuthBearer }

func (s *SASL) validate(at *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	mechanisms := []string{Plain, ScramSHA256, ScramSHA512, OAuthBearer, GSSAPI, AWSMSKIAM}
	var mistakes field.ErrorList
	switch s.Mechanism {
	case Plain, ScramSHA256, ScramSHA512:
		mistakes = oneOf(at, "username", s.Username, "usernameFile", s.UsernameFile)
		if s.PasswordFile == "" {
			mistakes = append(mistakes, field.Required(at.Child("passwordFile"), s.Mechanism+" needs the file with the password"))
		}
	case OAuthBearer:
		mistakes = s.OAuth.validate(at.Child("oauth"), s.AllowPlaintext)
	case GSSAPI:
		mistakes = s.Kerberos.validate(at.Child("kerberos"))
	case AWSMSKIAM:
		mistakes = s.AWS.validate(at.Child("aws"))
	case "":
		return field.ErrorList{field.Required(at.Child("mechanism"), "one of "+strings.Join(mechanisms, ", "))}
	default:
		return field.ErrorList{field.NotSupported(at.Child("mechanism"), s.Mechanism, mechanisms)}
	}
	return append(mistakes, s.strangers(at)...)
}

// strangers are the fields that are set and belong to other mechanisms.
func (s *SASL) strangers(at *field.Path) field.ErrorList {
	scram := []string{Plain, ScramSHA256, ScramSHA512}
	var mistakes field.ErrorList
	for _, f := range []struct {
		name      string
		set       bool
		belongsTo []string
	}{
		{"allowPlaintext", s.AllowPlaintext, []string{Plain, OAuthBearer}},
		{"username", s.Username != "", scram},
		{"usernameFile", s.UsernameFile != "", scram},
		{"passwordFile", s.PasswordFile != "", scram},
		{"oauth", s.OAuth != nil, []string{OAuthBearer}},
		{"kerberos", s.Kerberos != nil, []string{GSSAPI}},
		{"aws", s.AWS != nil, []string{AWSMSKIAM}},
	} {
		if f.set && !slices.Contains(f.belongsTo, s.Mechanism) {
			mistakes = append(mistakes, field.Forbidden(at.Child(f.name),
				fmt.Sprintf("means nothing to %s, only to %s: remove it", s.Mechanism, strings.Join(f.belongsTo, ", "))))
		}
	}
	return mistakes
}
