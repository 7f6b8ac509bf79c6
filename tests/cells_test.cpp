// Cells: filling, copying and pasting planes; links and facts.
#include <algorithm>

#include "tests/desk.h"

namespace convscope {
namespace {

std::vector<float> values(const Tensor& tensor) { return {tensor.values().begin(), tensor.values().end()}; }

// ---- Planes

TEST(Planes, Fills) {
    Desk desk;
    const Ref kernel{Source::weight, 0, {0, 0, 2, 0}};
    fill_plane(desk.app, kernel, "zeros");
    EXPECT_EQ(values(desk.app.state.document.layers[0].weights[0]), std::vector<float>(9, 0));
    fill_plane(desk.app, kernel, "ones");
    EXPECT_EQ(values(desk.app.state.document.layers[0].weights[0]), std::vector<float>(9, 1));
    fill_plane(desk.app, kernel, "impulse");
    EXPECT_EQ(values(desk.app.state.document.layers[0].weights[0]), (std::vector<float>{0, 0, 0, 0, 1, 0, 0, 0, 0}));
    fill_plane(desk.app, kernel, "random");
    const auto first = values(desk.app.state.document.layers[0].weights[0]);
    fill_plane(desk.app, kernel, "random");
    EXPECT_NE(values(desk.app.state.document.layers[0].weights[0]), first);
    EXPECT_EQ(desk.steps(), 5u);

    // Only the plane itself.
    Desk channels(preset("Three channels in, four out"));
    const Tensor before = channels.app.state.document.layers[0].weights[0];
    fill_plane(channels.app, {Source::weight, 0, {2, 1, 0, 0}}, "zeros");
    const Tensor after = channels.app.state.document.layers[0].weights[0];
    for (int64_t i = 0; i < before.shape().count(); ++i) {
        const Index place = before.shape().index(i);
        const bool inside = place.n == 2 && place.c == 1;
        EXPECT_EQ(after.at(place), inside ? 0 : before.at(place));
    }
}

TEST(Planes, CopyAndPasteAreInverse) {
    Desk desk;
    const Ref input{Source::input, 0, {}};
    const auto before = values(desk.app.state.document.input.tensor);
    const std::string text = copy_plane(desk.app, input);
    fill_plane(desk.app, input, "zeros");
    ASSERT_TRUE(paste_plane(desk.app, input, text));
    EXPECT_EQ(values(desk.app.state.document.input.tensor), before);
    // An output can be copied too.
    EXPECT_FALSE(copy_plane(desk.app, {Source::stage, 0, {}}).empty());
}

TEST(Planes, PasteFromACellOn) {
    Desk desk;
    ASSERT_TRUE(paste_plane(desk.app, {Source::input, 0, {0, 0, 2, 3}}, "70\t71\n80\t81"));
    EXPECT_EQ(desk.input(2, 3), 70);
    EXPECT_EQ(desk.input(2, 4), 71);
    EXPECT_EQ(desk.input(3, 3), 80);
    EXPECT_EQ(desk.input(3, 4), 81);
    EXPECT_EQ(desk.steps(), 1u);
    // Beyond the edge: what fits, and it is said.
    ASSERT_TRUE(paste_plane(desk.app, {Source::input, 0, {0, 0, 6, 6}}, "1 2\n3 4"));
    EXPECT_EQ(desk.input(6, 6), 1);
    EXPECT_NE(desk.app.state.messages.back().text.find("1×1 of 2×2"), std::string::npos);
    // As large as the plane: the plane, wherever the cell is.
    ASSERT_TRUE(paste_plane(desk.app, {Source::weight, 0, {0, 0, 2, 2}}, "[[1,2,3],[4,5,6],[7,8,9]]"));
    EXPECT_EQ(values(desk.app.state.document.layers[0].weights[0]), (std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Planes, ALargerBlockIsANewSize) {
    Desk desk;
    std::string text;
    for (int r = 0; r < 5; ++r) text += "1 2 3 4 5\n";
    ASSERT_TRUE(paste_plane(desk.app, {Source::weight, 0, {}}, text));
    EXPECT_EQ(desk.app.state.document.layers[0].weights[0].shape(), (Shape{1, 1, 5, 5}));
    EXPECT_EQ(desk.kernel(4, 4), 5);
    EXPECT_FALSE(is_stale(desk.app.state));
    EXPECT_EQ(desk.steps(), 1u);

    std::string row;
    for (int c = 0; c < 9; ++c) row += "4 ";
    ASSERT_TRUE(paste_plane(desk.app, {Source::input, 0, {}}, row + "\n" + row));
    EXPECT_EQ(desk.app.state.document.input.tensor.shape(), (Shape{1, 1, 2, 9}));

    Desk channels(preset("Three channels in, four out"));
    ASSERT_TRUE(paste_plane(channels.app, {Source::input, 0, {0, 1, 0, 0}}, "1 2 3 4 5 6\n1 2 3 4 5 6"));
    EXPECT_EQ(channels.app.state.document.input.tensor.shape(), (Shape{1, 3, 2, 6}));
    EXPECT_EQ(channels.app.state.document.input.tensor.at({0, 1, 1, 5}), 6);
    EXPECT_EQ(channels.app.state.document.input.tensor.at({0, 0, 1, 5}), 0);
}

TEST(Planes, WholeTensors) {
    Desk desk(preset("Three channels in, four out"));
    ASSERT_TRUE(paste_plane(desk.app, {Source::input, 0, {}}, "torch.tensor([[[1.,2.],[3.,4.]],[[5.,6.],[7.,8.]]])"));
    EXPECT_EQ(desk.app.state.document.input.tensor.shape(), (Shape{1, 2, 2, 2}));
    EXPECT_FALSE(paste_plane(desk.app, {Source::weight, 0, {}}, "[[[1,2],[3,4]],[[5,6],[7,8]]]"));
    EXPECT_TRUE(desk.app.state.messages.back().error);
}

TEST(Planes, WhatCannotBePastedIsSaid) {
    Desk desk;
    std::string large;
    for (int r = 0; r < 30; ++r) {
        for (int c = 0; c < 30; ++c) large += "1 ";
        large += "\n";
    }
    for (const std::string& text : {std::string(), std::string("hello"), std::string("1 2\n3"), large}) {
        desk.app.state.messages.clear();
        EXPECT_FALSE(paste_plane(desk.app, {Source::weight, 0, {}}, text)) << text.substr(0, 20);
        ASSERT_FALSE(desk.app.state.messages.empty());
        EXPECT_TRUE(desk.app.state.messages.back().error);
    }
    EXPECT_FALSE(paste_plane(desk.app, {Source::stage, 0, {}}, "1"));
    EXPECT_FALSE(paste_input(desk.app, "x"));
    EXPECT_EQ(desk.steps(), 0u);
    ASSERT_TRUE(paste_input(desk.app, "1 2 3\n4 5 6\n7 8 9"));
    EXPECT_EQ(desk.app.state.document.input.tensor.shape(), (Shape{1, 1, 3, 3}));
}

// ---- Links

size_t count(const std::vector<Link>& found, Role role) {
    return static_cast<size_t>(std::count_if(found.begin(), found.end(), [&](const Link& l) { return l.role == role; }));
}

TEST(Links, AnOutputCellHasItsWindowAndWeights) {
    Desk desk;
    const Scene scene = desk.scene();
    // Output (0, 0) at stride 2, padding 1: rows −1…1 and columns −1…1, nine places, five of them padding.
    const auto found = links(desk.app, scene, at("output", 0, 0));
    EXPECT_EQ(count(found, Role::kernel), 9u);
    EXPECT_EQ(count(found, Role::input), 9u);
    const Grid* input = scene.grid("input");
    for (int64_t r = -1; r <= 1; ++r)
        for (int64_t c = -1; c <= 1; ++c)
            EXPECT_NE(std::find(found.begin(), found.end(), Link{input->cell_box(r, c), Role::input}), found.end()) << r << c;
}

TEST(Links, AnInputCellHasTheOutputsThatReadIt) {
    Desk desk;
    const Scene scene = desk.scene();
    // At stride 2, padding 1, kernel 3: row 1 is read by output rows 0 and 1, row 0 only by output row 0.
    EXPECT_EQ(count(links(desk.app, scene, at("input", 1, 1)), Role::output), 4u);
    EXPECT_EQ(count(links(desk.app, scene, at("input", 0, 0)), Role::output), 1u);
    EXPECT_TRUE(links(desk.app, scene, at("input", -1, 0)).empty());
    EXPECT_TRUE(links(desk.app, scene, at("nothing", 0, 0)).empty());
}

TEST(Links, AreMutual) {
    for (const DocumentPreset& p : document_presets()) {
        Desk desk(p.make());
        const Scene scene = desk.scene();
        const Grid* input = scene.grid("input");
        const Grid* output = scene.grid("output");
        if (!input || !output || input->rows > 12) continue;
        for (int64_t h = 0; h < output->first_row + output->rows; ++h)
            for (int64_t w = 0; w < output->first_column + output->columns; ++w) {
                if (!cell_ref(scene, at("output", h, w))) continue;
                const auto forth = links(desk.app, scene, at("output", h, w));
                for (int64_t r = 0; r < input->first_row + input->rows; ++r)
                    for (int64_t c = 0; c < input->first_column + input->columns; ++c) {
                        if (!cell_ref(scene, at("input", r, c))) continue;
                        const auto back = links(desk.app, scene, at("input", r, c));
                        const auto has = [](const std::vector<Link>& all, const Box& box) {
                            return std::any_of(all.begin(), all.end(), [&](const Link& l) { return l.box == box; });
                        };
                        // A copy in the padding links the output too, but has its own place.
                        if (!has(forth, input->cell_box(r, c))) continue;
                        EXPECT_TRUE(has(back, output->cell_box(h, w))) << p.name << h << w << r << c;
                    }
            }
    }
}

TEST(Links, ANumberLightsUpWhereverItStands) {
    Desk desk;
    choose_view(desk.app, "unfold");
    const Scene scene = desk.scene();
    // Row 1 is read by the windows of output rows 0 and 1, and so is column 1: four columns hold the number, and four outputs
    // are made of it. Column 0 of the matrix has it in row 8: window (0, 0) reads it with weight (2, 2).
    const auto from_input = links(desk.app, scene, at("input", 1, 1));
    EXPECT_EQ(count(from_input, Role::input), 4u);
    EXPECT_EQ(count(from_input, Role::output), 4u);
    const auto from_matrix = links(desk.app, scene, at("unfolded", 8, 0));
    EXPECT_EQ(count(from_matrix, Role::input), 4u);   // three more, and the input's own
    const Box own = scene.grid("input")->cell_box(1, 1);
    EXPECT_TRUE(std::any_of(from_matrix.begin(), from_matrix.end(), [&](const Link& l) { return l.box == own; }));
    // An output has a column of windows and all weights.
    const auto from_output = links(desk.app, scene, at("output", 0, 5));
    const Box corner = scene.grid("unfolded")->cell_box(0, 5);
    EXPECT_EQ(count(from_output, Role::kernel), 9u);
    EXPECT_TRUE(std::any_of(from_output.begin(), from_output.end(), [&](const Link& l) { return l.box == corner; }));
}

TEST(Facts, SayEverything) {
    Desk desk;
    set_value(desk.app, {Source::input, 0, {0, 0, 2, 6}}, 1.0f / 3, "");
    const Scene scene = desk.scene();
    const auto facts = cell_facts(desk.app, scene, at("input", 2, 6));
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->title, "Input (2, 6)");
    EXPECT_EQ(std::stof(facts->value), 1.0f / 3);         // every digit that float32 has
    EXPECT_EQ(facts->place, "row 2, column 6 of 7×7");
    EXPECT_EQ(cell_facts(desk.app, scene, at("output", 3, 3))->value, "not computed yet");
    EXPECT_EQ(cell_facts(desk.app, scene, at("input", -1, 0))->title, "Padding (−1, 0)");
    EXPECT_EQ(cell_facts(desk.app, scene, at("kernel", 1, 1))->place, "[0, 0, 1, 1] of 1×1×3×3");
    EXPECT_FALSE(cell_facts(desk.app, scene, at("input", 99, 0)));
}

}  // namespace
}  // namespace convscope
