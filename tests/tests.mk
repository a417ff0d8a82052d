# The tests; included by the Makefile. A test is found by its place, and prints TAP:
#
#   tests/X/*.c, examples/*.c    a program each; prove runs it, or else the script `run` beside it does, which is told where it is built
#   tests/X/*.t                  a script each
#   tests/*.c                    the framework; a program that has no main() of its own gets the framework's
#   examples/X/*.c               parts that examples share; the tests of tests/servers use them too
# Programs use the library as anybody would, but those in the folders of `internal` are linked with its parts and may use src/.
# Those in tests/traced and tests/traced_crash are linked with libgoroutine-trace too, if it is built; its *_test.c hold the tests of api/debug_trace_test.c.
# Those in tests/libraries use zlib, SQLite and Lua, and are there only if pkg-config of the compiler's CPU knows these. Those in
# tests/libraries_static have the same library in their own file, and the tests of the program of that name; not the locks of SQLite where
# a sanitizer keeps identities from being handed over.
# In a program's source, "LDLIBS: -lz" in a comment names libraries, "COMPILED WITH: -fexceptions" flags, and a function __wrap_f takes the place of f.
#
# SPDX-License-Identifier: MIT

JOBS ?= 1
RUN  ?=
internal  := tests/arch tests/os tests/sched tests/fault tests/registers

guests    := zlib sqlite3 lua5.4
guest_libs := $(call libs_of,$(guests),sqlite3.h)
# Frames that are left one by one, and handlers that longjmp takes off, are glibc's only (src/os/linux/ending.c, ending_musl.c).
of_glibc  := tests/api/task_exit_unwinding% tests/api/task_exit_frames% tests/crash/a_cancelled_goroutine_that_has_jumped_does_not_get_away%
of_musl   := tests/crash/a_cancelled_goroutine_that_has_jumped_ends_all_the_same%
of_musl_static := tests/crash/a_cancelled_main_of_a_static_program%
# A static program with glibc has no malloc of its own.
of_dynamic := tests/traced_crash/a_stack_is_shown_while_locks_of_libc_are_held%
# By a tracer, or where there is none that could step by the program's own traps.
registers_not := tests/registers/$(if $(filter amd64 386,$(CPU)),traps,registers).c
# Where there is one thread: tests/alone/lacking says who is left out, and why. Internals, ELF files, servers and libraries are not
# tried there. Those in tests/host are for it alone.
lacking   := $(if $(ALONE),,tests/host/%) $(if $(ALONE),$(shell tests/alone/lacking) $(patsubst %,tests/%,arch/% os/% sched/% fault/% registers/% hazard/% build/% \
             install/% framework/% libraries% traced% servers/%))
sources   := $(filter-out $(lacking) $(registers_not) tests/torture/% tests/alone/% \
             $(if $(glibc),$(of_musl),$(of_glibc)) \
             $(if $(glibc)$(if $(STATIC),,shared),$(of_musl_static)) \
             $(if $(and $(STATIC),$(glibc)),$(of_dynamic)) \
             $(if $(TRACE),,tests/traced%) \
             $(if $(guest_libs),,tests/libraries%) \
             $(if $(STATIC),tests/libraries_static/%,$(if $(SANITIZE),tests/libraries_static/sqlite_locks%)),\
             $(wildcard tests/*/*.c tests/*/run tests/*/*.t examples/*.c))
programs  := $(patsubst %.c,$(BUILD)/%,$(filter %.c,$(sources)))
traced    := $(filter $(BUILD)/tests/traced%,$(programs))
inside    := $(foreach folder,$(internal),$(filter $(BUILD)/$(folder)/%,$(programs)))
starters  := $(filter %/run,$(sources)) examples/run
by_run    = $(foreach run,$1,$(filter $(BUILD)/$(dir $(run))%,$(programs)))
registers := $(filter $(BUILD)/tests/registers/%,$(programs))

tests  := $(filter-out $(registers) $(call by_run,$(starters)),$(programs)) $(starters) $(filter %.t,$(sources))
chosen := $(sort $(if $(ONLY),$(foreach text,$(ONLY),$(foreach test,$(tests),$(if $(findstring $(text),$(test)),$(test)))),$(tests)))
servers  := $(addprefix $(BUILD)/examples/,echo chat proxy httpd)
needed := $(filter $(programs),$(chosen)) $(call by_run,$(filter $(starters),$(chosen))) $(if $(filter tests/servers/%.t,$(chosen)),$(servers))

TEST_FLAGS := $(COMMON) -Itests
# Where the CPU has no atomics of 64 bits, a program's own are libatomic's.
TEST_LIBS  := $(or $(strip $(PROGRAM_FLAGS) $(IN_ONE_FILE)),-pthread -lm $(LIBS)) $(if $(STATIC),-static -Wl$(comma)--eh-frame-hdr) $(if $(SHARED),-Wl$(comma)-rpath$(comma)$(abspath $(BUILD))) $(LDFLAGS)
library    := $(BUILD)/libgoroutine$(if $(SHARED),.so,.a)

# clang links its sanitizers into the program unless told otherwise, and code of the program's own file is what gets preempted.
ifneq ($(and $(clang),$(findstring address,$(SANITIZE))),)
TEST_LIBS += -shared-libasan -Wl,-rpath,$(dir $(shell $(CC) -print-file-name=libclang_rt.asan-$(machine).so))
endif

# Where there is one thread, what tests/alone has takes the place of the files of the same names.
in_place  := $(if $(ALONE),$(wildcard tests/alone/*.c))
framework := $(filter-out $(lacking) $(in_place:tests/alone/%=tests/%),$(wildcard tests/*.c)) $(in_place)
$(BUILD)/tests/framework.a: $(framework:%.c=$(BUILD)/%.to)

$(BUILD)/%.to: %.c $(BUILD)/tests.flags
	@mkdir -p $(@D)
	$(CC) $(TEST_FLAGS) $$(sed -n 's/^.*COMPILED WITH: //p' $<) -MMD -MP -MF $(@:.to=.d) -MT $@ -c -o $@ $<

$(BUILD)/examples/parts.a: $(patsubst %.c,$(BUILD)/%.to,$(wildcard examples/*/*.c))

# An unwinder that was made for glibc asks for this, and comes after the framework, which has it for other libcs (tests/found.c); and
# musl-gcc forgets the table that it is to find.
wanted_by_unwinder := $(if $(glibc)$(ALONE),,-Wl$(comma)-u$(comma)_dl_find_object -Wl$(comma)--eh-frame-hdr)

users_of_parts := $(filter $(BUILD)/examples/% $(BUILD)/tests/servers/%,$(programs))
$(users_of_parts:%=%.to): private TEST_FLAGS += -Iexamples
$(users_of_parts): parts := $(BUILD)/examples/parts.a
$(users_of_parts): $(BUILD)/examples/parts.a

$(inside): library := $(BUILD)/parts.a
$(inside): $(BUILD)/parts.a
$(traced): library := -Wl,-u,go_trace_linked $(BUILD)/libgoroutine-trace.a $(library) $(unwinder)
$(traced): $(BUILD)/libgoroutine-trace.a
$(filter %_test,$(traced)): parts := $(BUILD)/tests/api/debug_trace_test.to
$(filter %_test,$(traced)): $(BUILD)/tests/api/debug_trace_test.to

hosts := $(filter $(BUILD)/tests/libraries%,$(programs))
$(hosts:%=%.to): private TEST_FLAGS += $(call flags_of,$(guests))
$(filter $(BUILD)/tests/libraries/%,$(hosts)): library := $(library) $(guest_libs)
hosts := $(filter $(BUILD)/tests/libraries_static/%,$(hosts))
$(hosts): library := $(library) -Wl,-Bstatic $(guest_libs) -Wl,-Bdynamic
$(hosts): parts = $(@:$(BUILD)/tests/libraries_static/%=$(BUILD)/tests/libraries/%.to)
$(hosts): $(BUILD)/tests/libraries_static/%: $(BUILD)/tests/libraries/%.to

$(programs): %: %.to $(BUILD)/tests/framework.a $(library)
	$(CC) $(CFLAGS) $(sanitize) $(wanted_by_unwinder) -o $@ $< $(parts) $(BUILD)/tests/framework.a $(library) \
	    $$(sed -n 's/^.*__wrap_\([A-Za-z0-9_]*\)(.*/-Wl,--wrap=\1/p' $(@:$(BUILD)/%=%.c) | sort -u) \
	    $$(sed -n 's/^.*LDLIBS: //p' $(@:$(BUILD)/%=%.c)) $(TEST_LIBS)
	$(if $(ALONE),chmod +x $@)

# What tests load while they run; without the sanitizers, as it would be had from somebody else.
$(BUILD)/tests/hazard/plugin.so: tests/hazard/plugin/plugin.c $(BUILD)/tests.flags
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra $(WERROR) $(CFLAGS) -fPIC -shared -Wl,-z,lazy -o $@ $< $(LDFLAGS)
$(BUILD)/tests/hazard/loading_test: | $(BUILD)/tests/hazard/plugin.so

$(BUILD)/tests.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(TEST_FLAGS) $(TEST_LIBS)' | cmp -s - $@ || echo '$(CC) $(TEST_FLAGS) $(TEST_LIBS)' >$@

programs: $(programs)

# What the scripts need to know: how to compile and link a program as the tests are, and what else this variant is made of.
COMPILE   = $(CC) $(TEST_FLAGS)
CXX_OF_CC = $(subst clang,clang++,$(subst gcc,g++,$(patsubst cc,c++,$(CC))))
# What hangs on the stack of a parked goroutine looks lost to LeakSanitizer, which knows only the stacks of threads; the runner counts
# leaks. A fault is to end a program as it does without the sanitizer. The sanitizers' alternate stacks have no guard below them.
export ASAN_OPTIONS ?= detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:use_sigaltstack=0
export TSAN_OPTIONS ?= handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:use_sigaltstack=0:report_thread_leaks=0:atexit_sleep_ms=0
# A goroutine is a thread to ThreadSanitizer, which knows 8128 at a time.
$(if $(filter thread,$(SANITIZE)),$(eval export TEST_SCALE ?= 10))
export ALONE BUILD CC COMPILE CPU CXX_OF_CC HOSTCC RUN SANITIZE STATIC TEST_LIBS
export LIBC := $(if $(glibc),libc*,ld-musl*)

PROVE := prove --timer --jobs $(JOBS) $(PROVE_FLAGS) --exec tests/one

check: all $(if $(ALONE),,$(BUILD)/parts.a) $(needed)
	$(PROVE) $(or $(chosen),$(error no test has "$(ONLY)" in its path)) </dev/null

check-registers: all $(MKPREEMPT) $(BUILD)/tests/arch/abi_test $(registers)
	$(PROVE) $(registers) tests/registers/cost tests/registers/mutate </dev/null

# For every CPU, one line each.
check-all:
	tools/check-all $(CPUS_WANTED)

# The workloads of tests/torture are one program, whose allocator is exchanged; what is for one CPU ends in that one's name. Debian's
# cross compilers come without zlib, SQLite and Lua.
of_guests := $(patsubst %,tests/torture/%.c,zlib sqlite lua)
tortures := $(filter-out tests/torture/module.c $(if $(guest_libs),,$(of_guests)) $(filter-out %_$(CPU).c,\
            $(foreach cpu,$(notdir $(wildcard src/arch/*)),$(wildcard tests/torture/*_$(cpu).c))),$(wildcard tests/torture/*.c))
torture_objects := $(patsubst %,$(BUILD)/%.to,$(basename $(tortures) $(wildcard tests/torture/*.cc)))

$(BUILD)/%.to: %.cc $(BUILD)/tests.flags
	@mkdir -p $(@D)
	$(CXX_OF_CC) -std=gnu++20 -Wno-missing-field-initializers $(filter-out -std=%,$(TEST_FLAGS)) -MMD -MP -MF $(@:.to=.d) -MT $@ -c -o $@ $<

$(BUILD)/tests/torture/module.so: tests/torture/module.c tests/torture/module.h $(BUILD)/tests.flags
	@mkdir -p $(@D)
	$(CC) $(TEST_FLAGS) -fPIC -ftls-model=global-dynamic -shared -o $@ $<

$(BUILD)/tests/torture/runner: $(torture_objects) $(library)
	$(CXX_OF_CC) $(CFLAGS) $(sanitize) -o $@ $^ $(guest_libs) -ldl $(TEST_LIBS)

torture: $(BUILD)/tests/torture/runner $(BUILD)/tests/torture/module.so
	tests/torture/run $(BUILD)/tests/torture/runner </dev/null

# What the tests do for a second, with clang's libFuzzer for as long as wanted. What it finds stays in build/fuzz.
fuzz: $(wildcard tests/servers/fuzz/*.c tests/servers/*.h examples/http/*.[ch])
	@mkdir -p build/fuzz/corpus
	clang -g -O1 -Wall -Wextra $(WERROR) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Iexamples -Itests -Itests/servers \
	    -o build/fuzz/http tests/servers/fuzz/http.c examples/http/head.c examples/http/body.c examples/http/chars.c
	cd build/fuzz && ./http -max_total_time=$(or $(SECONDS),60) -max_len=1200 -print_final_stats=1 corpus

check-includes:
	tools/check-includes

model:
	CC='$(HOSTCC)' prove --timer $(PROVE_FLAGS) --exec '' docs/model/run </dev/null

bench:
	BUILD='$(BUILD)' CC='$(CC)' bench/run $(BENCH)

bench-net:
	BUILD='$(BUILD)' CC='$(CC)' bench/net/run $(BENCH)

demo:
	demo/run

.PHONY: programs check check-all torture fuzz check-registers check-includes model bench bench-net demo
-include $(wildcard $(BUILD)/tests/*.d $(BUILD)/examples/*/*.d $(torture_objects:.to=.d) $(addsuffix .d,$(programs)))
