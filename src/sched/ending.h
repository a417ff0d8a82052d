/* How it ends, with a goroutine or with the process, and what is said of it: panics, faults, the end of main(), deadlocks, dumps.
 * Private to this folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_ENDING_H
#define SCHED_ENDING_H

#include "base/base.h"
#include "os/os.h"

#include "goroutine/debug.h"
#include "goroutine/panic.h"

struct exit_hook;
struct goroutine;

/* panic.c */
struct panic {
    struct go_panic_info info;
    struct go_stack stack; /* who panics */
    struct panic *outer;
    struct attempt *attempt; /* where it lands; NULL: nowhere */
    bool recovered;
    bool handled; /* nobody has recovered it in time */
};
_Noreturn void panic_raise(struct panic *p);
void attempts_close(struct goroutine *g);        /* its panics are over, and no other lands in a go_try that is under way */
_Noreturn void stack_leave(struct goroutine *g); /* runs all clean-ups, then goroutine_leave */
void fall_end(struct goroutine *g);              /* it ends alone */
void deferred_run(struct goroutine *g, const struct exit_hook *until);
void sigpanic(void);

/* fault.c */
bool report_fault(void *frame, const struct os_fault *fault);

/* report.c */
_Noreturn void report_panics(const struct panic *p);
void report_claim(void);       /* the first to come goes on to report; the others stop here, and end with the process */
void report_before_exit(void); /* exit() waits here for what is to be reported */
_Noreturn void fatal_fault(const void *frame, const char *format, ...) PRINTF_LIKE(2, 3);
_Noreturn void report_overflow(struct goroutine *g, const struct go_stack *there);
bool report_is_ours(void);

/* ending.c */
void ending_start(void);
bool ending_stays(const struct goroutine *g);
_Noreturn void ending_stay(struct goroutine *g); /* until all others have ended, then it ends the process */
bool ending_tell_main(bool only_ours);

/* deadlock.c */
void deadlock_check(void);
bool deadlock_only_ours(void); /* the process has no thread but ours */
bool deadlock_is_hidden(void); /* not now, but in a moment it may be seen */

/* dump.c */
void dump_all(int fd, const struct go_stack *here); /* here: the caller's own stack, which comes first; NULL: of no interest */

#endif
