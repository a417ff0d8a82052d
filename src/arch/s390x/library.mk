# How the library is built for s390x: stacks are chained. gcc calls through stubs whatever it is told: its assembly is edited, to the
# same call by an address. A stub may use r1 too.
#
# SPDX-License-Identifier: MIT

FRAMES   += -mbackchain
STUBBORN := s/\tbrasl\t%r14$(comma)\(.*\)@PLT$$/\tlgrl\t%r1$(comma)\1@GOTENT\n\tbasr\t%r14$(comma)%r1/; \
            s/\tjg\t\(.*\)@PLT$$/\tlgrl\t%r1$(comma)\1@GOTENT\n\tbr\t%r1/
