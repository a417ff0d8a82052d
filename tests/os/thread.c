/* Threads of the system: identity, start, end, numbers, promptness.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "base/sanitize.h"
#include "os/os.h"
#include "tap.h"

static _Atomic uint32_t done; /* how many threads have said that they are through */

static void say_done(void)
{
    atomic_fetch_add(&done, 1);
    os_wake(&done, INT32_MAX);
}

static bool wait_for(uint32_t count)
{
    int64_t deadline = os_now() + INT64_C(10000000000);
    for (uint32_t seen; (seen = atomic_load(&done)) < count;)
        if (os_wait(&done, seen, deadline) == -ETIMEDOUT)
            return false;
    return true;
}

/* Runs the function on a thread of its own, to its end. */
static bool on_thread(void (*run)(void *), void *arg, size_t stack_size)
{
    uint32_t before = atomic_load(&done);
    return os_thread_start(run, arg, stack_size) == 0 && wait_for(before + 1);
}

static size_t page_multiple(size_t size)
{
    return (size + os_page_size() - 1) / os_page_size() * os_page_size();
}

/* ---- identity ---- */

struct identity {
    uintptr_t id, kernel_id;
    bool is_first;
};

static void tell_identity(void *arg)
{
    struct identity *identity = arg;
    *identity = (struct identity){os_thread_self().id, (uintptr_t)syscall(SYS_gettid), os_thread_is_first()};
    say_done();
}

static void child_identity(void)
{
    struct identity identity;
    tell_identity(&identity);
    _exit(identity.id == identity.kernel_id && identity.is_first ? 0 : 1);
}

static void fork_a_child(void *status)
{
    os_thread_self();
    *(int *)status = in_child(child_identity);
    say_done();
}

static void test_identity(void)
{
    struct identity here, there = {0};
    int status = -1;
    tell_identity(&here);
    OK(on_thread(tell_identity, &there, 0), "a thread starts and runs");
    OK(here.id == here.kernel_id && there.id == there.kernel_id, "a thread is known by the kernel's number");
    OK(here.is_first && !there.is_first, "only the first thread is the first");
    OK(on_thread(fork_a_child, &status, 0) && exited(status, 0), "the child of a fork has its own number and is the first");
}

/* ---- start and end ---- */

struct seen {
    size_t stack_size;
    bool detached;
    sigset_t mask;
};

static void look_around(void *arg)
{
    struct seen *seen = arg;
    pthread_attr_t attr;
    int state;
    void *low;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &low, &seen->stack_size);
    pthread_attr_getdetachstate(&attr, &state);
    pthread_attr_destroy(&attr);
    seen->detached = state == PTHREAD_CREATE_DETACHED;
    pthread_sigmask(SIG_BLOCK, NULL, &seen->mask);
    say_done();
}

static void exit_early(void *arg)
{
    (void)arg;
    say_done();
    os_thread_exit();
    abort();
}

static void nothing_frame(void *frame)
{
    (void)frame;
}

static bool no_fault(void *frame, const struct os_fault *address)
{
    (void)frame;
    (void)address;
    return false;
}

static void nothing(void)
{
}

static void test_start(void)
{
    struct seen normal = {0}, large = {0}, tiny = {0};
    static const struct os_hooks hooks = {nothing_frame, no_fault, nothing};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGURG);
    os_signals_start(&hooks, 0);
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    OK(on_thread(look_around, &normal, 0) && normal.stack_size >= 65536, "a stack of size 0 is the system's default");
    OK(on_thread(look_around, &large, page_multiple(24000000) /* no stack of an earlier thread fits */) &&
           large.stack_size >= 23900000 && large.stack_size <= 24100000,
       "a stack has the size that was asked for");
    OK(on_thread(look_around, &tiny, os_page_size()), "a stack too small for the system is made larger");
    OK(normal.detached && large.detached, "a thread is detached");
    OK(sigismember(&normal.mask, SIGUSR1) == 1 && sigismember(&normal.mask, SIGUSR2) == 0,
       "a thread has its creator's signal mask");
    OK(sigismember(&normal.mask, SIGURG) == 0, "a thread can be interrupted even if its creator could not");
    pthread_sigmask(SIG_UNBLOCK, &blocked, NULL);
    OK(on_thread(exit_early, NULL, 0), "a thread ends where it asks to");
}

static void start_over_the_limit(void)
{
    struct rlimit none = {1, 1};
    setrlimit(RLIMIT_NPROC, &none);
    if (setuid(65534) != 0)
        _exit(0);
    setrlimit(RLIMIT_NPROC, &none);
    _exit(os_thread_start(look_around, NULL, 0) == -EAGAIN ? 0 : 1);
}

/* ---- numbers ---- */

static void wait_word(void *word)
{
    say_done();
    while (atomic_load((_Atomic uint32_t *)word) == 0)
        os_wait(word, 0, INT64_MAX);
    say_done();
}

/* As an emulator's own threads do, those signals too that libc keeps from being masked. */
static void wait_word_masked(void *word)
{
    static const int unmasked[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV};
    sigset_t set;
    mask_all(&set);
    for (size_t i = 0; i < sizeof unmasked / sizeof unmasked[0]; i++)
        sigdelset(&set, unmasked[i]);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, _NSIG / 8);
    wait_word(word);
}

static int settled_thread_count(int expected)
{
    for (int i = 0; i < 1000 && os_thread_count() != expected; i++)
        usleep(1000); /* an ended thread leaves the count a little later */
    return os_thread_count();
}

static void count_one(void)
{
    _exit(settled_thread_count(1) == 1 ? 0 : 1);
}

static void test_numbers(void)
{
    static _Atomic uint32_t go;
    int before = settled_thread_count(1 + SANITIZE_THREADS);
    OK(before == 1 + SANITIZE_THREADS, "no thread is counted but the program's");
    for (int i = 0; i < 3; i++)
        on_thread(i == 0 ? wait_word_masked : wait_word, &go, 0);
    int during = os_thread_count();
    atomic_store(&go, 1);
    os_wake(&go, 3);
    wait_for(atomic_load(&done));
    OK(during == before + 3, "threads are counted while they live");
    OK(settled_thread_count(before) == before, "threads are not counted after their end");
    prctl(PR_SET_NAME, "a) R 7 (b");
    OK(os_thread_count() == before, "threads are counted in a process with an odd name");
    if (WITH_TSAN)
        tap_skip("the child of a fork has one", "there ThreadSanitizer has as many of its own as it likes");
    else
        OK(exited(in_child(count_one), 0), "the child of a fork has one");
}

static void leave_and_wait(void *word)
{
    os_thread_leave();
    os_thread_leave();
    wait_word(word);
}

/* What a thread has for itself is undone after it has returned. */
static void take_long_to_end(void *unused)
{
    (void)unused;
    say_done();
    usleep(200000);
}

static void leave_with_a_destructor(void *key)
{
    pthread_setspecific(*(pthread_key_t *)key, key);
    os_thread_exit();
}

static bool leaving_ends(void)
{
    for (int i = 0; i < 5000 && os_threads_leave(); i++)
        usleep(1000);
    return !os_threads_leave();
}

static void test_leaving(void)
{
    static _Atomic uint32_t go;
    pthread_key_t key;
    enum { MANY = 200 };
    uint32_t said;
    int before = settled_thread_count(1);
    OK(leaving_ends(), "nobody leaves");
    on_thread(leave_and_wait, &go, 0);
    OK(os_threads_leave(), "who has said that it leaves is known while it is there");
    atomic_store(&go, 1);
    os_wake(&go, 1);
    OK(leaving_ends() && os_thread_count() == before, "who has left is not counted");
    pthread_key_create(&key, take_long_to_end);
    on_thread(leave_with_a_destructor, &key, 0);
    OK(os_threads_leave(), "who has ended is known as long as the system has it");
    OK(leaving_ends() && os_thread_count() == before, "and not after that");
    said = atomic_load(&done);
    for (uint32_t i = 0; i < MANY; i++)
        os_thread_start(leave_with_a_destructor, &key, 0);
    OK(wait_for(said + MANY) && settled_thread_count(before) == before && leaving_ends(), "more can leave at once than are noted");
    pthread_key_delete(key);
}

static void count_without_proc(void)
{
    for (int fd = 3; fd < 20; fd++)
        close(fd);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    _exit(os_thread_count() == -1 ? 0 : 1);
}

static void test_cpus(void)
{
    cpu_set_t all, one;
    sched_getaffinity(0, sizeof all, &all);
    OK(os_cpu_count() == CPU_COUNT(&all), "the CPUs are those that the process may use");
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all)) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            break;
        }
    sched_setaffinity(0, sizeof one, &one);
    OK(os_cpu_count() == 1, "a process that is bound to one CPU has one");
    sched_setaffinity(0, sizeof all, &all);
}

/* ---- promptness ---- */

struct prompt {
    int slack, nice;
    uint64_t slice;
};

static struct prompt promptness(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {0};
    syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0);
    return (struct prompt){prctl(PR_GET_TIMERSLACK), attributes.nice, attributes.runtime};
}

static void tell_promptness(void *prompt)
{
    *(struct prompt *)prompt = promptness();
    say_done();
}

static void become_urgent(void *arg)
{
    struct prompt *mine = arg;
    errno = 77;
    os_thread_set_prompt(true);
    mine[0] = promptness();
    mine[0].slack = errno == 77 ? mine[0].slack : -1;
    on_thread(tell_promptness, &mine[1], 0);
    say_done();
}

static void become_prompt(void *arg)
{
    os_thread_set_prompt(false);
    *(struct prompt *)arg = promptness();
    say_done();
}

static bool run_urgent(struct prompt *both)
{
    uint32_t before = atomic_load(&done);
    return os_thread_start(become_urgent, both, 0) == 0 && wait_for(before + 2);
}

/* In a child, since there may be no way back. */
static void start_with_less_priority(void)
{
    struct prompt before, urgent[2];
    setpriority(PRIO_PROCESS, 0, 7);
    before = promptness();
    _exit(run_urgent(urgent) && before.nice == 7 && urgent[1].nice == 7 ? 0 : 1);
}

static void test_promptness(void)
{
    struct prompt before = promptness(), prompt, urgent[2];
    on_thread(become_prompt, &prompt, 0);
    OK(prompt.slack == 1 && prompt.nice == before.nice && prompt.slice == before.slice,
       "a prompt thread has fine timers, and no more");
    OK(run_urgent(urgent) && urgent[0].slack == 1, "an urgent thread has fine timers, and its errno");
    if (before.slice == 0)
        tap_skip("an urgent thread has a short slice", "the kernel has none");
    else
        OK(urgent[0].slice == 100000, "an urgent thread has a short slice");
    OK(urgent[1].nice == before.nice && urgent[1].slice == before.slice, "a thread that an urgent one starts is an ordinary one");
}

int main(void)
{
    /* First, because ThreadSanitizer wants no child of a process with threads to start some. */
    OK(exited(in_child(start_over_the_limit), 0), "one thread too many is -EAGAIN");
    OK(exited(in_child(start_with_less_priority), 0), "a thread that an urgent one starts is no more urgent than the process");
    test_identity();
    test_start();
    test_numbers();
    test_leaving();
    OK(exited(in_child(count_without_proc), 0), "threads that can not be counted are -1");
    test_cpus();
    test_promptness();
    return tap_end();
}
