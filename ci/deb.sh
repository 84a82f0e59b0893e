#!/bin/sh
# The Debian package of the programs below BUILD: dpkg-buildpackage makes it,
# lintian has nothing to say, dpkg installs it into a folder of its own, where
# it runs, and takes all of it away again. ("make deb" compiles anew.)
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
tmp=$(mktemp -d) || exit 1
. ci/checks.sh
trap 'rm -rf "$tmp"' EXIT

for tool in dpkg-buildpackage dh lintian fakeroot; do
	command -v $tool >/dev/null || {
		echo "skip: no $tool here; tools/setup --package installs it"
		echo "0 passed, 0 failed, 1 skipped"
		exit 0
	}
done

# Nothing compiled: the sources keep their times.
build_it() {
	BUILT=$PWD/$build tools/deb "$tmp/deb" -b -d -Pnocheck
}
spoiled() {
	dpkg-deb -R "$deb" "$tmp/spoiled" &&
	    rm "$tmp/spoiled/usr/share/doc/anytls-conform/copyright" &&
	    dpkg-deb -b "$tmp/spoiled" "$tmp/x.deb" &&
	    ! lintian --fail-on error "$tmp/x.deb"
}
root_dpkg() {
	fakeroot dpkg --root="$tmp/system" --log="$tmp/dpkg.log" --force-depends \
	    --force-not-root --force-script-chrootless "$@"
}
reference() {
	PATH=$tmp/system/usr/bin:$PATH AUTOPKGTEST_TMP=$tmp tools/debian/tests/reference
}
manual() {
	LC_ALL=C.UTF-8 man -l "$tmp/system/usr/share/man/man1/anytls-conform.1.gz" |
	    grep -q -- --known-failures
}

check "dpkg-buildpackage" build_it
deb=$(find "$tmp/deb" -maxdepth 1 -name 'anytls-conform_*.deb')
check "one package" test -f "$deb"
check "lintian has neither errors nor warnings" lintian --fail-on error,warning "$deb"
check "lintian sees a mistake" spoiled
mkdir -p "$tmp/system/var/lib/dpkg/info" "$tmp/system/var/lib/dpkg/updates"
: >"$tmp/system/var/lib/dpkg/status"
check "install" root_dpkg -i "$deb"
check "the installed suite judges the installed pair" reference
if command -v man >/dev/null; then
	check "its manual page" manual
else
	skip "its manual page: no man here"
fi
check "purge" root_dpkg --purge anytls-conform
find "$tmp/system" ! -type d ! -path '*/var/lib/dpkg/*' >"$tmp/left"
check "nothing is left" test ! -s "$tmp/left"

checks_done
