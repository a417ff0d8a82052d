# How the library is built for arm: by calls of addresses, since gcc does not heed -fno-plt there.
#
# SPDX-License-Identifier: MIT

NO_STUBS += -mlong-calls
