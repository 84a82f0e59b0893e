# anytls-conform: the only makefile. "make help" lists the targets.
include config.mk

# "comma" lets a sanitizer list name a folder: address,undefined.
comma   := ,
VARIANT := $(subst $(comma),-,$(SAN))
ifneq ($(origin CC),default)
VARIANT := $(VARIANT)$(if $(findstring clang,$(CC)),-clang)
endif
B       := build/$(VARIANT)
Q       := $(if $(filter 1,$(V)),,@)
say     = $(if $(filter 1,$(V)),,@printf '  %-5s %s\n' $(1) $(2))

SANFLAGS := $(if $(filter none,$(SAN)),,-fsanitize=$(SAN) \
	-fno-sanitize-recover=all -fno-omit-frame-pointer)
# Hardening: of optimized builds without sanitizers, where the linker is ELF's.
HARDENED := $(if $(filter none,$(SAN)),$(if $(filter -O0,$(OPT)),,$(filter 1,$(HARDEN))))
HARDEN_C  = $(if $(HARDENED),-fPIE -fstack-protector-strong \
	-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN_LD = $(if $(HARDENED),$(if $(filter Darwin,$(shell uname -s)),,-pie \
	-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now$(comma)-z$(comma)noexecstack))
GIT_REV  := $(shell git rev-parse --short=12 HEAD 2>/dev/null)

pkg = $(shell $(PKG_CONFIG) $(1) $(2) 2>/dev/null)
OPENSSL_CFLAGS ?= $(call pkg,--cflags,openssl)
OPENSSL_LIBS   ?= $(or $(call pkg,--libs,openssl),-lssl -lcrypto)
UV_CFLAGS      ?= $(call pkg,--cflags,libuv)
UV_LIBS        ?= $(or $(call pkg,--libs,libuv),-luv)
JANSSON_CFLAGS ?= $(call pkg,--cflags,jansson)
JANSSON_LIBS   ?= $(or $(call pkg,--libs,jansson),-ljansson)
PCAP_CFLAGS    ?= $(or $(call pkg,--cflags,libpcap),$(shell pcap-config --cflags 2>/dev/null))
PCAP_LIBS      ?= $(or $(call pkg,--libs,libpcap),-lpcap)
ZLIB_LIBS      ?= $(call pkg,--libs,zlib)
CMOCKA_CFLAGS  ?= $(call pkg,--cflags,cmocka)
CMOCKA_LIBS    ?= $(or $(call pkg,--libs,cmocka),-lcmocka)

ALL_CPPFLAGS = -I. -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE $(CPPFLAGS)
ALL_CFLAGS   = -std=c11 $(OPT) $(HARDEN_C) $(CFLAGS) $(WARNINGS) $(SANFLAGS) \
	$(if $(filter 1,$(WERROR)),-Werror) -MMD -MP \
	$(OPENSSL_CFLAGS) $(UV_CFLAGS) $(JANSSON_CFLAGS) $(CMOCKA_CFLAGS) \
	$(PCAP_CFLAGS) $(if $(ZLIB_LIBS),-DHAVE_ZLIB)

obj = $(patsubst %.c,$(B)/%.o,$(1))

WIRE_O    := $(call obj,$(wildcard ref/wire/*.c))
SESSION_O := $(call obj,$(wildcard ref/session/*.c))
NET_O     := $(call obj,$(wildcard ref/net/*.c))
# What the suite takes from ref/net: TLS and hashes, no loop, no session.
TLS_O     := $(call obj,ref/net/tls.c ref/net/cert.c ref/net/digest.c)
ENGINE_O  := $(call obj,$(wildcard conformance/engine/*.c)) \
	$(patsubst %,$(B)/gen/page_%.o,html css figures js)
PACK_O    := $(call obj,$(wildcard conformance/anytls/*.c) \
	$(wildcard conformance/anytls/cases/*.c))
BENCH_O   := $(call obj,$(wildcard tools/bench/*.c))
PCAP_O    := $(call obj,$(wildcard pcap/*.c))
# Tables that are built into the runner.
GEN_O     := $(B)/gen/requirements.o $(B)/gen/aliases.o $(B)/gen/peers.o
BROKEN_O  := $(call obj,$(wildcard conformance/anytls/broken/*.c))
UNIT      := $(patsubst %.c,$(B)/%,$(wildcard ref/test/test_*.c))
CUNIT     := $(patsubst %.c,$(B)/%,$(wildcard conformance/test/test_*.c))
PUNIT     := $(patsubst %.c,$(B)/%,$(wildcard pcap/test/test_*.c))

SERVER  := $(B)/anytls-server
CLIENT  := $(B)/anytls-client
CONFORM := $(B)/anytls-conform
BROKEN  := $(B)/anytls-broken
LOAD    := $(B)/anytls-load
PCAPGEN := $(B)/anytls-pcapgen
PROGRAMS := $(SERVER) $(CLIENT) $(CONFORM)

.DEFAULT_GOAL := all
.PHONY: all setup conform check unit e2e selftest lint format layers \
	coverage install clean help
.SECONDARY:

## all: build the programs
all: setup
	$(Q)$(MAKE) --no-print-directory SETUP=no programs

.PHONY: programs tests
programs: $(PROGRAMS)
tests: $(PCAPGEN) $(UNIT) $(CUNIT) $(PUNIT) $(BROKEN) $(LOAD)

## setup: find what is missing and install it (SETUP=no skips this, SETUP=build
## installs what the programs need and not what their tests do)
setup:
ifneq ($(SETUP),no)
	$(Q)tools/setup $(if $(filter build,$(SETUP)),--build)
endif

## conform: judge the reference server on a loopback port, print the report
conform: all
	$(Q)tools/conform $(B) $(ARGS)

## conform-client: judge the reference client on loopback, print the report
.PHONY: conform-client
conform-client: all
	$(Q)tools/conform-client $(B) $(ARGS)

## check: all tests
check: setup
	$(Q)$(MAKE) --no-print-directory SETUP=no programs tests
	$(Q)ci/check.sh $(B)

## unit: the unit tests alone
unit: setup
	$(Q)$(MAKE) --no-print-directory SETUP=no tests
	$(Q)ci/unit.sh $(B)

## e2e: the reference pair with real tools (curl, a web server)
e2e: all
	$(Q)ci/e2e.sh $(B)

## selftest: the suites against broken peers, and the kill matrix
selftest: setup
	$(Q)$(MAKE) --no-print-directory SETUP=no programs tests
	$(Q)tools/selftest $(B) $(ARGS)

## lint: formatting, static analysis, shell scripts
lint: setup
	$(Q)ci/lint.sh

## format: let clang-format rewrite the sources
format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

## layers: check who includes whom, and that each header compiles alone
layers:
	$(Q)tools/check-layers

## docs: the reference of the options that is kept in git
.PHONY: docs
docs: all
	$(Q)$(CONFORM) --print-manual markdown > docs/cli.md

## coverage: the requirement coverage file that is kept in git
coverage: all
	$(Q)$(CONFORM) coverage > conformance/anytls/coverage.txt

## bench: the reference pair, and PEERS="--server NAME=COMMAND ...", measured
.PHONY: bench
bench: all
	$(Q)$(MAKE) --no-print-directory SETUP=no $(LOAD)
	$(Q)tools/bench/run $(B) $(PEERS)

## soak: the reference pair under faults for MINUTES (60), also with SAN=
.PHONY: soak
soak: all
	$(Q)$(MAKE) --no-print-directory SETUP=no $(LOAD)
	$(Q)tools/soak $(B) --minutes $(or $(MINUTES),60)

## vectors: the JSON that is kept in git, and build/anytls-vectors.h
.PHONY: vectors
vectors:
	$(Q)tools/vectors2json json > vectors/anytls-vectors.json.tmp
	$(Q)mv vectors/anytls-vectors.json.tmp vectors/anytls-vectors.json
	$(Q)tools/vectors2json schema > vectors/anytls-vectors.schema.json
	$(Q)mkdir -p build && tools/vectors2json header > build/anytls-vectors.h

## bench-suite: how long the suite takes (TARGETS="name=command ...")
.PHONY: bench-suite
bench-suite: all
	$(Q)$(MAKE) --no-print-directory SETUP=no $(BROKEN)
	$(Q)tools/bench-suite $(B)

## interop: real implementations against each other and against the suite
.PHONY: interop
interop: all
	$(Q)tools/interop/interop --build $(B) $(ARGS)

## bench-pcap: check-pcap beside tshark (SIZE=1024 ROUNDS=3)
.PHONY: bench-pcap
bench-pcap: all
	$(Q)$(MAKE) --no-print-directory SETUP=no $(PCAPGEN)
	$(Q)tools/bench-pcap $(B) $(or $(SIZE),1024) $(or $(ROUNDS),3)

# What is installed besides the programs.
MAN  := $(addprefix $(B)/man/,anytls-conform.1 anytls-server.1 anytls-client.1)
COMP := $(addprefix $(B)/completion/,bash zsh fish)
DOCS := README.md CHANGELOG.md LICENSE $(wildcard docs/*.md docs/*.svg)
DATA := $(wildcard conformance/schema/*.json conformance/schema/*.xsd \
	vectors/*.schema.json pcap/*.lua)

$(B)/man/anytls-conform.1: $(CONFORM)
	$(Q)mkdir -p $(@D) && $(CONFORM) --print-manual man > $@.tmp && mv $@.tmp $@
$(B)/man/%.1: $(B)/% tools/help-man
	$(Q)mkdir -p $(@D) && tools/help-man $< > $@.tmp && mv $@.tmp $@
$(B)/completion/%: $(CONFORM)
	$(Q)mkdir -p $(@D) && $(CONFORM) --print-completion $* > $@.tmp && mv $@.tmp $@

SHARE = $(DESTDIR)$(PREFIX)/share
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
INSTALLED_COMP = bash-completion/completions/anytls-conform \
	zsh/site-functions/_anytls-conform \
	fish/vendor_completions.d/anytls-conform.fish

## install: programs, manual pages, completions, documents, schema
install: all $(MAN) $(COMP)
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 \
	    $(SHARE)/doc/anytls-conform $(SHARE)/anytls-conform \
	    $(addprefix $(SHARE)/,$(dir $(INSTALLED_COMP))) $(UNITS)
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(MAN) $(SHARE)/man/man1
	sed 's,/usr/local/bin,$(PREFIX)/bin,' tools/systemd/anytls-server.service \
	    > $(UNITS)/anytls-server.service
	chmod 644 $(UNITS)/anytls-server.service
	install -m 644 $(B)/completion/bash $(SHARE)/$(word 1,$(INSTALLED_COMP))
	install -m 644 $(B)/completion/zsh $(SHARE)/$(word 2,$(INSTALLED_COMP))
	install -m 644 $(B)/completion/fish $(SHARE)/$(word 3,$(INSTALLED_COMP))
	install -m 644 $(DOCS) $(SHARE)/doc/anytls-conform
	$(if $(DATA),install -m 644 $(DATA) $(SHARE)/anytls-conform)

## uninstall: what install has put there
.PHONY: uninstall
uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,$(notdir $(PROGRAMS))) \
	    $(addprefix $(SHARE)/man/man1/,$(notdir $(MAN))) \
	    $(addprefix $(SHARE)/,$(INSTALLED_COMP)) \
	    $(UNITS)/anytls-server.service
	rm -rf $(SHARE)/doc/anytls-conform $(SHARE)/anytls-conform

## deb: the Debian package, in build/deb (ARGS=-Pnocheck: without its tests)
.PHONY: deb
deb:
	$(Q)tools/deb build/deb $(ARGS)

## static: the runner in one file that needs no library, below 12 MB
.PHONY: static
static: setup
	$(Q)$(MAKE) --no-print-directory SETUP=no $(B)/static/anytls-conform
	@ls -l $(B)/static/anytls-conform

## clean: remove build/
clean:
	rm -rf build

## help: this list
help:
	@sed -n 's/^## //p' Makefile

$(B)/libatls-wire.a: $(WIRE_O)
$(B)/libatls-session.a: $(SESSION_O)
$(B)/libatls-net.a: $(NET_O)
$(B)/libatls-tls.a: $(TLS_O)
$(B)/libengine.a: $(ENGINE_O)
$(B)/libcapture.a: $(PCAP_O)
$(B)/%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

CAPTURE_LIBS = $(PCAP_LIBS) $(ZLIB_LIBS) $(OPENSSL_LIBS) -lpthread
DAEMON_LIBS := $(B)/libatls-net.a $(B)/libatls-session.a $(B)/libatls-wire.a
SUITE_LIBS  := $(B)/libengine.a $(B)/libcapture.a $(B)/libatls-tls.a \
	$(B)/libatls-wire.a
LD = $(CC) $(ALL_CFLAGS) $(HARDEN_LD) $(LDFLAGS)

$(SERVER): $(B)/ref/server.o $(DAEMON_LIBS)
	$(call say,LD,$@)
	$(Q)$(LD) -o $@ $^ $(UV_LIBS) $(OPENSSL_LIBS) -lpthread

$(CLIENT): $(B)/ref/client.o $(DAEMON_LIBS)
	$(call say,LD,$@)
	$(Q)$(LD) -o $@ $^ $(UV_LIBS) $(OPENSSL_LIBS) -lpthread

$(CONFORM): $(B)/conformance/main.o $(PACK_O) $(GEN_O) \
		$(SUITE_LIBS)
	$(call say,LD,$@)
	$(Q)$(LD) -o $@ $^ $(JANSSON_LIBS) $(CAPTURE_LIBS) -lm

STATIC_LIBS ?= $(JANSSON_LIBS) \
	$(shell $(PKG_CONFIG) --static --libs libpcap | sed 's/-lsystemd//') \
	$(ZLIB_LIBS) $(shell $(PKG_CONFIG) --static --libs openssl) -lm
$(B)/static/anytls-conform: $(B)/conformance/main.o $(PACK_O) $(GEN_O) \
		$(B)/tools/static/systemd.o $(SUITE_LIBS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(filter-out -pie,$(LD)) -static -s -o $@ $^ $(STATIC_LIBS)

# Broken peers are the reference with other policies, and a saboteur between
# honest ends; they are never installed.
$(BROKEN): $(BROKEN_O) $(B)/gen/defects.o $(B)/gen/defects_client.o \
		$(DAEMON_LIBS)
	$(call say,LD,$@)
	$(Q)$(LD) -o $@ $^ $(JANSSON_LIBS) $(UV_LIBS) $(OPENSSL_LIBS) -lpthread

# Makes the load of the benchmarks.
$(LOAD): $(BENCH_O) $(DAEMON_LIBS)
	$(call say,LD,$@)
	$(Q)$(LD) -o $@ $^ $(JANSSON_LIBS) $(UV_LIBS) $(OPENSSL_LIBS) -lpthread -lm

# Tables, built into programs as text.
$(B)/gen/%.c: conformance/anytls/%.tsv tools/tsv2c
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && tools/tsv2c $*_tsv $< > $@.tmp && mv $@.tmp $@

# The page of the HTML report, too.
PAGE := conformance/engine/html
$(B)/gen/page_html.c: $(PAGE)/report.html
$(B)/gen/page_css.c: $(PAGE)/report.css
$(B)/gen/page_figures.c: $(PAGE)/figures.js
$(B)/gen/page_js.c: $(PAGE)/report.js
$(B)/gen/page_%.c: tools/tsv2c
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && tools/tsv2c page_$* $(filter-out tools/%,$^) > $@.tmp && mv $@.tmp $@

$(B)/gen/%.c: conformance/anytls/broken/%.tsv tools/tsv2c
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && tools/tsv2c $*_tsv $< > $@.tmp && mv $@.tmp $@

$(B)/ref/test/%: $(B)/ref/test/%.o $(DAEMON_LIBS)
	$(call say,LD,$@)
	$(Q)$(LD) $(WRAP) -o $@ $^ $(CMOCKA_LIBS) $(UV_LIBS) $(OPENSSL_LIBS) -lpthread

$(B)/pcap/test/%: $(B)/pcap/test/%.o $(B)/libcapture.a $(B)/libatls-tls.a \
		$(B)/libatls-wire.a
	$(call say,LD,$@)
	$(Q)$(LD) -o $@ $^ $(CMOCKA_LIBS) $(CAPTURE_LIBS)

# Makes captures of many sessions.
$(PCAPGEN): $(B)/tools/pcapgen/main.o $(B)/libcapture.a $(B)/libatls-tls.a \
		$(B)/libatls-wire.a
	$(call say,LD,$@)
	$(Q)$(LD) -o $@ $^ $(CAPTURE_LIBS)

# This one refuses allocations, one after the other.
$(B)/ref/test/test_session_memory: WRAP := -Wl,--wrap=malloc \
	-Wl,--wrap=calloc -Wl,--wrap=free

$(B)/conformance/test/%: $(B)/conformance/test/%.o $(PACK_O) \
		$(GEN_O) $(SUITE_LIBS)
	$(call say,LD,$@)
	$(Q)$(LD) -o $@ $^ $(CMOCKA_LIBS) $(JANSSON_LIBS) $(CAPTURE_LIBS) -lm

# Tests of the broken peers take all of them but their mains.
$(B)/conformance/test/test_brok%: $(B)/conformance/test/test_brok%.o \
		$(filter-out %/broken/main.o %/broken/client.o,$(BROKEN_O)) \
		$(DAEMON_LIBS)
	$(call say,LD,$@)
	$(Q)$(LD) -o $@ $^ $(CMOCKA_LIBS) $(JANSSON_LIBS) $(UV_LIBS) $(OPENSSL_LIBS) -lpthread

# The vectors as a header, and the program that runs them.
VECTORS_O := $(call obj,$(wildcard vectors/test/*.c))
VECTORS_T := $(B)/vectors/test/test_vectors
tests: $(VECTORS_T)
$(B)/gen/anytls-vectors.h: $(wildcard vectors/*.txt) vectors/grammar.py \
		tools/vectors2json conformance/anytls/requirements.tsv
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && tools/vectors2json header > $@.tmp && mv $@.tmp $@
$(B)/vectors/test/test_vectors.o: $(B)/gen/anytls-vectors.h
$(B)/vectors/test/test_vectors.o: ALL_CPPFLAGS += -I$(B)/gen
$(VECTORS_T): $(VECTORS_O) $(DAEMON_LIBS)
	$(call say,LD,$@)
	$(Q)$(LD) -o $@ $^ $(OPENSSL_LIBS) -lpthread

# Fuzz targets: with libFuzzer when SAN has it, else replayers of files.
FUZZ_T := $(patsubst %.c,$(B)/%,$(wildcard fuzz/fuzz_*.c))
FUZZER := $(findstring fuzzer,$(SAN))
.PHONY: fuzzers
fuzzers: $(FUZZ_T)
tests: $(FUZZ_T)
$(B)/fuzz/fuzz_%: $(B)/fuzz/fuzz_%.o $(B)/fuzz/emit.o \
		$(if $(FUZZER),,$(B)/fuzz/replay.o) \
		$(B)/libengine.a $(B)/libcapture.a $(B)/libatls-tls.a \
		$(B)/libatls-session.a $(B)/libatls-wire.a
	$(call say,LD,$@)
	$(Q)$(LD) $(if $(FUZZER),-fsanitize=fuzzer) -o $@ $^ \
		$(JANSSON_LIBS) $(CAPTURE_LIBS) -lm

# Refuses allocations, as its input says.
$(B)/fuzz/fuzz_nomem: override LDFLAGS += -Wl,--wrap=malloc -Wl,--wrap=calloc \
	-Wl,--wrap=realloc

FUZZ_SAN   := fuzzer-no-link,address,undefined
FUZZ_BUILD := build/$(subst $(comma),-,$(FUZZ_SAN))-clang
FUZZ_MAKE  := $(MAKE) --no-print-directory SETUP=no CC=$(CLANG) SAN=$(FUZZ_SAN)

## fuzz: fuzz one TARGET (see fuzz/) for so many SECONDS
.PHONY: fuzz fuzz-smoke
fuzz: setup
	$(Q)$(FUZZ_MAKE) $(FUZZ_BUILD)/fuzz/fuzz_$(TARGET)
	$(Q)tools/fuzz $(FUZZ_BUILD) run $(TARGET) $(or $(SECONDS),60)

## fuzz-smoke: all fuzz targets in two minutes, and the bug that must be found
fuzz-smoke: setup
	$(Q)$(FUZZ_MAKE) fuzzers
	$(Q)tools/fuzz $(FUZZ_BUILD) smoke $(SECONDS)

## fuzz-campaign: ten CPU minutes for each fuzz target, an hour for two of them
.PHONY: fuzz-campaign
fuzz-campaign: setup
	$(Q)$(FUZZ_MAKE) fuzzers
	$(Q)tools/fuzz $(FUZZ_BUILD) campaign $(TARGETS)
	$(Q)tools/fuzz $(FUZZ_BUILD) table

## cover: coverage of ref/wire and ref/session by vectors and corpora
.PHONY: cover
cover: setup
	$(Q)rm -rf build/cover
	$(Q)$(MAKE) --no-print-directory SETUP=no B=build/cover OPT=-O0 \
		CFLAGS='-g --coverage' LDFLAGS=--coverage \
		build/cover/vectors/test/test_vectors fuzzers
	$(Q)build/cover/vectors/test/test_vectors > build/cover/vectors.log
	$(Q)ci/fuzz.sh build/cover
	$(Q)tools/cover build/cover $(ARGS)

VECTORS_HASH := $(shell sed -n 's/^ "hash": "\(.\{12\}\).*/\1/p' \
	vectors/anytls-vectors.json)
VERSION_FLAGS := -DVERSION='"$(shell cat VERSION)"'
# Known to the objects that print them alone: the first is new with each commit.
$(B)/ref/client.o $(B)/ref/server.o $(B)/conformance/main.o: \
	VERSION_FLAGS += -DGIT_REV='"$(GIT_REV)"' \
	-DVECTORS_HASH='"$(VECTORS_HASH)"'
$(B)/conformance/main.o: vectors/anytls-vectors.json

$(B)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(VERSION_FLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(B)/gen/%.o: $(B)/gen/%.c
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

-include $(shell find $(B) -name '*.d' 2>/dev/null)
