// Over a map: the input's cells under the window, the kernel, and how they make the value (look: 06).
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "app/panels/sections.h"
#include "app/scene/numbers.h"

namespace convscope {
namespace {

using ui::px;

float f(int64_t n) { return static_cast<float>(n); }

/// One place under the window: its values by channel, and the kernel's.
struct Spot {
    std::array<float, 3> rgb{};
    float value = 0, weight = 0;
    bool filled = false;  // some term reads it
    bool padding = false;
};

struct Cursor {
    Index cell;  // output cell
    const LayerResult* layer = nullptr;
    int64_t rows = 0, columns = 0;
    bool is_image = false;
    std::vector<Spot> spots;  // rows × columns of the kernel
    double positive = 0, negative = 0, bias = 0, output = 0;
};

bool shows_maps(const App& app) {
    const std::vector<Unit>& units = chosen_view(app).units;
    return std::find(units.begin(), units.end(), Unit::map) != units.end();
}

/// The output cell whose window stands around the input cell.
int64_t window_around(const WindowAxis& axis, int64_t place) {
    const int64_t o =
        axis.transposed
            ? place * axis.stride - axis.pad_before + axis.span() / 2
            : floor_div(place + axis.pad_before - axis.span() / 2 + axis.stride / 2, axis.stride);
    return std::clamp<int64_t>(o, 0, std::max<int64_t>(0, axis.out - 1));
}

/// The output cell under the pointer, else the play head's.
std::optional<Index> cursor_cell(const PanelContext& context, const LayerResult& layer) {
    const App& app = context.app;
    const Shape output = layer.output().shape();
    const Place place = app.timeline.at(app.state.play.step);
    Index cell = place.cell;
    if (const auto& hover = app.state.selection.hover) {
        const Grid* grid = context.scene.grid(hover->grid);
        if (!grid || !grid->picture) return {};
        if (grid->role == Role::input) {
            cell.h = window_around(layer.plan.window->h, hover->row);
            cell.w = window_around(layer.plan.window->w, hover->column);
        } else {
            cell = {cell.n, place.cell.c, hover->row, hover->column};
        }
    } else if (!place.started) {
        return {};
    }
    return output.contains(cell) ? std::optional(cell) : std::nullopt;
}

std::optional<Cursor> find_cursor(const PanelContext& context) {
    const App& app = context.app;
    const State& state = app.state;
    if (!shows_maps(app) || !state.result || state.problem || is_stale(state)) return {};
    if (static_cast<size_t>(state.layer) >= state.result->layers.size()) return {};
    const LayerResult& layer = state.result->layers[static_cast<size_t>(state.layer)];
    const auto& window = layer.plan.window;
    if (!window || window->transposed() || layer.output().empty()) return {};
    const std::optional<Index> cell = cursor_cell(context, layer);
    if (!cell) return {};
    Cursor cursor;
    cursor.cell = *cell;
    cursor.layer = &layer;
    cursor.rows = window->h.kernel;
    cursor.columns = window->w.kernel;
    if (cursor.rows * cursor.columns > 4096) return {};
    cursor.is_image =
        state.layer == 0 && std::holds_alternative<FromImage>(state.document.input.origin);
    cursor.spots.resize(static_cast<size_t>(cursor.rows * cursor.columns));
    const Explanation explanation = explain(*state.result, state.layer, layer.plan.output, *cell);
    const Shape input = layer.input.shape();
    constexpr double kLuminance[] = {0.299, 0.587, 0.114};
    for (const Term& term : explanation.terms) {
        if (term.b.source == Source::constant) {
            cursor.bias += term.product;
            continue;
        }
        const auto at = static_cast<size_t>(term.b.cell.h * cursor.columns + term.b.cell.w);
        if (at >= cursor.spots.size()) continue;
        Spot& spot = cursor.spots[at];
        const int64_t channel = term.padding ? term.padding->c : term.a.cell.c;
        const double share =
            cursor.is_image && input.c == 3
                ? kLuminance[static_cast<size_t>(std::clamp<int64_t>(channel, 0, 2))]
                : 1 / static_cast<double>(window->in_per_group);
        spot.filled = true;
        spot.padding = term.padding && term.a.source == Source::constant;
        spot.value += static_cast<float>(share * term.a_value);
        spot.weight += static_cast<float>(term.b_value);
        if (channel >= 0 && channel < 3)
            spot.rgb[static_cast<size_t>(channel)] = static_cast<float>(term.a_value);
        (term.product > 0 ? cursor.positive : cursor.negative) += term.product;
    }
    cursor.output = static_cast<double>(layer.output().at(*cell));
    return cursor;
}

/// ".47": an image's values without their leading zero.
std::string pixel_text(float value, bool is_image) {
    std::string text = is_image ? number_text(static_cast<double>(value), 2)
                                : number_text_short(static_cast<double>(value), 2);
    if (is_image && text.starts_with("0.")) text.erase(0, 1);
    return text;
}

void pixels(PanelContext& context, Column& column, const Cursor& cursor) {
    const float width = column.width(),
                most_h = std::min(width, px(context, column.low ? 220 : 320));
    const float cell = std::max(1.0f, std::min(width / f(cursor.columns), most_h / f(cursor.rows)));
    const Box whole{column.x0, column.y, std::round(cell * f(cursor.columns)),
                    std::round(cell * f(cursor.rows))};
    const Theme theme = ui::theme(context);
    float range = 0;
    for (const Spot& spot : cursor.spots)
        range = std::max(range, std::isfinite(spot.value) ? std::abs(spot.value) : 0);
    const bool rgb = cursor.is_image && cursor.layer->input.shape().c == 3;
    // Dark and light digits are the light theme's ink and paper whatever the theme: the ground is the picture's.
    const Palette& paper = palette(Theme::light);
    ImFont* font = context.fonts.mono_small;
    size_t longest = 1;
    for (const Spot& spot : cursor.spots)
        longest = std::max(longest, glyphs(pixel_text(spot.value, cursor.is_image)));
    const bool has_digits =
        f(static_cast<int64_t>(longest)) * ui::width_of(font, "0") <= cell - px(context, 3);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    for (int64_t r = 0; r < cursor.rows; ++r)
        for (int64_t c = 0; c < cursor.columns; ++c) {
            const Spot& spot = cursor.spots[static_cast<size_t>(r * cursor.columns + c)];
            const Box box{
                std::round(whole.x + cell * f(c)), std::round(whole.y + cell * f(r)),
                std::round(whole.x + cell * f(c + 1)) - std::round(whole.x + cell * f(c)),
                std::round(whole.y + cell * f(r + 1)) - std::round(whole.y + cell * f(r))};
            if (spot.padding || !spot.filled) {
                ui::fill(context, box, Tone::canvas);
                if (has_digits && spot.filled)
                    ui::text(context, font, Tone::ink3, box.center(), "0", Align::center);
                continue;
            }
            Color ground = map_color(ColorMap::signed_values,
                                     range > 0 ? spot.value / range * 0.7f : 0, theme);
            if (rgb)
                ground = {std::clamp(spot.rgb[0], 0.f, 1.f), std::clamp(spot.rgb[1], 0.f, 1.f),
                          std::clamp(spot.rgb[2], 0.f, 1.f), 1};
            else if (cursor.is_image)
                ground = map_color(ColorMap::grey, spot.value, theme);
            list.AddRectFilled(ui::low(box), ui::high(box), ui::color(ground));
            if (!has_digits) continue;
            const float light = 0.299f * ground.r + 0.587f * ground.g + 0.114f * ground.b;
            const std::string text = pixel_text(spot.value, cursor.is_image);
            const float x = box.center().x - ui::width_of(font, text) / 2;
            list.AddText(font, font->FontSize,
                         {std::round(x), std::round(box.center().y - cap_center_px(font))},
                         ui::color(paper[light > 0.46f ? Tone::ink : Tone::canvas]), text.c_str());
        }
    const Box middle{whole.x + cell * f(cursor.columns / 2), whole.y + cell * f(cursor.rows / 2),
                     cell, cell};
    if (cell >= px(context, 8)) ui::frame(context, middle, Tone::ink, 2, 2);
    ui::frame(context, whole.grown(px(context, 2)), Tone::kernel_line, 3, 5);
    column.y = whole.bottom() + px(context, 6);
}

void kernel_and_sums(PanelContext& context, Column& column, const Cursor& cursor) {
    const float room = std::floor(column.width() * 0.49f);
    const float cell = std::max(
        1.0f,
        std::floor(std::min(room / f(std::max(cursor.rows, cursor.columns)), px(context, 30))));
    const float top = column.y - px(context, 2);
    const Theme theme = ui::theme(context);
    float range = 0;
    for (const Spot& spot : cursor.spots)
        range = std::max(range, std::isfinite(spot.weight) ? std::abs(spot.weight) : 0);
    ImFont* font = context.fonts.mono_small;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    for (int64_t r = 0; r < cursor.rows; ++r)
        for (int64_t c = 0; c < cursor.columns; ++c) {
            const Spot& spot = cursor.spots[static_cast<size_t>(r * cursor.columns + c)];
            const Box box{column.x0 + cell * f(c), top + cell * f(r), cell + 1, cell + 1};
            list.AddRectFilled(
                ui::low(box), ui::high(box),
                ui::color(map_color(ColorMap::signed_values,
                                    range > 0 ? spot.weight / range * 0.7f : 0, theme)));
            if (cell >= px(context, 6)) ui::frame(context, box, Tone::kernel_edge);
            const std::string text = number_text_short(static_cast<double>(spot.weight), 2);
            if (spot.weight != 0 && ui::width_of(font, text) <= cell - px(context, 2))
                ui::text(context, font, Tone::ink, box.center(), text, Align::center);
        }
    const float x = column.x0 + std::max(cell * f(cursor.columns), room * 0.6f) + px(context, 18);
    float y = top + px(context, 12);
    const bool is_whole = std::floor(cursor.positive) == cursor.positive && std::floor(cursor.negative) == cursor.negative &&
                          std::floor(cursor.bias) == cursor.bias;
    const auto number = [&](double value) { return number_text(value, is_whole ? 0 : 3); };
    const auto line = [&](const char* name, Tone name_tone, ImFont* name_font, ImFont* value_font,
                          Tone tone, const std::string& value, float step) {
        ui::text(context, name_font, name_tone, {x, y}, name);
        ui::text(context, value_font, tone, {column.x1, y}, value, Align::right);
        y += px(context, step);
    };
    const UiFonts& fonts = context.fonts;
    line("positive", Tone::ink2, fonts.body, fonts.mono, Tone::ink, number(cursor.positive), 27);
    line("negative", Tone::ink2, fonts.body, fonts.mono, Tone::ink, number(cursor.negative),
         cursor.bias != 0 ? 27 : 19);
    if (cursor.bias != 0)
        line("bias", Tone::kernel_text, fonts.body, fonts.mono, Tone::ink, number(cursor.bias), 19);
    ui::rule(context, x, column.x1, y, Tone::line2);
    y += px(context, 18);
    line("output", Tone::output_text, fonts.body_bold, fonts.total, Tone::output_text,
         number(cursor.output), 32);
    const Shape output = cursor.layer->output().shape();
    const auto plane = static_cast<size_t>(cursor.cell.n * output.c + cursor.cell.c);
    if (plane < cursor.layer->statistics.size()) {
        const PlaneStatistics& statistics = cursor.layer->statistics[plane];
        line("min", Tone::ink3, fonts.small, fonts.mono_small, Tone::ink2,
             number(static_cast<double>(statistics.low)), 22);
        line("max", Tone::ink3, fonts.small, fonts.mono_small, Tone::ink2,
             number(static_cast<double>(statistics.high)), 22);
    }
    column.y = std::max(top + cell * f(cursor.rows), y - px(context, 12)) + px(context, 8);
}

}  // namespace

bool cursor_section(PanelContext& context, Column& column) {
    const std::optional<Cursor> cursor = find_cursor(context);
    if (!cursor) return false;
    const State& state = context.app.state;
    begin_section(context, column, "Output size",
                  {.title = "Input under the window",
                   .note = !cursor->is_image                     ? ""
                           : cursor->layer->input.shape().c == 3 ? "luminance"
                                                                 : "grey"});
    column.y += px(context, 3);
    pixels(context, column, *cursor);
    const auto& names =
        state.result->document.layers[static_cast<size_t>(state.layer)].channel_names;
    const auto channel = static_cast<size_t>(cursor->cell.c);
    begin_section(context, column, "Ledger",
                  {.title = fmt::format("Kernel {}", cursor->cell.c),
                   .note = channel < names.size() ? names[channel] : ""});
    kernel_and_sums(context, column, *cursor);
    return true;
}

}  // namespace convscope
