/* Faults are panics of the goroutine that made them.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fenv.h>
#include <pthread.h>
#include "code.h"
#include "faults.h"
#include "hogs.h"
#include "sanitizers.h"

static struct go_panic_info caught(void (*fault)(void *), void *arg)
{
    struct go_panic_info info = {.signal = 0};

    CHECK_EQ(1, go_try(fault, arg, &info));
    CHECK_EQ(go_id(), info.goroutine);
    return info;
}

/* Near enough to be in it: these functions are short. */
static bool is_in(void (*function)(void *), uintptr_t pc)
{
    return pc - CODE_OF(function) < 400;
}

TEST(a_read_through_a_null_pointer_is_a_panic)
{
    struct go_panic_info info = caught(fault_read, NULL);

    CHECK_EQ(SIGSEGV, info.signal);
    CHECK_EQ(SEGV_MAPERR, info.code);
    CHECK_EQ(0, info.address);
    CHECK(is_in(fault_read, info.pc));
    CHECK(strstr(info.message, "SIGSEGV") != NULL);
}

TEST(a_write_to_read_only_memory_is_a_panic)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *at = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    fault_at = (int *)(at + 40);
    struct go_panic_info info = caught(fault_write, NULL);
    fault_at = NULL;
    munmap(at, page);
    CHECK_EQ(SIGSEGV, info.signal);
    CHECK_EQ(fault_told(at + 40), info.address);
    CHECK(is_in(fault_write, info.pc));
    if (emulated() && info.code == SEGV_MAPERR)
        SKIP("the emulator has no causes of faults");
    CHECK_EQ(SEGV_ACCERR, info.code);
}

TEST(a_division_by_zero_is_a_panic)
{
    if (FAULT_OF_DIVISION != SIGFPE)
        SKIP("this CPU divides by zero without a fault");
    struct go_panic_info info = caught(fault_divide, NULL);

    CHECK_EQ(SIGFPE, info.signal);
    CHECK_EQ(FPE_INTDIV, info.code);
    CHECK(is_in(fault_divide, info.pc));
    CHECK_EQ(info.pc, info.address);
}

TEST(an_illegal_instruction_is_a_panic)
{
    struct go_panic_info info = caught(fault_illegal, NULL);

    CHECK_EQ(SIGILL, info.signal);
    CHECK(is_in(fault_illegal, info.pc));
}

TEST(an_access_beyond_the_end_of_a_file_is_a_panic)
{
    char *page = fault_page_beyond_a_file();
    struct go_panic_info info = caught(fault_bus, &page);

    CHECK_EQ(SIGBUS, info.signal);
    CHECK_EQ(BUS_ADRERR, info.code);
    if (!(emulated() &&
          (emulated_turned() || sizeof page == 4))) /* it exchanges the halves of the word, or tells an address of its own */
        CHECK_EQ(fault_told(page), info.address);
    CHECK(is_in(fault_bus, info.pc));
    munmap(page, (size_t)sysconf(_SC_PAGESIZE));
}

TEST(an_unaligned_vector_access_is_a_panic_without_an_address)
{
    if (FAULT_UNALIGNED_IS_NONE)
        SKIP("this CPU reads vectors at any address");
    struct go_panic_info info = caught(fault_unaligned, NULL);

    CHECK_EQ(SIGSEGV, info.signal);
    CHECK_EQ(SI_KERNEL, info.code);
    CHECK_EQ(0, info.address);
    CHECK(is_in(fault_unaligned, info.pc));
}

TEST(a_call_of_no_function_is_a_panic_at_its_caller)
{
    struct go_panic_info info = caught(fault_call, NULL);

    CHECK_EQ(SIGSEGV, info.signal);
    if (emulated() && info.address)
        SKIP("the emulator has no address of a fault that is a call's");
    CHECK_EQ(0, info.address);
    CHECK(is_in(fault_call, info.pc));
}

TEST(a_call_of_data_is_a_panic_at_its_caller)
{
    static uintptr_t data[16];

    data[0] = (uintptr_t)data; /* for CPUs that find the address there */
    fault_function = (void (*)(void))(uintptr_t)data;
    struct go_panic_info info = caught(fault_call, NULL);
    fault_function = NULL;
    CHECK_EQ(SIGSEGV, info.signal);
    if (emulated() && info.address != fault_told(data))
        SKIP("the emulator has no address of a fault that is a call's");
    CHECK_EQ(SEGV_ACCERR, info.code);
    CHECK_EQ(fault_told(data), info.address);
    CHECK(is_in(fault_call, info.pc));
    CHECK(strstr(info.message, "no code") != NULL);
}

TEST(a_fault_in_libc_is_a_panic_too)
{
    if (WITH_ASAN || WITH_TSAN)
        SKIP("the sanitizer's memcpy is not libc's");
    struct go_panic_info info = caught(fault_in_libc, NULL);

    CHECK_EQ(SIGSEGV, info.signal);
    CHECK(info.address < 200);
    CHECK(!is_in(fault_in_libc, info.pc));
}

/* ---- what is left behind ---- */

static stack_t alternate(void)
{
    stack_t now;

    sigaltstack(NULL, &now);
    return now;
}

TEST(after_a_fault_masks_and_the_signal_stack_are_as_before)
{
    sigset_t before, after;

    CHECK_EQ(0, go_lock_thread());
    go_preempt_off();
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    stack_t stack = alternate();
    caught(fault_read, NULL);
    caught(fault_divide, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    for (int number = 1; number < 32; number++)
        CHECK_EQ(sigismember(&before, number), sigismember(&after, number));
    CHECK_EQ(stack.ss_flags, alternate().ss_flags); /* not "in use" */
    CHECK(stack.ss_sp == alternate().ss_sp);
    go_preempt_on();
    CHECK_EQ(0, go_unlock_thread());
}

TEST(after_a_fault_the_floating_point_unit_is_as_before)
{
    volatile double third;
    volatile long double one = 1;

    CHECK_EQ(0, fesetround(FE_UPWARD));
    third = one / 3;
    for (int i = 0; i < 10; i++)
        caught(fault_untidily, NULL);
    CHECK_EQ(FE_UPWARD, fegetround());
    CHECK(third == (double)(one / 3));
    CHECK_EQ(0, fesetround(FE_TONEAREST));
    long double sum = 0;
    for (int i = 0; i < 8; i++) /* all eight registers are free */
        sum = sum * 2 + one;
    CHECK(sum == 255);
}

static void spin_in_try(void *arg)
{
    hog_for(5 * GO_MILLISECOND);
    fault_read(arg);
}

TEST(after_a_fault_a_goroutine_is_still_preempted)
{
    if (!test_can_preempt())
        SKIP("nothing is preempted here");
    go_maxprocs(1);
    struct hogs *h = hogs_start(2, hog_counting);
    for (int i = 0; i < 5; i++) {
        caught(spin_in_try, NULL);
        hogs_wait_for_turn(h, 1);
    }
    hogs_stop(h);
}

/* ---- where ---- */

static void fault_in_region(void *arg)
{
    go_blocking_begin();
    fault_read(arg);
}

TEST(a_fault_in_a_blocking_region_leaves_it)
{
    caught(fault_in_region, NULL);
    CHECK_EQ(0, go_sleep(GO_MILLISECOND));
}

static void see_pointer(void *arg)
{
    struct go_panic_info info = {.signal = 0};

    CHECK_EQ(1, go_recover(&info));
    CHECK_EQ(SIGSEGV, info.signal);
    CHECK_EQ(0, go_sleep(GO_MILLISECOND));
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void fault_in_goroutine(void *arg)
{
    GO_DEFER(see_pointer, arg);
    fault_write(NULL);
}

TEST(a_goroutine_that_recovers_from_a_fault_ends_alone)
{
    atomic_int seen = 0;

    for (int i = 0; i < 20; i++)
        CHECK_EQ(0, go_spawn(fault_in_goroutine, &seen));
    EVENTUALLY(atomic_load(&seen) == 20);
}

static void fault_with_little_stack(void *arg)
{
    for (int i = 0; i < 50; i++) {
        caught(fault_read, NULL);
        caught(fault_divide, NULL);
    }
    atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(the_smallest_stack_has_room_for_a_fault)
{
    atomic_int done = 0;

    CHECK_EQ(0, go_spawn_attr(&(struct go_attr){.stack_size = 1}, fault_with_little_stack, &done));
    EVENTUALLY(atomic_load(&done) == 1);
}

static void fault_in_deferred(void *arg)
{
    GO_DEFER(fault_divide, arg);
    fault_read(arg);
}

TEST(a_fault_in_a_deferred_function_takes_the_place_of_the_first)
{
    CHECK_EQ(FAULT_OF_DIVISION, caught(fault_in_deferred, NULL).signal);
}

static atomic_int of_a_program;
static void *mended;

static void mend(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (number == SIGSEGV && info->si_addr == mended)
        mprotect(mended, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE);
    atomic_fetch_add(&of_a_program, 1);
}

TEST(a_handler_that_the_program_puts_over_ours_has_the_fault)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct sigaction theirs = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO | SA_ONSTACK}, ours;

    mended = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSEGV, &theirs, &ours);
    fault_at = mended;
    CHECK_EQ(0, go_try(fault_write, NULL, NULL));
    fault_at = NULL;
    sigaction(SIGSEGV, &ours, NULL);
    CHECK_EQ(1, atomic_load(&of_a_program));
    CHECK_EQ(1, *(int *)mended);
    munmap(mended, page);
    caught(fault_read, NULL);
}

/* ---- very often, by many at once ---- */

static void (*const many[])(void *) = {fault_read, fault_divide, fault_call, FAULTS_OF_CPU};
static const int signals[] = {SIGSEGV, FAULT_OF_DIVISION, SIGSEGV, FAULTS_OF_CPU_SIGNALS};

static void fault_often(void *arg, int index)
{
    (void)arg;
    for (int i = index; i < index + SCALED(2000); i++) {
        struct go_panic_info info = {.signal = 0};
        size_t n = (size_t)i % (sizeof many / sizeof many[0]);

        if (!CHECK_EQ(1, go_try(many[n], NULL, &info)) || !CHECK_EQ(signals[n], info.signal))
            return;
        if (i % 16 == 0)
            go_yield();
    }
}

TEST(goroutines_fault_and_go_on_thousands_of_times)
{
    go_maxprocs(4);
    crew_run(8, fault_often, NULL);
}

TEST(goroutines_fault_and_go_on_among_hogs)
{
    if (!test_can_preempt())
        SKIP("nothing is preempted here");
    go_maxprocs(2);
    go_slice(50 * GO_MICROSECOND);
    struct hogs *h = hogs_start(2, hog_counting);
    crew_run(4, fault_often, NULL);
    hogs_stop(h);
}
