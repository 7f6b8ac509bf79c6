// The closed formulas of windows against counting by trying every output, kernel cell and place.
#include <gtest/gtest.h>

#include "core/window.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

constexpr PaddingMode kModes[] = {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate,
                                  PaddingMode::circular};

/// A possible axis with little of everything; `out` ≥ 1.
WindowAxis random_axis(std::mt19937_64& random, bool transposed) {
    const auto draw = [&](int64_t low, int64_t high) {
        return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
    };
    while (true) {
        WindowAxis axis{.in = draw(1, 9),
                        .kernel = draw(1, 7),
                        .stride = draw(1, 7),
                        .dilation = draw(1, 7),
                        .pad_before = draw(0, 8),
                        .transposed = transposed};
        if (transposed) {
            axis.out = (axis.in - 1) * axis.stride + axis.span() - 2 * axis.pad_before + draw(0, 6);
        } else {
            axis.pad_after = draw(0, 8);
            const int64_t room = axis.in + axis.pad_before + axis.pad_after - axis.span();
            axis.out = floor_div(room, axis.stride) + 1;
        }
        if (axis.out >= 1) return axis;
    }
}

TEST(WindowAxis, counts_agree_with_trying_everything) {
    std::mt19937_64 random(test_seed(13));
    for (int i = 0; i < 20'000; ++i) {
        const WindowAxis axis = random_axis(random, i % 2 == 0);
        const PaddingMode mode = axis.transposed ? PaddingMode::zeros : kModes[random() % 4];
        const int64_t limit = mode == PaddingMode::reflect ? axis.in - 1 : axis.in;
        if ((mode == PaddingMode::reflect || mode == PaddingMode::circular) &&
            std::max(axis.pad_before, axis.pad_after) > limit)
            continue;
        SCOPED_TRACE(testing::Message()
                     << (axis.transposed ? "transposed" : "plain") << " in " << axis.in
                     << " kernel " << axis.kernel << " stride " << axis.stride << " dilation "
                     << axis.dilation << " padding " << axis.pad_before << "+" << axis.pad_after
                     << " out " << axis.out << " mode " << static_cast<int>(mode));
        std::vector<int64_t> terms(static_cast<size_t>(axis.out), 0),
            reads(static_cast<size_t>(axis.in), 0);
        std::vector<std::pair<int64_t, int64_t>> boxes(reads.size(), {axis.out, -1});
        for (int64_t o = 0; o < axis.out; ++o)
            for (int64_t k = 0; k < axis.kernel; ++k) {
                const auto place = axis.input_place(o, k);
                if (!place) continue;
                ++terms[static_cast<size_t>(o)];
                const auto cell = padded_cell(*place, axis.in, mode);
                if (!cell) continue;
                ASSERT_TRUE(*cell >= 0 && *cell < axis.in);
                ++reads[static_cast<size_t>(*cell)];
                auto& [first, last] = boxes[static_cast<size_t>(*cell)];
                first = std::min(first, o);
                last = std::max(last, o);
                if (*place == *cell) ASSERT_EQ(axis.output_place(*place, k), o);
            }
        ASSERT_EQ(axis.terms_per_output(), terms);
        ASSERT_EQ(axis.reads_per_input(mode), reads);
        for (int64_t cell = 0; cell < axis.in; ++cell) {
            const auto [first, last] = outputs_reading(cell, axis, mode);
            const auto& box = boxes[static_cast<size_t>(cell)];
            ASSERT_TRUE(box.second < 0 || (first <= box.first && box.second <= last)) << cell;
            ASSERT_TRUE(last < first || (first >= 0 && last < axis.out));
            // Without holes and with one place for a cell the box is exact.
            if (axis.dilation == 1 && axis.stride == 1 && mode == PaddingMode::zeros &&
                box.second >= 0)
                ASSERT_EQ(std::pair(first, last), box);
        }
        if (axis.transposed) continue;
        const std::vector<int64_t> copies = places_per_input(axis, mode);
        for (int64_t cell = 0; cell < axis.in; ++cell) {
            const std::vector<int64_t> places = places_of(cell, axis, mode);
            ASSERT_EQ(static_cast<int64_t>(places.size()), copies[static_cast<size_t>(cell)]);
            ASSERT_TRUE(std::ranges::is_sorted(places));
            for (int64_t place : places) ASSERT_EQ(padded_cell(place, axis.in, mode), cell);
        }
        ASSERT_EQ(axis.leftover(),
                  axis.pad_before + axis.in + axis.pad_after - 1 -
                      (*axis.input_place(axis.out - 1, axis.kernel - 1) + axis.pad_before));
    }
}

TEST(WindowAxis, huge_axes_are_counted_without_trying_everything) {
    const WindowAxis axis{.in = 1 << 20,
                          .out = (1 << 20) - 6,
                          .kernel = 1 << 19,
                          .stride = 1,
                          .dilation = 1,
                          .pad_before = (1 << 18) + 2,
                          .transposed = true};
    const std::vector<int64_t> counts = axis.terms_per_output();
    EXPECT_EQ(counts[0], (1 << 18) + 3);
    EXPECT_EQ(counts[500'000], 1 << 19);
}

}  // namespace
}  // namespace convscope
