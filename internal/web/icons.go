package web

import (
	"html/template"
)

// icons are drawn with lines on a field of 24 by 24. They always stand beside a
// word, so to a screen reader they are nothing.
var icons = map[string]string{
	// Acts, see notify.Message.Icon.
	"view":     `<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Z"/><circle cx="12" cy="12" r="3"/>`,
	"use":      `<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`,
	"change":   `<path d="m4 20 1-4.5L16.5 4 20 7.5 8.5 19 4 20Z"/><path d="m14 6.5 3.5 3.5"/>`,
	"in":       `<path d="M12 3.5v11M7.5 10 12 14.5l4.5-4.5M4 20h16"/>`,
	"out":      `<path d="M4 12h15M13.5 6.5 19 12l-5.5 5.5"/>`,
	"globe":    `<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c2.6 2.5 3.8 5.3 3.8 8.5s-1.2 6-3.8 8.5c-2.6-2.5-3.8-5.3-3.8-8.5s1.2-6 3.8-8.5Z"/>`,
	"mask":     `<path d="M4 6c2.6 1 5.3 1 8 0 2.7 1 5.4 1 8 0v6c0 4-3 7.5-8 9-5-1.5-8-5-8-9V6Z"/><path d="M8 11.5h2.5M13.5 11.5H16"/>`,
	"lock":     `<rect x="5" y="10.5" width="14" height="9.5" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>`,
	"unlock":   `<rect x="5" y="10.5" width="14" height="9.5" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 7.6-1.8"/>`,
	"bin":      `<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 11v5M13.5 11v5"/>`,
	"check":    `<circle cx="12" cy="12" r="8.5"/><path d="m8 12.2 2.8 2.8L16 9.5"/>`,
	"cross":    `<circle cx="12" cy="12" r="8.5"/><path d="m9 9 6 6M15 9l-6 6"/>`,
	"pause":    `<circle cx="12" cy="12" r="8.5"/><path d="M10 9v6M14 9v6"/>`,
	"clock":    `<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.2l3.3 2"/>`,
	"person":   `<circle cx="12" cy="8" r="3.5"/><path d="M5 20c.6-4 3.3-6 7-6s6.4 2 7 6"/>`,
	"document": `<path d="M6 3.5h8l4 4V20.5H6V3.5Z"/><path d="M13.5 3.5V8H18M9 12.5h6M9 16h6"/>`,
	"denied":   `<path d="M12 3.5 19.5 6v6c0 4-3 7-7.5 8.5C7.5 19 4.5 16 4.5 12V6L12 3.5Z"/><path d="m9.5 9.5 5 5M14.5 9.5l-5 5"/>`,
	// The cabinet.
	"home":     `<path d="M4 11 12 4l8 7v9h-5.5v-5.5h-5V20H4v-9Z"/>`,
	"journal":  `<path d="M8.5 6H20M8.5 12H20M8.5 18H20"/><circle cx="4.5" cy="6" r="1"/><circle cx="4.5" cy="12" r="1"/><circle cx="4.5" cy="18" r="1"/>`,
	"consents": `<path d="M6 3.5h12v17H6v-17Z"/><path d="M9 8h6M9 11.5h6M9 16.5l1.3 1.3 2.7-2.8"/>`,
	"data":     `<ellipse cx="12" cy="6" rx="7.5" ry="2.7"/><path d="M4.5 6v12c0 1.5 3.4 2.7 7.5 2.7s7.5-1.2 7.5-2.700V6M4.5 12c0 1.5 3.4 2.7 7.5 2.7s7.5-1.2 7.5-2.7"/>`,
	"leave":    `<path d="M14 4.5h5v15h-5M4 12h10M10.5 8l4 4-4 4"/>`,
	"seal":     `<circle cx="12" cy="9.5" r="6"/><path d="m9.5 9.6 1.8 1.8 3.3-3.5M8.5 14.7 7.5 21l4.5-2.3 4.5 2.3-1-6.3"/>`,
	"next":     `<path d="m9 5.5 6.5 6.5L9 18.5"/>`,
	"back":     `<path d="M15 5.5 8.5 12l6.5 6.5"/>`,
	"bell":     `<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15l1.5-2ZM10 21h4"/>`,
	"scales":   `<path d="M12 4v16M8 20h8M5 7h14M5 7l-2.5 6.5h5L5 7ZM19 7l-2.5 6.5h5L19 7Z"/>`,
	"key":      `<circle cx="8" cy="15.5" r="4"/><path d="M11 12.5 19.5 4M16 7.5l2.5 2.5"/>`,
}

// icon is the drawing of a name; one of an unknown name is empty and leaves the
// word alone.
func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">` + icons[name] + `</svg>`) //nolint:gosec // constants
}
