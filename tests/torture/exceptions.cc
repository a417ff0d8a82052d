// C++ exceptions: what is being thrown and caught is known to the thread. Destructors count what they leave.
//
// SPDX-License-Identifier: MIT
#include <exception>
#include <stdexcept>
#include <string>
#include "torture.h"

namespace {

struct Level {
    int &depth;
    explicit Level(int &d) : depth(d) { depth++; }
    ~Level() { depth--; }
};

// Destructors that run while an exception is on its way, and throw and catch one of their own.
struct Unwound {
    struct worker *w;
    int expected;
    ~Unwound()
    {
        HOLDS(w, std::uncaught_exceptions() == expected);
        try {
            worker_computes(w);
            throw expected;
        } catch (int thrown) {
            HOLDS(w, thrown == expected);
        }
        HOLDS(w, std::uncaught_exceptions() == expected);
    }
};

__attribute__((noinline)) void descend(struct worker *w, int &depth, int levels, int number)
{
    Level level(depth);
    compute(200);
    if (levels == 0)
        throw std::runtime_error("number " + std::to_string(number));
    descend(w, depth, levels - 1, number);
}

std::string rethrown(struct worker *w, int &depth, int number)
{
    try {
        try {
            Unwound here{w, 1};
            descend(w, depth, 5, number);
        } catch (const std::logic_error &) {
            HOLDS(w, !"the wrong handler");
        } catch (...) {
            worker_computes(w);
            HOLDS(w, std::current_exception() != nullptr);
            throw;
        }
    } catch (const std::runtime_error &e) {
        worker_computes(w);
        return e.what();
    }
    return "nothing";
}

} // namespace

WORKLOAD(exceptions)
{
    int depth = 0, number = worker_random(w, 1000000);

    HOLDS(w, rethrown(w, depth, number) == "number " + std::to_string(number));
    HOLDS(w, depth == 0);
    HOLDS(w, std::uncaught_exceptions() == 0);
    HOLDS(w, std::current_exception() == nullptr);
}

WORKLOAD(nested_exceptions)
{
    int number = worker_random(w, 1000000);

    try {
        try {
            throw number;
        } catch (int outer) {
            try {
                worker_computes(w);
                throw outer + 1;
            } catch (int inner) {
                worker_computes(w);
                HOLDS(w, inner == number + 1);
            }
            HOLDS(w, outer == number);
            worker_computes(w);
            throw;
        }
    } catch (int last) {
        HOLDS(w, last == number);
    }
}

// One that is kept, and thrown once more later.
WORKLOAD(kept_exceptions)
{
    std::string text = "kept " + std::to_string(worker_random(w, 1000000));
    std::exception_ptr kept;

    try {
        throw std::out_of_range(text);
    } catch (...) {
        kept = std::current_exception();
    }
    worker_computes(w);
    try {
        std::rethrow_exception(kept);
    } catch (const std::out_of_range &e) {
        HOLDS(w, e.what() == text);
    }
}
