/* The program's image: which text is its own, and what addresses are called. A static program can not tell; image_static.t builds
 * this one as such.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include "arch/arch.h"
#include "os/os.h"
#include "tap.h"

int main(void);

static int data = 1;

__attribute__((noinline)) static int some_function(int x)
{
    return x + data;
}

__attribute__((section(".other_text"), noinline)) static int elsewhere(int x)
{
    return x - data;
}

static const char *own_name(void)
{
    const char *slash = strrchr(program_invocation_name, '/');
    return slash != NULL ? slash + 1 : program_invocation_name;
}

static void test_own(void)
{
    int local;
    OK(os_image_owns(ARCH_CODE(main)) && os_image_owns(ARCH_CODE(some_function)), "the program's functions are its own");
    OK(os_image_owns(ARCH_CODE(elsewhere)), "in whatever section they lie");
    /* insque: a function that sanitizers have no version of */
    OK(!os_image_owns(ARCH_CODE(dlsym(RTLD_DEFAULT, "insque"))), "libc's functions are not");
    OK(!os_image_owns(getauxval(AT_SYSINFO_EHDR) + 0x500), "nor are the kernel's");
    OK(!os_image_owns(getauxval(AT_BASE) + 0x2000), "nor the loader's");
    OK(!os_image_owns((uintptr_t)&data) && !os_image_owns((uintptr_t)&local) && !os_image_owns(0), "nor is what is not text");
}

static void test_code(bool is_static)
{
    OK(os_image_code(ARCH_CODE(main)) && os_image_code(ARCH_CODE(elsewhere)) && os_image_code(ARCH_CODE(puts)),
       "functions are code");
#ifdef __GLIBC__
    is_static = true; /* others do not tell quickly enough what the objects are */
#endif
    if (is_static)
        OK(!os_image_code((uintptr_t)&data) && !os_image_code(0), "what is no text is no code");
}

static int add_own_text(struct dl_phdr_info *object, size_t size, void *mismatches)
{
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + segment->p_vaddr, stop = start + segment->p_memsz;
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0)
            continue;
        *(int *)mismatches += !os_image_owns(start) + !os_image_owns(stop - 1) + os_image_owns(start - 1) + os_image_owns(stop);
    }
    return 1;
}

static bool place_is(uintptr_t pc, const char *expected, bool somebodys)
{
    char name[300];
    if (os_image_place(pc, name, sizeof name) == somebodys && strcmp(name, expected) == 0)
        return true;
    printf("# \"%s\", not \"%s\"\n", name, expected);
    return false;
}

static int base_of_program(struct dl_phdr_info *object, size_t size, void *base)
{
    (void)size;
    *(uintptr_t *)base = object->dlpi_addr;
    return 1;
}

static void test_places(void)
{
    char expected[300], cut[8];
    uintptr_t base, pc = ARCH_CODE(some_function);
    dl_iterate_phdr(base_of_program, &base);
    snprintf(expected, sizeof expected, "%s+0x%lx", own_name(), (unsigned long)(pc - base));
    OK(place_is(pc, expected, true), "an address of the program has the offset that the program's file has");
    OK(place_is(16, "0x10", false), "an address of nobody is a number");
    os_image_place(pc, cut, sizeof cut);
    OK(strlen(cut) == sizeof cut - 1 && strncmp(cut, expected, sizeof cut - 1) == 0, "a name that is too long is cut");
}

static void test_library_places(void)
{
    char expected[300];
    Dl_info symbol;
    uintptr_t pc = ARCH_CODE(dlsym(RTLD_DEFAULT, "insque")) + 1;
    OK(dladdr((void *)pc, &symbol) != 0 && strrchr(symbol.dli_fname, '/') != NULL, "a library has a file");
    snprintf(expected, sizeof expected, "%s+0x%lx", strrchr(symbol.dli_fname, '/') + 1,
             (unsigned long)(pc - (uintptr_t)symbol.dli_fbase));
    OK(place_is(pc, expected, true), "an address of a library has that file's name and the offset in it");
}

int main(void)
{
    bool is_static = getauxval(AT_BASE) == 0; /* nobody loaded it */
    OK(!os_image_owns(ARCH_CODE(main)), "nothing is known before the start");
    bool started = os_image_start();
    OK(started == !is_static, "own text is known in a dynamic program, not in a static one");
    if (is_static) {
        OK(!os_image_owns(ARCH_CODE(main)) && !os_image_owns(ARCH_CODE(some_function)), "a static program owns nothing");
    } else {
        int mismatches = 0;
        test_own();
        dl_iterate_phdr(add_own_text, &mismatches);
        OK(mismatches == 0, "the ends of the text are exact");
        test_library_places();
    }
    test_code(is_static);
    test_places();
    return tap_end();
}
