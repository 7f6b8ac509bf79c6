// Weights of the chosen layer: preset, random numbers, the kernels as swatches, the bias.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <imgui_internal.h>

#include "app/panels/sections.h"
#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "core/presets.h"

namespace convscope {
namespace {

using ui::px;

constexpr float kSwatchPart = 0.7f;  // of the signed map: ink digits stay readable

float f(int64_t n) { return static_cast<float>(n); }

/// The kernels in the first weight, by output channel and the input channels it reads.
struct Kernels {
    Tensor weight;
    int64_t outs = 0, ins = 0, out_per_group = 1;
    bool out_first = true;
    Index plane(int64_t out, int64_t in) const {
        if (out_first) return {out, in};
        return {out / out_per_group * ins + in, out % out_per_group};
    }
};

int64_t groups_of(const Layer& layer) {
    const int field = field_index(*layer.op, "groups");
    if (field < 0) return 1;
    const auto* groups = std::get_if<int64_t>(&layer.params[static_cast<size_t>(field)]);
    return groups && *groups > 0 ? *groups : 1;
}

std::optional<Kernels> kernels_of(const App& app) {
    const Layer& layer = app.state.document.layers[static_cast<size_t>(app.state.layer)];
    const Plan* plan = chosen_plan(app);
    if (layer.weights.empty() || layer.weights[0].empty() || !plan || plan->weights.empty() ||
        plan->weights[0].rank != 4)
        return {};
    Kernels kernels;
    kernels.weight = layer.weights[0];
    const Shape shape = kernels.weight.shape();
    kernels.out_first = plan->weights[0].axes.starts_with("out");
    const int64_t groups = groups_of(layer);
    if (kernels.out_first) {
        kernels.outs = shape.n;
        kernels.ins = shape.c;
    } else {
        if (shape.n % groups != 0) return {};
        kernels.out_per_group = shape.c;
        kernels.outs = shape.c * groups;
        kernels.ins = shape.n / groups;
    }
    if (kernels.outs < 1 || kernels.ins < 1 || shape.plane() < 1) return {};
    return kernels;
}

std::span<const float> plane_values(const Kernels& kernels, Index plane) {
    const Shape shape = kernels.weight.shape();
    return kernels.weight.values().subspan(static_cast<size_t>(shape.offset(plane)),
                                           static_cast<size_t>(shape.plane()));
}

/// "Emboss", "Classic filters", or "Own numbers".
std::string preset_text(const State& state, const Kernels& kernels, int64_t chosen) {
    const Layer& layer = state.document.layers[static_cast<size_t>(state.layer)];
    if (kernels.outs > 1 && layer.channel_names == filter_bank_names()) return "Classic filters";
    const std::string name = kernel_name(chosen_kernels(layer), kernels.plane(chosen, 0));
    return name.empty() ? "Own numbers" : name;
}

Document with_bank(const State& state, const Kernels& kernels) {
    const auto channels = static_cast<int64_t>(filter_bank_names().size());
    Document next = with_param(state.document, state.layer, "out_channels", channels);
    const Shape shape = kernels.weight.shape();
    const auto layer = static_cast<size_t>(state.layer);
    Tensor bank = filter_bank(shape.c, shape.h);
    if (next.layers[layer].weights.empty() || next.layers[layer].weights[0].shape() != bank.shape())
        return state.document;
    if (next.layers[layer].turned) bank = turned_180(std::move(bank));
    next = with_weight(std::move(next), state.layer, 0, std::move(bank));
    next.layers[layer].channel_names = filter_bank_names();
    return next;
}

void preset_row(PanelContext& context, Column& column, const Kernels& kernels, int64_t chosen) {
    App& app = context.app;
    const State& state = app.state;
    const Shape shape = kernels.weight.shape();
    const Layer& layer = state.document.layers[static_cast<size_t>(state.layer)];
    const bool has_bank = kernels.out_first && groups_of(layer) == 1 && shape.h == shape.w &&
                          shape.h >= 3 && field_index(*layer.op, "out_channels") >= 0 &&
                          !state.problem;
    std::vector<ui::Entry> entries;
    if (has_bank)
        entries.push_back({"Classic filters", "Eight filters, one an output channel", false});
    int now = -1;
    const std::string text = preset_text(state, kernels, chosen);
    for (const KernelPreset& preset : kernel_presets())
        entries.push_back({preset.name, preset.help, has_bank && entries.size() == 1});
    for (size_t i = 0; i < entries.size(); ++i)
        if (entries[i].label == text) now = static_cast<int>(i);

    const float side = column.field_px, gap = px(context, 8);
    const Box row = column.row(column.x0, column.x1);
    const Box combo{row.x, row.y, row.w - side - gap, row.h};
    if (const auto picked =
            ui::combo(context, "Weights/preset", combo, text, entries, now,
                      kernels.outs > 1 ? "Kernel of the chosen output channel" : "Kernel")) {
        const std::string& name = entries[static_cast<size_t>(*picked)].label;
        if (has_bank && *picked == 0) {
            edit(app, with_bank(state, kernels));
        } else {
            Document next = state.document;
            for (int64_t in = 0; in < kernels.ins; ++in)
                next = with_kernel(std::move(next), state.layer, kernels.plane(chosen, in), name);
            edit(app, std::move(next));
        }
    }
    if (ui::icon_button(context, "Weights/shuffle", {combo.right() + gap, row.y, side, row.h},
                        icon::kShuffle, ui::Border::thin,
                        {.tooltip = "Random whole numbers from −2 to 2"}))
        edit(app, with_weight(state.document, state.layer, 0,
                              generate("integers −2–2", app.state.next_seed++, shape)));
}

/// Correlation or convolution: the kernels as they were chosen, or all of them turned by 180°. A plain window correlates
/// with what stands in the weights; a stamped one convolves the stretched input with it.
void turn_row(PanelContext& context, Column& column, const Kernels& kernels) {
    App& app = context.app;
    const Plan* plan = chosen_plan(app);
    const Layer& layer = app.state.document.layers[static_cast<size_t>(app.state.layer)];
    if (!plan || !plan->window || kernels.weight.shape().plane() < 2) return;
    const bool is_stamped = plan->window->transposed(), is_turned = layer.turned;
    const std::vector<std::string> labels =
        is_stamped ? std::vector<std::string>{"Convolution", "Correlation"}
                   : std::vector<std::string>{"Correlation", "Convolution"};
    const Box row = column.row(column.x0, column.x1);
    if (const auto pressed = ui::segmented(context, row, labels, is_turned, true);
        pressed && (*pressed == 1) != is_turned) {
        edit(app, with_kernels_turned(app.state.document, app.state.layer));
        return;
    }
    if (is_turned)
        ui::text(context, context.fonts.small, Tone::kernel_text,
                 {column.x0, column.y + px(context, 5)},
                 ui::fitted(context.fonts.small,
                            kernels.outs * kernels.ins == 1 ? "The kernel stands turned 180°."
                                                            : "The kernels stand turned 180°.",
                            column.width()));
    if (is_turned) column.y += px(context, 14);
}

/// One kernel large, with its numbers where they fit, beside sum, least and most.
void one_kernel(PanelContext& context, Column& column, const Kernels& kernels) {
    App& app = context.app;
    const Shape shape = kernels.weight.shape();
    const std::span<const float> values = plane_values(kernels, {0, 0});
    column.y += px(context, column.low ? 8 : 7);
    const float room = std::floor(column.width() * 0.49f);
    const float cell =
        std::floor(std::min({room / f(std::max(shape.h, shape.w)), px(context, 36)}));
    const int decimals = decimals_for(values);
    size_t longest = 1;
    for (const float v : values)
        longest = std::max(longest, glyphs(number_text(static_cast<double>(v), decimals)));
    ImFont* font = context.fonts.mono;
    const bool has_digits =
        cell >= px(context, 20) &&
        f(static_cast<int64_t>(longest)) * ui::width_of(font, "0") <= cell - px(context, 3);
    const Box whole{column.x0, column.y, std::max(cell, 1.0f) * f(shape.w),
                    std::max(cell, 1.0f) * f(shape.h)};
    if (cell < 3) {
        const Box small{whole.x, whole.y, room, room};
        ui::plane_swatch(context, small, kernels.weight, {0, 0}, ui::largest_magnitude(values),
                         kSwatchPart);
        ui::frame(context, small, Tone::line2);
        column.y += room;
    } else {
        const float range = ui::largest_magnitude(values);
        for (int64_t r = 0; r < shape.h; ++r)
            for (int64_t c = 0; c < shape.w; ++c) {
                const float v = values[static_cast<size_t>(r * shape.w + c)];
                const Box box{whole.x + cell * f(c), whole.y + cell * f(r), cell, cell};
                const Box drawn{box.x, box.y, box.w + 1, box.h + 1};
                if (has_digits)
                    ui::fill(context, drawn, Tone::kernel_tint);
                else
                    ImGui::GetWindowDrawList()->AddRectFilled(
                        ui::low(drawn), ui::high(drawn),
                        ui::color(map_color(ColorMap::signed_values,
                                            range > 0 ? v / range * kSwatchPart : 0,
                                            ui::theme(context))));
                ui::frame(context, drawn, Tone::kernel_edge);
                if (has_digits)
                    ui::text(context, font, std::isfinite(v) ? Tone::ink : Tone::error_text,
                             box.center(), number_text(static_cast<double>(v), decimals),
                             Align::center);
            }
        const ui::Item it = ui::item(context, "Weights/kernel", whole,
                                     {.tab_stop = false, .tooltip = "Click to edit on the canvas"});
        const Point mouse{ImGui::GetMousePos().x, ImGui::GetMousePos().y};
        const bool inside = whole.contains(mouse);
        const int64_t row =
            inside ? std::min(static_cast<int64_t>((mouse.y - whole.y) / cell), shape.h - 1) : 0;
        const int64_t at =
            inside ? std::min(static_cast<int64_t>((mouse.x - whole.x) / cell), shape.w - 1) : 0;
        if (it.hovered && inside)
            ui::frame(context,
                      {whole.x + cell * f(at), whole.y + cell * f(row), cell + 1, cell + 1},
                      Tone::ink, 1.5f, 3);
        if (it.pressed && inside && context.scene.grid("kernel"))
            select_cell(app, context.scene, {"kernel", row, at});
        column.y += whole.h;
    }
    // Statistics beside it.
    double sum = 0;
    float least = INFINITY, most = -INFINITY;
    for (const float v : values) {
        sum += static_cast<double>(v);
        least = std::min(least, v);
        most = std::max(most, v);
    }
    const float x = whole.right() + px(context, 15);
    float y = whole.y + px(context, 10);
    const auto line = [&](const char* name, double value) {
        ui::text(context, context.fonts.small, Tone::ink3, {x, y}, name);
        ui::text(context, context.fonts.mono, Tone::ink, {column.x1, y}, number_text_short(value),
                 Align::right);
        y += px(context, 22);
    };
    line("sum", sum);
    line("min", static_cast<double>(least));
    line("max", static_cast<double>(most));
    column.y = std::max(column.y, y - px(context, 8)) + px(context, 2);
}

/// A table out × in of small swatches; the chosen output channel is framed (look: 03).
void channel_table(PanelContext& context, Column& column, const Kernels& kernels, int64_t chosen) {
    const Shape shape = kernels.weight.shape();
    const float label_w = px(context, 62),
                pitch = std::min(px(context, 54), (column.width() - label_w) / f(kernels.ins));
    const float side = std::min(px(context, 38), pitch - px(context, 6)), row_h = px(context, 48),
                row_pitch = px(context, 52);
    column.y += px(context, 13);
    for (int64_t in = 0; in < kernels.ins; ++in)
        ui::text(context, context.fonts.small, Tone::input_text,
                 {column.x0 + label_w + pitch * f(in) + side / 2, column.y},
                 fmt::format("in {}", in), Align::center);
    column.y += px(context, 8);
    const float range = ui::largest_magnitude(kernels.weight.values());
    for (int64_t out = 0; out < kernels.outs; ++out) {
        const Box row{column.x0 - px(context, 6), column.y, column.width() + px(context, 12),
                      row_h};
        const std::string name = fmt::format("Weights/out {}", out);
        const ui::Item it = ui::item(context, name.c_str(), row);
        const bool is_chosen = out == chosen;
        if (is_chosen || it.hovered)
            ui::fill(context, row, is_chosen ? Tone::raised : Tone::hover, 8);
        if (is_chosen) ui::frame(context, row, Tone::ink, 1.5f, 8);
        if (it.focused) ui::focus_ring(context, row, 8);
        ui::text(context, is_chosen ? context.fonts.body_bold : context.fonts.body,
                 is_chosen ? Tone::output_text : Tone::ink2,
                 {column.x0 + px(context, 4), row.center().y}, fmt::format("out {}", out));
        for (int64_t in = 0; in < kernels.ins; ++in) {
            const float w = side * std::min(1.0f, f(shape.w) / f(std::max(shape.h, shape.w)));
            const float h = side * std::min(1.0f, f(shape.h) / f(std::max(shape.h, shape.w)));
            const Box box{std::round(column.x0 + label_w + pitch * f(in)),
                          std::round(row.center().y - h / 2), w, h};
            ui::plane_swatch(context, box, kernels.weight, kernels.plane(out, in), range,
                             kSwatchPart,
                             std::max(shape.h, shape.w) <= 7 ? Tone::kernel_edge : Tone::none);
        }
        if (it.pressed) show_channel(context.app, out);
        column.y += row_pitch;
    }
    column.y -= px(context, 4);
}

/// One swatch an output channel, its input channels added up (look: 06); a long gallery scrolls by itself.
void channel_gallery(PanelContext& context, Column& column, const Kernels& kernels,
                     int64_t chosen) {
    constexpr int64_t kAcross = 4, kMostRows = 6;
    const Shape shape = kernels.weight.shape();
    column.y += px(context, 10);
    const int64_t rows = (kernels.outs + kAcross - 1) / kAcross,
                  visible_rows = std::min(rows, kMostRows);
    const bool scrolls = rows > kMostRows;
    const float room = column.width() - (scrolls ? px(context, 14) : 0);
    const float gap = px(context, 9), side = std::floor((room - gap * (kAcross - 1)) / kAcross),
                pitch = side + px(context, 13);
    ImGui::SetCursorScreenPos({column.x0 - px(context, 2), column.y - px(context, 2)});
    ImGui::BeginChild("Kernels", {column.width() + px(context, 4), pitch * f(visible_rows)},
                      ImGuiChildFlags_None,
                      scrolls ? ImGuiWindowFlags_None
                              : ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
    const float top = column.y - ImGui::GetScrollY();
    const ImRect clip = ImGui::GetCurrentWindow()->ClipRect;
    const auto first_row =
        std::clamp<int64_t>(static_cast<int64_t>((clip.Min.y - top) / pitch), 0, rows - 1);
    const auto last_row =
        std::clamp<int64_t>(static_cast<int64_t>((clip.Max.y - top) / pitch), first_row, rows - 1);
    for (int64_t out = first_row * kAcross; out < std::min(kernels.outs, (last_row + 1) * kAcross);
         ++out) {
        const Box box{std::round(column.x0 + (side + gap) * f(out % kAcross)),
                      std::round(top + pitch * f(out / kAcross)), side, side};
        const std::string name = fmt::format("Weights/out {}", out);
        const ui::Item it = ui::item(context, name.c_str(), box, {.tooltip = name.substr(8)});
        if (ImGui::IsRectVisible(ui::low(box), ui::high(box))) {
            // What the eye adds up: input channels side by side would be too small.
            Tensor sum(Shape{1, 1, shape.h, shape.w});
            for (int64_t in = 0; in < std::min<int64_t>(kernels.ins, 64); ++in) {
                const std::span<const float> values = plane_values(kernels, kernels.plane(out, in));
                const std::span<float> added = sum.mutate();
                for (size_t i = 0; i < values.size(); ++i) added[i] += values[i];
            }
            ui::plane_swatch(context, box, sum, {0, 0}, ui::largest_magnitude(sum.values()), 1);
            ui::frame(context, box,
                      out == chosen ? Tone::ink
                      : it.hovered  ? Tone::ink3
                                    : Tone::line2,
                      out == chosen ? 2 : 1);
        }
        if (it.focused) ui::focus_ring(context, box.grown(px(context, 3)));
        if (it.pressed) show_channel(context.app, out);
    }
    ui::content_ends(top + pitch * f(rows));
    ImGui::EndChild();
    column.y += pitch * f(visible_rows) - px(context, 2);
    const auto& names =
        context.app.state.document.layers[static_cast<size_t>(context.app.state.layer)]
            .channel_names;
    const std::string name =
        static_cast<size_t>(chosen) < names.size() ? names[static_cast<size_t>(chosen)] : "";
    const std::string note = fmt::format("channel {}", chosen);
    ui::text(
        context, context.fonts.section, Tone::ink, {column.x0, column.y + px(context, 6)},
        ui::fitted(context.fonts.section, name.empty() ? "Kernel" : name, column.width() * 0.65f));
    ui::text(context, context.fonts.small, Tone::ink3, {column.x1, column.y + px(context, 6)}, note,
             Align::right);
    column.y += px(context, 15);
}

}  // namespace

void weights_section(PanelContext& context, Column& column) {
    const State& state = context.app.state;
    const std::optional<Kernels> kernels = kernels_of(context.app);
    if (!kernels) {
        vector_section(context, column);
        return;
    }
    begin_section(
        context, column, "Weights",
        {.title = "Weights", .note = to_string(kernels->weight.shape()), .note_is_number = true});
    const int64_t chosen = std::clamp<int64_t>(state.shown.out_channel, 0, kernels->outs - 1);
    preset_row(context, column, *kernels, chosen);
    turn_row(context, column, *kernels);
    if (kernels->outs == 1 && kernels->ins == 1)
        one_kernel(context, column, *kernels);
    else if (kernels->ins <= 4 && kernels->outs <= 6)
        channel_table(context, column, *kernels, chosen);
    else
        channel_gallery(context, column, *kernels, chosen);
    weight_vector_rows(context, column, chosen);
}

}  // namespace convscope
