# How the library is built by emscripten; included by the Makefile instead of its rules for ELF.
#
# Nothing is preempted, so the text needs no section of its own, and what compilers call by themselves may be libc's. What the
# linker of wasm cannot do, to make one object in which only the public calls have names, LLVM's can do before there are objects.
# exit() is one of these (report.c).
#
# SPDX-License-Identifier: MIT

llvm := $(shell em-config LLVM_ROOT)/

# What Debian's emscripten needs of node's modules lies where another node than Debian's does not look.
export NODE_PATH := $(NODE_PATH):/usr/share/nodejs

FRAMES  :=
LIBRARY  = $(COMMON) -fvisibility=hidden -emit-llvm

whole := $(filter-out src/base/string.c,$(call files,$(core) $(net)))
$(BUILD)/libgoroutine.bc: $(whole:%=$(BUILD)/%.bc)
	$(llvm)llvm-link -o $@.all $^
	$(llvm)opt -passes=internalize,globaldce -internalize-public-api-list=exit,$$(sed -n 's/.*\<\(go_[a-z0-9_]*\)(.*/\1/p' include/goroutine/*.h | sort -u | paste -sd,) -o $@ $@.all

$(BUILD)/libgoroutine.o: $(BUILD)/libgoroutine.bc
	$(CC) $(CFLAGS) -c -o $@ $<

$(BUILD)/libgoroutine.a: $(BUILD)/libgoroutine.o

$(BUILD)/%.c.bc: %.c $(BUILD)/library.flags
	@mkdir -p $(@D)
	$(CC) $(LIBRARY) -MMD -MP -MF $(@:.bc=.d) -MT $@ -c -o $@ $<

$(BUILD)/%.a:
	@rm -f $@
	emar rcs $@ $^

# What a program is linked with, as the installed goroutine.pc says too: functions that can return in the middle and be called again;
# memory for stacks; and exit() is one. A test is one file besides: node has a fetch by now, which is not what emscripten takes it for.
# And it is optimised once, not by the linker again, which would take twice as long.
PROGRAM_FLAGS := -sASYNCIFY -sALLOW_MEMORY_GROWTH -sEXIT_RUNTIME
IN_ONE_FILE   := -O1 -sENVIRONMENT=node -sSINGLE_FILE
