# gsp: one Makefile, nothing recursive. GNU make.
#
#   make            build everything into build/
#   make deps       install what is needed (Debian and its kin; elsewhere: prints the names)
#   make demo       a whole evening with a real game, in the sandbox (root)
#   make check      every test; the last line is "N passed, N failed[, N skipped]"
#   make bench      ratios against plain rsync and OpenSSH
#   make install    DESTDIR and PREFIX are honoured

VERSION := 0.1.0

CC     ?= cc
AR     ?= ar
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/gsp

SANITIZE ?=
comma := ,
O     := build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))

# What a Debian machine needs to build and run; then what the tests and the demo add.
DEPS_BUILD := gcc make pkg-config libc6-dev libcurl4-openssl-dev libcjson-dev libyaml-dev \
	libssh-dev libmicrohttpd-dev
DEPS_RUN   := rsync openssh-client openssh-server nftables iproute2 util-linux ca-certificates
DEPS_TEST  := jq mandoc valgrind shellcheck minetest-server procps sqlite3 python3 curl clang \
	git

PKGS       := libcurl libcjson yaml-0.1 libssh libmicrohttpd
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
	-Wpointer-arith -Wundef $(if $(WERROR),-Werror)
HARD := -fstack-protector-strong -fno-strict-aliasing
OPT  := $(if $(SANITIZE),-O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE),-O2 -g)
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -DGSP_VERSION='"$(VERSION)"' \
	-DGSP_DATADIR='"$(DATADIR)"' $(WARN) $(HARD) $(OPT) -Ilib $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -Wl,--as-needed $(LDFLAGS)
LDLIBS := $(PKG_LIBS) -lm

LIB_SRC  := $(wildcard lib/*/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/%.o) $(O)/gen/agent_text.o
TOOLS    := $(patsubst cmd/%.c,%,$(wildcard cmd/gsp*.c))
BINS     := $(TOOLS:%=$(O)/%)
FAKE_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard test/fake/*.c))
UNIT     := $(patsubst test/unit/%.c,$(O)/test/unit/%,$(wildcard test/unit/test_*.c))
FUZZ     := $(patsubst test/fuzz/%.c,$(O)/test/fuzz/%,$(wildcard test/fuzz/fuzz_*.c))
MAN      := $(wildcard man/*.[1-9])

.PHONY: all clean deps install uninstall check check-unit check-integ check-fuzz check-san \
	check-valgrind check-headers check-layers check-man check-examples check-shell fuzz bench demo tests
.DELETE_ON_ERROR:

all: $(BINS)

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/libgsp.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) qcs $@ $^

$(BINS): $(O)/%: $(O)/cmd/%.o $(O)/cmd/tool.o $(O)/libgsp.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# The script that runs on the machine becomes a C string; its name there carries its checksum.
$(O)/gen/agent_text.c: lib/gsp/agent.sh
	@mkdir -p $(@D)
	@{ echo '#include "gsp/agent_text.h"'; \
	   printf 'const char gsp_agent_name[] = "agent-%s";\n' \
	       "$$(sha256sum <lib/gsp/agent.sh | cut -c1-12)"; \
	   echo 'const char gsp_agent_text[] ='; \
	   sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' lib/gsp/agent.sh; \
	   echo ';'; } >$@
$(O)/gen/agent_text.o: $(O)/gen/agent_text.c
	$(CC) $(ALL_CFLAGS) -Wno-overlength-strings -MMD -MP -c -o $@ $<

-include $(shell find $(O) -name '*.d' 2>/dev/null)

# ---- tests ----

$(O)/libfake.a: $(FAKE_OBJ)
	@rm -f $@
	$(AR) qcs $@ $^

$(UNIT): $(O)/test/unit/%: $(O)/test/unit/%.o $(O)/libfake.a $(O)/libgsp.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lpthread

$(FUZZ): $(O)/test/fuzz/%: $(O)/test/fuzz/%.o $(O)/test/fuzz/driver.o $(O)/libgsp.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

tests: $(UNIT) $(FUZZ)

clean:
	rm -rf build build-*

# ---- layers: what each may include; the table of the design, once ----

LAYERS := base sys fmt net linode gsp sandbox cli
uses_base    :=
uses_sys     := base
uses_fmt     := base
uses_net     := base sys
uses_linode  := base sys fmt net
uses_gsp     := base sys fmt net linode
uses_sandbox := base sys fmt
uses_cli     := base sys fmt

check-layers:
	@$(foreach l,$(LAYERS),! grep -Hn '^#include "' /dev/null $(wildcard lib/$(l)/*.[ch]) | \
	    grep -Ev '"($(subst $() ,|,$(strip $(l) $(uses_$(l)))))/' &&) true

check-headers:
	@for h in lib/*/*.h; do \
	    echo "#include \"$${h#lib/}\"" | \
	        $(CC) $(ALL_CFLAGS) -Werror -fsyntax-only -x c - || exit 1; \
	done

check-man:
	mandoc -T lint -W warning man/*.[1-9]
