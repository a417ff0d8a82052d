/* Guards: ranges that fault on every access.
 *
 * Linux 6.13 marks them in the page table: cheap, and any number of them. Before that the mapping is split by mprotect, two more
 * mappings for each guard, and the kernel allows a process 65530 of them (vm.max_map_count). When those ran out, malloc and thread
 * creation would fail in the rest of the program, so the last eighth is left alone and os_guard says -ENOMEM.
 *
 * How many are in use is counted in /proc/self/maps, which is slow (tens of milliseconds when it is long) but sees everybody's:
 * a count is good for as many guards as it leaves room for, whether or not any were unmapped since.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "os/linux/linux.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum { MAPPINGS_PER_GUARD = 2, USUAL_MAP_LIMIT = 65530, COUNT_EVERY = 250 * 1000 * 1000 /* nanoseconds */ };

_Atomic int os_guard_way = GUARD_UNKNOWN;
static _Atomic long room; /* mappings that may still be made */
static atomic_flag counting = ATOMIC_FLAG_INIT;
static int64_t counted_at; /* os_now() of the last count, 0: never; under counting */

/* ---- by splitting ---- */

/* Calls add(block, its size, sum) over the file; -1 where it can not be read. */
static long fold_file(const char *path, long (*add)(const char *, long, long))
{
    char block[512]; /* the stack may be a small one */
    long fd = os_open_briefly(path, 0);
    if (fd < 0)
        return -1;
    long sum = 0, got;
    while ((got = os_call(SYS_read, fd, block, sizeof block)) > 0 || got == -EINTR)
        if (got > 0)
            sum = add(block, got, sum);
    os_close_brief(fd);
    return sum;
}

static long add_lines(const char *block, long size, long sum)
{
    for (long i = 0; i < size; i++)
        sum += block[i] == '\n';
    return sum;
}

static long add_digits(const char *block, long size, long sum)
{
    for (long i = 0; i < size && block[i] >= '0' && block[i] <= '9'; i++)
        sum = sum * 10 + (block[i] - '0');
    return sum;
}

static bool take_room(void)
{
    if (atomic_fetch_sub(&room, MAPPINGS_PER_GUARD) >= MAPPINGS_PER_GUARD)
        return true;
    atomic_fetch_add(&room, MAPPINGS_PER_GUARD);
    return false;
}

static void count_room(void)
{
    long limit = fold_file("/proc/sys/vm/max_map_count", add_digits);
    long used = fold_file("/proc/self/maps", add_lines);
    if (limit <= 0 || used < 0) {
        limit = USUAL_MAP_LIMIT;
        used = 0;
    }
    atomic_store(&room, limit - limit / 8 - used);
}

/* One caller counts, at most every COUNT_EVERY; those who come meanwhile wait for what it finds. */
static bool take_room_after_count(void)
{
    while (atomic_flag_test_and_set(&counting))
        os_thread_yield();
    if (counted_at == 0 || os_now() - counted_at >= COUNT_EVERY) {
        counted_at = os_now();
        count_room();
    }
    atomic_flag_clear(&counting);
    return take_room();
}

static int guard_by_splitting(void *at, size_t size)
{
    if (!take_room() && !take_room_after_count())
        return -ENOMEM;
    return (int)os_call(SYS_mprotect, at, size, PROT_NONE);
}

/* ---- by marking ---- */

/* qemu-user says yes to every advice that it does not know, so the first mark is tried out: writing a byte there must fail. */
static bool really_guarded(void *at)
{
    return os_call(SYS_getrandom, at, 1L, 0) == -EFAULT;
}

int os_guard(void *at, size_t size)
{
    int way = atomic_load_explicit(&os_guard_way, memory_order_relaxed);
    if (way != GUARD_SPLITS) {
        long result = os_call(SYS_madvise, at, size, MADV_GUARD_INSTALL);
        if (result == 0 && (way == GUARD_MARKS || really_guarded(at))) {
            atomic_store_explicit(&os_guard_way, GUARD_MARKS, memory_order_relaxed);
            return 0;
        }
        if (result != 0 && result != -EINVAL)
            return (int)result;
        atomic_store_explicit(&os_guard_way, GUARD_SPLITS, memory_order_relaxed);
    }
    return guard_by_splitting(at, size);
}
