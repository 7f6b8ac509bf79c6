// One layer's backward pass, cell by cell: the gradient that comes in, what the layer makes of it for its input and for its
// weights, the terms behind the cell that is looked at, and the same slope measured by moving the weight.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/derivation.h"
#include "app/views/easel.h"
#include "app/views/gradient_told.h"
#include "app/views/gradients_parts.h"
#include "app/views/story.h"
#include "core/slope_check.h"
#include "core/uses.h"

namespace convscope {
namespace {

constexpr float kTermWidth = 218, kTermRow = 20, kNameRoom = 46, kSign = 48;
constexpr float kDigits = 18;              // side of a cell that has room for a digit
constexpr double kAgrees = 1e-4;           // relative: float32 against double, and h² of curved layers

float f(int64_t n) { return static_cast<float>(n); }

std::string words_of(const std::string& stage) {
    if (stage == "grad_input" || stage == "grad_padded_input") return "input";
    return stage.starts_with("grad_") ? stage.substr(5) : stage;
}

/// One grid of the picture: which tensor, and how it is called.
struct GridPart {
    std::string grid, name, note;
    Role role = Role::gradient;
    const Tensor* tensor = nullptr;
    Ref origin;
    int64_t rows = 0, columns = 0, first_row = 0, first_column = 0;
    bool editable = false;
    const char* sign = "";                // what stands between it and the next
};

GridPart part_of(std::string grid, std::string name, Role role, const Tensor& tensor, Ref origin, std::string note = "") {
    GridPart part{std::move(grid), std::move(name), std::move(note), role, &tensor, origin};
    part.rows = tensor.shape().h;
    part.columns = tensor.shape().w;
    return part;
}

std::string plane_note(Shape shape, Index plane) {
    std::string note = fmt::format("{}×{}", shape.h, shape.w);
    if (shape.c > 1) note += fmt::format(", channel {}", plane.c);
    return note;
}

/// First row: the gradient comes in, goes through the kernel (or the slope), and is the input's. Second: weights' gradients.
struct Parts {
    std::vector<GridPart> first, second;
};

/// `notes`: sizes and channels behind the names. `ring`: what the padding was given, around the input's gradient.
Parts parts_of(const Backward& b, bool notes, bool ring) {
    Parts parts;
    const auto stage_part = [&](int at, std::string grid, std::string name, Index plane) {
        return part_of(std::move(grid), std::move(name), Role::gradient, b.tensor(at), {Source::stage, at, plane},
                       plane_note(b.tensor(at).shape(), plane));
    };
    GridPart upstream = part_of("grad_output", "grad_output", Role::gradient, b.layer.grad_output, {Source::grad_output, 0, b.upstream},
                            plane_note(b.layer.grad_output.shape(), b.upstream));
    const bool kernel = !b.described.weights.empty() && b.plan.weights[0].rank == 4;
    upstream.sign = "·";
    parts.first.push_back(upstream);
    if (kernel) {
        GridPart weights = part_of("kernel", "Kernel", Role::kernel, b.described.weights[0], {Source::weight, 0, b.kernel});
        weights.note = plane_note({1, 1, weights.rows, weights.columns}, {});
        weights.editable = true;
        weights.sign = "=";
        parts.first.push_back(weights);
    } else if (const int slope = b.plan.stage("slope"); b.has(slope)) {
        GridPart part = stage_part(slope, "slope", "Slope", b.input);
        part.role = Role::neutral;
        part.sign = "=";
        parts.first.push_back(part);
    } else {
        parts.first.back().sign = "→";
    }
    GridPart input = stage_part(b.input_stage, "grad_input", "grad_input", b.input);
    if (b.has(b.padded_stage) && b.plan.window) {
        const Shape padded = b.tensor(b.padded_stage).shape();
        if (ring && padded.plane() <= 1600) {
            input.first_row = -b.plan.window->h.pad_before;
            input.first_column = -b.plan.window->w.pad_before;
            input.rows = padded.h;
            input.columns = padded.w;   // in the other modes copies give back to what they copy
            }
    }
    parts.first.push_back(input);
    const auto strip = [&] {
        for (auto* row : {&parts.first, &parts.second})
            for (GridPart& part : *row)
                if (!notes) part.note.clear();
    };
    strip();
    if (b.plan.weights.empty()) return parts;
    GridPart source = part_of("input", "Input", Role::input, b.layer.input, {Source::input, 0, b.input},
                          plane_note(b.layer.input.shape(), b.input));
    source.editable = b.in.layer == 0;
    source.sign = "→";
    parts.second.push_back(source);
    for (size_t i = 0; i < b.plan.weights.size(); ++i) {
        const int at = b.weight_stage(i);
        if (!b.has(at)) continue;
        const bool vector = b.plan.weights[i].rank == 1;
        GridPart part = stage_part(at, "grad_" + b.plan.weights[i].name, "grad_" + b.plan.weights[i].name,
                               vector ? Index{0, b.upstream.c} : b.kernel);
        if (vector) part.note = b.plan.weights[i].shape.c > 1 ? fmt::format("channel {}", b.upstream.c) : "";
        parts.second.push_back(part);
    }
    strip();
    return parts;
}

float row_width(const std::vector<GridPart>& row, float cell, float s) {
    float width = 0;
    for (size_t i = 0; i < row.size(); ++i)
        width += std::max(f(row[i].columns) * cell, name_width(row[i].name, row[i].note) * s) + (i + 1 < row.size() ? kSign * s : 0);
    return width;
}
float row_height(const std::vector<GridPart>& row, float cell) {
    float height = 0;
    for (const GridPart& part : row) height = std::max(height, f(part.rows) * cell);
    return height;
}

/// The terms of the told cell are lit in a grid.
void light(const Backward& b, Grid& grid) {
    for (Cell& cell : grid.cells) {
        if (cell.text.empty()) continue;
        if (cell.ref.source == Source::stage && cell.ref.which == b.stage && cell.ref.cell == b.cell)
            cell.state = CellState::current;
    }
    for (const Term& term : b.told.terms)
        for (const Ref& ref : {term.a, term.b}) {
            if (ref.source == Source::constant) continue;
            Cell* cell = grid.cell(ref.cell.h, ref.cell.w);
            if (cell && cell->ref == ref && cell->state == CellState::normal) cell->state = CellState::contributing;
        }
}

void add_row(Easel& easel, const Backward& b, const std::vector<GridPart>& row, float x, float y, float cell) {
    const float s = easel.scale();
    const float height = row_height(row, cell);
    for (size_t i = 0; i < row.size(); ++i) {
        const GridPart& part = row[i];
        GridSpec spec{part.grid, part.role, x, y + kNameRoom * s, cell, part.rows, part.columns};
        spec.first_row = part.first_row;
        spec.first_column = part.first_column;
        spec.tensor = part.tensor;
        spec.origin = part.origin;
        spec.editable = part.editable;
        Grid& grid = easel.add_grid(spec);
        if (part.first_row < 0 || part.first_column < 0 || part.rows > part.tensor->shape().h || part.columns > part.tensor->shape().w) {
            const Tensor& padded = b.tensor(b.padded_stage);
            const int decimals = plane_decimals(padded, b.input.n, b.input.c);
            for (int64_t r = grid.first_row; r < grid.first_row + grid.rows; ++r)
                for (int64_t c = grid.first_column; c < grid.first_column + grid.columns; ++c) {
                    Cell* at = grid.cell(r, c);
                    if (!at || part.tensor->shape().contains({b.input.n, b.input.c, r, c})) continue;
                    at->ref = {Source::stage, b.padded_stage, {b.input.n, b.input.c, r - part.first_row, c - part.first_column}};
                    set_number(*at, static_cast<double>(padded.at(at->ref.cell)), decimals);
                    at->state = CellState::cropped;
                }
        }
        light(b, grid);
        const Tone tone = tone_of(part.role, convscope::Part::text);
        easel.add_name(grid, part.name, tone, part.note);
        easel.add_indices(grid, part.tensor->shape().h, part.tensor->shape().w);
        const float width = std::max(f(part.columns) * cell, name_width(part.name, part.note) * s);
        if (i + 1 < row.size() && *part.sign)
            easel.add_text(x + std::max(f(part.columns) * cell + 13 * s, width - 8 * s), y + kNameRoom * s + std::min(height, f(part.rows) * cell) / 2, Align::center, 17,
                           {{part.sign, Font::mono, Tone::ink2}});
        x += width + kSign * s;
    }
}

std::string source_word(const Backward& b, const Ref& ref) {
    switch (ref.source) {
        case Source::grad_output: return "grad_output";
        case Source::input: return "input";
        case Source::weight: return b.plan.weights[static_cast<size_t>(ref.which)].name;
        case Source::stage: return b.plan.stages[static_cast<size_t>(ref.which)].name;
        default: return "";
    }
}
Tone source_tone(const Ref& ref) {
    switch (ref.source) {
        case Source::input: return Tone::input_text;
        case Source::weight: return Tone::kernel_text;
        case Source::constant: return Tone::ink3;
        case Source::grad_output: return Tone::gradient_text;
        default: return Tone::ink;
    }
}

/// Of the told cell; of a kernel's with all of PyTorch's indices where there are several kernels.
std::string place_of(const Backward& b) {
    const Shape shape = b.tensor(b.stage).shape();
    return b.weight() && shape.plane() > 1 ? weight_text(b.cell, shape) : place_text(b.cell, shape.c > 1 && shape.plane() > 1);
}

/// The told cell's terms: "0.53 × −1 = −0.53", as many as have room, then their sum.
void add_terms(Easel& easel, const Backward& b, float x, float y, float height) {
    const float s = easel.scale();
    if (b.stage < 0) return;
    const auto tone = [&](Tone t) { return b.in.stale ? Tone::ink3 : t; };
    const StageSpec& spec = b.plan.stages[static_cast<size_t>(b.stage)];
    easel.add_text(x, y + 12 * s, Align::left, 14,
                   {{spec.name + " ", Font::semibold, tone(Tone::gradient_text)},
                    {place_of(b), Font::mono, tone(Tone::ink2)}});
    y += 36 * s;
    const auto many = static_cast<int64_t>(b.told.terms.size());
    // Below them stand the sum and, for a weight, the measured slope.
    const float below = (b.weight() ? 118 : 30) * s;
    const auto room = std::max<int64_t>(3, static_cast<int64_t>((height - 36 * s - below) / (kTermRow * s)));
    const int64_t shown = many <= room ? many : room - 1;
    if (b.brief || b.told.combine == Combine::formula) {
        std::vector<Run> runs{{fmt::format("{} terms", spec.terms(b.cell)), Font::mono}};
        if (!b.brief) runs = formula_runs(b.in, b.told, b.stage, b.cell);
        for (Run& run : runs) run.tone = tone(Tone::ink2);
        easel.add_text(x, y, Align::left, 12.5f, std::move(runs));
        y += kTermRow * s;
    } else {
        for (int64_t t = 0; t < shown; ++t) {
            const Term& term = b.told.terms[static_cast<size_t>(t)];
            const bool constant = term.b.source == Source::constant;   // of an average: what each value counts
            const bool product = !constant || term.b_value != 1;
            const float a_x = x + 62 * s, b_x = x + 136 * s, p_x = x + kTermWidth * s;
            easel.add_text(a_x, y, Align::right, 12.5f, {{number_text_short(term.a_value, 3), Font::mono, tone(source_tone(term.a)), {value_at(term.a)}}});
            if (product) {
                easel.add_text(a_x + 9 * s, y, Align::center, 12.5f, {{"×", Font::mono, tone(Tone::ink3)}});
                easel.add_text(b_x, y, Align::right, 12.5f, {{number_text_short(term.b_value, 3), Font::mono, tone(source_tone(term.b)),
                                                            {constant ? b.term_source("factor of term", t) : value_at(term.b)}}});
            }
            easel.add_text(b_x + 9 * s, y, Align::center, 12.5f, {{"=", Font::mono, tone(Tone::ink3)}});
            easel.add_text(p_x, y, Align::right, 12.5f, {{number_text_short(term.product, 3), Font::mono, tone(Tone::ink), {b.term_source("product of term", t)}}});
            y += kTermRow * s;
        }
        if (shown < many) {
            easel.add_text(x + kTermWidth * s, y, Align::right, 12, {{fmt::format("and {} more", many - shown), Font::inter, tone(Tone::ink3)}});
            y += kTermRow * s;
        }
    }
    const Point rule = easel.at(x, y - 6 * s);
    easel.scene.strokes.push_back({{rule, {rule.x + easel.length(kTermWidth * s), rule.y}}, Tone::line2, 1 * s});
    y += 10 * s;
    easel.add_text(x + kTermWidth * s, y, Align::right, 16,
                   {{number_text_short(b.value), Font::mono_bold, tone(Tone::gradient_text), {b.told_source()}}});
    const auto weight = b.weight();
    if (!weight || b.in.stale) return;
    y += 30 * s;
    easel.add_text(x, y, Align::left, 12, {{"(L(w+h) − L(w−h)) / 2h", Font::mono, Tone::ink3}});
    y += 20 * s;
    const auto check = slope_check(b.in.result->document, b.in.layer, *weight, b.cell);
    if (!check) {
        const bool large = slope_check_terms(b.in.result->document) > kMostCheckTerms;
        easel.add_text(x, y, Align::left, 12, {{large ? "The document is too large to measure it." : "It cannot be measured here.",
                                                Font::inter, Tone::ink3}});
        return;
    }
    const Ref moved{Source::weight, *weight, b.cell};
    const double off = std::abs(check->slope() - b.value), size = std::max(std::abs(check->slope()), std::abs(b.value));
    const bool agrees = off <= kAgrees * std::max(size, 1e-3);
    const auto numbers = [&](int decimals) {
        return fmt::format("= ({} − {}) / {}", number_text(check->above, decimals), in_sum(number_text(check->below, decimals)),
                           number_text_short(check->distance));
    };
    for (const int decimals : {4, 2})
        if (text_width(Font::mono, 12, numbers(decimals)) <= kTermWidth) {
            easel.add_text(x, y, Align::left, 12, {{numbers(decimals), Font::mono, Tone::ink2,
                                                    {{"loss above", moved}, {"loss below", moved}, {"distance", moved}}}});
            break;
        }
    y += 24 * s;
    easel.add_text(x, y, Align::left, 12.5f, {{agrees ? "measured: the same" : "measured: differs", Font::inter,
                                               agrees ? Tone::ink2 : Tone::error_text}});
    easel.add_text(x + kTermWidth * s, y, Align::right, 16, {{number_text_short(check->slope()), Font::mono_bold, tone(Tone::gradient_text), {{"measured slope", moved}}}});
}

Caption caption_of(const Backward& b) {
    Caption caption;
    if (b.in.stale) {
        caption.runs = {plain(b.in.stale_reason)};
        caption.second = b.in.stale_advice;
        return caption;
    }
    if (b.stage < 0) {
        caption.runs = {plain("The backward pass has not come back to this layer.")};
        caption.second = "Step on: it starts at the output.";
        return caption;
    }
    const StageSpec& spec = b.plan.stages[static_cast<size_t>(b.stage)];
    const std::string place = place_of(b);
    const auto terms = b.brief ? spec.terms(b.cell) : static_cast<int64_t>(b.told.terms.size());
    const std::optional<int> weight = b.weight();
    caption.runs = {plain("The gradient of "),
                    number(words_of(spec.name) + " " + place, weight ? Tone::kernel_text : Tone::input_text), plain(" is "),
                    number(number_text_short(b.value), Tone::gradient_text, {b.told_source()})};
    if (b.told.combine == Combine::formula && !b.brief) {
        caption.runs.push_back(plain("."));
    } else {
        std::string what = weight && b.plan.weights[static_cast<size_t>(*weight)].rank == 1 ? "gradient" : "product";
        caption.runs.push_back(plain(fmt::format(", the sum of {}.", plural(terms, what))));
    }
    const bool windowed = b.plan.window.has_value() && !b.plan.weights.empty();
    if (weight && windowed && b.plan.weights[static_cast<size_t>(*weight)].rank == 4)
        caption.second = b.plan.window->transposed() ? "Grad_output is correlated with the input: each input meets what its stamp touched."
                                                     : "The input is correlated with grad_output: each output meets the input its window read.";
    else if (weight)
        caption.second = "Every output of the channel has it as a term, so their gradients add up.";
    else if (windowed)
        caption.second = b.plan.window->transposed() ? "An ordinary convolution of grad_output with the same kernel, not turned."
                                                     : "A transposed convolution of grad_output with the same kernel: stamps that overlap add up.";
    else if (b.plan.stage("slope") >= 0)
        caption.second = "The gradient that comes in, times the slope at that input.";
    return caption;
}

}  // namespace

Scene build_layer_gradients(const ViewInput& in) {
    const Backward b(in);
    Easel easel(in);
    const float s = easel.scale();
    if (b.stage < 0) {
        easel.place_block(300 * s, 60 * s);
        easel.add_text(0, 20 * s, Align::left, 15, {{"No gradient here yet", Font::inter, Tone::ink2}});
        easel.add_caption(caption_of(b), 60 * s);
        return easel.finish();
    }
    Parts parts;
    bool terms = false;
    float cell = 0, beside = 0;
    const float least_terms = 250 * s;
    const auto widths = [&](float side) { return std::pair{row_width(parts.first, side, s), row_width(parts.second, side, s)}; };
    const auto height_of = [&](float side) {
        return row_height(parts.first, side) + kNameRoom * s + (parts.second.empty() ? 0 : row_height(parts.second, side) + (kNameRoom + 22) * s);
    };
    struct Choice {
        bool terms, notes, ring;
    };
    const auto try_out = [&](const Choice& choice) {
        parts = parts_of(b, choice.notes, choice.ring);
        terms = choice.terms;
        beside = terms ? (kTermWidth + 36) * s : 0;
        const auto fits = [&](float side) {
            const auto [first, second] = widths(side);
            return side <= 52 * s && std::max(first, second) + beside <= easel.room_width() && height_of(side) <= easel.room_height();
        };
        cell = largest_cell(s, fits);
        return cell >= 4 * s && fits(cell);
    };
    // Terms beside, notes behind the names and a ring of padding, as far as digits have room then; else what has the largest
    // cells, the terms as long as there is any room.
    constexpr std::array<Choice, 5> kChoices{{{true, true, true}, {true, false, true}, {true, false, false}, {false, true, true}, {false, false, false}}};
    Choice best = kChoices.back();
    float largest = 0;
    for (const Choice& choice : kChoices) {
        if ((choice.terms && in.pane) || (!choice.terms && best.terms && largest > 0)) continue;
        if (!try_out(choice) || cell <= largest) continue;
        best = choice;
        largest = cell;
        if (cell >= kDigits * s) break;
    }
    try_out(best);
    const auto [first, second] = widths(cell);
    const float height = std::max(height_of(cell), terms ? least_terms : 0), block = std::max(first, second);
    easel.place_block(block + beside, height);
    add_row(easel, b, parts.first, 0, 0, cell);
    if (!parts.second.empty())
        add_row(easel, b, parts.second, 0, row_height(parts.first, cell) + (kNameRoom + 22) * s, cell);
    if (terms) add_terms(easel, b, block + 36 * s, 0, height);
    easel.add_caption(caption_of(b), height + 36 * s);
    return easel.finish();
}

}  // namespace convscope
