module anytls-conform/interop/sing-anytls

go 1.23.1

require (
	github.com/anytls/sing-anytls v0.0.11
	github.com/sagernet/sing v0.6.1
)

require golang.org/x/sys v0.30.0 // indirect
