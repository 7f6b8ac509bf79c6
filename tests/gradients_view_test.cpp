// The gradients view: bars against sums over the Result's tensors, labels against hand numbers, a measured slope equal to the
// explained one, networks side by side, and the network's settings read back from its document.
#include <gtest/gtest.h>

#include <cmath>

#include "app/app_compare.h"
#include "app/views/gradients_parts.h"
#include "core/document_json.h"
#include "core/network_of.h"
#include "core/presets.h"
#include "core/slope_check.h"

namespace convscope {
namespace {

Document network(int64_t depth, const std::string& activation, Initialisation init = {}, int64_t width = 12) {
    GradientFlow flow;
    flow.depth = depth;
    flow.width = width;
    flow.batch = 8;
    flow.activation = activation;
    flow.init = init;
    return gradient_flow(flow);
}

Result computed(const Document& document) { return *evaluate(document, {.backward = true}); }

Scene drawn(const Result& result, std::vector<const Result*> others = {}, int64_t step = 1000, Point size = {848, 680},
            std::optional<CellRef> hover = {}) {
    const auto blocks = static_cast<int64_t>(blocks_of(result.document).size());
    const Timeline timeline = Timeline::counted(
        Order::by_layer, blocks > 1 ? blocks : static_cast<int64_t>(result.layers.size()));
    ViewInput in;
    in.result = &result;
    in.timeline = &timeline;
    in.step = in.from_step = std::min(step, timeline.steps());
    in.unit = Unit::layer;
    in.others = std::move(others);
    in.size_px = size;
    in.hover = std::move(hover);
    return find_view("gradients")->build(in);
}

std::string texts(const Scene& scene) {
    std::string all;
    for (const Label& label : scene.labels) {
        for (const Run& run : label.runs) all += run.text;
        all += "\n";
    }
    return all;
}

std::vector<Plate> bars(const Scene& scene, Tone tone) {
    std::vector<Plate> found;
    for (const Plate& plate : scene.plates)
        if (plate.fill == tone && plate.border == Tone::none && plate.box.w != 10) found.push_back(plate);
    return found;
}

/// Where the axis's label stands: "10⁰".
float label_y(const Scene& scene, const std::string& text) {
    for (const Label& label : scene.labels)
        if (label.runs.size() == 1 && label.runs[0].text == text) return label.at.y;
    ADD_FAILURE() << "no label " << text;
    return 0;
}

/// By a second way: mean of squares, scaled by the largest value so that nothing is lost.
double rms_of(std::span<const float> values) {
    double largest = 0, sum = 0;
    for (const float v : values) largest = std::max(largest, std::abs(static_cast<double>(v)));
    if (largest == 0) return 0;
    for (const float v : values) sum += static_cast<double>(v) / largest * (static_cast<double>(v) / largest);
    return largest * std::sqrt(sum / static_cast<double>(values.size()));
}

TEST(GradientsView, EveryBarIsTheRmsOfItsTensor) {
    for (const char* activation : {"sigmoid", "relu", "tanh"}) {
        const Result result = computed(network(9, activation, {Initialisation::Kind::xavier}));
        const Scene scene = drawn(result);
        const float zero = label_y(scene, "10⁰"), decade = (label_y(scene, "10⁻⁵") - zero) / 5;
        const auto expect_heights = [&](const std::vector<Plate>& plates, const std::vector<double>& values) {
            ASSERT_EQ(plates.size(), values.size());
            for (size_t i = 0; i < values.size(); ++i) {
                const Box& box = plates[i].box;
                const float length = values[i] < 1 ? box.bottom() - zero : zero - box.y;
                const auto expected = static_cast<float>(std::abs(std::log10(values[i]))) * decade;
                EXPECT_NEAR(length, std::max(expected, 1.0f), 0.05f) << activation << " layer " << i + 1;
            }
        };
        std::vector<double> signals, weights;
        for (size_t block = 0; block < 9; ++block) {
            signals.push_back(rms_of(result.layers[2 * block + 1].grad_output.values()));
            const LayerResult& conv = result.layers[2 * block];
            weights.push_back(rms_of(conv.stages[static_cast<size_t>(conv.plan.stage("grad_weight"))].values()));
        }
        expect_heights(bars(scene, Tone::gradient_line), signals);
        expect_heights(bars(scene, Tone::gradient_fill), weights);
        // The factor is the geometric mean of the steps from layer to layer.
        double product = 1;
        for (size_t i = 1; i < 9; ++i) product *= signals[i - 1] / signals[i];
        EXPECT_NE(texts(scene).find(fmt::format("×{:.2f}", std::pow(product, 1.0 / 8))), std::string::npos);
    }
}

TEST(GradientsView, ScalarChainByHand) {
    // One value, weights ½: every layer halves the gradient 1. Four layers: 1, ½, ¼, ⅛.
    Document document = network(4, "identity", {}, 1);
    document.input.tensor = Tensor({1, 1, 1, 1}, 3.0f);
    document.input.origin = {};
    for (Layer& layer : document.layers) layer.weights[0] = Tensor({1, 1, 1, 1}, 0.5f);
    document.start.kind = BackwardStart::Kind::given;
    document.start.tensor = Tensor({1, 1, 1, 1}, 1.0f);
    const Result result = computed(document);
    const auto path = signal_path(result);
    ASSERT_TRUE(path);
    EXPECT_EQ(path->blocks(), 4);
    EXPECT_DOUBLE_EQ(path->signal(1), 0.125);
    EXPECT_DOUBLE_EQ(path->factor, 0.5);
    EXPECT_EQ(path->floor_after, 126);  // where 2⁻¹²⁶ is, the smallest normal float32
    const Scene scene = drawn(result);
    EXPECT_NE(texts(scene).find("×0.50"), std::string::npos);
    EXPECT_NE(texts(scene).find("0.125 at layer 1"), std::string::npos);
    EXPECT_EQ(scene.caption.text(),
              "Gradient flow keeps half per layer. "
              "The Jacobian is a product: 0.500 · 0.500 · 0.500 = ×0.125 from layer 4 back to layer 1.");
    // Two steps back: layers 4 and 3 have bars.
    const Scene two = drawn(result, {}, 2);
    EXPECT_EQ(bars(two, Tone::gradient_line).size(), 2u);
    EXPECT_EQ(two.caption.text(),
              "Back at layer 3 the signal is 0.500, ×0.500 of layer 4. "
              "The Jacobian is a product: 0.500 = ×0.500 from layer 4 back to layer 3.");
    EXPECT_TRUE(bars(drawn(result, {}, 0), Tone::gradient_line).empty());
}

TEST(GradientsView, ExactZerosAreToldAndTheFloorIsCounted) {
    // A gradient of 2⁻¹⁴⁰ loses half a layer: 2⁻¹⁴⁹ is the last float32, then exactly 0.
    Document document = network(14, "identity", {}, 1);
    document.input.tensor = Tensor({1, 1, 1, 1}, 1.0f);
    document.input.origin = {};
    for (Layer& layer : document.layers) layer.weights[0] = Tensor({1, 1, 1, 1}, 0.5f);
    document.start.kind = BackwardStart::Kind::given;
    document.start.tensor = Tensor({1, 1, 1, 1}, 0x1p-140f);
    const Result result = computed(document);
    const auto path = signal_path(result);
    ASSERT_TRUE(path);
    EXPECT_EQ(path->signal(5), 0x1p-149);
    EXPECT_EQ(path->signal(4), 0);
    EXPECT_EQ(path->floor_after, 0);
    EXPECT_TRUE(path->reached);
    const Scene scene = drawn(result);
    EXPECT_NE(texts(scene).find("\n0\n"), std::string::npos);
    EXPECT_NE(texts(scene).find("0 at layer 1"), std::string::npos);
    // Signals of layers 1 to 4, and every weight gradient: signal · input is 2⁻¹⁴⁰⁻⁽¹⁴⁻ᵏ⁾ · 2⁻⁽ᵏ⁻¹⁾ = 2⁻¹⁵³.
    EXPECT_EQ(bars(scene, Tone::error_fill).size(), 4u + 14u);
}

TEST(GradientsView, NetworksStandSideBySide) {
    const Result sigmoid = computed(network(6, "sigmoid", {Initialisation::Kind::xavier})), relu = computed(network(8, "relu"));
    const Scene scene = drawn(sigmoid, {&relu, &sigmoid}, 1000, {748, 580});
    EXPECT_EQ(bars(scene, Tone::gradient_line).size(), 6u + 8u + 6u);
    EXPECT_NE(texts(scene).find("Sigmoid\nXavier initialisation"), std::string::npos);
    EXPECT_NE(texts(scene).find("ReLU\nHe initialisation"), std::string::npos);
    for (const Plate& plate : scene.plates) {
        EXPECT_GE(plate.box.x, 0);
        EXPECT_LE(plate.box.right(), 748);
    }
}

TEST(GradientsView, TheMeasuredSlopeIsTheExplainedOne) {
    int checked = 0;
    for (const DocumentPreset& preset : document_presets()) {
        Document document = preset.make();
        if (slope_check_terms(document) > kMostCheckTerms) continue;
        const Result result = computed(document);
        if (result.problem) continue;
        for (size_t k = 0; k < result.layers.size(); ++k)
            for (size_t w = 0; w < document.layers[k].weights.size(); ++w) {
                const Plan& plan = result.layers[k].plan;
                const int stage = plan.stage("grad_" + plan.weights[w].name);
                const Shape shape = plan.weights[w].shape;
                const Index cell = shape.index(shape.count() / 2);
                const auto check = slope_check(document, static_cast<int>(k), static_cast<int>(w), cell);
                ASSERT_TRUE(check) << preset.name;
                const double told = explain(result, static_cast<int>(k), stage, cell).value;
                const double size = std::max({1e-2, std::abs(told), std::abs(check->slope())});
                EXPECT_NEAR(check->slope(), told, 2e-4 * size) << preset.name << " layer " << k << " weight " << w;
                ++checked;
            }
    }
    EXPECT_GE(checked, 10);
}

TEST(GradientsView, TheSlopeOfEveryLossIsMeasured) {
    Document document = standard_document();
    for (const auto kind : {BackwardStart::Kind::random, BackwardStart::Kind::mean_square}) {
        document.start.kind = kind;
        const Result result = computed(document);
        for (int64_t i = 0; i < 9; ++i) {
            const Index cell{0, 0, i / 3, i % 3};
            const auto check = slope_check(document, 0, 0, cell);
            ASSERT_TRUE(check);
            const double told = explain(result, 0, result.layers[0].plan.stage("grad_weight"), cell).value;
            EXPECT_NEAR(check->slope(), told, 1e-5 * std::max(1.0, std::abs(told)));  // at most quadratic: no h² is left
        }
    }
    Document large = standard_document();
    large = with_input(large, generated_input("normal", 1, {8, 1, 128, 128}));
    EXPECT_FALSE(slope_check(large, 0, 0, {0, 0, 0, 0}));
}

TEST(GradientsView, OneLayerTellsWhereItsGradientsComeFrom) {
    const Result result = computed(standard_document());
    const Scene scene = drawn(result, {}, 1, {1248, 860});
    for (const char* grid : {"grad_output", "kernel", "grad_input", "input", "grad_weight"})
        EXPECT_TRUE(scene.grid(grid)) << grid;
    EXPECT_NE(scene.caption.text().find("The gradient of weight (1, 1) is"), std::string::npos);
    EXPECT_NE(texts(scene).find("the same"), std::string::npos);
    // An input cell under the pointer: terms of the transposed convolution, without the crop in between.
    const Scene input = drawn(result, {}, 1, {1248, 860}, CellRef{"grad_input", 2, 3});
    const double told = explain(result, 0, result.layers[0].plan.stage("grad_input"), {0, 0, 2, 3}).value;
    EXPECT_EQ(input.grid("grad_input")->cell(2, 3)->state, CellState::current);
    EXPECT_FLOAT_EQ(input.grid("grad_input")->cell(2, 3)->value, static_cast<float>(told));
    // Row 2 and column 3 of a stride 2, padding 1, 3×3 layer: one window's row times two windows' columns... counted here.
    int expected = 0;
    for (int64_t h = 0; h < 4; ++h)
        for (int64_t w = 0; w < 4; ++w)
            for (int64_t r = 0; r < 3; ++r)
                for (int64_t s = 0; s < 3; ++s) expected += 2 * h - 1 + r == 2 && 2 * w - 1 + s == 3;
    int lit = 0;
    for (const Cell& cell : input.grid("grad_output")->cells) lit += cell.state == CellState::contributing;
    EXPECT_EQ(lit, expected);
    EXPECT_NE(drawn(result, {}, 0).caption.text().find("has not come back"), std::string::npos);
}

TEST(GradientsView, EveryPresetCanBeDrawn) {
    for (const DocumentPreset& preset : document_presets()) {
        const Result result = computed(preset.make());
        if (!find_view("gradients")->offered(result.layers[0].plan)) continue;
        for (const Point size : {Point{748, 580}, Point{1248, 860}, Point{300, 300}}) {
            const Scene scene = drawn(result, {}, 1000, size);
            EXPECT_FALSE(scene.caption.runs.empty()) << preset.name;
            for (const Grid& grid : scene.grids)
                for (const Cell& cell : grid.cells)
                    if (cell.ref.source == Source::stage && !cell.text.empty())
                        EXPECT_EQ(cell.value, result.layers[0].stages[static_cast<size_t>(cell.ref.which)].at(cell.ref.cell))
                            << preset.name << " " << grid.name;
        }
    }
}

// ---- Settings read back

TEST(NetworkOf, GivesBackWhatTheNetworkWasMadeFrom) {
    int made = 0;
    for (const char* activation : {"identity", "relu", "sigmoid", "tanh"})
        for (const bool batch_norm : {false, true})
            for (const int64_t skip : {0, 1, 2})
                for (const auto& init : {Initialisation{}, Initialisation{Initialisation::Kind::xavier},
                                         Initialisation{Initialisation::Kind::he, 1.5},
                                         Initialisation{Initialisation::Kind::xavier, 0.35, true}}) {
                    GradientFlow flow{4, 6, 5, activation, init, batch_norm, skip, 17};
                    const Document document = gradient_flow(flow);
                    const auto back = network_of(document);
                    ASSERT_TRUE(back) << activation << batch_norm << skip;
                    EXPECT_TRUE(*back == flow) << network_change(flow, *back);
                    EXPECT_TRUE(is_made_from(document, *back));
                    // Files keep it.
                    const DocumentResult read = from_json(to_json(document), "", "file");
                    ASSERT_TRUE(read.ok()) << read.error;
                    const auto again = network_of(read.document);
                    ASSERT_TRUE(again);
                    EXPECT_TRUE(*again == flow);
                    ++made;
                }
    EXPECT_EQ(made, 4 * 2 * 3 * 4);
}

TEST(NetworkOf, OtherDocumentsAreNone) {
    EXPECT_FALSE(network_of(standard_document()));
    const Document document = network(3, "relu");
    EXPECT_FALSE(network_of(with_param(document, 0, "bias", true)));
    EXPECT_FALSE(network_of(with_input_shape(document, {8, 12, 2, 2})));
    Tensor weight = document.layers[2].weights[0];
    weight.set({0, 0, 0, 0}, 7);
    EXPECT_FALSE(network_of(with_weight(document, 2, 0, weight)));
    // A value that is not among those compared: the whole comparison sees it.
    weight = document.layers[2].weights[0];
    weight.set({11, 11, 0, 0}, 7);
    const Document edited = with_weight(document, 2, 0, weight);
    if (const auto flow = network_of(edited)) EXPECT_FALSE(is_made_from(edited, *flow));
}

// ---- Edited and compared

TEST(Compare, NetworksBesideFollowTheEditedOne) {
    App app(network(5, "sigmoid", {Initialisation::Kind::xavier}));
    wait_until_settled(app);
    EXPECT_EQ(chosen_view(app).id, "gradients");
    const ComparePreset& relu = compare_presets()[1];
    EXPECT_TRUE(is_edited(app, compare_presets()[0]));
    toggle_compared(app, relu);
    wait_until_settled(app);
    ASSERT_EQ(app.state.others.size(), 1u);
    ASSERT_TRUE(app.state.others[0].result);
    GradientFlow flow = *network_of(app.state.document);
    flow.depth = 7;
    flow.init.gain = 1.25;
    EXPECT_FALSE(edit_network(app, flow, "drag"));
    wait_until_settled(app);
    EXPECT_EQ(app.state.history.undo_label(), "Undo network depth 5 → 7, gain 1 → 1.25");
    const auto beside = network_of(app.state.others[0].result->document);
    ASSERT_TRUE(beside);
    EXPECT_EQ(beside->depth, 7);
    EXPECT_EQ(beside->init.gain, 1.25);
    EXPECT_EQ(beside->activation, "relu");
    EXPECT_EQ(view_input(app, {848, 680}, 1).others.size(), 1u);
    undo(app);
    wait_until_settled(app);
    EXPECT_EQ(network_of(app.state.others[0].result->document)->depth, 5);
    toggle_compared(app, relu);
    EXPECT_TRUE(app.state.others.empty());
}

TEST(Compare, ACopyStaysAsItIs) {
    App app(network(5, "relu"));
    wait_until_settled(app);
    add_compared(app);
    GradientFlow flow = *network_of(app.state.document);
    flow.init.gain = 1.5;
    edit_network(app, flow);
    wait_until_settled(app);
    ASSERT_EQ(app.state.others.size(), 1u);
    EXPECT_EQ(network_of(app.state.others[0].document)->init.gain, 1);
    flow.depth = 0;
    const auto problem = edit_network(app, flow);
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->sentence, "depth is 0.");
    EXPECT_EQ(network_of(app.state.document)->depth, 5);
}

}  // namespace
}  // namespace convscope
