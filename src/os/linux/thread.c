/* Kernel threads: start, end, who am I, how many CPUs.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/linux/linux.h"

/* ---- who am I ---- */

enum { LEAVING_MOST = 64 }; /* at a time; more wait for their turn */

static _Atomic int process_id;            /* 0: not asked yet */
static _Atomic int leaving[LEAVING_MOST]; /* the numbers of those that are about to end; 0: none */

os_thread os_thread_self(void)
{
    struct os_own *own = os_own();
    if (own->id == 0)
        own->id = (int)os_call(SYS_gettid);
    return (os_thread){.id = (uintptr_t)own->id};
}

/* Not inline: compilers take pthread_self() for the same at any time. */
__attribute__((noinline)) uintptr_t os_thread_name(void)
{
    __asm__ volatile("" ::: "memory");
    return (uintptr_t)pthread_self();
}

int os_process_id(void)
{
    int id = atomic_load_explicit(&process_id, memory_order_relaxed);
    if (id == 0) {
        id = (int)os_call(SYS_getpid);
        atomic_store_explicit(&process_id, id, memory_order_relaxed);
    }
    return id;
}

bool os_thread_is_first(void)
{
    return os_thread_self().id == (uintptr_t)os_process_id();
}

/* The child of a fork has one thread, with new numbers. */
static void forget_numbers(void)
{
    os_own()->id = 0;
    atomic_store_explicit(&process_id, 0, memory_order_relaxed);
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget_numbers);
}

void os_fork_watch(void (*in_child)(void))
{
    pthread_atfork(NULL, NULL, in_child);
}

/* ---- start and end ---- */

struct start {
    void (*run)(void *);
    void *arg;
    int niceness;
};

/* Of a thread that ends in a call of run(). */
static void check_end(void *unused)
{
    (void)unused;
    if (!os_own()->ends)
        os_ending_lost();
}

static void *begin(void *record)
{
    struct start start = *(struct start *)record;
    os_unmap(record, os_page_size());
    os_prompt_inherit(start.niceness);
    os_interrupt_unmask(); /* the creator may have been inside a handler of ours */
    pthread_cleanup_push(check_end, NULL);
    start.run(start.arg);
    pthread_cleanup_pop(0);
    os_sequences_forget();
    return NULL;
}

static int create(struct start *record, size_t stack_size)
{
    pthread_t thread;
    pthread_attr_t attr;
    int error = pthread_attr_init(&attr);
    if (error != 0)
        return -error;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    long least = sysconf(_SC_THREAD_STACK_MIN);
    if (stack_size != 0) /* less than libc's least would be refused, and stay the default, which is large */
        pthread_attr_setstacksize(&attr, least > 0 && stack_size < (size_t)least ? (size_t)least : stack_size);
    error = pthread_create(&thread, &attr, begin, record);
    pthread_attr_destroy(&attr);
    return -error;
}

bool os_has_threads(void)
{
    return true;
}

/* No memory of malloc's: its lock may be held by a goroutine that waits for this very thread. */
int os_thread_start(void (*run)(void *), void *arg, size_t stack_size)
{
    struct start *record = os_map(os_page_size(), os_page_size());
    if (record == NULL)
        return -ENOMEM;
    *record = (struct start){.run = run, .arg = arg, .niceness = os_prompt_niceness()};
    int result = create(record, stack_size);
    if (result == -EINVAL && stack_size != 0)
        result = create(record, 0); /* libc puts thread-local storage on this stack, and the program's did not fit */
    if (result != 0)
        os_unmap(record, os_page_size());
    return result;
}

void os_thread_exit(void)
{
    os_own()->ends = true;
    os_thread_leave();
    os_sequences_forget();
    os_ending_exit();
}

void os_thread_yield(void)
{
    sched_yield();
}

/* Not libc's, which looks into what the kernel has written at some thread pointer. */
int os_thread_cpu(void)
{
    unsigned cpu = 0;
    os_call(SYS_getcpu, &cpu, NULL, NULL);
    return (int)cpu;
}

/* ---- on their way out ---- */

/* The kernel has a thread for a while after the last that it does itself. */
static bool is_gone(int id)
{
    return os_call(SYS_tgkill, os_process_id(), id, 0) == -ESRCH;
}

static bool note_leaving(int id)
{
    for (int i = 0; i < LEAVING_MOST; i++) {
        int other = atomic_load(&leaving[i]);
        if ((other == 0 || is_gone(other)) && atomic_compare_exchange_strong(&leaving[i], &other, id))
            return true;
    }
    return false;
}

/* Those noted need nobody in order to end, so that the wait for them is a short one. */
void os_thread_leave(void)
{
    struct os_own *own = os_own();
    while (!own->leaves && !(own->leaves = note_leaving((int)os_thread_self().id)))
        sched_yield();
}

bool os_threads_leave(void)
{
    bool some = false;
    for (int i = 0; i < LEAVING_MOST; i++) {
        int id = atomic_load(&leaving[i]); /* partner: os_thread_leave, before its caller lets others count on it */
        some |= id != 0 && !(is_gone(id) && atomic_compare_exchange_strong(&leaving[i], &id, 0));
    }
    return some;
}

/* ---- how many CPUs ---- */

int os_cpu_count(void)
{
    unsigned long mask[1024]; /* the kernel refuses a mask smaller than its own: this is 8 times the largest it can be built for */
    long bytes = os_call(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int count = 0;
    for (long i = 0; i < bytes / (long)sizeof mask[0]; i++)
        count += __builtin_popcountl(mask[i]);
    return count > 0 ? count : 1;
}
