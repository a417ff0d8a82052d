# How the library is built for arm: by calls of addresses, since gcc does not heed -fno-plt there.
#
# Unwinders have a table with an entry for each function. The linker edits it in the output of -r too, where it must not: it loses what
# tells the addresses. So there must be nothing to edit: no entries that are alike are made one; and what has none, of the compiler's
# helpers, comes before all others, in the same section. And no functions are set apart, whose entries would not be in order.
#
# A function that never returns keeps registers of its caller, for who wants to see it, only if it may be left by an exception.
#
# SPDX-License-Identifier: MIT

NO_STUBS += -mlong-calls
OWN      := $(if $(clang),,-fno-reorder-functions)
ZERO_GP  := -Wl$(comma)--no-merge-exidx-entries
FIRST    := $(BUILD)/helpers.o
$(BUILD)/src/sched/%.raw: LIBRARY += -fexceptions
