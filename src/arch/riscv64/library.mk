# How the library is built for riscv64: in leaf functions too there are frame pointers, where the compiler knows how (gcc 12 does not);
# clang knows no -mno-plt, and needs none.
#
# SPDX-License-Identifier: MIT

FRAMES   += $(call option,-mno-omit-leaf-frame-pointer)
NO_STUBS += $(if $(clang),,-mno-plt)
