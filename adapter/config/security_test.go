package config

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

func TestSecurity(t *testing.T) {
	tests := []struct {
		name string
		yaml string
		want []string // how each mistake begins, and some word of its way out after a bar
	}{
		{"neither TLS nor SASL", `{}`, nil},
		{"TLS with the system's roots", `tls: {}`, nil},
		{"TLS with files of its own", `tls: {caFile: /ca, certFile: /crt, keyFile: /key, serverName: kafka}`, nil},
		{"a certificate without its key", `tls: {certFile: /crt}`, []string{"tls.keyFile: Required"}},
		{"a key without its certificate", `tls: {keyFile: /key}`, []string{"tls.certFile: Required"}},
		{"PLAIN over TLS", `{tls: {}, sasl: {mechanism: PLAIN, username: u, passwordFile: /p}}`, nil},
		{"PLAIN in the open", `sasl: {mechanism: PLAIN, username: u, passwordFile: /p}`, []string{"tls: Required|sasl.allowPlaintext: true"}},
		{"PLAIN in the open, on purpose", `sasl: {mechanism: PLAIN, username: u, passwordFile: /p, allowPlaintext: true}`, nil},
		{"SCRAM in the open: no secret is sent", `sasl: {mechanism: SCRAM-SHA-256, usernameFile: /u, passwordFile: /p}`, nil},
		{"SCRAM with a permission that it doesn't need", `sasl: {mechanism: SCRAM-SHA-512, username: u, passwordFile: /p, allowPlaintext: true}`,
			[]string{"sasl.allowPlaintext: Forbidden|PLAIN, OAUTHBEARER"}},
		{"SCRAM without anything", `sasl: {mechanism: SCRAM-SHA-512}`, []string{"sasl.username: Required|usernameFile", "sasl.passwordFile: Required"}},
		{"two user names", `sasl: {mechanism: SCRAM-SHA-512, username: u, usernameFile: /u, passwordFile: /p}`, []string{"sasl.usernameFile: Forbidden|username is set too"}},
		{"no mechanism", `sasl: {username: u}`, []string{"sasl.mechanism: Required|AWS_MSK_IAM"}},
		{"a mechanism that nobody knows", `sasl: {mechanism: SCRAM-SHA-1}`, []string{`sasl.mechanism: Unsupported value: "SCRAM-SHA-1"|SCRAM-SHA-256`}},
		{"OAUTHBEARER", `{tls: {}, sasl: {mechanism: OAUTHBEARER, oauth: {tokenURL: "https://login/token", clientID: c, clientSecretFile: /s,
			scopes: [kafka], extensions: {logicalCluster: lkc-1}}}}`, nil},
		{"OAUTHBEARER without its section", `{tls: {}, sasl: {mechanism: OAUTHBEARER}}`, []string{"sasl.oauth: Required"}},
		{"OAUTHBEARER with an empty section", `{tls: {}, sasl: {mechanism: OAUTHBEARER, oauth: {}}}`,
			[]string{"sasl.oauth.tokenURL: Required", "sasl.oauth.clientID: Required|clientIDFile", "sasl.oauth.clientSecretFile: Required"}},
		{"a token endpoint that everybody can listen to", `{tls: {}, sasl: {mechanism: OAUTHBEARER, oauth: {tokenURL: "http://login/token", clientID: c, clientSecretFile: /s}}}`,
			[]string{"sasl.oauth.tokenURL: Invalid|use https"}},
		{"the same, on purpose", `{tls: {}, sasl: {mechanism: OAUTHBEARER, allowPlaintext: true, oauth: {tokenURL: "http://login/token", clientID: c, clientSecretFile: /s}}}`, nil},
		{"a token endpoint that is no URL", `{tls: {}, sasl: {mechanism: OAUTHBEARER, oauth: {tokenURL: login, clientID: c, clientSecretFile: /s}}}`,
			[]string{`sasl.oauth.tokenURL: Invalid value: "login"|https://`}},
		{"a secret in the token endpoint", `{tls: {}, sasl: {mechanism: OAUTHBEARER, oauth: {tokenURL: "https://u:hidden@login", clientID: c, clientSecretFile: /s}}}`,
			[]string{"sasl.oauth.tokenURL: Forbidden|clientSecretFile"}},
		{"extensions that no broker takes", `{tls: {}, sasl: {mechanism: OAUTHBEARER, oauth: {tokenURL: "https://login", clientID: c, clientSecretFile: /s,
			extensions: {auth: x, a-b: x, ok: "a\u0001"}}}}`,
			[]string{"sasl.oauth.extensions[a-b]: Invalid", "sasl.oauth.extensions[auth]: Invalid", "sasl.oauth.extensions[ok]: Invalid"}},
		{"GSSAPI", `sasl: {mechanism: GSSAPI, kerberos: {principal: lag/host, realm: EXAMPLE, keytabFile: /k}}`, nil},
		{"GSSAPI without its section", `sasl: {mechanism: GSSAPI}`, []string{"sasl.kerberos: Required"}},
		{"GSSAPI with two proofs and the realm in the wrong place", `sasl: {mechanism: GSSAPI, kerberos: {principal: lag@EXAMPLE, keytabFile: /k, passwordFile: /p}}`,
			[]string{`sasl.kerberos.principal: Invalid value: "lag@EXAMPLE"`, "sasl.kerberos.realm: Required", "sasl.kerberos.passwordFile: Forbidden"}},
		{"MSK", `{tls: {}, sasl: {mechanism: AWS_MSK_IAM, aws: {region: eu-central-1, roleARN: "arn:aws:iam::1:role/r"}}}`, nil},
		{"MSK without TLS", `sasl: {mechanism: AWS_MSK_IAM, aws: {region: eu-central-1}}`, []string{"tls: Required|tls: {}"}},
		{"MSK without its section", `{tls: {}, sasl: {mechanism: AWS_MSK_IAM}}`, []string{"sasl.aws: Required"}},
		{"MSK without a region, and with a role that is none", `{tls: {}, sasl: {mechanism: AWS_MSK_IAM, aws: {roleARN: reader}}}`,
			[]string{"sasl.aws.region: Required", `sasl.aws.roleARN: Invalid value: "reader"`}},
		{"sections of other mechanisms, and a wrong certificate, all at once",
			`{tls: {keyFile: /key}, sasl: {mechanism: PLAIN, username: u, passwordFile: /p, oauth: {}, kerberos: {}, aws: {}}}`,
			[]string{"tls.certFile: Required", "sasl.oauth: Forbidden|OAUTHBEARER", "sasl.kerberos: Forbidden|GSSAPI", "sasl.aws: Forbidden|AWS_MSK_IAM"}},
		{"a password of PLAIN that GSSAPI doesn't read", `sasl: {mechanism: GSSAPI, passwordFile: /p, kerberos: {principal: lag, realm: EXAMPLE, passwordFile: /p}}`,
			[]string{"sasl.passwordFile: Forbidden"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var cluster KafkaCluster
			if err := yaml.UnmarshalStrict([]byte(test.yaml), &cluster); err != nil {
				t.Fatal(err)
			}
			got := cluster.validateSecurity(field.NewPath("x"))
			if len(got) != len(test.want) {
				t.Fatalf("%d mistakes, want %d: %v", len(got), len(test.want), got)
			}
			for i, want := range test.want {
				begin, rest, _ := strings.Cut(want, "|")
				message := got[i].Error()
				if !strings.HasPrefix(message, "x."+begin) || !strings.Contains(message, rest) {
					t.Errorf("got %q, want %q", message, want)
				}
			}
			if slices.ContainsFunc(got, func(e *field.Error) bool { return strings.Contains(e.Error(), "hidden") }) {
				t.Errorf("a secret shows in %v", got)
			}
		})
	}
}
