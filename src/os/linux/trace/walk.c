/* Walking a stack by its unwind information, with libunwind. Its way for the stacks of other processes is used also for those of
 * this one: there all memory is read by functions of ours, so that a stack that is garbage leads nowhere, not into a fault; and the
 * way for its own process would look for unwind information under a lock of the loader's.
 *
 * It is called by one thread at a time (debug.h), so there is one of everything here.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <libunwind.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "os/linux/trace/trace.h"

/* In the library and in no header of it; everybody who looks at other processes uses it. */
int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t pc, unw_dyn_info_t *table, unw_proc_info_t *info,
                                       int need_unwind_info, void *argument);

/* In libunwind's numbers. LINK_REGISTER: in which calls leave the return address; -1: the CPU has none. */
#if defined(__aarch64__)
#define FRAME_REGISTER 29
#define LINK_REGISTER  30
#elif defined(__riscv)
#define FRAME_REGISTER 8
#define LINK_REGISTER  1
#elif defined(__powerpc64__)
#define FRAME_REGISTER 31
#define LINK_REGISTER  65
#elif defined(__s390x__)
#define FRAME_REGISTER 11
#define LINK_REGISTER  14
#elif defined(__mips__)
#define FRAME_REGISTER 30
#define LINK_REGISTER  31
#elif defined(__thumb__)
#define FRAME_REGISTER 7
#define LINK_REGISTER  14
#elif defined(__arm__)
#define FRAME_REGISTER 11
#define LINK_REGISTER  14
#else
#define FRAME_REGISTER 6 /* of both x86 CPUs */
#define LINK_REGISTER  (-1)
#endif

enum {
    TABLE_ENCODINGS =
        0x3b031b01 /* version 1; offsets of 4 bytes from here, a count of 4 bytes, offsets of 4 bytes from the start */
};

static unw_addr_space_t space; /* NULL: walk_start did not succeed */

/* A stack, and where on it the walk begins. */
struct way {
    const struct go_stack *stack;
    unw_word_t pc, sp, fp, link;
    unw_word_t rule; /* the last for the stack pointer; 0: there was none */
};

/* ---- memory ---- */

/* Memory that does not change, in lines: unwind information is read a word at a time, and each costs a system call. */
enum { LINE = 256, LINES = 256 };
static struct line {
    uintptr_t at; /* 0: none */
    char bytes[LINE];
} lines[LINES];

static bool fetch(struct line *line, uintptr_t at)
{
    struct iovec here = {.iov_base = line->bytes, .iov_len = LINE}, there = {.iov_base = (void *)at, .iov_len = LINE};
    line->at = 0;
    if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != LINE)
        return false;
    line->at = at;
    return true;
}

/* What is kept from the walks before is right unless an object was unloaded meanwhile, and another loaded in its place. */
static void forget_old_lines(void)
{
    static struct timespec kept_since;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec == kept_since.tv_sec)
        return;
    kept_since = now;
    memset(lines, 0, sizeof lines);
}

static bool read_fixed(uintptr_t at, void *to, size_t size)
{
    for (size_t done = 0; done < size;) {
        uintptr_t base = (at + done) & -(uintptr_t)LINE;
        struct line *line = &lines[base / LINE % LINES];
        size_t offset = at + done - base, piece = LINE - offset < size - done ? LINE - offset : size - done;
        if (line->at != base && !fetch(line, base))
            return false;
        memcpy((char *)to + done, line->bytes + offset, piece);
        done += piece;
    }
    return true;
}

static int access_memory(unw_addr_space_t as, unw_word_t at, unw_word_t *value, int write, void *argument)
{
    const struct go_stack *stack = ((const struct way *)argument)->stack;
    struct object object;
    (void)as;
    if (write)
        return -UNW_EINVAL;
    if (stack->read(stack, at, value, sizeof *value))
        return 0;
    return object_at(at, &object) && read_fixed(at, value, sizeof *value) ? 0 : -UNW_EINVAL;
}

/* ---- registers ---- */

/* The others of the start do not matter: compilers find frames by these. */
static int access_register(unw_addr_space_t as, unw_regnum_t number, unw_word_t *value, int write, void *argument)
{
    const struct way *w = argument;
    (void)as;
    if (write)
        return -UNW_EREADONLYREG;
    *value = number == UNW_REG_IP       ? w->pc
             : number == UNW_REG_SP     ? w->sp
             : number == FRAME_REGISTER ? w->fp
             : number == LINK_REGISTER  ? w->link
                                        : 0;
    return 0;
}

static int access_float(unw_addr_space_t as, unw_regnum_t number, unw_fpreg_t *value, int write, void *argument)
{
    (void)as, (void)number, (void)value, (void)write, (void)argument;
    return -UNW_EBADREG;
}

/* ---- unwind information ---- */

static int find_info(unw_addr_space_t as, unw_word_t pc, unw_proc_info_t *info, int need_unwind_info, void *argument)
{
    struct object object;
    uint32_t head[3]; /* encodings; where the frames are; how many entries the table behind has */
    if (!object_at(pc, &object) || !object.unwind_table || !read_fixed(object.unwind_table, head, sizeof head) ||
        head[0] != TABLE_ENCODINGS)
        return -UNW_ENOINFO;
    unw_dyn_info_t table = {.start_ip = object.start, .end_ip = object.end, .format = UNW_INFO_FORMAT_REMOTE_TABLE};
    table.u.rti.segbase = object.unwind_table;
    table.u.rti.table_data = object.unwind_table + sizeof head;
    table.u.rti.table_len = head[2] * 2 * sizeof(int32_t) / sizeof(unw_word_t);
    return UNW_OBJ(dwarf_search_unwind_table)(as, pc, &table, info, need_unwind_info, argument);
}

static void put_info(unw_addr_space_t as, unw_proc_info_t *info, void *argument)
{
    (void)as, (void)info, (void)argument;
}

static int find_list(unw_addr_space_t as, unw_word_t *list, void *argument)
{
    (void)as, (void)list, (void)argument;
    return -UNW_ENOINFO;
}

static int resume(unw_addr_space_t as, unw_cursor_t *cursor, void *argument)
{
    (void)as, (void)cursor, (void)argument;
    return -UNW_EINVAL;
}

static int find_name(unw_addr_space_t as, unw_word_t pc, char *text, size_t size, unw_word_t *offset, void *argument)
{
    (void)as, (void)pc, (void)text, (void)size, (void)offset, (void)argument;
    return -UNW_ENOINFO;
}

/* ---- walking ---- */

static int read_nothing(const struct go_stack *stack, uintptr_t at, void *to, size_t size)
{
    (void)stack, (void)at, (void)to, (void)size;
    return 0;
}

/* The first walk makes libunwind get ready, with what it needs of libc for that. */
void walk_start(void)
{
    static unw_accessors_t accessors = {
        .find_proc_info = find_info,
        .put_unwind_info = put_info,
        .get_dyn_info_list_addr = find_list,
        .access_mem = access_memory,
        .access_reg = access_register,
        .access_fpreg = access_float,
        .resume = resume,
        .get_proc_name = find_name,
    };
    struct go_stack nothing = {.read = read_nothing};
    struct way nowhere = {.stack = &nothing};
    unw_cursor_t cursor;
    space = unw_create_addr_space(&accessors, 0);
    if (!space)
        return;
    unw_set_caching_policy(space, UNW_CACHE_NONE); /* a cache has a lock */
    unw_init_remote(&cursor, space, &nowhere);
}

/* True where a signal or an injected call (a preemption, a fault) has interrupted: its frame has a rule for the stack pointer,
 * which stays until there is another. A signal's says where it is kept, and libunwind follows that. The other's says what it is:
 * libunwind heeds it, but looks for a caller without a frame pointer right above the call all the same. So the walk begins anew. */
static bool was_interrupted(unw_cursor_t *cursor, struct way *w)
{
    unw_save_loc_t rule;
    unw_word_t sp, kept;
    if (unw_get_save_loc(cursor, UNW_REG_SP, &rule) < 0 || rule.type != UNW_SLT_MEMORY || rule.u.addr == w->rule ||
        unw_get_reg(cursor, UNW_REG_SP, &sp) < 0)
        return false;
    w->rule = rule.u.addr;
    if (access_memory(space, rule.u.addr, &kept, 0, w) == 0 && kept == sp)
        return true;
    w->sp = rule.u.addr;
    if (LINK_REGISTER < 0 || unw_get_reg(cursor, LINK_REGISTER, &w->link) < 0)
        w->link = 0;
    return unw_get_reg(cursor, UNW_REG_IP, &w->pc) >= 0 && unw_get_reg(cursor, FRAME_REGISTER, &w->fp) >= 0 &&
           unw_init_remote(cursor, space, w) >= 0;
}

/* A place that is returned to is told by the instruction before it, the call. Not so one that was interrupted. */
void walk(const struct go_stack *stack, int (*visit)(void *argument, uintptr_t pc), void *argument)
{
    struct way w = {.stack = stack, .pc = stack->pc, .sp = stack->sp, .fp = stack->fp, .link = stack->link};
    unw_cursor_t cursor;
    unw_word_t pc, sp, last = 0;
    forget_old_lines();
    if (!space || unw_init_remote(&cursor, space, &w) < 0)
        return;
    do {
        bool exact = last == 0 || was_interrupted(&cursor, &w);
        if (unw_get_reg(&cursor, UNW_REG_IP, &pc) < 0 || unw_get_reg(&cursor, UNW_REG_SP, &sp) < 0 || pc == 0)
            return;
        if (!exact && sp <= last) /* a signal's stack may lie anywhere; else the way out leads up */
            return;
        if (!visit(argument, exact ? pc : pc - 1))
            return;
        last = sp;
    } while (unw_step(&cursor) > 0);
}
