/* A preemption at every instruction changes nothing.
 *
 * A traced program has one goroutine that runs the functions of functions_<cpu>.h, and others that do nothing but destroy registers
 * and yield. The tracer steps through each function. Before each instruction it takes a snapshot, sends the library's interrupt,
 * lets the program run until the goroutine is about to do that very instruction again, and compares: once with the goroutine back
 * on the same kernel thread, once on another one. Which thread takes the goroutine is decided by holding all others at a place
 * where they hold no lock: each goes through an int3 between two of its yields.
 *
 * usage: registers [frame] [inject]        The last line says "registers: N instructions, M preemptions, 0 differences".
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "goroutine.h"
#include "os/tap.h"
#include "sched/preempt.h"
#include "tracee.h"
#ifdef __x86_64__
#include "functions_amd64.h"
#else
#include "functions_386.h"
#endif

enum { FILLERS = 6, DIFFERENCES_MAX = 20, RETRIES = 50 };

#define DECLARE(name, component)                                                                                                   \
    extern void name(void *);                                                                                                      \
    extern const char name##_end[];
#define ENTRY(name, component) {#name, name, name##_end, component},
FUNCTIONS(DECLARE)

static const struct function {
    const char *name;
    void (*run)(void *);
    const char *end;
    unsigned component; /* of XSAVE, which the machine must have */
} functions[] = {FUNCTIONS(ENTRY)};
enum { FUNCTION_COUNT = sizeof(functions) / sizeof(functions[0]) };

/* Shared by tracer and traced program. */
struct shared {
    int function;        /* the one that comes next after the mark */
    uintptr_t stack_top; /* the end of what it and its callers have on the stack */
    pid_t threads[2];    /* two that the tracer saw at work */
    const char *leak;    /* what of the function's flags another goroutine found */
};
static volatile struct shared *shared;

/* ---- the traced program ---- */

void mark(void);
void filler_stop(void);
__asm__("        .text\n"
        "        .globl  mark, mark_trap, filler_stop, filler_trap\n"
        "mark:           int3\n"
        "mark_trap:      ret\n"
        "filler_stop:    int3\n"
        "filler_trap:    ret\n");

static void fill(void *unused)
{
    (void)unused;
    for (;;) {
        if (abi_leak())
            shared->leak = abi_leak();
        abi_destroy();
        filler_stop();
        go_yield();
    }
}

/* Waits until two threads have something to do beside us: one that had nothing would take us back at once after a preemption, and
 * that looks as if there had been none. */
static void wait_for_company(void)
{
    do {
        shared->threads[0] = shared->threads[1] = 0;
        go_sleep(2 * GO_MILLISECOND);
    } while (!shared->threads[1]);
}

static void run_functions(void *done)
{
    static _Alignas(64) uint8_t buffer[4096];
    uint64_t state = 1;

    for (int i = 0; i < FUNCTION_COUNT; i++) {
        if (functions[i].component && !(x86_components() >> functions[i].component & 1))
            continue;
        abi_random_bytes(buffer, sizeof(buffer), &state);
        wait_for_company();
        shared->function = i;
        shared->stack_top = (uintptr_t)__builtin_frame_address(0);
        mark();
        functions[i].run(buffer);
    }
    go_waitgroup_done(done);
}

static void run_program(const char *mode)
{
    static go_waitgroup done;

    setenv("GOROUTINE_PREEMPT", mode, 1);
    go_maxprocs(2);
    abi_way((int)arch_state.kind);
    preempt_force = 1;
    go_waitgroup_add(&done, 1);
    for (int i = 0; i < FILLERS; i++)
        go_spawn(fill, NULL);
    go_spawn(run_functions, &done);
    go_waitgroup_wait(&done);
    _exit(0);
}

/* ---- the tracer ---- */

static long instructions, preemptions, differences;
static pid_t runner; /* the thread that runs the function */

static void start_program(const char *mode)
{
    fflush(stdout);
    thread_count = 0;
    target = 0;
    program = fork();
    if (program == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        run_program(mode);
    }
    while (program > 0 && waitpid(program, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (program < 0 || ptrace(PTRACE_SETOPTIONS, program, NULL, (void *)(PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)) != 0)
        give_up("the program can not be traced");
    find_thread(program);
    resume(program, 0);
}

/* Lets the runner take an interrupt such as the library itself sends. */
static void interrupt(pid_t tid)
{
    siginfo_t info = {.si_signo = SIGURG, .si_code = SI_TKILL};

    info.si_pid = program;
    if (ptrace(PTRACE_SETSIGINFO, tid, NULL, &info) != 0)
        give_up("the interrupt can not be sent");
    resume(tid, SIGURG);
}

/* Runs the program from the interrupt until the goroutine is about to run on, on another thread if so wished. False: the program
 * has ended. *left: whether the runner has run another goroutine meanwhile, so that there was a preemption. */
static bool until_resumed(bool elsewhere, bool *left)
{
    pid_t from = runner, tid;
    int ticks = 0;

    *left = false;
    for (;;) {
        switch (next_event(&tid)) {
        case EVENT_TARGET:
            runner = tid;
            return true;
        case EVENT_FILLER:
            *left |= tid == from;
            if (elsewhere ? *left && tid != from : tid == from)
                resume(tid, 0);
            else
                hold(tid);
            if (elsewhere && tid == from)
                resume_held(from);
            break;
        case EVENT_TICK:
            resume_held(elsewhere ? from : 0);
            if (++ticks < PATIENCE)
                break;
            give_up("the goroutine does not come back");
            break;
        case EVENT_MARK:
        case EVENT_STEP:
            give_up("the goroutine has gone astray");
            break;
        case EVENT_END:
            return false;
        }
    }
}

/* One preemption at pc. False: the program has ended. */
static bool preempt_at(const struct function *f, uintptr_t pc, bool elsewhere)
{
    static struct snapshot before, after;
    bool left = false;

    for (int i = 0; i < RETRIES; i++) {
        pid_t from = runner;
        take_snapshot(runner, &before, shared->stack_top);
        set_target(runner, pc);
        interrupt(runner);
        if (!until_resumed(elsewhere, &left))
            return false;
        take_snapshot(runner, &after, shared->stack_top);
        const char *what = difference(&before, &after, runner == from);
        preemptions += left;
        if (what) {
            printf("# %s+%u, %s thread: %s\n", f->name, (unsigned)(pc - (uintptr_t)f->run), runner == from ? "same" : "another",
                   what);
            differences++;
        }
        if (what || (left && (runner != from) == elsewhere))
            return true;
    }
    printf("# %s+%u: no preemption with the goroutine back on %s thread\n", f->name, (unsigned)(pc - (uintptr_t)f->run),
           elsewhere ? "another" : "the same");
    differences++;
    return true;
}

static bool step(void)
{
    stepping = runner;
    ptrace(PTRACE_SINGLESTEP, runner, NULL, NULL);
    bool alive = wait_for(runner, EVENT_STEP);
    stepping = 0;
    return alive;
}

/* From the function's mark through all of its instructions. False: the program has ended. */
static bool step_through(const struct function *f)
{
    uintptr_t pc = (uintptr_t)f->run;
    bool left;

    set_target(runner, pc);
    resume(runner, 0);
    if (!until_resumed(false, &left))
        return false;
    while (pc - (uintptr_t)f->run < (uintptr_t)(f->end - (const char *)f->run)) {
        instructions++;
        if (!preempt_at(f, pc, false) || !preempt_at(f, pc, true) || !step())
            return false;
        if (differences >= DIFFERENCES_MAX)
            give_up("too many differences");
        pc = (uintptr_t)PC(get_regs(runner));
    }
    resume(runner, 0);
    resume_held(0);
    return true;
}

static bool check_function(const char *mode, const struct function *f)
{
    long instructions_before = instructions, preemptions_before = preemptions, differences_before = differences;
    char text[200];
    bool alive = step_through(f);

    snprintf(text, sizeof(text), "%s, %s: %ld instructions, %ld preemptions", mode, f->name, instructions - instructions_before,
             preemptions - preemptions_before);
    OK(alive && differences == differences_before, text);
    return alive;
}

static void note_company(pid_t tid)
{
    if (!shared->threads[0])
        shared->threads[0] = tid;
    else if (tid != shared->threads[0])
        shared->threads[1] = tid;
}

static void check_mode(const char *mode)
{
    enum event event;
    int ticks = 0;
    pid_t tid;

    shared->leak = NULL;
    start_program(mode);
    while ((event = next_event(&tid)) != EVENT_END && ticks < PATIENCE) {
        ticks = event == EVENT_TICK ? ticks + 1 : 0;
        if (event == EVENT_FILLER) {
            note_company(tid);
            resume(tid, 0);
        }
        if (event == EVENT_MARK) {
            runner = tid;
            if (!check_function(mode, &functions[shared->function]))
                break;
        }
    }
    if (ticks == PATIENCE)
        give_up("the program does nothing");
    if (!exited(program_status, 0))
        printf("# the program ended with status %#x\n", program_status);
    OK(exited(program_status, 0), "the program ends well");
    if (shared->leak)
        printf("# %s\n", shared->leak);
    OK(!shared->leak, "no flag of a preempted goroutine reaches another");
}

int main(int argc, char **argv)
{
    static const char *const both[] = {"frame", "inject", NULL};
    const char *const *modes = argc > 1 ? (const char *const *)argv + 1 : both;

    if (WITH_TSAN || WITH_ASAN) {
        tap_skip("a preemption at every instruction changes nothing", "sanitizers delay signals");
        return tap_end();
    }
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    arch_init();
    abi_way((int)arch_state.kind); /* the tracer compares all that the machine has */
    start_alarm();
    for (; *modes; modes++)
        check_mode(*modes);
    int status = tap_end();
    printf("registers: %ld instructions, %ld preemptions, %ld differences\n", instructions, preemptions, differences);
    return status || differences;
}
