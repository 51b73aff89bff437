# The project's commands: make run, test, module, asan, fuzz, bench, check.
# ROOMS=… narrows lib and unit tests to some rooms while working on them.

B      ?= build
CC     ?= cc
ROOMS  ?= base document catalog git forge promotion store

PKGS    = libgit2 jansson hiredis yaml-0.1 libpcre2-8 libcurl libcrypto zlib
CFLAGS ?= -O2 -g
CFLAGS_ALL = -std=gnu11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread \
             -Wall -Wextra -Werror -Wshadow -Wpointer-arith \
             -Wmissing-prototypes -Wno-unused-parameter -Isrc $(CFLAGS)
LIBS    = $(shell pkg-config --libs $(PKGS)) -pthread

SOURCES = $(sort $(foreach room,$(ROOMS),$(wildcard src/$(room)/pm_*.c)))
OBJECTS = $(SOURCES:src/%.c=$(B)/lib/%.o)
UNIT    = $(sort $(foreach room,$(ROOMS),$(wildcard tests/unit/$(room)/test_*.c)))
TESTS   = $(UNIT:tests/unit/%.c=$(B)/unit/%)

.PHONY: lib unit clean
.DELETE_ON_ERROR:

lib: $(B)/libpromotions.a

$(B)/libpromotions.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $(OBJECTS)

$(B)/lib/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/unit/%: tests/unit/%.c $(B)/libpromotions.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(B)/libpromotions.a $(LIBS) -lcmocka

# each test runs in its own folder of the source tree's root
unit: $(TESTS)
	@for t in $(TESTS); do echo "== $$t"; $$t || exit 1; done

clean:
	rm -rf $(B)

-include $(OBJECTS:.o=.d) $(TESTS:=.d)
