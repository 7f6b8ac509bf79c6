// Smaller copies of planes against averages taken directly in double.
#include "core/plane_levels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/document.h"
#include "core/evaluate.h"
#include "core/statistics.h"

namespace convscope {
namespace {

double mean_of_block(const Tensor& tensor, int64_t c, int64_t block, int64_t row, int64_t column) {
    const Shape shape = tensor.shape();
    double sum = 0;
    int64_t count = 0;
    for (int64_t y = row * block; y < std::min(shape.h, (row + 1) * block); ++y)
        for (int64_t x = column * block; x < std::min(shape.w, (column + 1) * block); ++x, ++count)
            sum += tensor.at({0, c, y, x});
    return sum / static_cast<double>(count);
}

TEST(PlaneLevels, AreDirectAverages) {
    // Sides that are no multiples of the blocks, and some smaller than one.
    for (const auto& [h, w] : {std::pair<int64_t, int64_t>{64, 64}, {37, 101}, {4, 300}, {3, 2}, {130, 1}}) {
        const Tensor tensor = generate("normal", 7, {1, 2, h, w});
        const PlaneLevels levels = plane_levels(tensor, 0, 1);
        ASSERT_FALSE(levels.means.empty());
        for (size_t k = 0; k < levels.means.size(); ++k) {
            const int64_t block = kFirstBlock << k;
            const Tensor& level = levels.means[k];
            ASSERT_EQ(level.shape(), (Shape{1, 1, (h + block - 1) / block, (w + block - 1) / block}));
            for (int64_t r = 0; r < level.shape().h; ++r)
                for (int64_t c = 0; c < level.shape().w; ++c)
                    EXPECT_NEAR(level.at({0, 0, r, c}), mean_of_block(tensor, 1, block, r, c), 1e-5)
                        << h << "×" << w << " block " << block << " at " << r << ", " << c;
        }
    }
}

TEST(PlaneLevels, ServeOrAreNotNeeded) {
    const Tensor tensor = generate("uniform", 3, {1, 3, 90, 70});
    const PlaneLevels levels = plane_levels(tensor, 0, 2);
    for (const int64_t block : {1, 2, 4, 8, 16}) {
        const int64_t columns = (70 + block - 1) / block, rows = (90 + block - 1) / block;
        for (int64_t row = 0; row < rows; ++row) {
            const int64_t first = columns / 3;
            std::vector<float> served(static_cast<size_t>(columns - first)), direct(served.size());
            block_means(tensor, 0, 2, &levels, block, row, first, served);
            block_means(tensor, 0, 2, nullptr, block, row, first, direct);
            for (size_t i = 0; i < served.size(); ++i) {
                const double mean = mean_of_block(tensor, 2, block, row, first + static_cast<int64_t>(i));
                EXPECT_NEAR(served[i], mean, 1e-6);
                EXPECT_NEAR(direct[i], mean, 1e-6);
            }
        }
    }
}

TEST(PlaneLevels, WhatIsNotFiniteStaysSo) {
    Tensor tensor(Shape{1, 1, 64, 64}, 1.0f);
    tensor.set({0, 0, 10, 50}, std::numeric_limits<float>::quiet_NaN());
    tensor.set({0, 0, 50, 10}, std::numeric_limits<float>::infinity());
    for (const Tensor& level : plane_levels(tensor, 0, 0).means) {
        const int64_t block = 64 / level.shape().h;
        for (int64_t r = 0; r < level.shape().h; ++r)
            for (int64_t c = 0; c < level.shape().w; ++c) {
                const bool holds = (r == 10 / block && c == 50 / block) || (r == 50 / block && c == 10 / block);
                EXPECT_EQ(std::isfinite(level.at({0, 0, r, c})), !holds);
            }
    }
}

TEST(PlaneLevels, AResultHasThemWhereWanted) {
    Document document = standard_document();
    document = with_input(document, generated_input("uniform", 1, {1, 1, 600, 700}));
    EXPECT_TRUE(evaluate(document)->levels.empty());
    const auto result = evaluate(document, {.levels = true});
    ASSERT_EQ(result->levels.size(), 1u);  // the output, 300×350, is small
    EXPECT_TRUE(result->levels[0].tensor.same_as(document.input.tensor));
    ASSERT_EQ(result->levels[0].planes.size(), 1u);
    EXPECT_EQ(result->levels[0].planes[0].means[0].shape(), (Shape{1, 1, 150, 175}));
}

TEST(PlaneStatistics, LowAndHighAreOfTheFiniteValues) {
    const float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();
    for (const int64_t w : {2, 15, 16, 17, 100}) {
        Tensor tensor = generate("normal", 5, {1, 1, 1, w});
        const auto values = tensor.mutate();
        values[0] = kNan;
        values[static_cast<size_t>(w) - 1] = -kInf;
        float low = 0, high = 0;
        bool any = false;
        for (const float v : tensor.values()) {
            if (!std::isfinite(v)) continue;
            low = any ? std::min(low, v) : v;
            high = any ? std::max(high, v) : v;
            any = true;
        }
        const PlaneStatistics found = plane_statistics(tensor, Plan{}, 0, 0);
        EXPECT_EQ(found.low, low) << w;
        EXPECT_EQ(found.high, high) << w;
    }
}

}  // namespace
}  // namespace convscope
