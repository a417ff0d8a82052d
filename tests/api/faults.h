/* Functions that fault, each in one way. None is inlined, and no sanitizer takes the fault away.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __clang__
#define FAULTS __attribute__((unused, noinline, optnone, no_sanitize("undefined", "address", "thread"))) static
#else
#define FAULTS __attribute__((unused, noinline, noipa, no_sanitize("undefined", "address", "thread"))) static
#endif

/* The system tells the address of a fault of memory to this many bytes. */
#ifdef __s390x__
enum { FAULT_GRAIN = 4096 };
#else
enum { FAULT_GRAIN = 1 };
#endif

static inline uintptr_t fault_told(const void *at)
{
    return (uintptr_t)at / FAULT_GRAIN * FAULT_GRAIN;
}

static int *volatile fault_at;
static volatile int fault_many = 1000, fault_zero, fault_sink;

FAULTS void fault_read(void *arg)
{
    (void)arg;
    fault_sink = *fault_at;
}

FAULTS void fault_write(void *arg)
{
    (void)arg;
    *fault_at = 1;
}

/* Not every CPU minds; then a trap that is an illegal instruction stands in. */
#if defined(__x86_64__) || defined(__i386__) || defined(__s390x__)
enum { FAULT_OF_DIVISION = SIGFPE };
FAULTS void fault_divide(void *arg)
{
    (void)arg;
    fault_sink = fault_many / fault_zero;
}
#else
enum { FAULT_OF_DIVISION = SIGILL };
#if defined(__arm__)
#define FAULT_TRAP "udf #0"
#elif defined(__mips__)
#define FAULT_TRAP ".long 0x39" /* an emulator has another signal for what compilers put beside a division */
#else
#define FAULT_TRAP ".long 0"
#endif
FAULTS void fault_divide(void *arg)
{
    (void)arg;
    fault_sink = fault_many;
    __asm__ volatile(FAULT_TRAP); /* not __builtin_trap: the compiler would drop what follows */
}
#endif

static void *(*volatile fault_copy)(void *, const void *, size_t) = memcpy;

/* In libc's text. */
FAULTS void fault_in_libc(void *arg)
{
    char bytes[200];
    (void)arg;
    fault_copy(bytes, fault_at, sizeof bytes);
    fault_sink = bytes[7];
}

static void (*volatile fault_function)(void);

FAULTS void fault_call(void *arg)
{
    (void)arg;
    fault_function();
    fault_sink = 1; /* no jump: the call must have a caller */
}

/* A page of a file that has no bytes. */
FAULTS void fault_bus(void *arg)
{
    char *page = *(char **)arg;
    fault_sink = *(volatile char *)page;
}

static inline char *fault_page_beyond_a_file(void)
{
    FILE *file = tmpfile();
    char *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_PRIVATE, fileno(file), 0);
    fclose(file);
    return page;
}

#if defined(__x86_64__) || defined(__i386__)

FAULTS void fault_illegal(void *arg)
{
    (void)arg;
    __asm__ volatile("ud2");
}

/* The kernel tells no address of it. */
__attribute__((target("sse2"))) FAULTS void fault_unaligned(void *arg)
{
    static char bytes[64] __attribute__((aligned(64)));
    (void)arg;
    __asm__ volatile("movaps (%0), %%xmm0" : : "r"(bytes + 1) : "memory");
}

/* With values in all registers, flags set, and the x87 stack in use. */
FAULTS void fault_untidily(void *arg)
{
    (void)arg;
    __asm__ volatile("fld1\n fldpi\n std\n" : : : "memory");
    *fault_at = 2;
}

#define FAULTS_OF_CPU         fault_illegal, fault_unaligned, fault_untidily
#define FAULTS_OF_CPU_SIGNALS SIGILL, SIGSEGV, SIGSEGV
#elif defined(__aarch64__)
FAULTS void fault_illegal(void *arg)
{
    (void)arg;
    __asm__ volatile("udf #0");
}

/* With odd control words, and values in registers that a call keeps, none of which the compiler is told of. */
FAULTS void fault_untidily(void *arg)
{
    (void)arg;
    __asm__ volatile("mov x9, #0x2800000\n msr fpcr, x9\n msr fpsr, x9\n movi v8.16b, #0xff\n movi v15.16b, #0xff\n"
                     :
                     :
                     : "memory", "x9");
    *fault_at = 2;
}

#define FAULTS_OF_CPU         fault_illegal, fault_untidily
#define FAULTS_OF_CPU_SIGNALS SIGILL, SIGSEGV
#elif defined(__powerpc64__)
FAULTS void fault_illegal(void *arg)
{
    (void)arg;
    __asm__ volatile(".long 0");
}

/* With odd control words, and values in registers that a call keeps, none of which the compiler is told of. */
FAULTS void fault_untidily(void *arg)
{
    (void)arg;
    __asm__ volatile("mtfsfi 7, 3\n fneg 14, 14\n fneg 31, 31\n mtcrf 0x38, %0\n mtspr 1, %0\n" : : "r"(fault_at) : "memory");
    *fault_at = 2;
}

#define FAULTS_OF_CPU         fault_illegal, fault_untidily
#define FAULTS_OF_CPU_SIGNALS SIGILL, SIGSEGV
#elif defined(__riscv)
FAULTS void fault_illegal(void *arg)
{
    (void)arg;
    __asm__ volatile("unimp");
}

/* With an odd control word, and values in registers that a call keeps, none of which the compiler is told of. */
FAULTS void fault_untidily(void *arg)
{
    (void)arg;
    __asm__ volatile("li t0, 0x7f\n fscsr t0\n fcvt.d.l fs0, t0\n fcvt.d.l fs11, t0\n" : : : "memory", "t0");
    *fault_at = 2;
}

#define FAULTS_OF_CPU         fault_illegal, fault_untidily
#define FAULTS_OF_CPU_SIGNALS SIGILL, SIGSEGV
#elif defined(__s390x__)
FAULTS void fault_illegal(void *arg)
{
    (void)arg;
    __asm__ volatile(".short 0");
}

/* With odd control words, and values in registers that a call keeps, none of which the compiler is told of. */
FAULTS void fault_untidily(void *arg)
{
    (void)arg;
    __asm__ volatile("llilh %%r1, 0x00f8\n oill %%r1, 0x0072\n sfpc %%r1\n llilh %%r1, 0x3500\n spm %%r1\n"
                     " lghi %%r1, -1\n ldgr %%f8, %%r1\n ldgr %%f15, %%r1\n sar %%a2, %%r1\n"
                     :
                     :
                     : "memory", "r1", "cc");
    *fault_at = 2;
}

#define FAULTS_OF_CPU         fault_illegal, fault_untidily
#define FAULTS_OF_CPU_SIGNALS SIGILL, SIGSEGV
#elif defined(__mips__)
FAULTS void fault_illegal(void *arg)
{
    (void)arg;
    __asm__ volatile(".word 0x39");
}

/* With an odd control word, and values in registers that a call keeps, none of which the compiler is told of; in a delay slot. */
FAULTS void fault_untidily(void *arg)
{
    (void)arg;
    __asm__ volatile(".set push\n\t.set noreorder\n\tli $8, 0x87f\n\tctc1 $8, $31\n\tmtc1 $8, $f24\n\tmtc1 $8, $f30\n\t"
                     "beqz $0, 1f\n\tsw $8, 0(%0)\n\tsw $8, 4(%0)\n1:\t.set pop"
                     :
                     : "r"(fault_at)
                     : "memory", "$8");
}

#define FAULTS_OF_CPU         fault_illegal, fault_untidily
#define FAULTS_OF_CPU_SIGNALS SIGILL, SIGSEGV
#elif defined(__arm__)
FAULTS void fault_illegal(void *arg)
{
    (void)arg;
    __asm__ volatile("udf #0");
}

/* With an odd control word, values in registers that a call keeps, none of which the compiler is told of, and in the middle of a
 * block of conditional instructions. */
FAULTS void fault_untidily(void *arg)
{
    (void)arg;
    __asm__ volatile("mvn r1, #0\n movw r2, #0x001f\n movt r2, #0x0280\n vmsr fpscr, r2\n vmov d8, r1, r1\n vmov d15, r1, r1\n"
                     "cmp r1, r1\n itete eq\n moveq r2, #2\n movne r2, #3\n streq r2, [%0]\n strne r2, [%0, #4]\n"
                     :
                     : "r"(fault_at)
                     : "memory", "r1", "r2", "cc");
}

#define FAULTS_OF_CPU         fault_illegal, fault_untidily
#define FAULTS_OF_CPU_SIGNALS SIGILL, SIGSEGV
#endif

/* Only x86 has an access that must be aligned. */
#if defined(__x86_64__) || defined(__i386__)
#define FAULT_UNALIGNED_IS_NONE 0
#else
#define FAULT_UNALIGNED_IS_NONE 1

FAULTS void fault_unaligned(void *arg)
{
    (void)arg;
}
#endif

#endif
