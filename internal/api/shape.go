package api

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/verify"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// answers are the types behind answers that are put together by hand.
var answers = map[string]reflect.Type{
	"/v1/decisions":                        typeOf[decisionBody](),
	"/v1/decisions/batch":                  typeOf[paged[decisionBody]](),
	"/access/v1/evaluation":                typeOf[evaluationBody](),
	"/access/v1/evaluations":               typeOf[evaluationsBody](),
	"/v1/consents/{id}/receipt":            typeOf[verify.Signed](),
	"/v1/consents/{id}":                    typeOf[consent.View](),
	"/v1/subjects/{id}/destructions/{act}": typeOf[verify.Signed](),
	"/v1/depersonalised":                   typeOf[depersonalisedBody](),
}

// media are what else a route answers with.
var media = map[string][]string{
	"/v1/consents/{id}/receipt":            {typePDF},
	"/v1/consents/{id}/pack":               {typeZIP},
	"/v1/subjects/{id}/destructions/{act}": {typePDF},
	"/v1/depersonalised":                   {"text/csv"},
}

// shape draws a type as JSON for people: names and kinds.
func shape(t reflect.Type) string {
	if t == nil || t == typeOf[*raw]() || t == typeOf[*nothing]() || t == typeOf[nothing]() {
		return ""
	}
	var b strings.Builder
	draw(&b, t, 0)
	return b.String()
}

func draw(b *strings.Builder, t reflect.Type, depth int) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == typeOf[time.Time]():
		b.WriteString(`"2026-01-31T09:00:00Z"`)
	case t == typeOf[json.RawMessage]():
		b.WriteString("any")
	case t.Implements(typeOf[encoding.TextMarshaler]()):
		b.WriteString(`"` + strings.ToLower(t.Name()) + `"`)
	case t.Kind() == reflect.Struct:
		drawStruct(b, t, depth)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8, t.Kind() == reflect.Array:
		b.WriteString(`"base64"`)
	case t.Kind() == reflect.Slice:
		b.WriteString("[")
		draw(b, t.Elem(), depth)
		b.WriteString(", …]")
	case t.Kind() == reflect.Map:
		b.WriteString(`{"…": `)
		draw(b, t.Elem(), depth)
		b.WriteString("}")
	case t.Kind() == reflect.Interface:
		b.WriteString("any")
	default:
		b.WriteString(map[reflect.Kind]string{reflect.String: `"text"`, reflect.Bool: "true|false"}[t.Kind()])
		if t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 {
			b.WriteString("0")
		}
	}
}

func drawStruct(b *strings.Builder, t reflect.Type, depth int) {
	if depth > 4 {
		b.WriteString("{…}")
		return
	}
	pad := strings.Repeat("  ", depth+1)
	b.WriteString("{\n")
	for _, f := range reflect.VisibleFields(t) {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "-" || name == "" {
			continue
		}
		b.WriteString(pad + `"` + name + `": `)
		draw(b, f.Type, depth+1)
		if strings.Contains(opts, "omit") {
			b.WriteString("   — optional")
		}
		b.WriteString("\n")
	}
	b.WriteString(strings.Repeat("  ", depth) + "}")
}
