package rule

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/ext"
	apiservercel "k8s.io/apiserver/pkg/cel"
)

const (
	// maxExpression is the longest expression in bytes, as the resource's schema has it too.
	maxExpression = 1024
	// costLimit bounds the work of one evaluation, in CEL's units: some operators cost one each. There are no loops.
	costLimit = 10_000
)

// environment is what the expressions of one rule can use.
type environment struct {
	*cel.Env
	known map[string]bool // variables
}

// newEnvironment knows these inputs and, with a job, what is known of one.
func newEnvironment(names []string, hasJob bool) (environment, error) {
	known := map[string]bool{}
	object := func(of string, fields []string) *apiservercel.DeclType {
		declared := map[string]*apiservercel.DeclField{}
		for _, field := range fields {
			kind := apiservercel.DoubleType
			if of == job && field == busiestVertex {
				kind = apiservercel.StringType
			}
			declared[field] = apiservercel.NewDeclField(field, kind, false, nil, nil)
			known[of+"."+field] = true
		}
		return apiservercel.NewObjectType(of, declared)
	}
	objects := []*apiservercel.DeclType{object(inputs, names)}
	options := []cel.EnvOption{cel.Variable(Now, cel.TimestampType)}
	if hasJob {
		objects = append(objects, object(job, slices.Sorted(maps.Keys(jobFields()))))
		options = append(options, cel.Variable(Desired, cel.DoubleType), cel.Variable(Current, cel.DoubleType))
		known[Desired], known[Current] = true, true
	}
	for _, declared := range objects {
		options = append(options, cel.Variable(declared.TypeName(), declared.CelType()))
	}
	// Without the macros that loop: the cost of an expression is that of its length.
	base, err := cel.NewEnv(cel.ClearMacros(), cel.Macros(cel.HasMacro), ext.Math(), cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxExpression), cel.ParserRecursionLimit(50))
	if err != nil {
		return environment{}, fmt.Errorf("set up CEL: %w", err)
	}
	types, err := apiservercel.NewDeclTypeProvider(objects...).EnvOptions(base.CELTypeProvider())
	if err != nil {
		return environment{}, fmt.Errorf("set up CEL's types: %w", err)
	}
	env, err := base.Extend(append(types, options...)...)
	if err != nil {
		return environment{}, fmt.Errorf("set up CEL's variables: %w", err)
	}
	return environment{env, known}, nil
}

// formula is an expression that can be evaluated.
type formula struct {
	program cel.Program
	uses    []string // variables, sorted
}

// number compiles an expression whose result is a number, condition one whose result is true or false. The error says what is wrong with it.
func (e environment) number(text string) (formula, error) {
	return e.compile(text, "a number", cel.DoubleType, cel.IntType, cel.UintType, cel.DynType)
}

func (e environment) condition(text string) (formula, error) {
	return e.compile(text, "true or false", cel.BoolType)
}

func (e environment) compile(text, what string, results ...*cel.Type) (formula, error) {
	if len(text) > maxExpression {
		return formula{}, fmt.Errorf("is longer than %d bytes", maxExpression)
	}
	checked, issues := e.Compile(text)
	if issues.Err() != nil {
		return formula{}, e.explain(issues)
	}
	if !slices.ContainsFunc(results, checked.OutputType().IsEquivalentType) {
		return formula{}, fmt.Errorf("is %s, and must be %s", checked.OutputType(), what)
	}
	program, err := e.Program(checked, cel.CostLimit(costLimit))
	if err != nil {
		return formula{}, err
	}
	return formula{program, e.used(checked)}, nil
}

// explain puts CEL's words into one line, with the way out where there is one.
func (e environment) explain(issues *cel.Issues) error {
	var says []string
	for _, issue := range issues.Errors() {
		hint := ""
		switch {
		case strings.Contains(issue.Message, "no matching overload"):
			hint = "; numbers are doubles, so write 2.0 in place of 2"
		case strings.Contains(issue.Message, "undeclared reference"), strings.Contains(issue.Message, "undefined field"):
			hint = "; there are " + strings.Join(slices.Sorted(maps.Keys(e.known)), ", ")
			if !e.known[Desired] {
				hint += ", and with spec.job also desired, current and job"
			}
		}
		line := fmt.Sprintf("line %d, column %d: %s%s", issue.Location.Line(), issue.Location.Column()+1, issue.Message, hint)
		says = append(says, strings.Join(strings.Fields(line), " "))
	}
	return errors.New(strings.Join(says, "; "))
}

// used are the variables in an expression.
func (e environment) used(checked *cel.Ast) []string {
	found := map[string]bool{}
	ast.PostOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(expr ast.Expr) {
		name := ""
		switch expr.Kind() {
		case ast.IdentKind:
			name = expr.AsIdent()
		case ast.SelectKind:
			if of := expr.AsSelect().Operand(); of.Kind() == ast.IdentKind {
				name = of.AsIdent() + "." + expr.AsSelect().FieldName()
			}
		}
		if e.known[name] {
			found[name] = true
		}
	}))
	return slices.Sorted(maps.Keys(found))
}
