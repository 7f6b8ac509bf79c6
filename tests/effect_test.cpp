// What a parameter's tooltip says about the numbers as they are: sizes by PyTorch's formula, worked by hand.
#include "app/panels/field_values.h"

#include <gtest/gtest.h>

#include "tests/desk.h"

namespace convscope {
namespace {

std::string told(const App& app, std::string_view key, Writing writing = {}) {
    const Layer& layer = *chosen_layer(app);
    const auto at = static_cast<size_t>(field_index(*layer.op, key));
    return effect_text(app, layer.op->fields[at], layer.params[at], writing);
}

TEST(Effect, TellsTheSizesOfTheNextValues) {
    App app(standard_document());   // 7×7, kernel 3, stride 2, padding 1: ⌊(7 + 2 − 3)/2⌋ + 1 = 4
    EXPECT_EQ(told(app, "stride"), "Now the output is 4×4; 1 makes it 7×7, 3 makes it 3×3.");
    EXPECT_EQ(told(app, "padding"), "Now the output is 4×4; 0 makes it 3×3, 2 makes it 5×5.");
    EXPECT_EQ(told(app, "padding", {.total = true}), "Now the output is 4×4; 0 makes it 3×3, 4 makes it 5×5.");
    EXPECT_EQ(told(app, "kernel_size"), "Now the output is 4×4; 2 leaves it, 4 makes it 3×3.");
    EXPECT_EQ(told(app, "dilation"), "Now the output is 4×4; 2 makes it 3×3.");
    EXPECT_EQ(told(app, "out_channels"), "Now the output is 4×4; 2 makes it 1×2×4×4.");
    EXPECT_EQ(told(app, "groups"), "Now the output is 4×4; 2 is impossible here.");
    EXPECT_EQ(told(app, "bias"), "");
    EXPECT_EQ(told(app, "padding_mode"), "");
}

TEST(Effect, SaysNothingWhereTheLayerIsImpossibleOrTheSizeStays) {
    App app(standard_document());
    edit(app, with_param(app.state.document, 0, "kernel_size", Pair{40, 40}));
    EXPECT_EQ(told(app, "stride"), "");
    App norm(preset("Batch norm of four numbers"));
    EXPECT_EQ(told(norm, "eps"), "");
    EXPECT_EQ(told(norm, "momentum"), "");
}

}  // namespace
}  // namespace convscope
