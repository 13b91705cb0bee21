package node

import "testing"

func TestExpand(t *testing.T) {
	vars := variables{"POD_IP": "127.1.0.5", "EMPTY": ""}
	for _, test := range []struct{ name, text, want string }{
		{"text without a reference stays", "--port=9443", "--port=9443"},
		{"a reference becomes the value", "--bind-address=$(POD_IP)", "--bind-address=127.1.0.5"},
		{"an empty variable is known", "[$(EMPTY)]", "[]"},
		{"an unknown variable stays as written", "$(NOBODY)/x", "$(NOBODY)/x"},
		{"two dollars are one and protect a reference", "$$(POD_IP)", "$(POD_IP)"},
		{"a shell variable stays", "echo $HOME $", "echo $HOME $"},
		{"a reference that is not closed stays", "$(POD_IP", "$(POD_IP"},
		{"references follow each other", "$(POD_IP)$(POD_IP)", "127.1.0.5127.1.0.5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := expand(test.text, vars.lookup); got != test.want {
				t.Errorf("expand(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
}
