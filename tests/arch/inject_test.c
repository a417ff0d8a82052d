/* An injected call changes nothing, wherever it strikes: every register, flag and word below the stack pointer is as it was.
 *
 * A goroutine (a context of its own) goes round in abi_spin with random values everywhere, at each alignment of the stack pointer
 * in turn. A second thread interrupts it every few microseconds; the handler injects a call of a routine that destroys whatever it
 * may.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unwind.h>
#include "abi.h"
#include "os/tap.h"

enum { STACK = 256 * 1024, HITS = 40 };

static char *stack;
static _Alignas(64) uint8_t areas[2][(ABI_AREA + 63) & -64];
static void *runner, *back; /* the goroutine, and the thread that carries it */
static struct abi_spin *spin;

static const char *changed, *problem; /* what the goroutine found changed; what the callee found not fresh */
static unsigned changed_in;           /* in which variant */
static int hits, moves;
static bool moving, finished, refused;
static bool strayed;                                  /* a thread came back with the pointer of another one */
static uintptr_t deepest, frame_size, interrupted_sp; /* deepest: the callee's stack below the interrupted stack pointer */

/* ---- interrupts ---- */

extern const char abi_spin_end[];
static _Atomic pid_t target;

/* What a test does with an interrupt in the code that it is about. */
static void (*callee)(void);
static uintptr_t strike_from, strike_to;

static void on_interrupt(int number, siginfo_t *info, void *frame)
{
    (void)number, (void)info;
    arch_settle();
    if (arch_frame_pc(frame) - strike_from >= strike_to - strike_from)
        return;
    interrupted_sp = arch_frame_sp(frame);
    frame_size = interrupted_sp - (uintptr_t)frame; /* except for faults */
    if (!arch_inject(frame, callee)) {
        refused = true;
        if (spin)
            spin->spinning = 0;
    }
}

static void *interrupt_for_ever(void *unused)
{
    for (;;) {
        pid_t tid = atomic_load(&target);
        if (tid)
            syscall(SYS_tgkill, getpid(), tid, SIGURG);
        nanosleep(&(struct timespec){0, 1000}, NULL);
    }
    return unused;
}

static void start_interrupts(void)
{
    struct sigaction action = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO | SA_RESTART};
    pthread_t thread;

    sigaction(SIGURG, &action, NULL);
    pthread_create(&thread, NULL, interrupt_for_ever, NULL);
}

static void strike(uintptr_t from, uintptr_t to, void (*run)(void))
{
    strike_from = from;
    strike_to = to;
    callee = run;
}

/* ---- the goroutine ---- */

static void destroy(void)
{
    const char *found = abi_problem();

    if (found)
        problem = found;
    if (interrupted_sp - (uintptr_t)__builtin_frame_address(0) > deepest)
        deepest = interrupted_sp - (uintptr_t)__builtin_frame_address(0);
    if (++hits >= HITS)
        spin->spinning = 0;
    if (moving) {
        moves++;
        arch_switch(&runner, back);
    }
    abi_destroy();
}

/* noinline, so that no address is kept from before. */
static __thread pid_t mine;
static __attribute__((noinline)) bool has_its_threads_own(void)
{
    return mine == 0 || mine == (pid_t)syscall(SYS_gettid);
}

static void run_variant(unsigned variant, uint64_t *state)
{
    spin = (struct abi_spin *)(stack + STACK / 2 + variant * ABI_VARIANT_STEP);
    spin->in_area = areas[0];
    spin->out_area = areas[1];
    spin->spinning = 1;
    hits = 0;
    abi_spin_random(spin, variant, state);
    abi_spin(spin);
    if (!has_its_threads_own()) {
        changed = "the thread pointer is another thread's";
        changed_in = variant;
    }
    if (!changed && abi_spin_difference(spin)) {
        changed = abi_spin_difference(spin);
        changed_in = variant;
    }
}

static void run(void)
{
    uint64_t state = 1;

    for (unsigned variant = 0; variant < ABI_VARIANTS; variant++)
        run_variant(variant, &state);
    finished = true;
    arch_switch(&runner, back);
}

static void start_runner(bool across_threads)
{
    stack = abi_new_stack(STACK);
    memset(stack, 0xff, STACK); /* nothing may rely on zeros below the stack pointer */
    changed = problem = NULL;
    moving = across_threads;
    finished = refused = false;
    runner = arch_context_init(stack + STACK, run);
    strike(ARCH_CODE(abi_spin), (uintptr_t)abi_spin_end, destroy);
}

static bool unchanged(void)
{
    if (changed)
        printf("# %s, with the stack pointer at %u of 64\n", changed, changed_in * ABI_VARIANT_STEP);
    return !changed;
}

static void one_round(void)
{
    start_runner(false);
    atomic_store(&target, (pid_t)syscall(SYS_gettid));
    arch_switch(&back, runner);
    atomic_store(&target, 0);
}

/* OK with a word on the circumstances before the sentence. */
static void ok_by(const char *way, bool good, const char *sentence)
{
    char text[200];
    snprintf(text, sizeof(text), "%s: %s", way, sentence);
    OK(good, text);
}

static void one_thread(const char *way)
{
    one_round();
    ok_by(way, unchanged(),
          "an injected call changes no register, no flag, and nothing in the red zone, wherever the stack pointer is");
    if (problem)
        printf("# %s\n", problem);
    ok_by(way, !problem, "the callee starts with an aligned stack, and the flags and control words of a fresh thread");
    ok_by(way, !refused, "no instruction is refused");
}

static void depth(void)
{
    printf("# %zu bytes, of which the kernel's frame %zu, and at most %zu allowed beside\n", (size_t)deepest, (size_t)frame_size,
           arch_inject_room());
    OK(deepest <= frame_size + arch_inject_room(), "beside the kernel's frame it takes no more stack than said");
}

/* ---- refusals ---- */

static const char *reasons[ABI_REFUSALS];
static bool rightly[ABI_REFUSALS];

static void refuse(int number, siginfo_t *info, void *frame)
{
    ucontext_t copy, before;

    (void)number, (void)info;
    arch_settle();
    if (arch_frame_pc(frame) - strike_from >= strike_to - strike_from)
        return;
    for (int i = 0; i < ABI_REFUSALS; i++) {
        memcpy(&copy, frame, sizeof(copy));
        reasons[i] = abi_refusal(i, &copy);
        memcpy(&before, &copy, sizeof(copy));
        rightly[i] = !arch_inject(&copy, destroy) && !memcmp(&copy, &before, sizeof(copy));
        abi_way(ABI_WAYS);
    }
    spin->spinning = 0;
}

static void refusals(void)
{
    struct sigaction action = {.sa_sigaction = refuse, .sa_flags = SA_SIGINFO | SA_RESTART}, earlier;

    sigaction(SIGURG, &action, &earlier);
    one_round();
    sigaction(SIGURG, &earlier, NULL);
    for (int i = 0; i < ABI_REFUSALS; i++)
        ok_by(reasons[i], rightly[i], "refused, and the frame is left alone");
}

/* ---- the callee comes back on another thread ---- */

struct carrier {
    sem_t turn;
    struct carrier *other;
};

static void *carry(void *arg)
{
    struct carrier *me = arg;

    mine = (pid_t)syscall(SYS_gettid);
    for (;;) {
        sem_wait(&me->turn);
        if (!finished) {
            uintptr_t pointer = arch_thread_pointer();
            atomic_store(&target, (pid_t)syscall(SYS_gettid));
            arch_switch(&back, runner);
            atomic_store(&target, 0);
            strayed |= arch_thread_pointer() != pointer;
        }
        sem_post(&me->other->turn);
        if (finished)
            return NULL;
    }
}

static void two_threads(void)
{
    struct carrier carriers[2] = {{.other = &carriers[1]}, {.other = &carriers[0]}};
    pthread_t threads[2];

    start_runner(true);
    for (int i = 0; i < 2; i++)
        sem_init(&carriers[i].turn, 0, i == 0);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, carry, &carriers[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("# %d moves\n", moves);
    OK(unchanged() && moves >= HITS * ABI_VARIANTS, "nor does one whose callee comes back on another thread");
    OK(!strayed, "and the interrupted code has the thread pointer of that one then");
}

/* ---- a fault, whose frame is on the alternate stack ---- */

static volatile int *forbidden;
static _Alignas(64) char alternate[65536];
static bool on_alternate;

static void allow(void)
{
    on_alternate = (uintptr_t)__builtin_frame_address(0) - (uintptr_t)alternate < sizeof(alternate);
    mprotect((void *)forbidden, 4096, PROT_READ | PROT_WRITE);
    *forbidden = 7;
    abi_destroy();
}

static void on_fault(int number, siginfo_t *info, void *frame)
{
    (void)number, (void)info;
    if (!arch_inject(frame, allow))
        abort();
}

static __attribute__((noinline)) int read_forbidden(int a, int b)
{
    double half = a * 0.5, sum = 0;
    int value = *forbidden;

    for (int i = 0; i < b; i++)
        sum += half;
    return value * 1000 + (int)sum;
}

static void fault(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof(alternate)}, NULL);
    sigaction(SIGSEGV, &action, NULL);
    OK(read_forbidden(2, 42) == 7042, "a fault's frame on the alternate stack serves as well");
    OK(!on_alternate, "and the callee runs on the stack of the fault");
}

/* ---- frames that an emulator does not make ---- */

#ifdef ABI_FORGED
static void forged(void)
{
    const char *wrong = abi_forged(destroy);

    if (wrong)
        printf("# %s\n", wrong);
    OK(!wrong, ABI_FORGED);
}
#else
static void forged(void)
{
}
#endif

/* ---- backtraces ---- */

extern const char abi_wait_end[];
static volatile uintptr_t waiting;
static bool seen_wait, seen_caller;
static void backtrace(void);

static _Unwind_Reason_Code look_for_caller(struct _Unwind_Context *context, void *unused)
{
    uintptr_t pc = _Unwind_GetIP(context);
    (void)unused;
    seen_wait |= pc - strike_from < strike_to - strike_from;
    seen_caller |= seen_wait && pc > ARCH_CODE(backtrace) && pc < ARCH_CODE(backtrace) + 300;
    return _URC_NO_REASON;
}

static void walk(void)
{
    _Unwind_Backtrace(look_for_caller, NULL);
    waiting = 0;
}

static __attribute__((noinline)) void backtrace(void)
{
    waiting = 1;
    strike(ARCH_CODE(abi_wait), (uintptr_t)abi_wait_end, walk);
    atomic_store(&target, (pid_t)syscall(SYS_gettid));
    abi_wait(&waiting);
    atomic_store(&target, 0);
    OK(seen_wait && seen_caller, "a backtrace from the callee leads through the interrupted function to its caller");
}

int main(void)
{
    const char *way;

    arch_init();
    start_interrupts();
    if (WITH_TSAN) {
        tap_skip("an injected call changes nothing", "ThreadSanitizer hands a copy of the frame to handlers");
        return tap_end();
    }
    for (int i = 0; i < ABI_WAYS; i++)
        if ((way = abi_way(i)))
            one_thread(way);
    depth();
    refusals();
    two_threads();
    backtrace();
    fault();
    forged();
    return tap_end();
}
