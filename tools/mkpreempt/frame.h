/* Where a routine puts the registers it saves, and the proof that none is forgotten.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MKPREEMPT_FRAME_H
#define MKPREEMPT_FRAME_H

#include <stdbool.h>
#include "table.h"

enum routine { SWITCH, PREEMPT };
enum { ROWS_MAX = 160 };

/* The frame of one routine of one CPU. */
struct frame {
    const struct cpu *cpu;
    enum routine routine;
    const char *drop; /* the register that this routine shall forget, to see the tests find it; or NULL */
    int size;         /* bytes placed so far */
    bool placed[ROWS_MAX];
};

/* table_prove ends the program unless the rows and the register file name the same registers, each once. */
void table_prove(const struct cpu *cpu);

/* frame_saves says whether the routine has to save the row. */
bool frame_saves(const struct frame *f, const struct row *row);

/* frame_place gives a row its place and returns the distance from the top of the frame to the row's lowest byte. A dropped register
 * gets its place all the same. */
int frame_place(struct frame *f, const struct row *row);

/* frame_place_block says that a block instruction saves the rows that have a component. */
void frame_place_block(struct frame *f);

/* frame_drops says whether the code for this row shall be left out. */
bool frame_drops(const struct frame *f, const struct row *row);

/* frame_prove ends the program unless every row that the routine has to save was placed. */
void frame_prove(const struct frame *f);

/* Walks over the rows that the frame's routine saves one by one. */
#define FOR_EACH_SLOT(row, f)                                                                                                      \
    for (const struct row *row = (f)->cpu->rows; row->names; row++)                                                                \
        if (frame_saves((f), row) && !((f)->routine == PREEMPT && row->component))

#endif
