# How the library is built for mips. gcc asks for addresses that the linker may have be those of stubs, as long as nobody has called
# there. An instruction that finds an address means another thing when the name becomes local. Programs need a library for atomics of
# 64 bits. An emulator is to have DSP, and a control word that can be written: its own choice has neither.
#
# SPDX-License-Identifier: MIT

STUBBORN      := s/%call16/%got/
LOCAL_BY_NAME := 1
LIBS          := -latomic
MODEL         := 74Kf
