// CHECK: our own mistakes end the program and print both values; a person's mistakes never reach one.
#pragma once

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

namespace convscope::detail {

template <class A, class B>
[[noreturn]] void check_failed(const char* file, int line, const char* text, const A& a, const B& b) {
    fmt::print(stderr, "{}:{}: CHECK({}) failed: {} against {}\n", file, line, text, a, b);
    std::fflush(stderr);
    std::abort();
}

}  // namespace convscope::detail

/// CHECK_THAT(a, ==, b): ends the program with both values unless `a op b` holds. Stays on in release builds.
#define CHECK_THAT(a, op, b)                                                                     \
    do {                                                                                         \
        const auto& check_a = (a);                                                               \
        const auto& check_b = (b);                                                               \
        if (!(check_a op check_b))                                                               \
            ::convscope::detail::check_failed(__FILE__, __LINE__, #a " " #op " " #b, check_a,    \
                                              check_b);                                          \
    } while (false)
