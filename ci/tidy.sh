#!/bin/sh
# clang-tidy with the checks of .clang-tidy on the FILEs given, or on the
# reference pair and the runner (their tests and the broken peers aside), a
# processor each; --quick leaves out clang's analyzer, which takes minutes.
# Ends with "N passed, N failed[, N skipped]", a file each.
set -u
cd "$(dirname "$0")/.." || exit 1
checks=--checks=
if [ "${1:-}" = --quick ]; then
	checks="--checks=-clang-analyzer-*"
	shift
fi
command -v clang-tidy >/dev/null || {
	echo "clang-tidy is not here: tools/setup --nightly installs it"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
[ $# -gt 0 ] || {
	# Names without blanks.
	# shellcheck disable=SC2046
	set -- $(git ls-files 'ref/*.c' 'conformance/*.c' 'pcap/*.c' |
	    grep -v -e /test/ -e /broken/)
}
cat >"$tmp/one" <<EOF
#!/bin/sh
# One file: quiet when all is well.
if clang-tidy --quiet '$checks' "\$1" -- -std=c11 -I. -D_POSIX_C_SOURCE=200809L \
    -D_DEFAULT_SOURCE '-DVERSION=""' '-DGIT_REV=""' '-DVECTORS_HASH=""' \
    $(pkg-config --cflags openssl libuv jansson | tr -d '\n') >"\$0.\$\$" 2>&1; then
	echo ok >>"$tmp/ok"
else
	grep -A 3 -E ' (warning|error): ' "\$0.\$\$"
	echo bad >>"$tmp/bad"
fi
EOF
chmod +x "$tmp/one"
: >"$tmp/ok"
: >"$tmp/bad"
printf '%s\n' "$@" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 "$tmp/one"
failed=$(grep -c . "$tmp/bad")
echo "$(grep -c . "$tmp/ok") passed, $failed failed"
[ "$failed" -eq 0 ]
