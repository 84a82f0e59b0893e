#!/bin/sh
# The vectors: run against the reference, read by a second implementation of
# the protocol in Python, their JSON as kept in git, its schema, and (where Go
# and its modules are) schemes and UDP over TCP against sing-anytls.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
passed=0 failed=0 skipped=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

# add NAME RC: takes the counts of the last line of $out.
add() {
	p=$(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$out" | tail -n 1)
	f=$(sed -n 's/.* \([0-9]*\) failed.*/\1/p' "$out" | tail -n 1)
	s=$(sed -n 's/.* \([0-9]*\) skipped.*/\1/p' "$out" | tail -n 1)
	p=${p:-0} f=${f:-0} s=${s:-0}
	if [ "$2" -ne 0 ] || [ "$p" -eq 0 ]; then
		[ "$f" -ne 0 ] || f=1
		echo "vectors: $1 failed"
		grep -v 'passed' "$out" | tail -n 30
	fi
	echo "$1: $p passed, $f failed, $s skipped" | sed 's/passed, /passed and /'
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

"$build/vectors/test/test_vectors" >"$out" 2>&1
rc=$?
echo "$(grep -c '^ok ' "$out") passed, $(grep -c '^not ok ' "$out") failed" >>"$out"
sed -i '/^ok /d; /^not ok /d' "$out"
add "reference" $rc

vectors/consume.py >"$out" 2>&1
add "Python" $?

tools/vectors2json check >"$out" 2>&1
add "drift" $?

if python3 -c 'import jsonschema' 2>/dev/null; then
	python3 - >"$out" 2>&1 <<-'END'
	import json, jsonschema
	data = json.load(open("vectors/anytls-vectors.json"))
	schema = json.load(open("vectors/anytls-vectors.schema.json"))
	check = jsonschema.validators.validator_for(schema)
	check.check_schema(schema)
	bad = list(check(schema).iter_errors(data))
	for e in bad[:5]:
	    print(list(e.absolute_path), e.message[:200])
	data["suites"]["frame"][0]["end"] = "nowhere"
	print("1 passed, 0 failed" if not bad and not check(schema).is_valid(data)
	      else "0 passed, 1 failed")
	END
	add "schema" $?
else
	echo "vectors: skipped: schema (Python's jsonschema is not here)"
	skipped=$((skipped + 1))
fi

if ! command -v go >/dev/null; then
	echo "vectors: skipped: sing-anytls (go is not here)"
	skipped=$((skipped + 1))
elif ! (cd vectors/go && go mod download) >"$out" 2>&1; then
	echo "vectors: skipped: sing-anytls (its modules cannot be fetched)"
	skipped=$((skipped + 1))
else
	(cd vectors/go && go test -count=1 -v ./...) >"$out" 2>&1
	rc=$?
	echo "$(grep -c -e '--- PASS: .*/' "$out") passed, $(grep -c -e '--- FAIL: .*/' "$out") failed," \
	    "$(grep -c -e '--- SKIP: .*/' "$out") skipped" >>"$out"
	sed -i '/--- PASS/d; /=== RUN/d; /--- SKIP/d' "$out"
	add "sing-anytls" $rc
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
