/* Mapping memory.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/linux/linux.h"

size_t os_page_size(void)
{
    static _Atomic size_t size; /* 0: not asked yet */
    if (atomic_load_explicit(&size, memory_order_relaxed) == 0)
        atomic_store_explicit(&size, (size_t)sysconf(_SC_PAGESIZE), memory_order_relaxed);
    return atomic_load_explicit(&size, memory_order_relaxed);
}

/* No huge pages: one touched byte of a stack would cost 2 MiB. MAP_STACK says so since Linux 6.7, madvise before it. Both set the
 * same flag on all our mappings, so neighbours still merge into one. */
static void *map(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    madvise(at, size, MADV_NOHUGEPAGE);
    return at;
}

void *os_map(size_t size, size_t align)
{
    size_t spare = align - os_page_size();
    if (size + spare < size)
        return NULL;
    char *at = map(size + spare);
    if (at == NULL || spare == 0)
        return at;
    size_t head = -(uintptr_t)at & (align - 1);
    if (head != 0)
        munmap(at, head);
    if (head != spare)
        munmap(at + head + size, spare - head);
    return at + head;
}

void os_unmap(void *at, size_t size)
{
    munmap(at, size);
}

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

void os_discard(void *at, size_t size)
{
    if (madvise(at, size, MADV_DONTNEED) == 0)
        return;
    if (madvise(at, size, MADV_DONTNEED_LOCKED) == 0) /* the program locks its memory; Linux 5.18 */
        return;
    memset(at, 0, size);
}

/* ---- reading what may not be there ---- */

static long read_by_name(uintptr_t at, void *to, size_t size)
{
    struct iovec here = {.iov_base = to, .iov_len = size}, there = {.iov_base = (void *)at, .iov_len = size};
    return os_call(SYS_process_vm_readv, os_process_id(), &here, 1, &there, 1, 0);
}

/* Kernels can be built without that call, and emulators lack it. What is written to a pipe is read just as carefully. */
static long read_by_pipe(uintptr_t at, void *to, size_t size)
{
    int ends[2];
    os_brief_begin();
    long got = os_call(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK);
    if (got == 0) {
        got = os_call(SYS_write, ends[1], at, size);
        if (got > 0)
            got = os_call(SYS_read, ends[0], to, got);
        os_call(SYS_close, ends[0]);
        os_call(SYS_close, ends[1]);
    }
    os_brief_end();
    return got;
}

/* The kernel reads for us: what is not there is an error, not a fault. It stops at the first page that cannot be read, but says so
 * only for whole pieces, so each page is one; of the smallest size, since a pipe may have no room for more. */
size_t os_peek(uintptr_t at, void *to, size_t size)
{
    enum { PIECE = 4096 };
    size_t done = 0;
    while (done < size) {
        size_t piece = PIECE - (at + done) % PIECE;
        if (piece > size - done)
            piece = size - done;
        long got = read_by_name(at + done, (char *)to + done, piece);
        if (got == -ENOSYS)
            got = read_by_pipe(at + done, (char *)to + done, piece);
        if (got != (long)piece)
            break;
        done += piece;
    }
    return done;
}
