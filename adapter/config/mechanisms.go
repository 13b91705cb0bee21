package config

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// OAuth is the client credentials grant (RFC 6749, section 4.4). Tokens are used until shortly before they expire.
type OAuth struct {
	TokenURL string `json:"tokenURL"`
	// ClientID, or the file that holds it.
	ClientID         string   `json:"clientID"`
	ClientIDFile     string   `json:"clientIDFile"`
	ClientSecretFile string   `json:"clientSecretFile"`
	Scopes           []string `json:"scopes"`
	// CAFile holds the roots for the token endpoint (PEM); empty: the system's.
	CAFile string `json:"caFile"`
	// Extensions go to the broker beside the token (KIP-342), such as logicalCluster.
	Extensions map[string]string `json:"extensions"`
}

// Kerberos is a principal and how it proves itself. The brokers' principals are serviceName/host@REALM, with the host
// under which each is reached.
type Kerberos struct {
	ServiceName string `json:"serviceName"` // empty: kafka
	Principal   string `json:"principal"`   // without the realm
	Realm       string `json:"realm"`
	// KeytabFile or PasswordFile: one of them.
	KeytabFile   string `json:"keytabFile"`
	PasswordFile string `json:"passwordFile"`
	ConfigFile   string `json:"configFile"` // krb5.conf; empty: /etc/krb5.conf
	// DisableFAST leaves pre-authentication FAST out, which Active Directory often doesn't know.
	DisableFAST bool `json:"disableFAST"`
}

// AWS is the identity for Amazon MSK. Credentials are found the AWS way: environment, shared files, web identity, pod
// identity, instance role.
type AWS struct {
	Region  string `json:"region"`
	RoleARN string `json:"roleARN"` // assumed with those credentials; empty: they are used themselves
}

func (o *OAuth) validate(at *field.Path, allowPlaintext bool) field.ErrorList {
	if o == nil {
		return field.ErrorList{field.Required(at, "OAUTHBEARER needs tokenURL, clientID or clientIDFile, and clientSecretFile")}
	}
	var mistakes field.ErrorList
	endpoint, err := url.Parse(o.TokenURL)
	switch {
	case o.TokenURL == "":
		mistakes = append(mistakes, field.Required(at.Child("tokenURL"), "the token endpoint"))
	case err == nil && endpoint.User != nil:
		mistakes = append(mistakes, field.Forbidden(at.Child("tokenURL"), "holds a user or password: use clientID and clientSecretFile"))
	case err != nil || endpoint.Host == "" || endpoint.Scheme != "https" && endpoint.Scheme != "http":
		mistakes = append(mistakes, field.Invalid(at.Child("tokenURL"), o.TokenURL, "must be a URL such as https://login.example/oauth2/token"))
	case endpoint.Scheme == "http" && !allowPlaintext:
		mistakes = append(mistakes, field.Invalid(at.Child("tokenURL"), o.TokenURL,
			"the client secret would cross the network readable: use https, or where something else encrypts, set sasl.allowPlaintext: true"))
	}
	mistakes = append(mistakes, oneOf(at, "clientID", o.ClientID, "clientIDFile", o.ClientIDFile)...)
	if o.ClientSecretFile == "" {
		mistakes = append(mistakes, field.Required(at.Child("clientSecretFile"), "the file with the client's secret"))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Extensions)) {
		here := at.Child("extensions").Key(name)
		if name == "" || strings.IndexFunc(name, noLetter) >= 0 || name == "auth" {
			mistakes = append(mistakes, field.Invalid(here, name, "the name must be letters, and not auth, which is the token's"))
		}
		if value := o.Extensions[name]; value == "" || strings.IndexFunc(value, unprintable) >= 0 {
			mistakes = append(mistakes, field.Invalid(here, value, "must be printable ASCII, and not empty"))
		}
	}
	return mistakes
}

func (k *Kerberos) validate(at *field.Path) field.ErrorList {
	if k == nil {
		return field.ErrorList{field.Required(at, "GSSAPI needs principal, realm, and keytabFile or passwordFile")}
	}
	var mistakes field.ErrorList
	switch {
	case k.Principal == "":
		mistakes = append(mistakes, field.Required(at.Child("principal"), "who the adapter is, without the realm"))
	case strings.Contains(k.Principal, "@"):
		mistakes = append(mistakes, field.Invalid(at.Child("principal"), k.Principal, "must stand without the realm, which has a field of its own"))
	}
	if k.Realm == "" {
		mistakes = append(mistakes, field.Required(at.Child("realm"), "the principal's realm"))
	}
	return append(mistakes, oneOf(at, "keytabFile", k.KeytabFile, "passwordFile", k.PasswordFile)...)
}

func (a *AWS) validate(at *field.Path) field.ErrorList {
	if a == nil {
		return field.ErrorList{field.Required(at, "AWS_MSK_IAM needs region")}
	}
	var mistakes field.ErrorList
	if a.Region == "" {
		mistakes = append(mistakes, field.Required(at.Child("region"), "the region of the MSK cluster, such as eu-central-1"))
	}
	if a.RoleARN != "" && !strings.HasPrefix(a.RoleARN, "arn:") {
		mistakes = append(mistakes, field.Invalid(at.Child("roleARN"), a.RoleARN, "must be an ARN such as arn:aws:iam::123456789012:role/lag-reader"))
	}
	return mistakes
}

// oneOf wants exactly one of two fields.
func oneOf(at *field.Path, first, firstValue, second, secondValue string) field.ErrorList {
	switch {
	case firstValue == "" && secondValue == "":
		return field.ErrorList{field.Required(at.Child(first), "set it, or "+second)}
	case firstValue != "" && secondValue != "":
		return field.ErrorList{field.Forbidden(at.Child(second), first+" is set too: remove one of them")}
	}
	return nil
}

// What a broker takes for an extension's name and value: RFC 7628, section 3.1, without line breaks.
func noLetter(r rune) bool    { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }
func unprintable(r rune) bool { return r < ' ' || r > '~' }
