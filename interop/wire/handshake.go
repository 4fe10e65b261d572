// Package wire holds what a plugin and a host written in Go agree on before they speak.
package wire

import goplugin "github.com/hashicorp/go-plugin"

// Handshake is the one every plugin and host of this protocol uses.
var Handshake = goplugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "AI_STUDIO_PLUGIN",
	MagicCookieValue: "v1",
}
