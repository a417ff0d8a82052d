/* What a processor is asked to do at its next pick: a request to look around never takes a turn back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

#include "sched/runtime.h"

/* The requests of a processor that nobody runs on: no monitor minds it. */
static uint32_t asked_after(uint32_t before)
{
    static struct processor p;

    store_relaxed(&p.attention, before);
    processor_ask(&p);
    return load_relaxed(&p.attention);
}

TEST(a_request_to_look_does_not_take_a_turn_back)
{
    CHECK_EQ(ATTENTION_TURN, asked_after(ATTENTION_TURN));
}

TEST(a_request_to_look_goes_before_the_rest_of_a_turn)
{
    CHECK_EQ(ATTENTION_LOOK, asked_after(ATTENTION_NONE));
    CHECK_EQ(ATTENTION_LOOK, asked_after(ATTENTION_LOOK));
    CHECK_EQ(ATTENTION_LOOK, asked_after(ATTENTION_MORE));
}
