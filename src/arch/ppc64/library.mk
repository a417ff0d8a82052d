# How the library is built for ppc64: where gcc is to make code small it calls functions of the linker's that save and restore registers,
# and those would lie outside the library's text.
#
# SPDX-License-Identifier: MIT

OWN := $(if $(filter -Os,$(CFLAGS)),-O2)
