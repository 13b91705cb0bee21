package security

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/tlsfile"
)

// folder holds the files of one test.
type folder struct {
	t    *testing.T
	path string
}

func newFolder(t *testing.T) folder { return folder{t, t.TempDir()} }

// write puts content into the file and returns its path.
func (f folder) write(name, content string) string {
	f.t.Helper()
	path := filepath.Join(f.path, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

func mustApply(t *testing.T, s *Source) (*sarama.Config, bool) {
	t.Helper()
	conf := sarama.NewConfig()
	changed, err := s.Apply(conf)
	if err != nil {
		t.Fatal(err)
	}
	if err := conf.Validate(); err != nil {
		t.Fatalf("sarama refuses it: %v", err)
	}
	return conf, changed
}

func TestNoSecurity(t *testing.T) {
	source := New(nil, nil)
	conf, changed := mustApply(t, source)
	if !changed || conf.Net.TLS.Enable || conf.Net.SASL.Enable {
		t.Errorf("changed %t, TLS %t, SASL %t; want only the first change", changed, conf.Net.TLS.Enable, conf.Net.SASL.Enable)
	}
	if _, changed := mustApply(t, source); changed {
		t.Error("the second Apply says that something changed")
	}
}

// everything is settings of each mechanism with all the files that they can name.
func everything(files folder) map[string]*Source {
	first, second := newCA(files.t), newCA(files.t)
	cert, key := first.issue(files.t, "adapter")
	tls := &config.TLS{CAFile: files.write("ca", first.pem), CertFile: files.write("cert", cert), KeyFile: files.write("key", key)}
	word := func(name string) string { return files.write(name, name+"-secret\n") }
	return map[string]*Source{
		"PLAIN": New(tls, &config.SASL{Mechanism: config.Plain, UsernameFile: word("username"), PasswordFile: word("password")}),
		"SCRAM": New(tls, &config.SASL{Mechanism: config.ScramSHA512, UsernameFile: word("username"), PasswordFile: word("password")}),
		"OAUTHBEARER": New(tls, &config.SASL{Mechanism: config.OAuthBearer, OAuth: &config.OAuth{TokenURL: "https://localhost",
			ClientIDFile: word("clientID"), ClientSecretFile: word("clientSecret"), CAFile: files.write("oauthCA", second.pem)}}),
		"GSSAPI by keytab": New(tls, &config.SASL{Mechanism: config.GSSAPI, Kerberos: &config.Kerberos{Principal: "lag", Realm: "EXAMPLE",
			KeytabFile: files.write("keytab", newKeytab(files.t)), ConfigFile: files.write("krb5.conf", krb5conf)}}),
		"GSSAPI by password": New(tls, &config.SASL{Mechanism: config.GSSAPI, Kerberos: &config.Kerberos{Principal: "lag", Realm: "EXAMPLE",
			PasswordFile: word("krb5password"), ConfigFile: files.write("krb5.conf", krb5conf)}}),
	}
}

const krb5conf = "[libdefaults]\ndefault_realm = EXAMPLE\n[realms]\nEXAMPLE = {\nkdc = localhost\n}\n"

func newKeytab(t testing.TB) string {
	t.Helper()
	kt := keytab.New()
	if err := kt.AddEntry("lag", "EXAMPLE", "password", testTime, 1, 18); err != nil {
		t.Fatal(err)
	}
	data, err := kt.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEachFileIsReadAgain(t *testing.T) {
	files := newFolder(t)
	for name, source := range everything(files) {
		t.Run(name, func(t *testing.T) {
			if _, changed := mustApply(t, source); !changed {
				t.Error("the first Apply says that nothing changed")
			}
			for _, file := range []string{"ca", "cert", "username", "password", "clientID", "clientSecret", "oauthCA", "keytab", "krb5.conf", "krb5password"} {
				if !source.names(filepath.Join(files.path, file)) {
					continue
				}
				old, err := os.ReadFile(filepath.Join(files.path, file))
				if err != nil {
					t.Fatal(err)
				}
				files.write(file, renewed(file, string(old)))
				if _, changed := mustApply(t, source); !changed {
					t.Errorf("nothing changed with %s", file)
				}
				if _, changed := mustApply(t, source); changed {
					t.Errorf("%s changes again and again", file)
				}
				files.write(file, string(old))
				mustApply(t, source)
			}
		})
	}
}

// names tells whether the settings name the file.
func (s *Source) names(path string) bool {
	named := []string{s.tls.CAFile, s.tls.CertFile, s.tls.KeyFile, s.sasl.UsernameFile, s.sasl.PasswordFile}
	if o := s.sasl.OAuth; o != nil {
		named = append(named, o.ClientIDFile, o.ClientSecretFile, o.CAFile)
	}
	if k := s.sasl.Kerberos; k != nil {
		named = append(named, k.KeytabFile, k.PasswordFile, k.ConfigFile)
	}
	return strings.Contains(strings.Join(named, "\n")+"\n", path+"\n")
}

// renewed is another content that is valid too.
func renewed(file, old string) string {
	switch file {
	case "keytab":
		return old + old[2:]
	case "krb5.conf":
		return old + "[domain_realm]\n.example = EXAMPLE\n"
	}
	return old + "x\n"
}

func TestAFileThatIsNoUseIsRefused(t *testing.T) {
	tests := []struct {
		name, mechanism, file string
		content               string // "-" removes the file
		want                  string
	}{
		{"a CA that is missing", "PLAIN", "ca", "-", "tls.caFile: open "},
		{"a CA that is no PEM", "PLAIN", "ca", "hidden", "tls.caFile: "},
		{"an empty CA", "PLAIN", "ca", "", "tls.caFile: "},
		{"a certificate that is no PEM", "PLAIN", "cert", "hidden", "tls.certFile: "},
		{"a key that is none", "PLAIN", "key", "hidden", "tls.keyFile: "},
		{"an empty password", "SCRAM", "password", "\n", "sasl.passwordFile: "},
		{"a user name that is missing", "SCRAM", "username", "-", "sasl.usernameFile: open "},
		{"a client secret that is missing", "OAUTHBEARER", "clientSecret", "-", "sasl.oauth.clientSecretFile: open "},
		{"a token endpoint's CA that is no PEM", "OAUTHBEARER", "oauthCA", "hidden", "sasl.oauth.caFile: "},
		{"a keytab that is none", "GSSAPI by keytab", "keytab", "hidden", "sasl.kerberos.keytabFile: "},
		{"a keytab that was cut off", "GSSAPI by keytab", "keytab", "\x05\x02\x00\x00\x00\x64hidden", "sasl.kerberos.keytabFile: "},
		{"a krb5.conf that is missing", "GSSAPI by password", "krb5.conf", "-", "sasl.kerberos.configFile: open "},
		{"a krb5.conf on which gokrb5 panics", "GSSAPI by keytab", "krb5.conf", "[realms]\nA = {}\n", "must end its line"},
		{"a krb5.conf that is none", "GSSAPI by password", "krb5.conf", "[libdefaults]\nclockskew = x\n", "sasl.kerberos.configFile: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := newFolder(t)
			source := everything(files)[test.mechanism]
			mustApply(t, source)
			path := filepath.Join(files.path, test.file)
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if files.write(test.file, test.content); test.content == "-" {
				_ = os.Remove(path)
			}
			conf := sarama.NewConfig()
			changed, err := source.Apply(conf)
			if err == nil || changed || conf.Net.SASL.Enable || conf.Net.TLS.Enable {
				t.Fatalf("changed %t, error %v, SASL %t, TLS %t; want only an error", changed, err, conf.Net.SASL.Enable, conf.Net.TLS.Enable)
			}
			if text := err.Error(); !strings.Contains(text, test.want) || !strings.Contains(text, path) || strings.Contains(text, "hidden") {
				t.Errorf("got %q, want %q with the path and without the content", text, test.want)
			}
			files.write(test.file, string(good))
			if _, changed := mustApply(t, source); changed {
				t.Error("back to the old content counts as a change, which costs every connection")
			}
		})
	}
}

func TestKerberos(t *testing.T) {
	files := newFolder(t)
	sources := everything(files)
	conf, _ := mustApply(t, sources["GSSAPI by keytab"])
	if got := conf.Net.SASL.GSSAPI; got.AuthType != sarama.KRB5_KEYTAB_AUTH || got.ServiceName != "kafka" || got.Username != "lag" || got.Realm != "EXAMPLE" {
		t.Errorf("got %+v", got)
	}
	conf, _ = mustApply(t, sources["GSSAPI by password"])
	if got := conf.Net.SASL.GSSAPI; got.AuthType != sarama.KRB5_USER_AUTH || got.Password != "krb5password-secret" {
		t.Errorf("got %+v", got)
	}
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte(newKeytab(f)), krb5conf, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
	f.Add([]byte("\x05\x01"), "[realms]\nA = {\n", "")
	f.Add([]byte{}, "[realms]\nA = {}\n", "")
	f.Add([]byte("\x05\x02\x80\x00\x00\x00\x00\x00\x00\x01"), "[libdefaults]\nticket_lifetime = 1d2h", "\x00")
	kerberos := &config.Kerberos{Principal: "lag", Realm: "EXAMPLE", KeytabFile: "/keytab"}
	tls := &config.TLS{CAFile: "/ca", CertFile: "/cert", KeyFile: "/key"}
	f.Fuzz(func(t *testing.T, keytab []byte, krb5conf, pem string) {
		s := New(tls, &config.SASL{Mechanism: config.GSSAPI, Kerberos: kerberos})
		m := material{keytab: string(keytab), krb5conf: krb5conf, tls: tlsfile.Files{CA: pem, Cert: pem, Key: pem}}
		_ = s.makeTLS(sarama.NewConfig(), m)
		err := s.makeSASL(sarama.NewConfig(), m)
		if err != nil && strings.Contains(err.Error(), "keytabFile") && len(keytab) > 8 && strings.Contains(err.Error(), string(keytab)) {
			t.Errorf("the keytab stands in %q", err)
		}
	})
}
