// Receptive fields against explain, walked cell by cell through whole random chains, and against known networks.
#include "core/receptive_field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/build_layer.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

struct Zeros : Reader {
    double operator()(const Ref&) const override { return 0; }
};

struct Box {
    Extent h, w;
    bool operator==(const Box&) const = default;
};

void include(Extent& extent, Extent more) {
    if (more.empty()) return;
    extent = extent.empty()
                 ? more
                 : Extent{std::min(extent.first, more.first), std::max(extent.last, more.last)};
}

/// Box around all cells of the chain's input that a cell depends on, in whatever sample and channel.
class Walk {
  public:
    explicit Walk(const Result& planned) : planned_(planned) {}

    Box from_input_of(int layer, Index cell) {
        if (layer == 0) return {{cell.h, cell.h}, {cell.w, cell.w}};
        const Plan& plan = plan_of(layer - 1);
        Box box = from_stage(layer - 1, plan.output, cell);
        if (plan.skip.from < 0) return box;
        const Box skipped = from_input_of(plan.skip.from, cell);
        include(box.h, skipped.h);
        include(box.w, skipped.w);
        return box;
    }

  private:
    const Plan& plan_of(int layer) const {
        return planned_.layers[static_cast<size_t>(layer)].plan;
    }

    Box from_stage(int layer, int stage, Index cell) {
        const auto key = std::tuple(layer, stage, cell);
        if (const auto known = known_.find(key); known != known_.end()) return known->second;
        const Layer& described = planned_.document.layers[static_cast<size_t>(layer)];
        Box box;
        for (const Term& term :
             described.op->explain(described.params, plan_of(layer), stage, cell, Zeros{}).terms) {
            if (term.b.source == Source::constant && term.b_value == 0) continue;
            for (const Ref& ref : {term.a, term.b}) {
                Box more;
                if (ref.source == Source::input) more = from_input_of(layer, ref.cell);
                if (ref.source == Source::stage) more = from_stage(layer, ref.which, ref.cell);
                include(box.h, more.h);
                include(box.w, more.w);
            }
        }
        return known_[key] = box;
    }

    const Result& planned_;
    std::map<std::tuple<int, int, Index>, Box> known_;
};

/// A possible chain of random ops; every third one has a skip connection where one fits.
Document random_chain(std::mt19937_64& random) {
    const auto& ops = all_ops();
    Document document = random_layer(ops[random() % ops.size()], random, true);
    const size_t layers = 2 + random() % 3;
    for (int attempt = 0; attempt < 60 && document.layers.size() < layers; ++attempt) {
        Document next = document;
        const Op& op = ops[random() % ops.size()];
        Layer layer = random_layer(op, random, true).layers[0];
        const Result planned = plan_only(document);
        layer.params =
            op.fit_channels(layer.params, planned.layers.back().plan.output_stage().shape.c);
        layer.weights.clear();
        layer.buffers.clear();
        next.layers.push_back(layer);
        next.start = {};
        fit_weights(next);
        const Result result = plan_only(next);
        if (result.problem || result.layers.back().plan.output_stage().shape.count() > 4000)
            continue;
        document = next;
        next.layers.back().skip = static_cast<int64_t>(1 + random() % next.layers.size());
        if (attempt % 3 == 0 && !plan_only(next).problem) document = next;
    }
    return document;
}

TEST(ReceptiveField, is_what_explain_reads) {
    std::mt19937_64 random(test_seed(41));
    int chains_up = 0, skips = 0, all = 0;
    for (int run = 0; run < 150; ++run) {
        const Document document = random_chain(random);
        const Result planned = plan_only(document);
        ASSERT_FALSE(planned.problem);
        std::string text;
        bool has_skips = false;
        for (const Layer& layer : document.layers) {
            text += layer.op->id + " " + layer.op->card(layer.params) + ", skip " +
                    std::to_string(layer.skip) + "; ";
            skips += layer.skip > 0;
            has_skips |= layer.skip > 0;
        }
        SCOPED_TRACE(text + to_string(document.input.tensor.shape()));
        const auto fields = receptive_fields(planned);
        ASSERT_EQ(fields.size(), document.layers.size());
        const bool copies = std::ranges::any_of(planned.layers, [](const LayerResult& layer) {
            return layer.plan.window && layer.plan.window->mode != PaddingMode::zeros;
        });
        Walk walk(planned);
        bool has_holes = false;
        for (size_t k = 0; k < fields.size(); ++k) {
            const ReceptiveField& field = fields[k];
            for (const FieldAxis* axis : {&field.h, &field.w})
                for (const Extent& extent : axis->cells) has_holes |= extent.empty();
            all += field.all;
            chains_up += field.h.per > 1;
            const Shape shape = planned.layers[k].plan.output_stage().shape;
            ASSERT_EQ(static_cast<int64_t>(field.h.cells.size()), shape.h);
            ASSERT_EQ(static_cast<int64_t>(field.w.cells.size()), shape.w);
            for (int64_t h = 0; h < shape.h; ++h)
                for (int64_t w = 0; w < shape.w; ++w) {
                    const Extent rows = field.h.cells[static_cast<size_t>(h)],
                                 columns = field.w.cells[static_cast<size_t>(w)];
                    const Box box = walk.from_input_of(static_cast<int>(k) + 1, {0, 0, h, w});
                    if (rows.empty() || columns.empty()) {
                        ASSERT_TRUE(box.h.empty() || box.w.empty()) << k << " " << h << " " << w;
                    } else if (has_holes && has_skips) {
                        // One way reads nothing in one axis: rows and columns apart cannot say that.
                        ASSERT_TRUE(box.h.empty() ||
                                    (rows.first <= box.h.first && rows.last >= box.h.last));
                        ASSERT_TRUE(box.w.empty() ||
                                    (columns.first <= box.w.first && columns.last >= box.w.last));
                    } else if (!box.h.empty()) {
                        ASSERT_EQ(box, (Box{rows, columns}))
                            << "layer " << k << " cell " << h << "," << w;
                    } else {
                        FAIL() << "layer " << k << " cell " << h << "," << w << " reads nothing";
                    }
                    const Extent wide = field.h.places[static_cast<size_t>(h)];
                    ASSERT_TRUE(copies || rows.empty() ||
                                (wide.first <= rows.first && wide.last >= rows.last));
                }
        }
    }
    EXPECT_GT(chains_up, 0);
    EXPECT_GT(skips, 0);
    EXPECT_GT(all, 0);
}

/// Channels stay 1.
Document chain(std::vector<Layer> layers, int64_t side) {
    Document document;
    document.input = generated_input("zeros", 1, {1, 1, side, side});
    document.layers = std::move(layers);
    fit_weights(document);
    return document;
}

/// What a cell sees beyond the border of a small input, it sees inside a large one.
TEST(ReceptiveField, goes_on_beyond_the_border) {
    const std::vector<std::vector<Layer>> chains{
        {build_layer("conv2d",
                     {{"kernel_size", both(3)}, {"stride", both(2)}, {"padding", pad(1)}}),
         build_layer("conv_transpose2d",
                     {{"kernel_size", both(4)}, {"stride", both(2)}, {"padding", both(1)}}),
         build_layer("conv2d",
                     {{"kernel_size", both(3)}, {"dilation", both(2)}, {"padding", pad(2)}})},
        {build_layer("conv_transpose2d",
                     {{"kernel_size", both(3)}, {"stride", both(2)}, {"padding", both(1)}}),
         build_layer("conv2d", {{"kernel_size", both(5)}, {"padding", pad(3)}}),
         build_layer("conv2d",
                     {{"kernel_size", both(2)}, {"stride", both(4)}, {"padding", pad(2)}})},
        {build_layer("upsample"),
         build_layer("conv2d", {{"kernel_size", both(3)}, {"padding", pad(4)}}),
         build_layer("max_pool2d", {{"padding", both(1)}})},
        {build_layer("conv2d",
                     {{"kernel_size", both(7)}, {"stride", both(2)}, {"padding", pad(3)}}),
         build_layer("relu"),
         build_layer("avg_pool2d", {{"kernel_size", both(3)},
                                    {"stride", Value(std::optional(Pair{2, 2}))},
                                    {"padding", both(1)}}),
         build_layer("conv2d", {{"kernel_size", both(5)}, {"padding", pad(2)}})},
    };
    constexpr int64_t kMargin = 32;
    for (size_t i = 0; i < chains.size(); ++i) {
        SCOPED_TRACE(i);
        const Result small = plan_only(chain(chains[i], 16)),
                     large = plan_only(chain(chains[i], 16 + 2 * kMargin));
        ASSERT_FALSE(small.problem) << small.problem->whole();
        const auto of_small = receptive_fields(small), of_large = receptive_fields(large);
        for (size_t k = 0; k < of_small.size(); ++k) {
            SCOPED_TRACE(k);
            const FieldAxis &axis = of_small[k].h, &wide = of_large[k].h;
            const int64_t shift = kMargin * axis.per / axis.step;
            for (size_t o = 0; o < axis.places.size(); ++o) {
                const Extent inside = wide.cells[o + static_cast<size_t>(shift)];
                EXPECT_EQ(axis.places[o], (Extent{inside.first - kMargin, inside.last - kMargin}))
                    << o;
            }
        }
    }
}

TEST(ReceptiveField, known_networks) {
    // VGG-16's convolutions and pools: the last pool sees 212×212 every 32 pixels, from −90 on.
    std::vector<Layer> vgg;
    for (const int convolutions : {2, 2, 3, 3, 3}) {
        for (int i = 0; i < convolutions; ++i)
            vgg.push_back(build_layer("conv2d", {{"kernel_size", both(3)}, {"padding", pad(1)}}));
        vgg.push_back(build_layer("max_pool2d"));
    }
    const auto fields = receptive_fields(plan_only(chain(vgg, 224)));
    ASSERT_EQ(fields.size(), 18u);
    EXPECT_EQ(fields.back().h.size(), 212);
    EXPECT_EQ(fields.back().h.step, 32);
    EXPECT_EQ(fields.back().h.per, 1);
    EXPECT_EQ(fields.back().h.places.front(), (Extent{-90, 121}));
    EXPECT_EQ(fields.back().h.cells.front(), (Extent{0, 121}));
    EXPECT_EQ(fields[16].h.size(), 196);  // conv5_3

    // Doubling (kernel 4, stride 2, padding 1): cell 0 has terms of cell 0 and of place −1, which is no cell; two everywhere.
    const auto up = receptive_fields(plan_only(
        chain({build_layer("conv_transpose2d",
                           {{"kernel_size", both(4)}, {"stride", both(2)}, {"padding", both(1)}})},
              4)));
    EXPECT_EQ(up[0].h.step, 1);
    EXPECT_EQ(up[0].h.per, 2);
    EXPECT_EQ(up[0].h.size(), 2);
    EXPECT_EQ(up[0].h.cells[0], (Extent{0, 0}));
    EXPECT_EQ(up[0].h.cells[3], (Extent{1, 2}));
    // Kernel 1, stride 2: every other output is only the bias.
    const auto holes = receptive_fields(plan_only(chain(
        {build_layer("conv_transpose2d", {{"kernel_size", both(1)}, {"stride", both(2)}})}, 4)));
    EXPECT_TRUE(holes[0].h.cells[1].empty());
    EXPECT_EQ(holes[0].h.cells[2], (Extent{1, 1}));
}

TEST(ReceptiveField, huge_chains_are_bounded) {
    // Steps multiply to far beyond 64 bits.
    std::vector<Layer> layers;
    for (int i = 0; i < 40; ++i)
        layers.push_back(build_layer(
            "conv2d", {{"kernel_size", both(1)}, {"stride", both(1000)}, {"padding", pad(3)}}));
    const Result planned = plan_only(chain(layers, 1));
    ASSERT_FALSE(planned.problem);
    EXPECT_EQ(receptive_fields(planned).size(), 40u);
    const Result wide = plan_only(
        chain({build_layer("conv2d", {{"kernel_size", both(1)}, {"padding", pad(2048)}})}, 1));
    ASSERT_FALSE(wide.problem);
    EXPECT_EQ(receptive_fields(wide).size(), 1u);
}

}  // namespace
}  // namespace convscope
