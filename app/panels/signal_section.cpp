// Right panel beside the bars of the gradients view: the signal as a table, its slope, where float32 ends.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/panels/network_sections.h"
#include "app/scene/numbers.h"
#include "app/views/gradients_parts.h"

namespace convscope {
namespace {

using ui::px;

constexpr int64_t kRows = 6;

/// "sigmoid", "ReLU", "with BN": a word for a table's head.
std::string short_name(const PanelContext& context, const SignalPath& path, float room) {
    return ui::fitted(context.fonts.small, path.name.ends_with("batch norm") ? "with BN" : path.name, room);
}

/// Layers of the table: the last first, the first last, evenly between.
std::vector<int64_t> told_layers(int64_t blocks) {
    std::vector<int64_t> layers;
    const int64_t rows = std::min(kRows, blocks);
    for (int64_t r = 0; r < rows; ++r)
        layers.push_back(rows == 1 ? blocks
                                   : blocks - static_cast<int64_t>(std::lround(static_cast<double>(r * (blocks - 1)) /
                                                                               static_cast<double>(rows - 1))));
    return layers;
}

void signal_table(PanelContext& context, Column& column, const std::vector<SignalPath>& paths) {
    begin_section(context, column, "Signal by layer", {.title = "Signal by layer", .note = "RMS"});
    const float row_h = px(context, column.low ? 22 : 26), first = column.x0 + px(context, 44);
    const float pitch = (column.x1 - first) / static_cast<float>(paths.size());
    const auto right = [&](size_t i) { return first + pitch * static_cast<float>(i + 1); };
    column.y += row_h / 2;
    ui::text(context, context.fonts.small, Tone::ink3, {first, column.y}, "layer", Align::right);
    for (size_t i = 0; i < paths.size(); ++i)
        ui::text(context, context.fonts.small, Tone::ink2, {right(i), column.y},
                 short_name(context, paths[i], pitch - px(context, 8)), Align::right);
    ui::rule(context, column.x0, column.x1, column.y + row_h / 2, Tone::line2);
    for (const int64_t layer : told_layers(paths[0].blocks())) {
        column.y += row_h;
        const bool last = layer == 1;
        ui::text(context, last ? context.fonts.mono_bold : context.fonts.mono, last ? Tone::ink : Tone::ink2,
                 {first, column.y}, std::to_string(layer), Align::right);
        for (size_t i = 0; i < paths.size(); ++i) {
            const bool there = layer <= paths[i].blocks();
            ui::text(context, last ? context.fonts.mono_bold : context.fonts.mono, there ? Tone::gradient_text : Tone::ink3,
                     {right(i), column.y}, there ? three_digits(paths[i].signal(layer)) : "–", Align::right);
        }
    }
    column.y += row_h / 2 + px(context, 6);
}

/// RMS and largest slope of the layers' activations; NaN where they have none.
std::pair<double, double> slopes(const Result& result) {
    double squares = 0, count = 0, largest = std::nan("");
    for (const LayerResult& layer : result.layers) {
        const int at = layer.plan.stage("slope");
        if (at < 0) continue;
        for (const float v : layer.stages[static_cast<size_t>(at)].values()) {
            const auto slope = static_cast<double>(v);
            squares += slope * slope;
            ++count;
            if (!(std::abs(slope) <= largest)) largest = std::abs(slope);
        }
    }
    return {count > 0 ? std::sqrt(squares / count) : std::nan(""), largest};
}

void why_section(PanelContext& context, Column& column, const SignalPath& path, const Result& result) {
    const auto [rms, largest] = slopes(result);
    if (std::isnan(rms) || !std::isfinite(path.factor) || path.blocks() < 2) return;
    begin_section(context, column, "Why", {.title = "Why ×" + three_digits(path.factor)});
    quiet_line(context, column,
               fmt::format("The activation's slope is {} in RMS here, at most {}. What remains of the factor, ×{}, is the "
                           "weights'. {} such layers make {}.",
                           three_digits(rms), three_digits(largest), three_digits(path.factor / rms), path.blocks() - 1,
                           three_digits(std::pow(path.factor, static_cast<double>(path.blocks() - 1)))),
               Tone::ink2);
}

void float_section(PanelContext& context, Column& column) {
    begin_section(context, column, "Float32", {.title = "Float32"});
    const auto row = [&](const char* name, double value, const char* line) {
        const float row_h = px(context, column.low ? 22 : 26), y = column.y + row_h / 2;
        ui::text(context, context.fonts.body, Tone::ink2, {column.x0, y}, name);
        ui::text(context, context.fonts.mono, Tone::ink, {column.x1 - px(context, 60), y}, number_text(value, 0), Align::right);
        ui::text(context, context.fonts.small, Tone::ink3, {column.x1, y}, line, Align::right);
        column.y += row_h;
    };
    row("smallest normal", kSmallestNormal, "dashed");
    row("smallest above zero", kSmallestAboveZero, "solid");
    column.y += px(context, 4);
}

}  // namespace

bool signal_section(PanelContext& context, Column& column) {
    const State& state = context.app.state;
    if (!state.result || chosen_view(context.app).id != "gradients") return false;
    std::vector<SignalPath> paths;
    if (auto path = signal_path(*state.result); path && path->blocks() >= 2) paths.push_back(std::move(*path));
    if (paths.empty()) return false;
    for (const Network& other : state.others)
        if (other.result)
            if (auto path = signal_path(*other.result)) paths.push_back(std::move(*path));
    signal_table(context, column, paths);
    why_section(context, column, paths[0], *state.result);
    float_section(context, column);
    return true;
}

}  // namespace convscope
