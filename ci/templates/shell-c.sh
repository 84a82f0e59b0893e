# A server in C, judged by any CI that runs a shell.
set -e
make server
git clone -q --depth 1 "$ANYTLS_CONFORM_URL" conform
make -C conform SETUP=build
conform/build/none/anytls-conform -o out --sut './server -l {listen} -p {password}'
