package register

import (
	"errors"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"kelisim/internal/fault"
)

// readYAML reads one document of plain YAML: mappings, lists and scalars. The
// parser recurses, and takes quadratic time in the keys of a mapping, so the
// tokens are looked through first.
func readYAML(source string) (n *node, bad *fault.Error) {
	defer func() {
		// The parser is not ours and reads what strangers send; a fault of its
		// is a document that cannot be read, not a server that stops.
		if recover() != nil {
			n, bad = nil, fault.New(fault.Invalid, "description-syntax")
		}
	}()
	tokens := lexer.Tokenize(source)
	if err := guard(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxError(err)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, atLine(1, fault.New(fault.Invalid, "description-empty"))
	}
	return fromYAML(file.Docs[0].Body)
}

// syntaxError keeps the line of the parser's error and drops its text, which
// quotes the document.
func syntaxError(err error) *fault.Error {
	line := 0
	if e := yaml.Error(nil); errors.As(err, &e) && e.GetToken() != nil {
		line = e.GetToken().Position.Line
	}
	return atLine(line, fault.New(fault.Invalid, "description-syntax"))
}

// guard refuses what no description needs and what makes a small document
// large: anchors, aliases, tags, merges, several documents, and depth and
// mappings beyond the limits.
func guard(tokens token.Tokens) *fault.Error {
	var (
		open []block // block structures around the token, by column
		flow int     // brackets around the token
	)
	for i, t := range tokens {
		line := t.Position.Line
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType,
			token.DirectiveType, token.MappingKeyType, token.DocumentEndType:
			return atLine(line, fault.New(fault.Invalid, "description-yaml-feature"))
		case token.DocumentHeaderType:
			if open != nil {
				return atLine(line, fault.New(fault.Invalid, "description-yaml-feature"))
			}
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(flow-1, 0)
		case token.SequenceEntryType:
			if flow == 0 {
				open = enter(open, t.Position.Column)
			}
		case token.MappingValueType:
			if flow > 0 {
				break
			}
			column := t.Position.Column
			if i > 0 {
				column = min(column, tokens[i-1].Position.Column)
			}
			open = enter(open, column)
			innermost := &open[len(open)-1]
			if innermost.keys++; innermost.keys > maxKeys {
				return atLine(line, fault.New(fault.Invalid, "too-many-items", "max", maxKeys))
			}
		}
		if len(open)+flow > maxDepth {
			return atLine(line, fault.New(fault.Invalid, "too-deep"))
		}
	}
	return nil
}

type block struct{ column, keys int }

// enter closes the blocks to the right of a column and opens one there.
func enter(open []block, column int) []block {
	for len(open) > 0 && open[len(open)-1].column > column {
		open = open[:len(open)-1]
	}
	if len(open) == 0 || open[len(open)-1].column < column {
		open = append(open, block{column: column})
	}
	return open
}

func fromYAML(y ast.Node) (*node, *fault.Error) {
	n := &node{line: y.GetToken().Position.Line}
	switch y := y.(type) {
	case *ast.MappingNode:
		n.kind = mapping
		return n, n.addMembers(y.Values...)
	case *ast.MappingValueNode:
		n.kind = mapping
		return n, n.addMembers(y)
	case *ast.SequenceNode:
		n.kind = list
		for _, item := range y.Values {
			value, err := fromYAML(item)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, value)
		}
	case *ast.LiteralNode:
		n.text, n.quoted = y.Value.Value, true
	case *ast.StringNode:
		n.text = y.Value
		n.quoted = y.Token.Type == token.SingleQuoteType || y.Token.Type == token.DoubleQuoteType
	case *ast.NullNode:
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		n.text = y.GetToken().Value
	default:
		return nil, atLine(n.line, fault.New(fault.Invalid, "description-yaml-feature"))
	}
	return n, nil
}

func (n *node) addMembers(values ...*ast.MappingValueNode) *fault.Error {
	for _, v := range values {
		key, err := fromYAML(v.Key)
		if err != nil {
			return err
		}
		value, err := fromYAML(v.Value)
		if err != nil {
			return err
		}
		n.line = min(n.line, key.line)
		n.members = append(n.members, member{key.text, key.line, value})
	}
	return nil
}
