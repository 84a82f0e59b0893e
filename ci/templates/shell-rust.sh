# A server in Rust, judged by any CI that runs a shell.
set -e
cargo build --release --bin server
git clone -q --depth 1 "$ANYTLS_CONFORM_URL" conform
make -C conform SETUP=build
conform/build/none/anytls-conform -o out --sut 'target/release/server -l {listen} -p {password}'
