// Every number of every view carries its source, and is what the reference makes of that source: over random layers of every
// op, chains, batches, photographs and networks, at steps here and there, in every unit, alone and side by side.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <tuple>

#include "core/block_flow.h"
#include "core/gradient_flow.h"
#include "core/presets.h"
#include "tests/number_axes.h"
#include "tests/number_words.h"

namespace convscope {
namespace {

std::string text_of(const std::vector<convscope::Run>& runs) {
    std::string text;
    for (const auto& run : runs) text += run.text;
    return text;
}

Told told_by(const std::vector<convscope::Run>& runs) {
    Told told{text_of(runs), {}};
    for (const auto& run : runs) told.from.insert(told.from.end(), run.from.begin(), run.from.end());
    return told;
}

std::string without_spaces(const std::string& text) {
    std::string rest;
    for (const char c : text)
        if (c != ' ') rest += c;
    return rest;
}

/// One scene, all of it.
class Checker {
  public:
    Checker(const Scene& scene, const Witness& witness) : scene_(scene), witness_(witness) {}

    int run() {
        for (const Grid& grid : scene_.grids) check(grid);
        for (const Picture& picture : scene_.pictures) check_legend_or_plane(picture);
        check_labels();
        expect_true(told_by(scene_.caption.runs), scene_, witness_);
        expect_true({scene_.caption.second, scene_.caption.second_from}, scene_, witness_);
        for (const Hit& hit : scene_.hits) expect_true({hit.tooltip, hit.from}, scene_, witness_);
        check_bars();
        expect_axis(scene_, witness_);
        return numbers_;
    }

  private:
    void check(const Grid& grid) {
        SCOPED_TRACE("grid " + grid.name);
        if (grid.picture) check_plane(*grid.picture);
        for (int64_t r = 0; r < grid.shown_rows; ++r)
            for (int64_t c = 0; c < grid.shown_columns && !testing::Test::HasFailure(); ++c)
                check(grid, *grid.cell(grid.first_row + grid.shown_row + r, grid.first_column + grid.shown_column + c),
                      grid.first_row + grid.shown_row + r, grid.first_column + grid.shown_column + c);
    }

    void check(const Grid& grid, const Cell& cell, int64_t row, int64_t column) {
        SCOPED_TRACE("cell " + std::to_string(row) + ", " + std::to_string(column) + " \"" + cell.text + "\" \"" + cell.corner + "\" \"" + cell.below + "\"");
        if (cell.text.empty() && cell.corner.empty() && cell.below.empty() && cell.shade < -1) return;
        std::vector<NumberSource> from = cell.from;
        if (from.empty() && cell.statistic) from = {NumberSource{cell.statistic, {grid.origin.source, grid.origin.which, {grid.origin.cell.n, grid.origin.cell.c, row, column}}}};
        if (from.empty() && cell.ref.source != Source::constant) from = {value_at(cell.ref)};
        ASSERT_FALSE(from.empty()) << "a number without a source";
        // A cell at its own place: products stand at their weight, a column of the matrix counts its cells otherwise; padding
        // may be a copy of another one.
        const bool outside = grid.origin.source == Source::input && !witness_.layer().input.shape().contains({0, 0, row, column});
        if (!outside && cell.from.empty() && grid.origin.source != Source::constant && !cell.statistic && row >= 0 && column >= 0 &&
            cell.state != CellState::padding && cell.state != CellState::padding_read && cell.state != CellState::cropped) {
            EXPECT_EQ(cell.ref.cell.h, row);
            EXPECT_EQ(cell.ref.cell.w, column);
        }
        if (grid.name.find("products") != std::string::npos && std::string(from[0].name) == "product") {
            EXPECT_EQ(from[0].times.cell.h, row);
            EXPECT_EQ(from[0].times.cell.w, column);
        }
        const auto known = witness_.work_out(from[0]);
        ASSERT_TRUE(known);
        if (!cell.text.empty() || cell.shade >= -1) {
            ++numbers_;
            const double value = static_cast<double>(cell.value);
            if (std::isfinite(known->value))
                EXPECT_NEAR(value, known->value, known->error + std::abs(known->value) * 0x1p-23 + 0x1p-149) << from[0].name;
            else EXPECT_TRUE(std::isnan(known->value) ? std::isnan(value) : value == known->value) << from[0].name;
            if (!cell.text.empty()) EXPECT_TRUE(can_be(cell.text, *known)) << from[0].name << " is " << known->value << " ± " << known->error;
        }
        const auto small = numbers_in(cell.corner + "  " + without_plus(cell.below));
        if (small.empty()) return;
        ASSERT_EQ(from.size(), small.size() + 1) << "a corner or an addition without a source";
        for (size_t i = 0; i < small.size(); ++i, ++numbers_) {
            const auto part = witness_.work_out(from[i + 1]);
            ASSERT_TRUE(part);
            EXPECT_TRUE(can_be(small[i], *part)) << small[i] << ": " << from[i + 1].name << " is " << part->value;
        }
    }

    static std::string without_plus(const std::string& text) { return text; }

    /// An image of one plane of one of the document's tensors: every pixel.
    void check_plane(const Picture& picture) {
        const KnownLayers& layers = witness_.layers();
        const int shown = witness_.in().layer;
        std::optional<std::pair<Ref, int>> whose;
        const auto look = [&](const Tensor& tensor, Ref ref, int layer) {
            if (!whose && !tensor.empty() && tensor == picture.tensor) whose = {ref, layer};
        };
        for (int k = 0; k < static_cast<int>(layers.result().layers.size()); ++k) {
            const LayerResult& layer = layers.layer(k);
            for (size_t s = 0; s < layer.stages.size(); ++s) look(layer.stages[s], {Source::stage, static_cast<int>(s), {}}, k);
            look(layer.input, {Source::input, 0, {}}, k);
            look(layer.grad_output, {Source::grad_output, 0, {}}, k);
            const auto& weights = layers.result().document.layers[static_cast<size_t>(k)].weights;
            for (size_t w = 0; w < weights.size(); ++w) look(weights[w], {Source::weight, static_cast<int>(w), {}}, k);
        }
        ASSERT_TRUE(whose) << "a picture of no tensor of the document, layer " << shown;
        const Shape shape = picture.tensor.shape();
        ASSERT_TRUE(shape.contains({picture.n, picture.c, 0, 0}));
        for (int64_t i = 0; i < shape.plane(); ++i, ++numbers_) {
            whose->first.cell = {picture.n, picture.c, i / shape.w, i % shape.w};
            const Known known = layers.at(whose->first, whose->second);
            const double value = static_cast<double>(picture.tensor.at(whose->first.cell));
            if (!std::isfinite(known.value)) continue;
            ASSERT_NEAR(value, known.value, known.error + std::abs(known.value) * 0x1p-23) << "pixel " << i;
        }
    }

    void check_legend_or_plane(const Picture& picture) {
        const Shape shape = picture.tensor.shape();
        if (shape != Shape{1, 1, 1, 128}) return check_plane(picture);
        const float low = picture.tensor.values()[0];   // a ramp from −1 or 0 to 1
        for (size_t i = 0; i < 128; ++i)
            EXPECT_NEAR(picture.tensor.values()[i], low + (1 - low) * static_cast<float>(i) / 127, 1e-6f);
    }

    void check_labels() {
        const std::string caption = without_spaces(scene_.caption.text());
        const auto& document = witness_.layers().result().document;
        for (const Label& label : scene_.labels) {
            if (testing::Test::HasFailure()) return;
            const std::string text = text_of(label.runs);
            if (caption.find(without_spaces(text)) != std::string::npos && text.find(' ') != std::string::npos) continue;
            if (is_index(label, text) || is_legend_count(label) || is_layer_words(text, document)) continue;
            if (label.runs.size() == 1 && label.runs[0].from.size() == 1 && std::string(label.runs[0].from[0].name) == "tick") {
                EXPECT_TRUE(can_be(text, {label.runs[0].from[0].low})) << text;
                continue;
            }
            expect_true(told_by(label.runs), scene_, witness_);
            numbers_ += static_cast<int>(told_by(label.runs).from.size());
        }
    }

    /// The number of a row, a column, a channel or a block, standing where that is.
    bool is_index(const Label& label, const std::string& text) const {
        if (text.empty() || text[0] == ',' || text.find_first_not_of("0123456789,") != std::string::npos || !label.runs[0].from.empty()) return false;
        if (text.find(',') != std::string::npos) return is_flattened(label, text);
        const int64_t index = std::stoll(text);
        for (const Grid& grid : scene_.grids) {
            const Box column = grid.cell_box(grid.first_row, index), row = grid.cell_box(index, grid.first_column);
            if (label.align == Align::center && std::abs(column.center().x - label.at.x) < 1) return true;
            if (label.align == Align::right && std::abs(row.center().y - label.at.y) < 1) return true;
            if (label.align == Align::right && grid.origin.cell.c == index && std::abs(grid.box.center().y - label.at.y) < 1) return true;
        }
        for (const Picture& picture : scene_.pictures)
            if (picture.c == index && std::abs(picture.box.center().x - label.at.x) < 1) return true;
        if (witness_.in().timeline->order() == Order::by_batch) return index < witness_.layer().input.shape().c;
        for (const Hit& hit : scene_.hits)   // a block's number below its bars
            if (std::abs(hit.box.center().x - label.at.x) < 1 && hit.tooltip.starts_with("Layer " + text + ":")) return true;
        return !scene_.grid("grid/0") && witness_.in().timeline->order() == Order::by_layer;
    }

    /// "0,3": a cell of a plane, or "2,0,1" of several, at its place among all of them written out in a row.
    bool is_flattened(const Label& label, const std::string& text) const {
        const Window& window = *witness_.layer().plan.window;
        int64_t of_input = 0, of_kernel = 0;
        std::istringstream parts(text);
        for (std::string part; std::getline(parts, part, ',');) {
            const bool last = parts.eof();
            of_input = of_input * (last ? witness_.layer().input.shape().w : 1) + std::stoll(part);
            of_kernel = of_kernel * (last ? window.w.kernel : window.h.kernel) + std::stoll(part);
        }
        return std::ranges::any_of(scene_.grids, [&](const Grid& grid) {
            const bool level = std::abs(grid.cell_box(of_kernel, grid.first_column).center().y - label.at.y) < 1;
            if (grid.name.ends_with("unfolded")) return label.align == Align::right && level;
            const int64_t column = grid.name.ends_with("matrix") ? of_input : of_kernel;
            return label.align == Align::center && std::abs(grid.cell_box(grid.first_row, column).center().x - label.at.x) < 1;
        });
    }

    /// "9", "  25 cells": the count is what the cells' source counts.
    static bool is_legend_count(const Label& label) {
        if (label.runs.size() != 2 || label.runs[1].from.size() != 1) return false;
        const NumberSource& cells = label.runs[1].from[0];
        return std::string(cells.name).starts_with("cells") && label.runs[0].text == std::to_string(cells.first);
    }

    /// A card's parameters, names that a person gave.
    static bool is_layer_words(const std::string& text, const Document& document) {
        if (!document.name.empty() && text == document.name) return true;
        for (const Layer& layer : document.layers) {
            const std::string card = layer.op->card(layer.params);
            if (text == card || (text.ends_with("…") && card.starts_with(text.substr(0, text.size() - 3)))) return true;
            if (layer.skip > 0 && text == "+ skip " + std::to_string(layer.skip)) return true;
            for (const std::string& name : layer.channel_names)
                if (text.starts_with(name)) return text == name;
            int64_t parameters = 0;
            for (const Tensor& weight : layer.weights) parameters += weight.shape().count();
            const std::string count = to_text(Value(parameters));
            if (text == count + (parameters == 1 ? " parameter" : " parameters") || text == count + " par.") return true;
        }
        return false;
    }

    /// Bars stand for the number they say, and are as long: of each histogram the largest count is the tallest.
    void check_bars() {
        const auto histogram = [](const NumberSource& source) {
            return std::make_tuple(source.ref.cell.c, source.ref.source, source.other_mode);
        };
        std::map<decltype(histogram({})), const Plate*> tallest;
        for (const Plate& plate : scene_.plates) {
            if (plate.from.empty()) continue;
            ++numbers_;
            const NumberSource& source = plate.from[0];
            const auto known = witness_.work_out(source);
            ASSERT_TRUE(known);
            EXPECT_NEAR(plate.value, known->value, known->error + std::abs(known->value) * 1e-6) << source.name;
            if (std::string(source.name) != "values between") continue;
            const Plate*& most = tallest[histogram(source)];
            if (!most || plate.value > most->value) most = &plate;
        }
        for (const Plate& plate : scene_.plates) {
            if (plate.from.empty() || std::string(plate.from[0].name) != "values between") continue;
            const Plate& most = *tallest[histogram(plate.from[0])];
            EXPECT_NEAR(static_cast<double>(plate.box.h), std::max(2.0, static_cast<double>(most.box.h) * plate.value / most.value), 0.1);
        }
    }

    const Scene& scene_;
    const Witness& witness_;
    int numbers_ = 0;
};

Timeline timeline_of(const View& view, const Result& result, int layer) {
    const auto blocks = static_cast<int64_t>(blocks_of(result.document).size());
    if (view.order == Order::by_layer)
        return Timeline::counted(view.order, view.backward && blocks > 1 ? blocks : static_cast<int64_t>(result.layers.size()));
    if (view.order == Order::by_batch) return Timeline::counted(view.order, result.document.batches);
    const Plan& plan = result.layers[static_cast<size_t>(layer)].plan;
    return Timeline(plan, view.order, plan.output);
}

/// All views of a computed document's layer, each at a few steps in a few units.
int check_views(const Result& result, int layer, std::vector<const KnownLayers*> known, std::mt19937_64& random, int steps) {
    int numbers = 0;
    const Plan& plan = result.layers[static_cast<size_t>(layer)].plan;
    std::vector<const View*> walking;
    for (const View& view : all_views()) {
        if (!view.offered(plan) || (view.chains && result.layers.size() < 2)) continue;
        if (view.order == Order::by_input || view.order == Order::by_output) walking.push_back(&view);
        for (int i = 0; i < steps; ++i) {
            const Timeline timeline = timeline_of(view, result, layer);
            ViewInput in;
            in.result = &result;
            in.layer = layer;
            in.timeline = &timeline;
            in.unit = view.units[random() % view.units.size()];
            const std::vector<Point> sizes{{748, 580}, {928, 500}, {1248, 860}, {2200, 1600}};
            in.size_px = sizes[random() % sizes.size()];
            int64_t step = std::array<int64_t, 3>{0, timeline.steps(), static_cast<int64_t>(random() % static_cast<uint64_t>(timeline.steps() + 1))}[random() % 4 % 3];
            if (step > 0) step = timeline.forward(step - 1, in.unit);
            in.step = in.from_step = step;
            if (random() % 4 == 0 && step > 0) {   // on its way
                in.from_step = timeline.back(step, in.unit);
                in.fraction = 0.4f;
            }
            const Shape out = result.layers[static_cast<size_t>(layer)].op_output().shape();
            const Place place = timeline.at(step);
            const bool walks = !walking.empty() && walking.back() == &view;
            if (walks && view.order == Order::by_output) in.shown = {place.cell.n, place.cell.c};
            else if (walks && place.started && !place.finishing) in.shown = {place.cell.n, stamp_term(plan, place.cell, place.term).output.c};
            else in.shown = {static_cast<int64_t>(random() % static_cast<uint64_t>(out.n)), static_cast<int64_t>(random() % static_cast<uint64_t>(out.c))};
            in.shared_range = random() % 2;
            if (random() % 8 == 0 && !view.chains) {   // the last possible picture, in grey: its numbers are the old ones
                in.stale = true;
                in.stale_reason = "The layer is not possible.";
            }
            // As it stands beside a transposed layer.
            if (view.id == "coverage" && !plan.window->transposed() && plan.window->mode == PaddingMode::zeros) in.compared = random() % 3 == 0;
            for (size_t k = 1; k < known.size(); ++k) in.others.push_back(&known[k]->result());
            const std::vector<std::string> grids{"input", "output", "grad_input", "kernel", "grad_weight", "grad_bias", "grid/0", "grid/1"};
            if (random() % 3 == 0) in.hover = CellRef{grids[random() % grids.size()], static_cast<int64_t>(random() % 4), static_cast<int64_t>(random() % 4)};
            SCOPED_TRACE(view.id + ", layer " + std::to_string(layer) + ", step " + std::to_string(step) + " of " + std::to_string(timeline.steps()) +
                         ", " + unit_name(in.unit, timeline) + (in.hover ? ", pointer on " + in.hover->grid : ""));
            const Witness witness(in, known);
            std::vector<const View*> beside{&view};
            if (walks && random() % 4 == 0)
                for (const View* other : walking)
                    if (other != &view && beside.size() < 3) beside.push_back(other);
            const Scene scene = beside.size() == 1 ? view.build(in) : build_panes(in, beside);
            numbers += Checker(scene, witness).run();
            if (testing::Test::HasFailure()) return numbers;
        }
    }
    return numbers;
}

int check_document(const Document& document, std::mt19937_64& random, int steps, int64_t batch = 0) {
    const auto result = evaluate(document, {.backward = true, .batch = batch});
    EXPECT_TRUE(result && !result->problem);
    if (!result || result->problem) return 0;
    const KnownLayers known(*result);
    int numbers = 0;
    for (int layer = 0; layer < static_cast<int>(result->layers.size()) && !testing::Test::HasFailure(); ++layer)
        numbers += check_views(*result, layer, {&known}, random, steps);
    return numbers;
}

class NumberSources : public testing::TestWithParam<std::string> {};
std::vector<std::string> ids() {
    std::vector<std::string> names;
    for (const Op& op : all_ops()) names.push_back(op.id);
    return names;
}
INSTANTIATE_TEST_SUITE_P(Ops, NumberSources, testing::ValuesIn(ids()), [](const auto& id) { return id.param; });

TEST_P(NumberSources, every_number_of_a_random_layer_is_what_its_source_says) {
    std::mt19937_64 random(test_seed(61));
    int numbers = 0, documents = 0;
    while (documents < 40 && !HasFailure()) {
        const Document document = random_layer(*find_op(GetParam()), random, random() % 2);
        if (document.input.tensor.shape().w > 40 || document.input.tensor.shape().count() > 600) continue;
        SCOPED_TRACE(describe(document));
        numbers += check_document(document, random, 3);
        ++documents;
    }
    if (!HasFailure()) EXPECT_GT(numbers, 5000);
}

TEST(NumberSources, presets_and_chains) {
    std::mt19937_64 random(test_seed(62));
    int chains = 0;
    for (const DocumentPreset& preset : document_presets()) {
        const Document document = preset.make();
        if (document.input.tensor.shape().count() > 3000 || reference_terms(document) > 4e5) continue;
        SCOPED_TRACE(preset.name);
        chains += document.layers.size() > 1;
        EXPECT_GT(check_document(document, random, 2), 0);
        if (HasFailure()) return;
    }
    EXPECT_GE(chains, 2);
}

TEST(NumberSources, photographs) {
    std::mt19937_64 random(test_seed(63));
    for (const int64_t channels : {1, 3}) {
        Document document = image_document({generate("uniform", 5, {1, channels, 30, 41}), FromImage{"a.jpg", channels == 1, 0, ""}});
        SCOPED_TRACE(channels);
        EXPECT_GT(check_document(document, random, 6), 1000);
        if (HasFailure()) return;
    }
}

TEST(NumberSources, batches_and_both_modes) {
    std::mt19937_64 random(test_seed(64));
    for (const bool training : {true, false})
        for (const int64_t batch : {1, 2, 5}) {
            Document document;
            document.input = generated_input("normal", 3, {3, 2, 4, 5});
            document.layers.push_back(make_layer(*find_op("batch_norm2d"), {3, 2, 4, 5}));
            document.batches = 5;
            document.training = training;
            SCOPED_TRACE((training ? "train, batch " : "eval, batch ") + std::to_string(batch));
            EXPECT_GT(check_document(document, random, 4, batch), 100);
            if (HasFailure()) return;
        }
}

TEST(NumberSources, infinite_and_missing_numbers) {
    std::mt19937_64 random(test_seed(66));
    constexpr float kStrange[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                                  -std::numeric_limits<float>::infinity()};
    for (const Op& op : all_ops())
        for (int i = 0; i < 6 && !HasFailure(); ++i) {
            Document document = random_layer(op, random, false);
            const Shape shape = document.input.tensor.shape();
            if (shape.count() > 300) continue;
            for (int k = 0; k < 3; ++k)
                document.input.tensor.set(shape.index(static_cast<int64_t>(random() % static_cast<uint64_t>(shape.count()))),
                                          kStrange[random() % std::size(kStrange)]);
            document.input.origin = {};
            SCOPED_TRACE(describe(document));
            check_document(document, random, 2);
        }
}

TEST(NumberSources, networks_side_by_side) {
    std::mt19937_64 random(test_seed(65));
    for (int i = 0; i < 12 && !HasFailure(); ++i) {
        std::vector<Result> results;
        const std::vector<std::string> activations{"identity", "relu", "sigmoid", "tanh"};
        for (int k = 0; k < 1 + i % 3; ++k) {
            GradientFlow flow;
            flow.depth = 2 + static_cast<int64_t>(random() % 6);
            flow.width = 3;
            flow.batch = 4;
            flow.activation = activations[random() % 4];
            flow.batch_norm = random() % 3 == 0;
            flow.skip_every = flow.depth > 3 && random() % 3 == 0 ? 1 : 0;
            flow.init = {Initialisation::Kind::xavier, i % 4 == 0 ? 1e-12 : 1.3, false};
            flow.seed = random() % 100;
            results.push_back(*evaluate(gradient_flow(flow), {.backward = true}));
        }
        std::vector<std::unique_ptr<KnownLayers>> known;
        std::vector<const KnownLayers*> all;
        for (const Result& result : results) {
            ASSERT_FALSE(result.problem);
            known.push_back(std::make_unique<KnownLayers>(result));
            all.push_back(known.back().get());
        }
        check_views(results[0], static_cast<int>(random() % results[0].layers.size()), all, random, 4);
    }
}

}  // namespace
}  // namespace convscope
