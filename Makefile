# libgoroutine. GNU make and a C11 compiler build it; nothing is configured, no file is listed: a new source is found by its place.
#
#   make                 the static and the shared library, in build/
#   make check           builds and runs every test              ONLY=text  those whose path holds it      JOBS=n  n at a time
#   make check-all       for every CPU, in turn: a line "cpu NAME pass N fail 0" for each      CPUS_WANTED="amd64 arm64"
#   make torture         real C and C++ in goroutines that are taken off all the time   TORTURE_SECONDS=3  for each of 52 cells
#   make check-registers model bench bench-net demo asm check-asm format format-check
#   make fuzz            the parser of the web server among the examples, by clang's libFuzzer    SECONDS=60
#   make install         DESTDIR= PREFIX=/usr/local LIBDIR= INCLUDEDIR=                make uninstall
# Variants, each in a folder of its own below build/, in any combination:
#   CC=clang             another compiler; one for another CPU (CC=aarch64-linux-gnu-gcc) chooses that CPU; its programs are
#                        run by qemu where this machine can not, RUN= by another command
#   CC=musl-gcc          another libc              STATIC=1   test programs are static
#   SANITIZE=address     with undefined; or SANITIZE=thread
#   HOSTILE=1            constants that make rare things common  SHARED=1   test programs use the shared library
#   TRACE=               without libgoroutine-trace, which is built where libunwind and gcc's libbacktrace are there
#
# SPDX-License-Identifier: MIT

CC      ?= cc
CFLAGS  ?= -O2 -g
WERROR  ?= -Werror
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include

# ---- what is built, and for what ----

compiler := $(notdir $(lastword $(filter-out -%,$(CC))))
triple   := $(shell $(CC) -dumpmachine)
machine  := $(firstword $(subst -, ,$(triple)))
# A CPU as the compiler calls it : as src/arch does : as qemu does. A new one that is called differently is one word here.
CPUS     := x86_64:amd64:x86_64 i386:386:i386 i486:386:i386 i586:386:i386 i686:386:i386 aarch64:arm64:aarch64 riscv64:riscv64:riscv64
CPUS     += s390x:s390x:s390x armv7l:arm:arm
CPUS     += mips:mips:mips mipsel:mips:mipsel
CPUS     += powerpc64le:ppc64:ppc64le powerpc64:ppc64:ppc64
CPUS     += mips64:mips64:mips64 mips64el:mips64:mips64el
CPUS     += wasm32:wasm:
known    := $(subst :, ,$(or $(filter $(machine):%,$(CPUS)),$(machine):$(machine):$(machine)))
CPU      := $(word 2,$(known))
OS       := $(if $(findstring emscripten,$(triple)),emscripten,linux)
# Where there is one thread: what src/sched/alone has takes the place of the files of the same names in src/sched, and there are no
# descriptors.
ALONE    := $(filter emscripten,$(OS))
OBJCOPY  := $(shell $(CC) -print-prog-name=objcopy 2>/dev/null)
clang    := $(findstring clang,$(shell $(CC) --version))
glibc    := $(shell $(CC) -E -dM -include features.h -x c /dev/null 2>/dev/null | sed -n 's/^.define __GLIBC__ //p')
HOSTCC   ?= $(if $(findstring -linux-gnu,$(compiler)),cc,$(CC))

# What runs programs for a CPU that this machine does not have: qemu, with the libraries that come with the compiler.
host     := $(shell uname -m)
native   := $(filter $(host) $(if $(filter x86_64,$(host)),i386 i486 i586 i686) $(if $(filter armv7l armv8l,$(host)),arm),$(machine))
RUN      ?= $(if $(native),,$(if $(ALONE),node,qemu-$(word 3,$(known)) -L $(or $(QEMU_ROOT),/usr/$(triple))))

variant  := $(subst $() ,-,$(strip $(filter-out cc gcc,$(compiler)) $(SANITIZE) $(HOSTILE:1=hostile) $(SHARED:1=shared) $(STATIC:1=static)))
BUILD    ?= build$(variant:%=/%)

comma    := ,
sanitize := $(if $(SANITIZE),-fsanitize=$(SANITIZE:address=address$(comma)undefined) -fno-sanitize-recover=all)

# What every object is compiled with, the tests' too.
# What a CPU needs besides, or its compilers: src/arch/<cpu>/library.mk may add to these.
# FRAMES: so that stacks show who called. NO_STUBS: so that no call leaves the library's text through a stub that lies outside it.
# STUBBORN: how a compiler's assembly is edited (sed) that makes stubs all the same. LIBS: what programs are linked with.
# ZERO_GP, NO_GP: for the linker's -r, and what is to be taken out again behind it. LOCAL_BY_NAME: 1: what is hidden must not become local.
# MODEL: the machine that an emulator is to be. OWN: with what else the library is compiled. FIRST: what comes before all else in its parts.
FRAMES   := -fno-omit-frame-pointer
NO_STUBS := -fno-plt
$(foreach none,STUBBORN LIBS ZERO_GP NO_GP LOCAL_BY_NAME MODEL OWN FIRST,$(eval $(none) :=))
option    = $(shell $(CC) $1 -E -x c /dev/null >/dev/null 2>&1 && echo $1)
-include $(wildcard src/arch/$(CPU)/library.mk)
$(if $(MODEL),$(if $(native),,$(eval export QEMU_CPU ?= $(MODEL))))

# Not every CPU's compiler writes unwind information unless it is told to.
COMMON := -std=gnu11 -Wall -Wextra $(WERROR) $(if $(HOSTILE),-DGO_HOSTILE) $(FRAMES) -fasynchronous-unwind-tables -Iinclude -Isrc $(CFLAGS) $(sanitize)
# The library's own. clang -O0 would still copy memory through a stub. No LTO: the text must be there to be renamed.
LIBRARY := $(COMMON) -fPIC -fvisibility=hidden $(NO_STUBS) $(OWN) -ftls-model=initial-exec -fno-stack-protector -fno-lto $(if $(clang),-mllvm -fast-isel=false)

# What libgoroutine-trace is made of. A compiler for another CPU has its own pkg-config, if anything; one for another libc has headers
# of its own, and the libraries that pkg-config knows are not for it.
PKG_CONFIG ?= $(if $(findstring -linux-gnu,$(compiler)),$(triple)-pkg-config,pkg-config)
flags_of  = $(shell $(PKG_CONFIG) --cflags $1 2>/dev/null)
has_header = $(shell $(CC) $(call flags_of,$1) -include $2 -E -x c /dev/null >/dev/null 2>&1 && echo yes)
libs_of   = $(if $(call has_header,$1,$2),$(shell $(PKG_CONFIG) $(if $(STATIC),--static) --libs $1 2>/dev/null))
unwinder  := $(call libs_of,libunwind-generic,libunwind.h)
backtrace := $(filter /%,$(shell $(CC) -print-file-name=libbacktrace.a 2>/dev/null))
TRACE     ?= $(if $(and $(unwinder),$(backtrace)),1)

all: $(BUILD)/libgoroutine.a $(if $(ALONE),,$(BUILD)/libgoroutine.so) $(if $(TRACE),$(BUILD)/libgoroutine-trace.a $(BUILD)/libgoroutine-trace.so)

# ---- the library ----

# Two parts: what every program needs, and what only one with descriptors does. And a call of libc's by itself.
core    := base arch/$(CPU) os/$(OS) sched $(if $(ALONE),sched/alone) chan sync time context
net     := $(if $(ALONE),,os/$(OS)/net net context/net process)
groups  := os/$(OS)/groups
alone   := $(if $(ALONE),$(notdir $(wildcard src/sched/alone/*.c)))
files    = $(filter-out $(alone:%=src/sched/%),$(foreach floor,$1,$(wildcard src/$(floor)/*.c src/$(floor)/*.S)))
compiled = $(patsubst %,$(BUILD)/%.o,$(call files,$1))
objects := $(call compiled,$(core) $(net))
beside  := $(patsubst %.o,%.raw,$(call compiled,$(groups)))

version_part = $(shell sed -n 's/^.define GO_VERSION_$1  *//p' include/goroutine/abi.h)
version := $(call version_part,MAJOR).$(call version_part,MINOR).$(call version_part,PATCH)
soname  := libgoroutine.so.$(call version_part,MAJOR)

$(BUILD)/%.c.raw: %.c $(BUILD)/library.flags
	@mkdir -p $(@D)
	$(if $(STUBBORN),,$(CC) $(LIBRARY) -MMD -MP -MF $(@:.raw=.d) -MT $@ -c -o $@ $<)
	$(if $(STUBBORN),$(CC) $(LIBRARY) -MMD -MP -MF $(@:.raw=.d) -MT $@ -S -o $@.s $<)
	$(if $(STUBBORN),sed -i '$(STUBBORN)' $@.s && $(CC) $(CFLAGS) -fPIC -c -o $@ $@.s)

$(BUILD)/%.S.raw: %.S $(BUILD)/library.flags
	@mkdir -p $(@D)
	$(CC) $(LIBRARY) -MMD -MP -MF $(@:.raw=.d) -MT $@ -c -o $@ $<

ifneq ($(wildcard src/os/$(OS)/library.mk),)
include src/os/$(OS)/library.mk
else

# The library's text gets a section of its own, whatever the compiler split it into, so that "the pc is in our text" is one
# comparison with the linker's __start_go_text and __stop_go_text. On 386 the compiler's helpers that read the pc get names of
# their own too: else the linker would merge them with those of the program, outside our text.
# And so do the functions of libc that a compiler calls where nobody wrote a call (src/base/string.c).
OWN_STRINGS = $(foreach name,memcpy memmove memset memcmp strlen,--redefine-sym $(name)=goroutine.$(name))
RENAME = $(OBJCOPY) $(NO_GP) $(OWN_STRINGS) $$(readelf -SW $< | sed -n 's/^.*\] \(\.text[^ ]*\) .*/--rename-section \1=go_text/p') \
    $$(readelf -sW $< | sed -n 's/^.* \(__x86\.\(get_pc_thunk\.[a-z]*\)\)$$/--redefine-sym \1=go.\2/p')

$(BUILD)/%.o: $(BUILD)/%.raw
	$(RENAME) $< $@

$(BUILD)/%.a:
	@rm -f $@
	$(AR) rcs $@ $^

# The parts, for tests of internals; with the compiler's helpers that they call (atomics, 64-bit division), which are their text too.
$(BUILD)/parts.a: $(objects) $(BUILD)/helpers.o

libgcc = $(shell $(CC) -print-libgcc-file-name)
$(BUILD)/helpers.raw: $(objects)
	nm -u $^ | awk 'NF == 2 { print $$2 }' | sort -u >$@.wanted
	nm --defined-only $(libgcc) 2>/dev/null | awk 'NF == 3 { print $$3 }' | sort -u | comm -12 - $@.wanted | sed 's/^/-Wl,-u,/' >$@.taken
	$(CC) $(CFLAGS) -fno-lto -c -x c -o $@.empty /dev/null
	$(CC) $(CFLAGS) -fno-lto -r -nostdlib $(ZERO_GP) -o $@ $@.empty @$@.taken $(libgcc)

# The library proper is one object for each part, in which only the public calls have names for a linker: none of the rest can clash
# with a program's. They hold the compiler's helpers that they call (64-bit division), since those are their text too; what comes in
# groups, of which a linker keeps one, each has for itself.
$(BUILD)/core.raw: $(FIRST) $(call compiled,$(core))
$(BUILD)/net.raw: $(FIRST) $(call compiled,$(net))
$(BUILD)/core.raw $(BUILD)/net.raw:
	$(CC) $(CFLAGS) -r -nostdlib $(ZERO_GP) -Wl,--force-group-allocation -o $@ $^ $(libgcc)

# What net calls of core by a hidden name gets one that no C program can have.
hidden  = readelf -sW $1 | awk '$$5 == "GLOBAL" && $$6 == "HIDDEN" && $$7 != "UND" { print $$NF }' | sort
missing = readelf -sW $1 | awk '$$5 == "GLOBAL" && $$7 == "UND" { print $$NF }' | sort
$(BUILD)/seam: $(BUILD)/core.raw $(BUILD)/net.raw
	$(call missing,$(BUILD)/net.raw) >$@.missing
	$(call hidden,$(BUILD)/core.raw) | comm -12 - $@.missing | sed 's/.*/& goroutine.&/' >$@

# A hidden name becomes local, so that it can not clash; or else one that no C program can have.
local = $(if $(LOCAL_BY_NAME),--redefine-syms=$(BUILD)/$1.names,--localize-hidden)
$(BUILD)/%.names: $(BUILD)/%.raw $(BUILD)/seam
	$(call hidden,$<) | sed 's/.*/& goroutine.$*.&/' >$@.all
	sed 's/ .*//' $(BUILD)/seam | sort | join -v 2 - $@.all >$@
$(if $(LOCAL_BY_NAME),$(BUILD)/libgoroutine.o: $(BUILD)/core.names)
$(if $(LOCAL_BY_NAME),$(BUILD)/libgoroutine-net.o: $(BUILD)/net.names)

$(BUILD)/libgoroutine.o: $(BUILD)/core.raw $(BUILD)/seam
	$(RENAME) --redefine-syms=$(BUILD)/seam $(call local,core) --remove-section .llvm_addrsig $< $@
	sed 's/.* //' $(BUILD)/seam >$(BUILD)/seam.names
	$(OBJCOPY) --globalize-symbols=$(BUILD)/seam.names $@

$(BUILD)/libgoroutine-groups.raw: $(beside)
	$(CC) $(CFLAGS) -r -nostdlib $(ZERO_GP) -o $@ $^

$(BUILD)/libgoroutine-net.o: $(BUILD)/net.raw $(BUILD)/seam
	$(RENAME) --redefine-syms=$(BUILD)/seam $(call local,net) --remove-section .llvm_addrsig $< $@

proper := $(BUILD)/libgoroutine.o $(BUILD)/libgoroutine-net.o $(if $(beside),$(BUILD)/libgoroutine-groups.o)

$(BUILD)/libgoroutine.a: $(proper)

# It is never unloaded (its threads and handlers would run into nothing), and its calls to itself stay in it.
$(BUILD)/libgoroutine.so.$(version): $(proper) src/libgoroutine.map
	$(CC) $(CFLAGS) $(sanitize) -shared -o $@ $(proper) -pthread -Wl,-soname,$(soname) -Wl,--version-script=src/libgoroutine.map \
	    -Wl,-z,text,-z,relro,-z,now,-z,nodelete,-Bsymbolic-functions $(if $(SANITIZE),,-Wl,-z,defs) $(LDFLAGS)

$(BUILD)/$(soname): $(BUILD)/libgoroutine.so.$(version)
	ln -sf $(<F) $@

$(BUILD)/libgoroutine.so: $(BUILD)/$(soname)
	ln -sf $(<F) $@

endif

# ---- libgoroutine-trace ----

# Names for the stacks in dumps, for programs that link it. It is no part of the library's text, and uses its public face. libbacktrace
# comes inside, with what it asks the loader for answered by us; libunwind is linked as it is.
trace    := $(patsubst %.c,$(BUILD)/%.to,$(wildcard src/os/$(OS)/trace/*.c))
trace_so := libgoroutine-trace.so

$(trace): private TEST_FLAGS := $(COMMON) -fPIC -fvisibility=hidden -fno-lto -idirafter $(dir $(backtrace))include

$(BUILD)/backtrace.a: $(backtrace)
	$(OBJCOPY) --redefine-sym dl_iterate_phdr=go_trace_objects $< $@

$(BUILD)/libgoroutine-trace.o: $(trace) $(BUILD)/backtrace.a
	$(CC) $(CFLAGS) -r -nostdlib $(ZERO_GP) -o $@ $^
	$(OBJCOPY) $(NO_GP) --localize-hidden --keep-global-symbol=go_trace_linked $@

$(BUILD)/libgoroutine-trace.a: $(BUILD)/libgoroutine-trace.o

$(BUILD)/$(trace_so).$(version): $(BUILD)/libgoroutine-trace.o $(BUILD)/libgoroutine.so
	$(CC) $(CFLAGS) $(sanitize) -shared -o $@ $^ $(unwinder) -pthread -Wl,-soname,$(trace_so).$(call version_part,MAJOR) \
	    -Wl,-z,text,-z,relro,-z,now,-z,nodelete $(if $(SANITIZE),,-Wl,-z,defs) $(LDFLAGS)

$(BUILD)/$(trace_so).$(call version_part,MAJOR): $(BUILD)/$(trace_so).$(version)
	ln -sf $(<F) $@

$(BUILD)/$(trace_so): $(BUILD)/$(trace_so).$(call version_part,MAJOR)
	ln -sf $(<F) $@

# Everything is made anew when the command that makes it changes.
$(BUILD)/library.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(LIBRARY) $(LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(LIBRARY) $(LDFLAGS)' >$@

# ---- installing ----

headers := $(wildcard include/*.h include/goroutine/*.h)
at      := $(DESTDIR)$(LIBDIR)
packages  := goroutine $(if $(TRACE),goroutine-trace)
suffixes  := a $(if $(ALONE),,so so.$(call version_part,MAJOR) so.$(version))
installed := $(headers:include/%=$(DESTDIR)$(INCLUDEDIR)/%) $(foreach package,$(packages),$(at)/pkgconfig/$(package).pc \
             $(foreach suffix,$(suffixes),$(at)/lib$(package).$(suffix)))

install: all $(packages:%=install-%)
	install -d $(DESTDIR)$(INCLUDEDIR)/goroutine
	install -m 644 $(wildcard include/*.h) $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(wildcard include/goroutine/*.h) $(DESTDIR)$(INCLUDEDIR)/goroutine

$(packages:%=install-%): install-%: all
	install -d $(at)/pkgconfig
	install -m 644 $(BUILD)/lib$*.a $(at)
	$(if $(ALONE),,install -m 755 $(BUILD)/lib$*.so.$(version) $(at))
	$(if $(ALONE),,ln -sf lib$*.so.$(version) $(at)/lib$*.so.$(call version_part,MAJOR))
	$(if $(ALONE),,ln -sf lib$*.so.$(call version_part,MAJOR) $(at)/lib$*.so)
	sed $(if $(ALONE),-e 's|^Libs: .*|& $(PROGRAM_FLAGS)|' -e '/^Libs.private/d') -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(version)|' \
	    $*.pc.in >$(at)/pkgconfig/$*.pc
	chmod 644 $(at)/pkgconfig/$*.pc

uninstall:
	rm -f $(installed)
	[ ! -d $(DESTDIR)$(INCLUDEDIR)/goroutine ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(INCLUDEDIR)/goroutine

# ---- generated assembly, formatting, cleaning ----

MKPREEMPT := $(BUILD)/tools/mkpreempt

$(MKPREEMPT): $(wildcard tools/mkpreempt/*.c tools/mkpreempt/*.h)
	@mkdir -p $(@D)
	$(HOSTCC) -std=gnu11 -O1 -g -Wall -Wextra $(WERROR) -Itools/mkpreempt -o $@ $(filter %.c,$^)

asm: $(MKPREEMPT)
	$(MKPREEMPT)

check-asm: $(MKPREEMPT)
	$(MKPREEMPT) --check

formatted = $(shell find include src tests tools bench demo examples -name '*.[ch]')

format:
	clang-format -i $(formatted)

format-check:
	clang-format --dry-run --Werror $(formatted)

clean:
	rm -rf build $(BUILD)

include tests/tests.mk

FORCE:
.PHONY: all install $(packages:%=install-%) uninstall asm check-asm format format-check clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:
-include $(objects:.o=.d) $(beside:.raw=.d)
