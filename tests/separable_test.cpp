// Kernels as a column times a row: found where they are, not where they are not, and every weight as it was.
#include "core/separable.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace convscope {
namespace {

/// Whether the factors give every weight to one unit in its last place, and zeros exactly.
void expect_same(const std::vector<float>& kernel, const Factors& factors) {
    const size_t w = factors.row.size();
    ASSERT_EQ(factors.column.size() * w, kernel.size());
    for (size_t i = 0; i < kernel.size(); ++i) {
        const float product = factors.column[i / w] * factors.row[i % w];
        EXPECT_GE(product, std::nextafter(kernel[i], -INFINITY)) << i;
        EXPECT_LE(product, std::nextafter(kernel[i], INFINITY)) << i;
        if (kernel[i] == 0) { EXPECT_EQ(product, 0) << i; }
    }
}

/// The way kernels are made everywhere: in double, divided by their sum, then rounded.
std::vector<float> gaussian(int64_t size, double sigma) {
    std::vector<double> exact;
    double sum = 0;
    for (int64_t r = 0; r < size; ++r)
        for (int64_t s = 0; s < size; ++s) {
            const double y = static_cast<double>(r - size / 2),
                         x = static_cast<double>(s - size / 2);
            exact.push_back(std::exp(-(x * x + y * y) / (2 * sigma * sigma)));
            sum += exact.back();
        }
    std::vector<float> rounded;
    for (const double weight : exact) rounded.push_back(static_cast<float>(weight / sum));
    return rounded;
}

TEST(Separable, WhatIs) {
    const std::vector<std::pair<std::vector<float>, int64_t>> kernels{
        {{1, 2, 1, 0, 0, 0, -1, -2, -1}, 3},
        {{1, 0, -1, 2, 0, -2, 1, 0, -1}, 3},
        {{1.0f / 9, 1.0f / 9, 1.0f / 9, 1.0f / 9, 1.0f / 9, 1.0f / 9, 1.0f / 9, 1.0f / 9, 1.0f / 9},
         3},
        {{0, 0, 0, 0, 5, 0, 0, 0, 0}, 3},
        {{3, 6, 7, 14}, 2},
        {{2, 4, 8}, 1},
        {{2, 4, 8}, 3},
    };
    for (const auto& [kernel, h] : kernels) {
        const auto factors = separate(kernel.data(), h, static_cast<int64_t>(kernel.size()) / h);
        ASSERT_TRUE(factors);
        expect_same(kernel, *factors);
    }
}

TEST(Separable, GaussiansOfAnyWidth) {
    int found = 0, all = 0;
    for (const int64_t size : {5, 7, 11, 15})
        for (double sigma = 0.6; sigma < 5; sigma += 0.1, ++all) {
            const std::vector<float> kernel = gaussian(size, sigma);
            const auto factors = separate(kernel.data(), size, size);
            if (!factors) continue;
            ++found;
            expect_same(kernel, *factors);
        }
    EXPECT_GE(found, all * 9 / 10)
        << "of " << all;  // the others are rounded so that no factors give them
}

/// Sums of small whole numbers are exact only when the factors are whole numbers, or parts of a power of two of them.
TEST(Separable, WholeNumbersKeepWholeFactors) {
    std::mt19937 random(8);
    for (int i = 0; i < 300; ++i) {
        float column[5], row[6], parts = std::ldexp(1.0f, -static_cast<int>(random() % 12));
        for (float& factor : column)
            factor = static_cast<float>(static_cast<int>(random() % 15) - 7);
        for (float& factor : row)
            factor = static_cast<float>(static_cast<int>(random() % 19) - 9) * parts;
        column[random() % 5] = 3;
        row[random() % 6] = 2 * parts;
        std::vector<float> kernel;
        for (const float down : column)
            for (const float along : row) kernel.push_back(down * along);
        const auto factors = separate(kernel.data(), 5, 6);
        ASSERT_TRUE(factors);
        const auto has_few_digits = [](float factor) {  // binary ones
            int exponent = 0;
            const float digits = std::ldexp(std::frexp(factor, &exponent), 12);
            return digits == std::round(digits);
        };
        float all = 0;
        for (const float factor : factors->row) {
            all += std::abs(factor);
            EXPECT_TRUE(has_few_digits(factor)) << factor;
        }
        for (const float factor : factors->column) EXPECT_TRUE(has_few_digits(factor)) << factor;
        EXPECT_LE(all, 1) << "a row's sum cannot be larger than what it adds up";
        for (size_t k = 0; k < kernel.size(); ++k)
            EXPECT_EQ(factors->column[k / 6] * factors->row[k % 6], kernel[k]);
    }
    const std::vector<float> thirds{3, 0, 0, 2, 0, 0};
    ASSERT_TRUE(separate(thirds.data(), 2, 3));
    // One off is no column times a row, however near.
    const std::vector<float> almost{3000, 2000, 1500, 1001};
    EXPECT_FALSE(separate(almost.data(), 2, 2));
}

TEST(Separable, WhatIsNot) {
    std::mt19937 random(3);
    for (int i = 0; i < 200; ++i) {
        std::vector<float> kernel(9);
        for (float& weight : kernel) weight = static_cast<float>(random() % 1000) + 1;
        EXPECT_FALSE(separate(kernel.data(), 3, 3));
    }
    for (const std::vector<float>& kernel : {std::vector<float>{0, 1, 0, 1, -4, 1, 0, 1, 0},
                                             {1, 0, 0, 0, 1, 0, 0, 0, 1},
                                             {0, 0, 0, 0, 0, 0, 0, 0, 0},
                                             {1, 1, 1, 1, NAN, 1, 1, 1, 1},
                                             {1, 1, 1, 1, INFINITY, 1, 1, 1, 1},
                                             {4, 4, 4, 4, 4.00001f, 4, 4, 4, 4}})
        EXPECT_FALSE(separate(kernel.data(), 3, 3));
}

}  // namespace
}  // namespace convscope
