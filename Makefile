# The project's commands:
#
#   make run      install what is missing, build, and start a gateway to try
#   make test     install what is missing, build, and run every test
#   make module   the module, and promotions-key, in build/
#   make asan     the behaviour tests on a module with ASan and UBSan
#   make fuzz     each fuzzer for FUZZ_SECONDS
#   make bench    the benchmarks
#   make torture  1,000 promotions while workers, Redis and git are killed
#   make valgrind the unit tests under valgrind
#   make analyze  cppcheck over the plain C rooms
#   make docker   builds the image and starts it
#   make check    all of it (long)
#
# While working on some rooms: make B=/tmp/b ROOMS="base git" unit

B            ?= build
CC           ?= cc
ROOMS        ?= base document catalog git forge definition promotion store
FUZZ_SECONDS ?= 60
NGINX_SOURCE ?= /usr/share/nginx/src
JOBS         ?= $(shell nproc 2>/dev/null || echo 2)

PKGS    = libgit2 jansson hiredis yaml-0.1 libpcre2-8 libcurl libcrypto zlib
CFLAGS ?= -O2 -g
CFLAGS_ALL = -std=gnu11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread \
             -Wall -Wextra -Werror -Wshadow -Wpointer-arith \
             -Wmissing-prototypes -Wno-unused-parameter -Isrc $(CFLAGS)
LIBS    = $(shell pkg-config --libs $(PKGS)) -pthread
SANITIZE = -fsanitize=address,undefined -fno-omit-frame-pointer

# absolute, since nginx's configure runs in a folder of its own
BUILD   = $(abspath $(B))
ROOT    = $(CURDIR)

SOURCES = $(sort $(foreach room,$(ROOMS),$(wildcard src/$(room)/pm_*.c)))
SCRIPTS = $(sort $(wildcard src/store/scripts/*.lua))
SHARED  = $(wildcard src/store/scripts/shared/*.lua)
OBJECTS = $(SOURCES:src/%.c=$(B)/lib/%.o) \
          $(if $(filter store,$(ROOMS)),$(B)/lib/store/scripts.o)
UNIT    = $(sort $(foreach room,$(ROOMS),$(wildcard tests/unit/$(room)/test_*.c)))
TESTS   = $(UNIT:tests/unit/%.c=$(B)/unit/%)
FUZZERS = $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
BENCHES = $(basename $(notdir $(wildcard tests/bench/*.c)))
TOOL    = $(wildcard src/tool/*.c)
NGINX_C = $(sort $(wildcard src/http/*.c src/store/ngx_*.c))
NGINX_H = $(sort $(wildcard src/*/*.h))

LIBRARY = $(B)/libpromotions.a
SANITIZED = $(B)/sanitized/libpromotions.a
MODULE  = $(B)/ngx_http_promotions_module.so
KEY     = $(B)/promotions-key
NGINX   = $(BUILD)/nginx

.PHONY: all run test module build failpoints key lib unit unit-programs replays \
        asan fuzz \
        bench torture valgrind analyze docker check style deps-build deps-run deps-test clean
.DELETE_ON_ERROR:

# what is missing is installed first, and only then does a make that can see
# the new tools and libraries build
all module: deps-build
	@$(MAKE) -s --no-print-directory -j$(JOBS) build

run: deps-run
	@$(MAKE) -s --no-print-directory -j$(JOBS) build
	@B=$(B) perl tools/run.pl

test: deps-test
	@$(MAKE) -s --no-print-directory -j$(JOBS) build unit-programs \
		replays failpoints $(B)/forge-run
	@B=$(B) perl tests/run.pl

deps-build deps-run deps-test: deps-%:
	@sh tools/install.sh $*

# a module with failpoints, where the tests have one, must not be of yesterday
build: $(MODULE) $(KEY) $(if $(wildcard $(B)/failpoints/*.so),failpoints)

key: $(KEY)

style:
	perl tests/style/check.pl


# the plain C rooms

lib: $(LIBRARY)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $(OBJECTS)

# the lanes' Lua scripts, as a table in C
$(B)/lib/store/scripts.c: $(SCRIPTS) $(SHARED) tools/scripts.pl
	@mkdir -p $(@D)
	@perl tools/scripts.pl $(SCRIPTS) > $@

$(B)/lib/store/scripts.o: $(B)/lib/store/scripts.c
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/lib/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(KEY): $(TOOL) $(NGINX_H) $(LIBRARY)
	$(CC) $(CFLAGS_ALL) -o $@ $(TOOL) $(LIBRARY) $(LIBS)

$(B)/unit/%: tests/unit/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(LIBRARY) $(LIBS) -lcmocka

unit-programs: $(TESTS)

# what t asks for pull requests without a gateway
$(B)/forge-run: tests/forge/run.c $(LIBRARY)
	$(CC) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(LIBRARY) $(LIBS)

# each test runs from the source tree's root
unit: $(TESTS)
	@for t in $(TESTS); do echo "== $$t"; $$t || exit 1; done


# the module: nginx's own configure and Makefile, in build/nginx, which links
# to the installed source so that nothing is written there

$(NGINX)/objs/Makefile: config $(B)/nginx.list | $(LIBRARY)
	@mkdir -p $(NGINX)
	@ln -sfn $(NGINX_SOURCE)/auto $(NGINX)/auto
	@ln -sfn $(NGINX_SOURCE)/src $(NGINX)/src
	@ln -sfn $(NGINX_SOURCE)/configure $(NGINX)/configure
	@CC="$(CC)" PROMOTIONS_LIB=$(BUILD)/libpromotions.a \
		bash tools/configure.sh $(NGINX_SOURCE) $(NGINX) $(ROOT) "$(CFLAGS)"

# rewritten only when a file comes or goes: nginx's Makefile names the headers
# that there were when it was made
$(B)/nginx.list: FORCE
	@mkdir -p $(@D)
	@echo $(NGINX_C) $(NGINX_H) > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

.PHONY: FORCE
FORCE:

$(MODULE): $(NGINX)/objs/Makefile $(NGINX_C) $(NGINX_H) $(LIBRARY)
	@rm -f $(NGINX)/objs/ngx_http_promotions_module.so
	+@$(MAKE) --no-print-directory -C $(NGINX) -f objs/Makefile modules
	# a new file, not new bytes in one that a running nginx has mapped
	@cp $(NGINX)/objs/ngx_http_promotions_module.so $@.new
	@mv $@.new $@


# the same with points at which a test kills it

failpoints:
	@$(MAKE) -s --no-print-directory B=$(B)/failpoints \
		CFLAGS="$(CFLAGS) -DPM_FAILPOINTS" build


# the same with ASan and UBSan

asan: deps-test
	@$(MAKE) -s --no-print-directory -j$(JOBS) B=$(B)/asan \
		CFLAGS="-O1 -g $(SANITIZE)" build failpoints $(B)/asan/forge-run
	@B=$(B)/asan PROMOTIONS_ASAN=1 perl tests/run.pl t


# fuzzers: replayed over their corpora by make test, run on by make fuzz

$(B)/replay/%: tests/fuzz/%.c tests/fuzz/replay.c $(SANITIZED)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -O1 $(SANITIZE) -MMD -MP -o $@ $^ $(LIBS)

# one make for all of them: two would write the same objects at once
$(SANITIZED): FORCE
	@$(MAKE) --no-print-directory B=$(B)/sanitized ROOMS="$(ROOMS)" \
		CFLAGS="-O1 -g $(SANITIZE)" lib

replays: $(FUZZERS:%=$(B)/replay/%)

fuzz: deps-test
	@sh tools/install.sh fuzz
	@$(MAKE) --no-print-directory B=$(B)/fuzz CC=clang \
		CFLAGS="-O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link" lib
	@for f in $(FUZZERS); do \
		sh tests/fuzz/run.sh $$f $(B)/fuzz $(FUZZ_SECONDS) \
			"$(CFLAGS_ALL) $(SANITIZE)" "$(LIBS)" || exit 1; done


$(B)/bench/%: tests/bench/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(LIBRARY) $(LIBS)

bench: deps-test
	@$(MAKE) -s --no-print-directory -j$(JOBS) build $(BENCHES:%=$(B)/bench/%)
	@bad=0; \
	for b in $(BENCHES); do echo "== $$b"; $(B)/bench/$$b || bad=1; done; \
	for b in promote lanes; do \
		echo "== $$b"; B=$(B) perl tests/bench/$$b.pl || bad=1; done; \
	exit $$bad

# SEED=7 for the events of an earlier run
torture: deps-test
	@$(MAKE) -s --no-print-directory -j$(JOBS) build failpoints
	@B=$(B) perl tests/torture.pl $(SEED)

valgrind: deps-test
	@sh tools/install.sh check
	@$(MAKE) -s --no-print-directory -j$(JOBS) unit-programs
	@printf '%s\n' $(TESTS) | xargs -n 1 -P $(JOBS) sh tests/valgrind.sh

# what tests/cppcheck.txt leaves out, and why, stands there
analyze:
	@sh tools/install.sh check
	@cppcheck --quiet --std=c11 --enable=warning,portability \
		--suppressions-list=tests/cppcheck.txt --error-exitcode=1 \
		-j $(JOBS) -Isrc $(SOURCES) $(TOOL)

docker: deps-run
	@sh tools/install.sh check
	@sh tests/docker.sh

check: test asan valgrind fuzz torture bench docker analyze

clean:
	rm -rf $(B)

-include $(OBJECTS:.o=.d) $(TESTS:=.d) $(BENCHES:%=$(B)/bench/%.d) \
         $(B)/forge-run.d
