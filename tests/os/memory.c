/* Mapped memory and its guards, on kernels with and without guard marks.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "os/linux/linux.h"
#include "tap.h"

static size_t page;

static int mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int lines = 0;
    for (int c; (c = getc(maps)) != EOF;)
        lines += c == '\n';
    fclose(maps);
    return lines;
}

static long pages_mapped(void)
{
    FILE *statm = fopen("/proc/self/statm", "r");
    long pages = 0;
    if (fscanf(statm, "%ld", &pages) != 1)
        abort();
    fclose(statm);
    return pages;
}

static bool is_mapped(const char *at)
{
    unsigned char vector;
    return mincore((void *)at, page, &vector) == 0;
}

static bool is_resident(const char *at)
{
    unsigned char vector = 0;
    return mincore((void *)at, page, &vector) == 0 && (vector & 1) != 0;
}

static bool is_zero(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] != 0)
            return false;
    return true;
}

/* True if /proc/self/smaps has the two letters among the flags of the mapping that begins at the address. */
static bool has_flag(const void *at, const char *letters)
{
    char line[512], start[32];
    bool inside = false, found = false;
    snprintf(start, sizeof start, "%0*lx-", (int)sizeof(long), (unsigned long)at);
    FILE *maps = fopen("/proc/self/smaps", "r");
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long low, high;
        if (sscanf(line, "%lx-%lx ", &low, &high) == 2)
            inside = low <= (unsigned long)at && (unsigned long)at < high;
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, letters) != NULL;
    }
    fclose(maps);
    return found;
}

/* ---- mapping ---- */

static bool aligns(size_t size, size_t align)
{
    char *at = os_map(size, align);
    bool good = at != NULL && (uintptr_t)at % align == 0 && is_mapped(at) && is_mapped(at + size - page);
    memset(at, 1, page);
    memset(at + size - page, 1, page);
    os_unmap(at, size);
    return good && !is_mapped(at) && !is_mapped(at + size - page);
}

static void test_map(void)
{
    bool aligned = true;
    for (size_t align = page; align <= (size_t)64 << 20; align *= 2)
        aligned = aligned && aligns(3 * page, align) && aligns(align, align);
    OK(aligned, "memory is aligned as asked, and gone when unmapped");

    pages_mapped(); /* stdio takes its buffer */
    long before = pages_mapped();
    for (int i = 0; i < 200; i++)
        os_unmap(os_map(page, 1 << 20), page);
    OK_BUT_EMULATED(pages_mapped() - before < 100, "alignment leaves nothing behind", "count of mapped pages");

    char *at = os_map(64 * page, page);
    OK(is_zero(at, 64 * page), "memory is zero");
    OK(!is_resident(at + 64 * page - page) || is_zero(at, page), "memory is backed when it is touched");
    OK_BUT_EMULATED(has_flag(at, " nh"), "memory is never backed by huge pages", "flags of mappings");
    OK(os_map(SIZE_MAX / page * page - 16 * page, page) == NULL, "memory that is not there is NULL");
    OK(os_map(SIZE_MAX / page * page, 1 << 20) == NULL, "a size that can not be added up is NULL");

    memset(at, 1, 64 * page);
    os_discard(at + page, 62 * page);
    OK(!is_resident(at + page) && !is_resident(at + 62 * page), "discarded pages are given back");
    OK(is_zero(at + page, 62 * page), "discarded pages read as zero");
    OK(at[0] == 1 && at[page - 1] == 1 && at[63 * page] == 1, "their neighbours are as they were");
    os_unmap(at, 64 * page);
}

static void discard_locked(void)
{
    char *at = os_map(4 * page, page);
    memset(at, 1, 4 * page);
    if (mlock(at, 4 * page) != 0)
        _exit(0);
    os_discard(at, 4 * page);
    _exit(is_zero(at, 4 * page) ? 0 : 1);
}

/* ---- guards ---- */

static char *target;

static void read_target(void)
{
    forget_handler(SIGSEGV);
    (void)*(volatile char *)target;
}

static void write_target(void)
{
    forget_handler(SIGSEGV);
    *(volatile char *)target = 1;
}

static bool faults(char *at)
{
    target = at;
    return died_of(in_child(read_target), SIGSEGV) && died_of(in_child(write_target), SIGSEGV);
}

static bool works(char *at)
{
    target = at;
    return exited(in_child(read_target), 0) && exited(in_child(write_target), 0);
}

/* A guard of four pages in the middle, over memory that was never touched and over memory that was. */
static bool guards(bool touched)
{
    char *at = os_map(12 * page, page);
    if (touched)
        memset(at, 1, 12 * page);
    bool good = os_guard(at + 4 * page, 4 * page) == 0;
    good = good && faults(at + 4 * page) && faults(at + 8 * page - 1) && faults(at + 6 * page);
    good = good && works(at) && works(at + 4 * page - 1) && works(at + 8 * page) && works(at + 12 * page - 1);
    os_unmap(at, 12 * page);
    return good;
}

static void test_guards(const char *untouched, const char *touched)
{
    OK(guards(false), untouched);
    OK(guards(true), touched);
}

/* ---- what kernels do to madvise ---- */

static enum { TRUE_KERNEL, OLD_KERNEL, YES_MAN } kernel;

long __real_arch_system_call(long number, long a, long b, long c, long d, long e, long f);
long __wrap_arch_system_call(long number, long a, long b, long c, long d, long e, long f);

long __wrap_arch_system_call(long number, long a, long b, long c, long d, long e, long f)
{
    if (kernel == TRUE_KERNEL || number != SYS_madvise)
        return __real_arch_system_call(number, a, b, c, d, e, f);
    return kernel == YES_MAN ? 0 : -EINVAL;
}

static void test_ways(void)
{
    test_guards("a guard faults on every access, and only the guard", "a guard over touched memory too");
    int marks = atomic_load(&os_guard_way);
    kernel = OLD_KERNEL;
    atomic_store(&os_guard_way, GUARD_UNKNOWN);
    test_guards("so it does on a kernel without guard marks", "over touched memory too");
    OK(atomic_load(&os_guard_way) == GUARD_SPLITS, "and that is found out once");
    kernel = YES_MAN;
    atomic_store(&os_guard_way, GUARD_UNKNOWN);
    test_guards("so it does where the kernel says yes and does nothing", "over touched memory too");
    kernel = TRUE_KERNEL;
    atomic_store(&os_guard_way, marks);
}

static void test_cost_of_marks(void)
{
    static const char promise[] = "guard marks cost no mappings";
    if (atomic_load(&os_guard_way) != GUARD_MARKS) {
        tap_skip(promise, "the kernel has none");
        return;
    }
    char *at = os_map(2000 * page, page);
    int before = mappings();
    for (int i = 0; i < 1000; i++)
        os_guard(at + 2 * (size_t)i * page, page);
    OK(mappings() <= before + 1, promise);
    os_unmap(at, 2000 * page);
}

/* ---- near the limit of mappings ---- */

/* Guards every other page until that is refused; returns how many. */
static size_t guard_until_refused(char *at, size_t most)
{
    for (size_t i = 0; i < most; i++) {
        int result = os_guard(at + 2 * i * page, page);
        if (result != 0)
            return result == -ENOMEM ? i : 0;
    }
    return 0;
}

static void fill_up(void)
{
    size_t most = 40000;
    char *at = os_map(2 * most * page, page);
    atomic_store(&os_guard_way, GUARD_SPLITS);
    errno = 77;
    size_t made = guard_until_refused(at, most);
    if (made < 20000 || errno != 77)
        _exit(1);
    for (int i = 0; i < 3000; i++) /* each a mapping by itself */
        if (mmap(NULL, page, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
            _exit(2);
    os_unmap(at, 2 * most * page);
    usleep(300000); /* the mappings are counted now and then */
    at = os_map(2 * most * page, page);
    _exit(guard_until_refused(at, 5000) == 0 && os_guard(at + 20000 * page, page) == 0 ? 0 : 3);
}

enum { CROWD = 4 };
static pthread_barrier_t barrier;
static _Atomic int refused;

static void *guard_once(void *at)
{
    pthread_barrier_wait(&barrier);
    if (os_guard(at, page) != 0)
        atomic_fetch_add(&refused, 1);
    return NULL;
}

/* With many mappings, so that the count takes its time. */
static void guard_in_a_crowd(void)
{
    pthread_t threads[CROWD];
    char *at = os_map(20000 * page, page);
    for (size_t i = 0; i < 10000; i++)
        mprotect(at + 2 * i * page, page, PROT_READ);
    atomic_store(&os_guard_way, GUARD_SPLITS);
    pthread_barrier_init(&barrier, NULL, CROWD);
    for (size_t i = 0; i < CROWD; i++)
        pthread_create(&threads[i], NULL, guard_once, at + (2 * i + 1) * page);
    for (size_t i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    _exit(atomic_load(&refused) == 0 ? 0 : 1);
}

static void test_limit(void)
{
    static const char promise[] = "guards by splitting end before the mappings do, and go on when there is room again";
    long limit = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
    if (file == NULL || fscanf(file, "%ld", &limit) != 1 || limit < 60000 || limit > 70000)
        tap_skip(promise, "the limit is not the usual one");
    else
        OK(exited(in_child(fill_up), 0), promise);
    fclose(file);
}

/* ---- looking at memory that may not be there ---- */

static void test_peek(void)
{
    char *at = os_map(3 * page, page), *got = malloc(3 * page);
    memset(at, 7, 2 * page);
    mprotect(at + 2 * page, page, PROT_NONE);
    errno = 77;
    OK(os_peek((uintptr_t)at + 5, got, 10) == 10 && got[0] == 7 && got[9] == 7, "memory that is there can be looked at");
    OK(os_peek((uintptr_t)at + 5, got, 2 * page) == 2 * page - 5 && got[2 * page - 6] == 7, "up to where it ends");
    OK(os_peek((uintptr_t)at + 2 * page, got, 1) == 0 && os_peek(0, got, 1) == 0 && os_peek(-(uintptr_t)8, got, 8) == 0,
       "where none is, nothing is read, and nothing happens");
    OK(errno == 77, "errno is left alone");
    os_unmap(at, 3 * page);
    free(got);
}

int main(void)
{
    page = os_page_size();
    OK(exited(in_child(guard_in_a_crowd), 0), "the first guards by splitting are not refused when many ask at once");
    OK(page == (size_t)sysconf(_SC_PAGESIZE) && (page & (page - 1)) == 0, "a page has the system's size");
    test_map();
    OK_BUT_EMULATED(exited(in_child(discard_locked), 0), "discarded pages read as zero even if they are locked",
                    "error for advice that fails");
    test_peek();
    test_ways();
    test_cost_of_marks();
    test_limit();
    return tap_end();
}
