// Where the backward pass starts: random numbers, a loss, or a tensor of one's own.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/panels/sections.h"
#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "core/io/paste.h"

namespace convscope {
namespace {

using ui::px;
using Kind = BackwardStart::Kind;

struct KindText {
    Kind kind;
    const char* label;
    const char* help;
};
constexpr KindText kKinds[] = {
    {Kind::random, "Random", "Random with RMS 1 at the output, so that every gradient reads as a factor."},
    {Kind::mean_square, "Mean square", "The gradient of the loss mean(output²) / 2."},
    {Kind::squared_distance, "Squared distance", "The gradient of the loss mean((output − target)²) / 2."},
    {Kind::given, "Given", "grad_output itself, number by number."},
};

/// What comes out of the chain; none while it is not computed.
const Tensor* output_of(const App& app) {
    const State& state = app.state;
    if (state.problem || is_stale(state) || state.result->layers.empty()) return nullptr;
    const Tensor& output = state.result->layers.back().output();
    return output.empty() ? nullptr : &output;
}

void set_start(App& app, BackwardStart start, const std::string& gesture = "") {
    Document next = gesture_base(app, gesture);
    next.start = std::move(start);
    edit(app, std::move(next), gesture);
}

bool has_tensor(Kind kind) { return kind == Kind::squared_distance || kind == Kind::given; }

void choose_kind(App& app, Kind kind) {
    BackwardStart start = app.state.document.start;
    start.kind = kind;
    if (!has_tensor(kind)) start.tensor = {};
    // Something to start from: a target of zeros, a gradient of ones.
    if (has_tensor(kind) && start.tensor.empty())
        start.tensor = Tensor(output_of(app)->shape(), kind == Kind::given ? 1.0f : 0.0f);
    set_start(app, std::move(start));
}

void kind_row(PanelContext& context, Column& column) {
    App& app = context.app;
    const BackwardStart& start = app.state.document.start;
    const bool shuffles = start.kind == Kind::random;
    const float side = column.field_px, gap = px(context, 8);
    const Box row = column.row(column.x0, column.x1);
    const Box box{row.x, row.y, row.w - (shuffles ? side + gap : 0), row.h};
    std::vector<ui::Entry> entries;
    int chosen = 0;
    for (const KindText& text : kKinds) {
        if (text.kind == start.kind) chosen = static_cast<int>(entries.size());
        entries.push_back({text.label, text.help, false});
    }
    const auto picked = ui::combo(context, "Gradient/start", box, kKinds[chosen].label, entries,
                                  chosen, "Where the backward pass starts");
    if (shuffles && ui::icon_button(context, "Gradient/shuffle", {box.right() + gap, row.y, side, row.h},
                                    icon::kShuffle, ui::Border::thin,
                                    {.tooltip = "Other random numbers"})) {
        BackwardStart next = start;
        ++next.seed;
        set_start(app, std::move(next));
    }
    if (!picked || kKinds[*picked].kind == start.kind) return;
    if (has_tensor(kKinds[*picked].kind) && !output_of(app))
        say(app, "A target needs an output: the layers must be possible first.", true);
    else
        choose_kind(app, kKinds[*picked].kind);
}

/// Numbers of the clipboard, when they are as many as the output.
void paste_start(App& app) {
    const PasteResult pasted = parse_numbers(app.host.clipboard ? app.host.clipboard() : "");
    const Tensor* output = output_of(app);
    if (!output) return say(app, "There is no output to compare with.", true);
    if (!pasted.ok()) return say(app, pasted.error, true);
    if (pasted.tensor.shape() != output->shape())
        return say(app,
                   fmt::format("The numbers are {}, the output is {}. Paste numbers of that shape.",
                               to_string(pasted.tensor.shape()), to_string(output->shape())),
                   true);
    BackwardStart start = app.state.document.start;
    start.tensor = pasted.tensor;
    set_start(app, std::move(start));
}

void tensor_rows(PanelContext& context, Column& column) {
    App& app = context.app;
    const float gap = px(context, 8), width = std::floor((column.width() - gap) / 2);
    const Box row = column.row(column.x0, column.x1);
    const Box left{row.x, row.y, width, row.h}, right{row.x + width + gap, row.y, row.w - width - gap, row.h};
    const Tensor* output = output_of(app);
    if (ui::button(context, "Use output", left, ui::Weight::plain, output != nullptr) && output) {
        BackwardStart start = app.state.document.start;
        start.tensor = *output;
        set_start(app, std::move(start));
    }
    ui::hover_help(context, left, "The output as it is now, kept while the layers change");
    if (ui::button(context, "Paste", right)) paste_start(app);
    ui::hover_help(context, right, "Copied numbers of the output's shape");
}

void seed_row(PanelContext& context, Column& column) {
    App& app = context.app;
    const uint64_t seed = app.state.document.start.seed;
    NumberRow row{.label = "seed",
                  .shown = fmt::format("{}", seed),
                  .help = "The same seed gives the same numbers",
                  .gesture = "gradient seed",
                  .field = "Gradient/seed"};
    row.stepped = [seed](int step) { return fmt::format("{}", step < 0 ? seed - (seed > 0) : seed + 1); };
    row.can_lower = seed > 0;
    row.expected = "a whole number of 0 or more";
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const auto read = parse_value(typed, Value(int64_t(0)), {});
        if (!read || std::get<int64_t>(*read) < 0) return "";
        BackwardStart start = app.state.document.start;
        start.seed = static_cast<uint64_t>(std::get<int64_t>(*read));
        set_start(app, std::move(start), row.gesture);
        return {};
    };
    number_row(context, column,
               column.x0 + std::round(std::min(px(context, 104), column.width() * 0.5f)), row);
}

}  // namespace

void gradient_section(PanelContext& context, Column& column) {
    const App& app = context.app;
    const BackwardStart start = app.state.document.start;
    const std::string note = has_tensor(start.kind) ? to_string(start.tensor.shape()) : "";
    begin_section(context, column, "Gradient",
                  {.title = "Start of the gradient", .note = note, .note_is_number = true});
    kind_row(context, column);
    if (start.kind == Kind::random) seed_row(context, column);
    if (has_tensor(start.kind)) tensor_rows(context, column);
    if (const auto& result = app.state.result; result && result->loss && !is_stale(app.state)) {
        const float y = column.y + px(context, 13);
        ui::text(context, context.fonts.body, Tone::ink2, {column.x0, y}, "loss");
        ui::text(context, context.fonts.mono, Tone::ink, {column.x1, y},
                 number_text_short(*result->loss, 6), Align::right);
        column.y += px(context, 26);
    }
    quiet_line(context, column, kKinds[static_cast<size_t>(start.kind)].help);
}

}  // namespace convscope
