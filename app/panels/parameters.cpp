// Left panel: parameters of the chosen layer, a row a field of its op's table; then weights, input, colours.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/panels/sections.h"

namespace convscope {
namespace {

using ui::px;

/// "3 × 1": what stands in a field, as it may be typed.
std::string field_text(const Value& value) {
    std::string text = to_text(value);
    for (size_t at = 0; (at = text.find("×", at)) != std::string::npos; at += 4)
        text.replace(at, 2, " × ");
    return text;
}

int64_t stepped_int(int64_t value, int step, const Field& field) {
    const auto low = static_cast<int64_t>(field.low), high = static_cast<int64_t>(field.high);
    if (step < 0) return value > high ? high : std::max(low, value - (value > low ? 1 : 0));
    return value < low ? low : std::min(high, value + (value < high ? 1 : 0));
}

Pair stepped_pair(Pair pair, int step, const Field& field) {
    return {stepped_int(pair.h, step, field), stepped_int(pair.w, step, field)};
}

/// What − and + make of a value; none for values that have no next one.
std::optional<Value> stepped(const Value& value, int step, const Field& field,
                             Pair resolved_padding) {
    if (const auto* whole = std::get_if<int64_t>(&value)) return stepped_int(*whole, step, field);
    if (const auto* pair = std::get_if<Pair>(&value)) return stepped_pair(*pair, step, field);
    if (const auto* padding = std::get_if<Padding>(&value)) {
        const Pair from = padding->kind == Padding::Kind::pair ? padding->pair : resolved_padding;
        return Padding{Padding::Kind::pair, stepped_pair(from, step, field)};
    }
    return {};
}

std::string expected_of(const Value& value) {
    if (std::holds_alternative<int64_t>(value)) return "a whole number";
    if (std::holds_alternative<Pair>(value)) return "a whole number, or two such as 3 × 1";
    if (std::holds_alternative<Padding>(value))
        return "a whole number, two such as 1 × 0, same or valid";
    return "a number";
}

/// Rows and columns that 'same' and 'valid' come to, as far as the picture shown knows.
Pair resolved_padding(const App& app) {
    const State& state = app.state;
    if (!state.result || static_cast<size_t>(state.layer) >= state.result->layers.size()) return {};
    const auto& window = state.result->layers[static_cast<size_t>(state.layer)].plan.window;
    return window ? Pair{window->h.pad_before, window->w.pad_before} : Pair{};
}

void set_param(App& app, const std::string& key, const Value& value, const std::string& gesture) {
    const Layer& layer = app.state.document.layers[static_cast<size_t>(app.state.layer)];
    const int index = field_index(*layer.op, key);
    if (index < 0 || layer.params[static_cast<size_t>(index)] == value) return;
    edit(app, with_param(gesture_base(app, gesture), app.state.layer, key, value), gesture);
}

void label(const PanelContext& context, const Column& column, const Box& box, const Field& field,
           bool error) {
    const float width = box.x - column.x0 - px(context, 6);
    ui::text(context, context.fonts.body, error ? Tone::error_text : Tone::ink2,
             {column.x0, box.center().y}, ui::fitted(context.fonts.body, field.key, width));
    ui::hover_help(context, {column.x0, box.y, width, box.h}, field.help);
}

void field_row(PanelContext& context, Column& column, const Field& field, const Value& value,
               float field_x) {
    App& app = context.app;
    const bool error = problem_belongs_to(app, field.key);
    const std::string gesture = fmt::format("parameter {} {}", app.state.layer, field.key);
    if (const bool* on = std::get_if<bool>(&value)) {
        const Box box = column.row(field_x, column.x1);
        label(context, column, box, field, error);
        if (ui::checkbox(context, field.key.c_str(), {box.x, box.y, px(context, 56), box.h}, *on,
                         field.help))
            set_param(app, field.key, !*on, "");
    } else if (const Choice* choice = std::get_if<Choice>(&value)) {
        const Box box = column.row(field_x, column.x1);
        label(context, column, box, field, error);
        std::vector<ui::Entry> entries;
        int chosen = -1;
        for (const std::string& name : field.choices) {
            if (name == choice->name) chosen = static_cast<int>(entries.size());
            entries.push_back({name, "", false});
        }
        if (const auto picked = ui::combo(context, field.key.c_str(), box, choice->name, entries,
                                          chosen, field.help))
            set_param(app, field.key, Choice{entries[static_cast<size_t>(*picked)].label}, "");
    } else {
        const Pair same = resolved_padding(app);
        NumberRow row{
            .label = field.key, .shown = field_text(value), .help = field.help, .gesture = gesture};
        const auto lower = stepped(value, -1, field, same), higher = stepped(value, 1, field, same);
        row.can_lower = lower && *lower != value;
        row.can_raise = higher && *higher != value;
        if (lower)
            row.stepped = [=](int step) { return field_text(*stepped(value, step, field, same)); };
        row.expected = expected_of(value);
        row.error = error;
        row.apply = [&](const std::string& typed) -> std::optional<std::string> {
            const auto read = parse_value(typed, value, field.choices);
            if (!read) return "";
            set_param(app, field.key, *read, gesture);
            return {};
        };
        number_row(context, column, field_x, row);
    }
    if (error) problem_rows(context, column);
}

/// The document and its picture are about feature maps: image first, parameters last (look: 06).
bool is_image_first(const App& app) {
    const std::vector<Unit>& units = chosen_view(app).units;
    return std::holds_alternative<FromImage>(app.state.document.input.origin) &&
           std::find(units.begin(), units.end(), Unit::map) != units.end();
}

}  // namespace

bool problem_belongs_to(const App& app, std::string_view key) {
    const State& state = app.state;
    return state.problem && state.problem_layer == state.layer && state.problem->key == key;
}

void problem_rows(PanelContext& context, Column& column) {
    App& app = context.app;
    if (!app.state.problem) return;  // the row above took its edit back in this very frame
    const Problem problem = *app.state.problem;
    column.y += px(context, 4);
    column.y = ui::error_box(context, {column.x0, column.y, column.width(), 0}, problem.sentence,
                             problem.advice);
    if (!problem.remedies.empty()) {
        column.y += px(context, 10);
        const float gap = px(context, 8), height = px(context, 28);
        float whole = 0;
        for (const Remedy& remedy : problem.remedies)
            whole += ui::width_of(context.fonts.body, remedy.label) + px(context, 24);
        const float room = column.width() - gap * static_cast<float>(problem.remedies.size() - 1);
        const bool in_a_row = whole <= room;
        float x = column.x0;
        for (const Remedy& remedy : problem.remedies) {
            const float own = ui::width_of(context.fonts.body, remedy.label) + px(context, 24);
            const float width = in_a_row ? std::floor(own * room / whole) : column.width();
            if (ui::button(context, remedy.label.c_str(), {x, column.y, width, height}))
                edit(app,
                     with_param(app.state.document, app.state.layer, remedy.key, remedy.value));
            if (in_a_row)
                x += width + gap;
            else
                column.y += height + px(context, 6);
        }
        if (in_a_row) column.y += height;
    }
    column.y += px(context, 10);
}

void field_section(PanelContext& context, Column& column) {
    const State& state = context.app.state;
    const Layer layer = state.document.layers[static_cast<size_t>(state.layer)];
    begin_section(context, column, "Parameters",
                  {.title = layer.op->torch_name, .note = "parameters"});
    float widest = px(context, 96);
    for (const Field& field : layer.op->fields)
        widest = std::max(widest, ui::width_of(context.fonts.body, field.key));
    const float field_x =
        column.x0 + std::round(std::min(widest + px(context, 8), column.width() * 0.62f));
    for (size_t i = 0; i < layer.op->fields.size(); ++i)
        field_row(context, column, layer.op->fields[i], layer.params[i], field_x);
    // A problem whose parameter this op does not have, or that has none, is the input's.
    const bool has_row = state.problem && field_index(*layer.op, state.problem->key) >= 0;
    if (state.problem && state.problem_layer == state.layer && !has_row &&
        !state.problem->key.empty())
        problem_rows(context, column);
}

void parameter_panel(PanelContext& context, const Box& panel, bool low) {
    const State& state = context.app.state;
    Column column = make_column(context, panel, low);
    const bool has_layer = state.layer >= 0 &&
                           static_cast<size_t>(state.layer) < state.document.layers.size() &&
                           state.document.layers[static_cast<size_t>(state.layer)].op;
    if (has_layer) {
        const bool image_first = is_image_first(context.app);
        if (image_first) input_section(context, column);
        if (!image_first) field_section(context, column);
        weights_section(context, column);
        if (!image_first) input_section(context, column);
        colour_section(context, column);
        if (image_first) field_section(context, column);
    }
    ui::content_ends(column.y + px(context, 4));
}

void draw_parameters(PanelContext& context, const WindowLayout& layout) {
    if (layout.left_rail) return;  // rails.cpp
    ui::begin_panel(context, "Parameters", layout.left, Tone::panel, ui::Scrolls::yes);
    parameter_panel(context, layout.left, layout.low);
    ui::upright(context, layout.left.right() - std::max(1.0f, px(context, 1)), layout.left.y,
                layout.left.bottom());
    ui::end_panel();
}

}  // namespace convscope
