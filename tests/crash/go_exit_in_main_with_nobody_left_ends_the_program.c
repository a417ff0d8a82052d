/* exit: 2; line: fatal: no goroutines left* */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    go_exit();
}
