// Its presence lets hogs.go declare a function without a body.
//
// SPDX-License-Identifier: MIT
