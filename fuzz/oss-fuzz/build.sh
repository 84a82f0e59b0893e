#!/bin/bash -eu
# Builds every fuzz target with the compiler, flags and engine of the environment
# (CC, CFLAGS, LIB_FUZZING_ENGINE) into OUT, with seeds and dictionary.
cd "$(dirname "$0")/../.." 2>/dev/null || cd "$SRC/anytls-conform"
[ -f fuzz/emit.c ] || cd "$SRC/anytls-conform"

work=${WORK:-$(mktemp -d)}
tools/fuzz-seeds "$work/seeds"
flags="-std=c11 -I. -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE"
for f in fuzz/fuzz_*.c; do
	t=$(basename "$f" .c)
	name=${t#fuzz_}
	# Those that need other libraries are left out.
	case $name in buggy | known | results | capture) continue ;; esac
	# shellcheck disable=SC2086
	$CC $CFLAGS $flags -o "$OUT/$t" "$f" fuzz/emit.c ref/wire/*.c ref/session/*.c \
	    pcap/flow.c pcap/packet.c pcap/hello.c pcap/keylog.c pcap/table.c \
	    $LIB_FUZZING_ENGINE
	cp "$work/seeds/anytls.dict" "$OUT/$t.dict"
	mkdir -p "$work/zip/$name" "$work/seeds/$name"
	cp -r "$work/seeds/$name/." "$work/zip/$name/"
	[ -d "fuzz/corpus/$name" ] && cp -r "fuzz/corpus/$name/." "$work/zip/$name/"
	(cd "$work/zip/$name" && zip -qr "$OUT/${t}_seed_corpus.zip" .)
done
