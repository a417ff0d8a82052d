/* Two flags that the kernel treats in its own way, on both x86 CPUs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_X86_FLAGS_H
#define ARCH_X86_FLAGS_H

/* AC, alignment checks: a handler is entered with the interrupted code's. ID, which code flips to see whether there is a CPUID
 * instruction: sigreturn does not restore it. */
enum { X86_FLAG_AC = 1 << 18, X86_FLAG_ID = 1 << 21 };

#ifdef __x86_64__
#define x86_get_flags()      __builtin_ia32_readeflags_u64()
#define x86_set_flags(flags) __builtin_ia32_writeeflags_u64(flags)
#else
#define x86_get_flags()      __builtin_ia32_readeflags_u32()
#define x86_set_flags(flags) __builtin_ia32_writeeflags_u32(flags)
#endif

static inline void x86_clear_flags(unsigned long which)
{
    if (__builtin_expect((x86_get_flags() & which) != 0, 0))
        x86_set_flags(x86_get_flags() & ~which);
}

/* To be followed by a sigreturn that restores the other flags. */
static inline void x86_resume_flags(unsigned long flags)
{
    if (__builtin_expect(((x86_get_flags() ^ flags) & X86_FLAG_ID) != 0, 0))
        x86_set_flags(x86_get_flags() ^ X86_FLAG_ID);
}

#endif
