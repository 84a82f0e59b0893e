# Knobs and their defaults; each may be given on make's command line.

CC          ?= cc
AR          ?= ar
PKG_CONFIG  ?= pkg-config
CLANG       ?= clang
PREFIX      ?= /usr/local
DESTDIR     ?=

# Sanitizers: none, address,undefined, thread or memory. Objects of different
# values never mix: each has its own folder below build/.
SAN         ?= none

# 1 turns warnings into errors; CI sets it.
WERROR      ?= 0

# 1: position-independent, read-only relocations, stack protector, _FORTIFY_SOURCE.
HARDEN      ?= 1

# "no" never installs or looks for packages.
SETUP       ?= yes

# Quiet unless V=1.
V           ?= 0

OPT         ?= -O2
CFLAGS      ?= -g

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wswitch-enum -Wvla -Wcast-qual -Wformat=2 \
	-Wundef -Wunused-function -Wno-missing-field-initializers
