# gsp: one Makefile, nothing recursive. GNU make.
#
#   make            build everything into build/
#   make deps       install what is needed (Debian and its kin; elsewhere: prints the names);
#                   make deps-more: what the sanitizers, valgrind and the linters need, too
#   make demo       a whole evening with a real game, in the sandbox (root)
#   make check      every test, and the table of a simulated month; the last line is "N passed, N
#                   failed[, N skipped]"
#   make check-faults   the tools killed at every step, full disks, cut links, ...; prints a table
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

# What a Debian machine needs to build and to run gsp; then what the demo and the tests add.
DEPS_BUILD := gcc make pkg-config libc6-dev libcurl4-openssl-dev libcjson-dev libyaml-dev \
	libssh-dev libmicrohttpd-dev libxxhash-dev libwslay-dev
DEPS_RUN   := rsync zstd openssh-client openssh-server nftables iproute2 util-linux ca-certificates
DEPS_TEST  := minetest-server jq curl python3 procps mandoc restic faketime qstat openssl \
	python3-discord
# for check-san, check-valgrind, check-shell and fuzz; not needed for anything else
DEPS_MORE  := clang valgrind shellcheck cppcheck git time

PKGS       := libcurl libcjson yaml-0.1 libssh libmicrohttpd libxxhash
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
	-Wpointer-arith -Wundef $(if $(WERROR),-Werror)
HARD := -fstack-protector-strong -fno-strict-aliasing -ffunction-sections -fdata-sections
OPT  := $(if $(SANITIZE),-O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE),-O2 -g)
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -DGSP_VERSION='"$(VERSION)"' \
	-DGSP_DATADIR='"$(DATADIR)"' $(WARN) $(HARD) $(OPT) -Ilib $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -Wl,--as-needed $(LDFLAGS)
# libwslay comes without a .pc file in Debian 12
LDLIBS := $(PKG_LIBS) -lwslay -lm

LIB_SRC  := $(wildcard lib/*/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/%.o) $(O)/gen/agent_text.o
TOOLS    := $(patsubst cmd/%.c,%,$(wildcard cmd/gsp*.c))
BINS     := $(TOOLS:%=$(O)/%)
FAKE_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard test/fake/*.c))
UNIT     := $(patsubst test/unit/%.c,$(O)/test/unit/%,$(wildcard test/unit/test_*.c))
FUZZ     := $(patsubst test/fuzz/%.c,$(O)/test/fuzz/%,$(wildcard test/fuzz/fuzz_*.c))
MAN      := $(wildcard man/*.[1-9])

.PHONY: all clean deps deps-more install uninstall check check-unit check-integ check-san check-valgrind \
	check-headers check-layers check-man check-shell fuzz bench demo tests faults check-faults
.DELETE_ON_ERROR:

all: $(BINS)

# Objects of another way to compile are made again.
.PHONY: always
$(O)/cflags: always
	@mkdir -p $(@D) && echo '$(HARD) $(OPT)' | cmp -s - $@ || echo '$(HARD) $(OPT)' >$@

$(O)/%.o: %.c $(O)/cflags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/libgsp.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) qcs $@ $^

# A tool of more than one file.
$(O)/gsp-saves: $(patsubst %.c,$(O)/%.o,$(wildcard cmd/saves_*.c))

$(BINS): $(O)/%: $(O)/cmd/%.o $(O)/libgsp.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

# The half of the bot that owns the home is linked with nothing that could connect to anybody: what it
# does not call is left out, and if it called it, the linker would not find it. (The sanitizers keep
# what is not called.)
BOT_SETUP := $(patsubst %,$(O)/cmd/bot_%.o,api check check_guild check_here find register)
$(O)/gsp-bot: $(filter-out $(BOT_SETUP),$(patsubst %.c,$(O)/%.o,$(wildcard cmd/bot_*.c)))
$(O)/gsp-bot-setup: $(BOT_SETUP) $(O)/cmd/bot_main.o
ifeq ($(SANITIZE),)
$(O)/gsp-bot: LDLIBS := $(shell pkg-config --libs libcjson yaml-0.1 2>/dev/null) -lm
$(O)/gsp-bot: ALL_LDFLAGS += -Wl,--gc-sections
endif

# The network half of the bot knows no home: none of what the others share, so that it stays small.
$(filter-out $(O)/gsp-bot-net,$(BINS)): $(O)/cmd/tool.o
$(O)/gsp-status: $(O)/cmd/status_probe.o $(O)/cmd/status_row.o
$(O)/gsp-up: $(O)/cmd/up_watcher.o $(O)/cmd/watch_kids.o
$(O)/gsp-watch: $(patsubst %.c,$(O)/%.o,$(wildcard cmd/watch_*.c))
$(O)/gsp-down $(O)/gsp-restart: $(O)/cmd/ask_players.o
$(O)/gsp-bot-net: $(patsubst %.c,$(O)/%.o,$(wildcard cmd/net_*.c))

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
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lpthread

# Parts of the bot's network half, with a REST client of the test's own in the library's place.
$(O)/test/unit/test_net_jobs $(O)/test/unit/test_net_asks $(O)/test/unit/test_net_link: \
    $(patsubst %,$(O)/cmd/net_%.o,link send asks answer jobs end)

$(FUZZ): $(O)/test/fuzz/%: $(O)/test/fuzz/%.o $(O)/test/fuzz/driver.o $(O)/libgsp.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

tests: $(UNIT) $(FUZZ)

# The long ones first, so that the last worker is not left alone with one of them.
LONG     := $(wildcard $(patsubst %,test/integ/%.t,month watch dns review killed files_many api_faults \
	machine_faults takeover saves_down stop lease watcher watcher_ends notify))
INTEG    := $(LONG) $(filter-out $(LONG),$(wildcard test/integ/*.t))
JOBS     ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n * 2)))
RUN      := test/run -j $(JOBS)
# "program::argument": each fuzz target reads its corpus
REPLAY   := $(foreach f,$(FUZZ),$(f)::test/data/fuzz/$(patsubst fuzz_%,%,$(notdir $(f))))

check: all tests faults check-headers check-layers check-man
	BUILD=$(CURDIR)/$(O) $(RUN) -o $(O)/tap $(INTEG) test/faults/covered.t $(UNIT) $(REPLAY)

check-unit: tests
	$(RUN) -o $(O)/tap-unit $(UNIT) $(REPLAY)

check-integ: all faults
	BUILD=$(CURDIR)/$(O) $(RUN) -o $(O)/tap-integ $(INTEG)

# The same binaries under the sanitizers: every unit test, and the integration tests.
check-san:
	$(MAKE) SANITIZE=address,undefined WERROR=1 all tests faults
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	    BUILD=$(CURDIR)/build-address-undefined $(RUN) -o build-address-undefined/tap \
	    $(INTEG_SAN) $(patsubst $(O)/%,build-address-undefined/%,$(UNIT) $(REPLAY))
# Not 4 GB of holes through a sanitized ssh, and none of those whose subject is the moment at which
# a tool is killed, or how many steps it takes: both are others under a sanitizer; nor those that
# preload another clock, which has to be first as well.
INTEG_SAN ?= $(filter-out %/files_many.t %/killed.t %/killed_before.t %/signals.t \
	%/signals_sync.t %/scale.t %/month.t %/watch.t %/bot_minute.t,$(INTEG))

# Under valgrind, which knows no Landlock: the units that neither start a machine nor keep times of
# their own.
VALGRIND_UNIT := $(filter-out %/test_confine %/test_sandbox_machine %/test_ssh %/test_ssh_pump %/test_history_kill %/test_sandbox_api,$(UNIT))
check-valgrind: tests
	@mkdir -p $(O)/vg && for t in $(VALGRIND_UNIT); do \
	    printf '#!/bin/sh\nexec valgrind -q --error-exitcode=99 --child-silent-after-fork=yes --leak-check=full --errors-for-leak-kinds=definite %s\n' \
	        "$$t" >$(O)/vg/$${t##*/} && chmod +x $(O)/vg/$${t##*/}; done
	$(RUN) -o $(O)/tap-vg $(patsubst $(O)/test/unit/%,$(O)/vg/%,$(VALGRIND_UNIT))

# Each target for FUZZ_SECONDS under libFuzzer; needs clang.
FUZZ_SECONDS ?= 30
fuzz:
	@mkdir -p build-fuzz
	@$(MAKE) CC=clang O=build-fuzz/lib CFLAGS='-fsanitize=address,undefined,fuzzer-no-link -O1' \
	    LDFLAGS='-fsanitize=address,undefined' build-fuzz/lib/libgsp.a
	@for f in test/fuzz/fuzz_*.c; do \
	    n=$${f##*/fuzz_}; n=$${n%.c}; mkdir -p build-fuzz/corpus/$$n; \
	    clang $(ALL_CFLAGS) -fsanitize=address,undefined,fuzzer -O1 -o build-fuzz/$$n $$f \
	        build-fuzz/lib/libgsp.a $(LDLIBS) && \
	    echo "fuzz $$n" && \
	    build-fuzz/$$n -max_total_time=$(FUZZ_SECONDS) -verbosity=0 -artifact_prefix=build-fuzz/ \
	        build-fuzz/corpus/$$n test/data/fuzz/$$n || exit 1; \
	done

# ---- faults: the tools killed at each of their steps ----

# The same objects linked once more, with test/faults/step.c between them and the world.
FAULTS := $(O)/faults
WRAPS  := $(shell sed -n 's/^REAL.[^,]*, \([a-z0-9_]*\),.*/\1/p' test/faults/step.c)
# What the mains of some tools share; each takes what it needs from it.
CMD_PARTS := $(patsubst %.c,$(O)/%.o,$(filter-out cmd/gsp%.c,$(wildcard cmd/*.c)))
$(FAULTS)/parts.a: $(CMD_PARTS)
	@mkdir -p $(@D) && rm -f $@
	$(AR) qcs $@ $^
$(filter-out %/gsp-sandbox,$(TOOLS:%=$(FAULTS)/%)): $(FAULTS)/%: $(O)/cmd/%.o \
    $(O)/test/faults/step.o $(FAULTS)/parts.a $(O)/libgsp.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(WRAPS:%=-Wl,--wrap=%) -o $@ $^ $(LDLIBS)
$(FAULTS)/gsp-sandbox: $(O)/gsp-sandbox
	@mkdir -p $(@D) && cp --remove-destination $< $@

faults: all $(TOOLS:%=$(FAULTS)/%)

# Every fault, and a table of what became of saves and machines. The tests wait more than they
# work, so more of them run at once. FULL=1: no case left out (see test/faults/kill.sh).
# The long ones first, as above.
FAULT_LONG := $(wildcard $(patsubst %,test/faults/%_*.t,kill_parts kill_edit kill_evening kill_bot))
FAULT_T := $(FAULT_LONG) $(filter-out $(FAULT_LONG),$(wildcard test/faults/*.t))
KILL_SAMPLE ?= 1
FAULT_JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n * 3)))
check-faults: faults
	@rm -rf $(O)/fault-rows && mkdir -p $(O)/fault-rows
	@status=0; KILL_SAMPLE=$(KILL_SAMPLE) FAULT_ROWS=$(CURDIR)/$(O)/fault-rows BUILD=$(CURDIR)/$(O) \
	    test/run -j $(FAULT_JOBS) -t $(if $(FULL),14400,1500) -o $(O)/tap-faults $(FAULT_T) >$(O)/fault-sum || status=1; \
	    sed '$$d' $(O)/fault-sum; test/faults/table $(O)/fault-rows || status=1; \
	    tail -n 1 $(O)/fault-sum; exit $$status

bench: all
	BUILD=$(CURDIR)/$(O) test/bench

demo:
	@test/demo

# ---- installing ----

DEPS := $(sort $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST))
deps-more: DEPS += $(DEPS_MORE)
deps deps-more:
	@if ! command -v apt-get >/dev/null; then \
	    echo "This computer has no apt-get. Install what it calls these (Debian's names):"; \
	    echo "  $(DEPS)"; exit 1; fi; \
	missing=; for p in $(DEPS); do \
	    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then echo "everything is installed"; exit 0; fi; \
	echo "installing:$$missing"; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >build.deps.log 2>&1 || \
	    { cat build.deps.log; rm -f build.deps.log; exit 1; }; rm -f build.deps.log

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(DATADIR)/examples
	install -m 755 $(BINS) $(DESTDIR)$(BINDIR)
	@for m in $(MAN); do d=$(DESTDIR)$(MANDIR)/man$${m##*.}; \
	    install -d $$d && install -m 644 $$m $$d || exit 1; done
	@for e in examples/*/; do e=$${e%/}; install -d $(DESTDIR)$(DATADIR)/$$e; \
	    for f in $$e/*; do \
	        if [ -d $$f ]; then cp -R $$f $(DESTDIR)$(DATADIR)/$$e/; \
	        elif [ -x $$f ]; then install -m 755 $$f $(DESTDIR)$(DATADIR)/$$e; \
	        else install -m 644 $$f $(DESTDIR)$(DATADIR)/$$e; fi || exit 1; done; done

uninstall:
	rm -f $(BINS:$(O)/%=$(DESTDIR)$(BINDIR)/%) $(foreach m,$(MAN),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
	@for f in $$(find examples -depth); do d=$(DESTDIR)$(DATADIR)/$$f; \
	    if [ -d $$f ]; then [ ! -d $$d ] || rmdir --ignore-fail-on-non-empty $$d; else rm -f $$d; fi; done; \
	    [ ! -d $(DESTDIR)$(DATADIR) ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(DATADIR)

clean:
	rm -rf build build-*

# ---- layers: what each may include; the table of the design, once ----

LAYERS := base sys fmt net linode query discord gsp sandbox cli
uses_base    :=
uses_sys     := base
uses_fmt     := base
uses_net     := base sys
uses_linode  := base sys fmt net
uses_query   := base sys fmt
uses_discord := base sys fmt net
uses_gsp     := base sys fmt net linode query
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
	@if command -v mandoc >/dev/null; then mandoc -T lint -W warning man/*.[1-9]; \
	else echo "mandoc is not installed: man pages not checked"; fi

# What runs for others is held to shellcheck's style, too; tests to its warnings.
check-shell:
	shellcheck -s sh lib/gsp/agent.sh $(shell grep -lE '^\#!/bin/sh' examples/*/*)
	shellcheck -s sh -S warning -e SC2154,SC1090,SC1091 test/run test/demo test/bench test/bench_bot.sh test/prism test/prism-discord test/sdk test/peers \
	    test/discord-peers \
	    test/integ/*.sh test/integ/*.t test/faults/*.sh test/faults/*.t test/faults/table
	shellcheck -s bash -S warning .ci/run
