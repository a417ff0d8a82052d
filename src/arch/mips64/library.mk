# How the library is built for mips64. gcc asks for addresses that the linker may have be those of stubs, as long as nobody has called
# there. A function says where it lies by the global pointer's distance, which in the output of -r is counted from somewhere else for
# functions that have a global name; and the name can go later. So there it is counted from 0. An emulator is to have DSP, and a control
# word that can be written: its own choice has neither.
#
# SPDX-License-Identifier: MIT

STUBBORN := s/%call16/%got_disp/
ZERO_GP  := -Wl,--defsym=_gp=0
NO_GP    := --strip-symbol=_gp
MODEL    := mips64dspr2
# A static program that loads an object looks for the loader as for a library, and an emulator has no cache of where those are.
$(if $(STATIC),$(if $(native),,$(eval export QEMU_SET_ENV ?= LD_LIBRARY_PATH=/lib64)))
