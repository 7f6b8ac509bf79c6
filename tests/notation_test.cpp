// Parameters in Keras' words and counts: the conversions there and back, Keras' rule for 'same' against TensorFlow's
// published cases, and what cannot be said.
#include <gtest/gtest.h>

#include "core/notation.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

constexpr Writing kKeras{.keras = true}, kTotal{.total = true};

const Field& field(const char* op, const char* key) {
    const Op& found = *find_op(op);
    return found.fields.at(static_cast<size_t>(field_index(found, key)));
}

Plan plan_of(const char* op, int64_t n, int64_t k, int64_t s, int64_t p = 0) {
    const Op& found = *find_op(op);
    Params params = standard_params(found);
    const auto set = [&](const char* key, Pair pair) {
        Value& held = params[static_cast<size_t>(field_index(found, key))];
        if (std::holds_alternative<Padding>(held)) held = Padding{Padding::Kind::pair, pair};
        else if (std::holds_alternative<std::optional<Pair>>(held)) held = std::optional(pair);
        else held = pair;
    };
    set("kernel_size", {k, k});
    set("stride", {s, s});
    set("padding", {p, p});
    return found.plan(params, {1, 1, n, n}, true);
}

TEST(Notation, MomentumIsTheComplement) {
    const Field& momentum = field("batch_norm2d", "momentum");
    EXPECT_EQ(shown_name(momentum, kKeras), "momentum");
    const Value stored = std::optional<double>(0.1);
    EXPECT_EQ(to_python(shown_value(momentum, stored, kKeras)), "0.9");
    EXPECT_EQ(to_python(shown_value(momentum, stored, {})), "0.1");
    EXPECT_EQ(read_value(momentum, "0.99", stored, kKeras, nullptr).value, Value(std::optional(0.01)));
    EXPECT_EQ(read_value(momentum, "0.99", stored, {}, nullptr).value, Value(std::optional(0.99)));
    EXPECT_EQ(read_value(momentum, "none", stored, kKeras, nullptr).value, Value(std::optional<double>()));
    EXPECT_FALSE(read_value(momentum, "much", stored, kKeras, nullptr).value);
    // Every hundredth there and back without dust.
    for (int i = 0; i <= 100; ++i) {
        const double m = i / 100.0;
        const Value there = shown_value(momentum, std::optional(m), kKeras);
        EXPECT_EQ(to_python(there), to_python(Value(std::optional((100 - i) / 100.0)))) << m;
        EXPECT_EQ(read_value(momentum, to_python(there), stored, kKeras, nullptr).value, Value(std::optional(m)));
    }
}

TEST(Notation, TotalCountsBothSides) {
    const Field& padding = field("conv2d", "padding");
    const Value one = Padding{Padding::Kind::pair, {1, 3}};
    EXPECT_EQ(to_text(shown_value(padding, one, kTotal)), "2×6");
    EXPECT_EQ(read_value(padding, "4 2", one, kTotal, nullptr).value, Value(Padding{Padding::Kind::pair, {2, 1}}));
    EXPECT_EQ(read_value(padding, "same", one, kTotal, nullptr).value, Value(Padding{Padding::Kind::same, {}}));
    const TypedValue odd = read_value(padding, "3", one, kTotal, nullptr);
    EXPECT_FALSE(odd.value);
    EXPECT_EQ(odd.problem, "3 in total is not as many on both sides, as PyTorch's padding has to be.");
    // Only the far side: the same either way.
    EXPECT_EQ(to_text(shown_value(field("conv_transpose2d", "output_padding"), Pair{1, 1}, kTotal)), "1");
    for (const char* huge : {"9223372036854775807", "-9223372036854775808", "4611686018427387904"})
        EXPECT_TRUE(read_value(padding, huge, one, kTotal, nullptr).value) << huge;
    EXPECT_EQ(shown_value(padding, Padding{Padding::Kind::pair, {INT64_MAX, 0}}, kTotal),
              Value(Padding{Padding::Kind::pair, {INT64_MAX, 0}}));
}

/// The two formulas of an op come to the same number, and 2p in the one is p in the other.
TEST(Notation, FormulaInTotal) {
    const Op& conv = *find_op("conv2d");
    Params params = standard_params(conv);
    params[static_cast<size_t>(field_index(conv, "padding"))] = Padding{Padding::Kind::pair, {2, 2}};
    const auto line = conv.size_formula(params, Plan{}, {1, 1, 7, 7}).front();
    EXPECT_EQ(line.numerator_numbers, "[i7] + 2·2 − 1·([k3]−1) − 1");
    EXPECT_EQ(line.numerator_numbers_total, "[i7] + 4 − 1·([k3]−1) − 1");
    EXPECT_EQ(line.numerator_total, "[iH] + p − d([kk] − 1) − 1");
    const Op& back = *find_op("conv_transpose2d");
    Params stamps = standard_params(back);
    stamps[static_cast<size_t>(field_index(back, "padding"))] = Pair{1, 1};
    const auto stamped = back.size_formula(stamps, Plan{}, {1, 1, 4, 4}).front();
    EXPECT_EQ(stamped.numerator_numbers_total, "([i4]−1)·1 − 2 + 1·([k3]−1) + 0 + 1");
}

/// TensorFlow's documentation of padding='SAME': out = ⌈n/s⌉, and the odd cell behind. Teaching row 4: n 6, k 3, s 2.
TEST(Notation, KerasSame) {
    const auto same = [](int64_t n, int64_t k, int64_t s) { return keras_same(plan_of("conv2d", n, k, s, 3).window->h); };
    EXPECT_EQ(same(6, 3, 2), (Sides{0, 1}));
    EXPECT_EQ(same(7, 3, 2), (Sides{1, 1}));
    EXPECT_EQ(same(5, 4, 1), (Sides{1, 2}));
    EXPECT_EQ(same(13, 6, 5), (Sides{1, 2}));  // TensorFlow's own example: 13 wide, filter 6, stride 5
    EXPECT_EQ(same(9, 1, 3), (Sides{0, 0}));
    // Conv2DTranspose: n·s cells; 4 wide, stride 2 crops one on each side, 3 wide only one, behind.
    EXPECT_EQ(keras_same(plan_of("conv_transpose2d", 5, 4, 2).window->h), (Sides{1, 1}));
    EXPECT_EQ(keras_same(plan_of("conv_transpose2d", 5, 3, 2).window->h), (Sides{0, 1}));
}

TEST(Notation, PaddingInWords) {
    const Field& conv = field("conv2d", "padding");
    const Field& pool = field("max_pool2d", "padding");
    const auto number = [](int64_t p) { return Value(Padding{Padding::Kind::pair, {p, p}}); };
    EXPECT_EQ(to_text(shown_value(conv, number(0), kKeras)), "valid");
    EXPECT_EQ(to_text(shown_value(pool, Pair{0, 0}, kKeras)), "valid");
    EXPECT_EQ(to_text(shown_value(pool, Pair{1, 1}, kKeras)), "1");
    const Plan here = plan_of("conv2d", 7, 3, 2, 1), there = plan_of("conv2d", 6, 3, 2, 1);
    EXPECT_EQ(notation_note(conv, number(0), kKeras, &here), "");
    EXPECT_EQ(notation_note(conv, number(1), {}, &here), "");
    EXPECT_EQ(notation_note(conv, number(1), kKeras, &here), "Keras has no numbers; 'same' does this here.");
    EXPECT_EQ(notation_note(conv, number(1), kKeras, &there),
              "Keras has no numbers: ZeroPadding2D, a layer of its own. 'same' would pad 0 before, 1 behind.");
    // Typed words become PyTorch's numbers where PyTorch has them.
    EXPECT_EQ(read_value(pool, "valid", Pair{1, 1}, kKeras, nullptr).value, Value(Pair{0, 0}));
    const Plan pooled = plan_of("max_pool2d", 7, 3, 2), uneven = plan_of("max_pool2d", 6, 3, 2);
    EXPECT_EQ(read_value(pool, "same", Pair{0, 0}, kKeras, &pooled).value, Value(Pair{1, 1}));
    EXPECT_EQ(read_value(pool, "same", Pair{0, 0}, kKeras, &uneven).problem,
              "Keras' 'same' is 0 before, 1 behind here; PyTorch's padding is the same on both sides.");
    EXPECT_FALSE(read_value(pool, "same", Pair{0, 0}, {}, &pooled).value);
}

/// Every field of every op is either in Keras or says that it is not.
TEST(Notation, EveryFieldIsToldOf) {
    for (const Op& op : all_ops()) {
        EXPECT_FALSE(op.keras_name.empty()) << op.id;
        for (const Field& f : op.fields)
            EXPECT_TRUE(!f.notation.keras.empty() || f.notation.keras_note.starts_with("Not in Keras")) << op.id << " " << f.key;
    }
    EXPECT_EQ(shown_name(*find_op("max_pool2d"), kKeras), "MaxPooling2D");
    EXPECT_EQ(shown_name(field("max_pool2d", "kernel_size"), kKeras), "pool_size");
    EXPECT_EQ(shown_name(field("conv2d", "dilation"), kKeras), "dilation_rate");
    EXPECT_EQ(shown_name(field("batch_norm2d", "eps"), kKeras), "epsilon");
    EXPECT_EQ(shown_name(field("conv2d", "in_channels"), kKeras), "in_channels");
}

}  // namespace
}  // namespace convscope
