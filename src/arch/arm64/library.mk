# How the library is built for arm64: in leaf functions too there are frame pointers.
#
# SPDX-License-Identifier: MIT

FRAMES += $(call option,-mno-omit-leaf-frame-pointer)
