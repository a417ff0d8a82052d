/* Thread identities (identity.c), and the threads that are there for their sake alone: the maker and the relief. Private to this
 * folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_IDENTITY_H
#define SCHED_IDENTITY_H

#include "base/base.h"
#include "os/os.h"

struct exceptions;
struct goroutine;
struct thread;

/* The thread-locals of ours, in each identity. */
struct locals {
    _Atomic(struct thread *) self; /* NULL on a plain thread, and on one whose processor is taken away (taken.c) */
    struct thread *mine;           /* NULL on a plain thread only */
};

/* A thread identity; who has it is told in identity.c. */
struct identity {
    struct os_identity os;
    struct locals *locals;
    uint32_t *here; /* go_here */
    struct exceptions *exceptions;
    struct identity *link;
    struct identity *next;       /* fixed: on the list of all that ever were */
    _Atomic uintptr_t name;      /* os_thread_name of its thread; 0: there is none (any more) */
    _Atomic uint32_t lent, back; /* between its thread, if that only lends it, and the others */
};

/* identity.c */
bool identity_start(void);
bool identity_is_possible(void);
uint32_t identity_spares(void);
uint32_t identity_shortage(void);
struct identity *identity_blank(void);
void identity_forget(struct identity *id);
void identity_put(struct identity *id);
void identity_publish(struct identity *id);
bool identity_has_name(uintptr_t thread);
bool identity_trim(void);
void identity_end_some(void);
void identity_begin(struct thread *m);
void identity_switch(struct thread *m, const struct goroutine *to);
void identity_end(struct thread *m);
bool identity_serves(const struct thread *m);
bool identity_refill(struct thread *m);
void identity_none_come(bool none);
bool identity_keep(struct thread *m, struct goroutine *g);
void identity_give_up(struct thread *m, struct goroutine *g);
void identity_leave(struct thread *m);
void identity_bury(struct thread *m, struct goroutine *g);
void identity_be_thread(struct thread *m, struct goroutine *g);
void identity_stop(struct thread *m, struct goroutine *g);
void identity_cease_to_be_thread(struct thread *m, struct goroutine *g);
void identity_keep_waiting(struct goroutine *g);

/* settle.c */
void identity_settle(struct thread *m, struct goroutine *g);
void identity_clean(void);

/* maker.c */
int maker_start(void);
void maker_kick(void);
void maker_begins(void);
void maker_has_begun(void);
bool maker_sleeps(void);
void maker_free(void *at);
int maker_make_identity(struct identity **id);
void maker_want_reserve(void);

/* relief.c */
int relief_start(void);
bool relief_serves(void);
bool relief_call(void);
void relief_fails(void);
struct goroutine *relief_find_work(struct thread *m);
void relief_leave(void);

#endif
