/* A preemption at every instruction changes nothing; on CPUs, and under emulators, where no tracer can go through a program by
 * single steps.
 *
 * One goroutine runs the functions of functions_<cpu>.h, whose instructions are all replaced by traps. In the handler of a trap the
 * registers are noted, and the library's interrupt is sent; it is masked there, so it comes at the end of the trap, at the very
 * instruction that was to be next. The goroutine is taken off. When it runs again it meets the same trap, and nothing may have
 * changed: once with the goroutine back on the same kernel thread, once on another one. Then the instruction is put in its place,
 * for as long as it takes to get to the next.
 *
 * Other goroutines do nothing but destroy registers and yield. They hold their threads, where those are not to take the goroutine.
 *
 * usage: traps [frame] [inject]        The last line says "registers: N instructions, M preemptions, 0 differences".
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "arch/abi.h"
#include "code.h"
#include "goroutine.h"
#include "os/os.h"
#include "os/tap.h"
#include "sched/preempt.h"
#include "sched/runtime.h"
#if defined(__aarch64__)
#include "frame_arm64.h"
#include "functions_arm64.h"
#elif defined(__riscv)
#include "frame_riscv64.h"
#include "functions_riscv64.h"
#elif defined(__powerpc64__)
#include "frame_ppc64.h"
#include "functions_ppc64.h"
#elif defined(__s390x__)
#include "frame_s390x.h"
#include "functions_s390x.h"
#elif defined(__arm__)
#include "frame_arm.h"
#include "functions_arm.h"
#elif defined(__mips64)
#include "frame_mips64.h"
#include "functions_mips64.h"
#elif defined(__mips__)
#include "frame_mips.h"
#include "functions_mips.h"
#endif

/* How many words the instruction has that begins with this one. */
#ifndef TRAP_WORDS
#define TRAP_WORDS(word) 1
#endif

/* Where traps are not all the same, what there is in the place of word i; and where the code of a function begins. */
#ifndef TRAP_AT
#define TRAP_AT(i) TRAP_WORD
#endif
#ifndef TRAP_CODE
#define TRAP_CODE(run) ((trap_word *)ARCH_CODE(run))
#endif

/* Where the trap is another signal than SIGTRAP, and how many bytes behind it the pc of its frame is. */
#ifndef TRAP_SIGNAL
#define TRAP_SIGNAL SIGTRAP
#endif
#ifndef TRAP_BEHIND
#define TRAP_BEHIND 0
#endif

enum { FILLERS = 6, DIFFERENCES_MAX = 3, WORDS_MOST = 4096, STACK_SEEN = 384, SECONDS_MOST = 45, SECONDS_A_ROUND = 20 };
enum { PAUSE = 1000000, PULSE = 20000, PATIENCE = 50000000 };

#define DECLARE(name, feature)                                                                                                     \
    extern void name(void *);                                                                                                      \
    extern const char name##_end[];
#define ENTRY(name, feature) {#name, name, name##_end, feature},
FUNCTIONS(DECLARE)

static const struct function {
    const char *name;
    void (*run)(void *);
    const char *end;
    unsigned feature;
} functions[] = {FUNCTIONS(ENTRY)};
enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

/* What the parent learns. */
static volatile struct shared {
    long instructions, preemptions, differences;
    bool done[FUNCTION_COUNT];
    long per_function[FUNCTION_COUNT][3];
} * shared;

/* ---- the function in hand ---- */

static int in_hand;
static trap_word *code;
static size_t words;
static trap_word originals[WORDS_MOST];
static uintptr_t stack_top;

static void put(size_t i, trap_word word)
{
    ((volatile trap_word *)code)[i] = word;
    __builtin___clear_cache((char *)(code + i), (char *)(code + i + 1));
}

/* Of the instruction that begins there. */
static void put_traps(size_t i)
{
    for (size_t end = i + TRAP_WORDS(originals[i]); i < end; i++)
        put(i, TRAP_AT(i));
}

static void put_back(size_t i)
{
    for (size_t end = i + TRAP_WORDS(originals[i]); i < end; i++)
        put(i, originals[i]);
}

/* In the one that was in its place, and in the one that it may be the delay slot of; not in one whose slot is next. */
static void close_before(size_t i, size_t next)
{
    if (i + 1 == next && CODE_HAS_SLOT(originals[i]))
        return;
    put_traps(i);
    if (i > 0 && CODE_HAS_SLOT(originals[i - 1]))
        put_traps(i - 1);
}

static void set_traps(int number)
{
    const struct function *f = &functions[number];
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = ARCH_CODE(f->run) & -page, to = (uintptr_t)f->end;

    code = TRAP_CODE(f->run);
    words = (size_t)(f->end - (const char *)code) / sizeof *code;
    if (words > WORDS_MOST || mprotect((void *)from, to - from, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
        _exit(97);
    memcpy(originals, code, words * sizeof *code);
    for (size_t i = 0; i < words; i++)
        put(i, TRAP_AT(i));
}

static void take_traps_away(void)
{
    for (size_t i = 0; i < words; i++)
        put(i, originals[i]);
}

/* ---- at a trap ---- */

enum { NOWHERE = -1, SAME, ELSEWHERE, ROUNDS };

static struct seen {
    struct registers registers;
    uint8_t stack[STACK_SEEN];
    int thread;
} before, after;

static ptrdiff_t opened = NOWHERE, met = NOWHERE; /* the instruction that is in its place; the one that is being looked at */
static int round_of_it;
static int64_t round_began;
static struct thread *struck;
static uint64_t answered_before;
static _Atomic int64_t struck_at;
static atomic_int runner; /* the thread that the goroutine was on */
static atomic_int wanted; /* SAME, ELSEWHERE, or NOWHERE */
static _Atomic uint32_t strikes;

/* By thread: in which strike another goroutine has last destroyed the registers there. */
enum { THREADS_KNOWN = 4096 };
static _Atomic uint64_t destroyed[THREADS_KNOWN];

static int thread_number(void)
{
    return (int)arch_system_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

static uint64_t of_this_strike(int thread)
{
    return (uint64_t)(uint32_t)thread << 32 | atomic_load(&strikes);
}

static bool has_been_destroyed(int thread)
{
    return atomic_load(&destroyed[thread % THREADS_KNOWN]) == of_this_strike(thread);
}

static void pause_for(long nanoseconds)
{
    arch_system_call(SYS_nanosleep, (long)&(struct timespec){.tv_nsec = nanoseconds}, 0, 0, 0, 0, 0);
}

/* What became of the interrupts of a thread: it has taken its goroutine off, or had no other identity to go on with. */
static uint64_t answered(struct thread *m)
{
    return load_relaxed(&m->preemptions) + load_relaxed(&m->refusals[GO_REFUSED_IDENTITY]);
}

static void look(struct seen *s, const ucontext_t *u)
{
    uintptr_t sp = arch_frame_sp(u);

    memset(s, 0, sizeof *s);
    registers_take(&s->registers, u);
    memcpy(s->stack, (const void *)sp, stack_top - sp < STACK_SEEN ? stack_top - sp : STACK_SEEN);
    s->thread = thread_number();
}

static void strike(const ucontext_t *u)
{
    look(&before, u);
    struck = thread_mine();
    answered_before = answered(struck);
    atomic_store(&struck_at, go_now());
    atomic_store(&runner, before.thread);
    atomic_fetch_add(&strikes, 1);
    atomic_store(&wanted, round_of_it);
    os_interrupt(os_thread_self());
}

static void report(const char *what)
{
    printf("# %s+%d, %s thread: %s\n", functions[in_hand].name, (int)(met * (ptrdiff_t)sizeof *code),
           before.thread == after.thread ? "same" : "another", what);
    fflush(stdout);
    shared->differences++;
    if (shared->differences >= DIFFERENCES_MAX)
        _exit(96);
}

static void compare(void)
{
    const char *what = registers_difference(&before.registers, &after.registers);

    if (!what && memcmp(before.stack, after.stack, sizeof before.stack))
        what = "the stack";
    if (what)
        report(what);
}

static void begin(ptrdiff_t i, const ucontext_t *u)
{
    if (opened != NOWHERE)
        close_before((size_t)opened, (size_t)i);
    opened = NOWHERE;
    met = i;
    round_of_it = SAME;
    round_began = go_now();
    shared->instructions++;
    strike(u);
}

static void end(void)
{
    atomic_store(&wanted, NOWHERE);
    opened = met;
    met = NOWHERE;
    put_back((size_t)opened);
}

static bool has_left_as_wanted(void)
{
    bool elsewhere = after.thread != before.thread;

    return elsewhere == (round_of_it == ELSEWHERE) && has_been_destroyed(after.thread);
}

/* A jump that is in its place does not trap, so it is what lies in its slot. While that is looked at, the jump stays in its place.
 */
static ptrdiff_t instruction_at(ptrdiff_t i)
{
    bool in_slot = CODE_HAS_SLOT(originals[i]) && (i == opened || i + 1 == met);
    return in_slot ? i + 1 : i;
}

static void on_trap(int number, siginfo_t *info, void *frame)
{
    ptrdiff_t i = (trap_word *)(arch_frame_pc(frame) - TRAP_BEHIND) - code;

    (void)number;
    (void)info;
    arch_settle();
    arch_frame_set_pc(frame, arch_frame_pc(frame) - TRAP_BEHIND);
    if (i < 0 || (size_t)i >= words)
        _exit(95);
    i = instruction_at(i);
    if (i != met) {
        if (met != NOWHERE)
            _exit(94); /* it has gone astray */
        begin(i, frame);
        return;
    }
    look(&after, frame);
    compare();
    bool late = false, good = has_left_as_wanted();
    shared->preemptions += good;
    if (answered(struck) == answered_before)
        report("the interrupt has got lost");
    if (!good) { /* threads and identities may have to be made first */
        pause_for(PAUSE);
        late = go_now() - round_began > SECONDS_A_ROUND * GO_SECOND;
    }
    if (late)
        report(has_been_destroyed(before.thread) ? "the goroutine does not come back there" : "no preemption");
    if (good || late) {
        round_began = go_now();
        round_of_it++;
    }
    if (round_of_it == ROUNDS)
        end();
    else
        strike(frame);
}

/* ---- the others ---- */

/* Not for long: the goroutine's thread may have no processor any more, and then it comes back on one of these, or not at all. */
static bool must_hold(int thread)
{
    int which = atomic_load(&wanted);

    if (go_now() - atomic_load(&struck_at) > PATIENCE)
        return false;
    return which == SAME ? thread != atomic_load(&runner) : which == ELSEWHERE ? thread == atomic_load(&runner) : false;
}

/* In the text of the program, but never taken off: a thread that is held stays with its goroutine. Who waits behind it is for the
 * others to find, which would go on for ever with the one that is preempted, and find no filler. */
static void fill(void *unused)
{
    (void)unused;
    for (;;) {
        go_preempt_off();
        int thread = thread_number();
        uint64_t strike = of_this_strike(thread);
        abi_destroy();
        atomic_store(&destroyed[thread % THREADS_KNOWN], strike);
        if (must_hold(thread))
            processor_share_work(thread_self()->p);
        while (must_hold(thread))
            pause_for(PULSE);
        go_preempt_on();
        go_yield();
    }
}

static void run_functions(void *done)
{
    static _Alignas(64) uint8_t buffer[8192];
    uint64_t state = 1;

    go_lock_identity();
    go_unlock_identity();
    for (int i = 0; i < FUNCTION_COUNT; i++) {
        if (!machine_has(functions[i].feature))
            continue;
        long counts[] = {shared->instructions, shared->preemptions, shared->differences};
        abi_random_bytes(buffer, sizeof buffer, &state);
        in_hand = i;
        stack_top = (uintptr_t)__builtin_frame_address(0);
        set_traps(i);
        functions[i].run(buffer);
        take_traps_away();
        opened = NOWHERE;
        shared->per_function[i][0] = shared->instructions - counts[0];
        shared->per_function[i][1] = shared->preemptions - counts[1];
        shared->per_function[i][2] = shared->differences - counts[2];
        shared->done[i] = true;
    }
    go_waitgroup_done(done);
}

/* The time is up. On whatever thread this comes: nothing but a call of the system. */
static void on_alarm(int number)
{
    char text[120];
    int n = snprintf(text, sizeof text, "# it stands still: %s+%d, round %d\n", functions[in_hand].name,
                     (int)(met * (ptrdiff_t)sizeof *code), round_of_it);

    (void)number;
    if (write(STDOUT_FILENO, text, (size_t)n) < 0)
        _exit(92);
    _exit(93);
}

static void run_program(const char *mode)
{
    static go_waitgroup done;
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

    signal(SIGALRM, on_alarm);
    alarm(SECONDS_MOST);
    setenv("GOROUTINE_PREEMPT", mode, 1);
    setenv("GOROUTINE_SLICE", "10000000", 1); /* no preemptions but these */
    go_maxprocs(2);
    mask_all(&action.sa_mask);
    sigaction(TRAP_SIGNAL, &action, NULL);
    atomic_store(&wanted, NOWHERE);
    preempt_force = 1;
    go_waitgroup_add(&done, 1);
    for (int i = 0; i < FILLERS; i++)
        go_spawn(fill, NULL);
    go_spawn(run_functions, &done);
    go_waitgroup_wait(&done);
    _exit(0);
}

/* ---- the parent ---- */

static void check_mode(const char *mode)
{
    char text[200];
    int status;

    fflush(stdout);
    for (int i = 0; i < FUNCTION_COUNT; i++)
        shared->done[i] = false;
    pid_t child = fork();
    if (child == 0)
        run_program(mode);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    for (int i = 0; i < FUNCTION_COUNT; i++) {
        snprintf(text, sizeof text, "%s, %s: %ld instructions, %ld preemptions", mode, functions[i].name,
                 shared->per_function[i][0], shared->per_function[i][1]);
        if (machine_has(functions[i].feature))
            OK(shared->done[i] && shared->per_function[i][2] == 0, text);
        else
            tap_skip(text, "this machine has no such instructions");
    }
    if (!exited(status, 0))
        printf("# the program ended with status %#x\n", status);
    OK(exited(status, 0), "the program ends well");
}

int main(int argc, char **argv)
{
    static const char *const both[] = {"frame", "inject", NULL};
    const char *const *modes = argc > 1 ? (const char *const *)argv + 1 : both;

    if (WITH_TSAN || WITH_ASAN) {
        tap_skip("a preemption at every instruction changes nothing", "sanitizers delay signals");
        return tap_end();
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (; *modes; modes++)
        check_mode(*modes);
    int status = tap_end();
    printf("registers: %ld instructions, %ld preemptions, %ld differences\n", shared->instructions, shared->preemptions,
           shared->differences);
    return status || shared->differences;
}
