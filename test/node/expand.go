package node

import "strings"

// expand replaces $(NAME) by the value of the variable, as Kubernetes does in command, args and env values:
// $$ stands for $, and a reference to an unknown variable stays as it is.
func expand(text string, lookup func(name string) (string, bool)) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		text = rest
		switch {
		case strings.HasPrefix(text, "$"):
			out.WriteByte('$')
			text = text[1:]
		case strings.HasPrefix(text, "("):
			name, after, closed := strings.Cut(text[1:], ")")
			value, known := lookup(name)
			if !closed || !known {
				out.WriteByte('$')
				continue
			}
			out.WriteString(value)
			text = after
		default:
			out.WriteByte('$')
		}
	}
}
