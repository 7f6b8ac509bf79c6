// Numbers as they are shown, against the rules and examples of the style tokens, worked by hand.
#include "app/scene/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace convscope {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

int decimals(std::vector<float> values) { return decimals_for(values); }

TEST(Numbers, FewestDecimalsThatTellValuesApart) {
    EXPECT_EQ(decimals({}), 0);
    EXPECT_EQ(decimals({3, -1, 4, 0, 20000}), 0);
    EXPECT_EQ(decimals({0.5f, 2}), 1);
    EXPECT_EQ(decimals({0.1f, 0.2f, 0.3f}), 1);
    EXPECT_EQ(decimals({0.25f, 1.5f}), 2);
    EXPECT_EQ(decimals({0.0625f}), 4);
    EXPECT_EQ(decimals({1.0f / 3}), 2);                         // not exact: two
    EXPECT_EQ(decimals({1.0f / 3, 0.33339f}), 4);               // 0.3333 and 0.3334
    EXPECT_EQ(decimals({0.123456f, 0.123457f}), 4);             // never more than four
    EXPECT_EQ(decimals({1, 2, 1e-9f, 3e8f, kNan, kInf}), 0);    // exponents and names do not count
}

TEST(Numbers, InCells) {
    EXPECT_EQ(number_text(-23, 0), "−23");
    EXPECT_EQ(number_text(6, 0), "6");
    EXPECT_EQ(number_text(0.5, 2), "0.50");
    EXPECT_EQ(number_text(-2.078, 2), "−2.08");
    EXPECT_EQ(number_text(0, 0), "0");
    EXPECT_EQ(number_text(-0.0, 1), "0.0");
    EXPECT_EQ(number_text(0.004, 2), "~0");
    EXPECT_EQ(number_text(-0.004, 2), "~0");
    EXPECT_EQ(number_text(1.3e-12, 0), "1.3e−12");
    EXPECT_EQ(number_text(-1.26e-5, 4), "−1.3e−05");
    EXPECT_EQ(number_text(123456, 0), "1.2e+05");
    EXPECT_EQ(number_text(99999, 0), "99999");
    EXPECT_EQ(number_text(0.001, 4), "0.0010");
    EXPECT_EQ(number_text(std::nan(""), 2), "NaN");
    EXPECT_EQ(number_text(kInf, 2), "∞");
    EXPECT_EQ(number_text(-kInf, 2), "−∞");
}

TEST(Numbers, OnTheirOwn) {
    EXPECT_EQ(number_text_short(6), "6");
    EXPECT_EQ(number_text_short(100), "100");
    EXPECT_EQ(number_text_short(0.47), "0.47");
    EXPECT_EQ(number_text_short(-2.0800), "−2.08");
    EXPECT_EQ(number_text_short(-2.0783, 2), "−2.08");
    EXPECT_EQ(number_text_short(0.30000001192092896), "0.3");
    EXPECT_EQ(number_text_short(0.004, 2), "4.0e−03");
    EXPECT_EQ(number_text_short(-0.0), "0");
    EXPECT_EQ(number_text_short(1e-30), "1.0e−30");
}

TEST(Numbers, InFull) {
    EXPECT_EQ(full_text(0.1f), "0.1");
    EXPECT_EQ(full_text(1.0f / 3), "0.33333334");
    EXPECT_EQ(full_text(-1e-5f), "-1e-05");
    EXPECT_EQ(full_text(-0.0f), "0");
    EXPECT_EQ(full_text(16777216), "16777216");
    EXPECT_EQ(full_text(-kInf), "-inf");
    // Every digit that float32 holds comes back.
    for (const float value : {3.4028235e38f, 1.17549435e-38f, 1e-45f, 123.456789f, -2.0781f})
        EXPECT_EQ(std::strtof(full_text(value).c_str(), nullptr), value) << full_text(value);
}

TEST(Numbers, InSums) {
    EXPECT_EQ(in_sum("−2"), "(−2)");
    EXPECT_EQ(in_sum("-2"), "(-2)");
    EXPECT_EQ(in_sum("2"), "2");
    EXPECT_EQ(in_sum(""), "");
}

TEST(Numbers, CharactersAreCounted) {
    EXPECT_EQ(glyphs(""), 0u);
    EXPECT_EQ(glyphs("−23"), 3u);
    EXPECT_EQ(glyphs("1.3e−12"), 7u);
}

TEST(Numbers, SizeOfDigits) {
    // min(0.40·z, (z − 4) / (0.6·chars)), rounded down to halves, at most 26.
    EXPECT_FLOAT_EQ(digits_px(42, 3, 1), 16.5f);      // 16.8
    EXPECT_FLOAT_EQ(digits_px(64, 2, 1), 25.5f);      // 25.6
    EXPECT_FLOAT_EQ(digits_px(120, 1, 1), 26.0f);
    EXPECT_FLOAT_EQ(digits_px(42, 5, 1), 12.5f);      // 38 / 3 = 12.67
    EXPECT_FLOAT_EQ(digits_px(42, 6, 1), 0.0f);       // 10.6: too small to read
    EXPECT_FLOAT_EQ(digits_px(18, 1, 1), 11.0f);      // small cells: 0.62·z, at most 12.5
    EXPECT_FLOAT_EQ(digits_px(12, 1, 1), 0.0f);
    EXPECT_FLOAT_EQ(digits_px(84, 3, 2), 33.5f);      // the same at twice the scale
    EXPECT_FLOAT_EQ(digits_px(24, 1, 2), 0.0f);
}

}  // namespace
}  // namespace convscope
