# How the library is built for 386: gcc's note that words of 64 bits lie elsewhere since GCC 11, if they are atomic, is for who links it
# with objects of before; nobody else sees inside of it.
#
# SPDX-License-Identifier: MIT

OWN := -Wno-psabi
