// Left panel: parameters of the chosen layer, a row a field of its op's table; then weights, input, colours.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/panels/field_values.h"
#include "app/panels/network_sections.h"
#include "core/notation.h"

namespace convscope {
namespace {

using ui::px;

void set_param(App& app, const std::string& key, const Value& value, const std::string& gesture) {
    const Layer& layer = app.state.document.layers[static_cast<size_t>(app.state.layer)];
    const int index = field_index(*layer.op, key);
    if (index < 0 || layer.params[static_cast<size_t>(index)] == value) return;
    edit(app, with_param(gesture_base(app, gesture), app.state.layer, key, value), gesture);
}

Writing writing(const PanelContext& context) {
    const Settings& settings = context.app.state.settings;
    return {settings.keras_names, settings.padding_total};
}

/// The field's help, and while it is pointed at, what the next values would do here.
std::string taught_help(const PanelContext& context, const Field& field, const Value& value, const Box& row) {
    if (!ImGui::IsMouseHoveringRect(ui::low(row), ui::high(row))) return field.help;
    const std::string effect = effect_text(context.app, field, value, writing(context));
    return effect.empty() ? field.help : field.help + "\n" + effect;
}

void label(const PanelContext& context, const Column& column, const Box& box, const Field& field,
           bool error) {
    const float width = box.x - column.x0 - px(context, 6);
    const std::string& name = shown_name(field, writing(context));
    ui::text(context, label_font(context, name, width),
             error ? Tone::error_text : Tone::ink2, {column.x0, box.center().y},
             ui::fitted(label_font(context, name, width), name, width));
    ui::hover_help(context, {column.x0, box.y, width, box.h}, field.help);
}

/// On or off needs little room: a long name may have more.
void switch_row(PanelContext& context, Column& column, const Field& field, bool on, float field_x,
                bool error) {
    const float side = px(context, 50);
    const float named = column.x0 + std::ceil(ui::width_of(context.fonts.body, shown_name(field, writing(context)))) + px(context, 10);
    Box box = column.row(std::min(std::max(field_x, named), column.x1 - side), column.x1);
    label(context, column, box, field, error);
    if (ui::checkbox(context, field.key.c_str(), {box.x, box.y, px(context, 56), box.h}, on, field.help))
        set_param(context.app, field.key, !on, "");
}

void choice_row(PanelContext& context, Column& column, const Field& field, const Choice& choice,
                float field_x, bool error) {
    const Box box = column.row(field_x, column.x1);
    label(context, column, box, field, error);
    std::vector<ui::Entry> entries;
    int chosen = -1;
    for (const std::string& name : field.choices) {
        if (name == choice.name) chosen = static_cast<int>(entries.size());
        entries.push_back({name, "", false});
    }
    if (const auto picked = ui::combo(context, field.key.c_str(), box, choice.name, entries, chosen,
                                      field.help))
        set_param(context.app, field.key, Choice{entries[static_cast<size_t>(*picked)].label}, "");
}

void typed_row(PanelContext& context, Column& column, const Field& field, const Value& value,
               float field_x, bool error) {
    App& app = context.app;
    const Resolved resolved = resolved_values(app);
    const Writing written = writing(context);
    const std::string gesture = fmt::format("parameter {} {}", app.state.layer, field.key);
    const auto shown = [=, &field](const Value& v) { return field_text(shown_value(field, v, written)); };
    NumberRow row{.label = shown_name(field, written),
                  .shown = shown(value),
                  .help = taught_help(context, field, value, {column.x0, column.y, column.width(), column.row_px}),
                  .gesture = gesture,
                  .field = field.key};
    // Where Keras counts the other way round, its + is our −.
    const int up = written.keras && field.notation.complement ? -1 : 1;
    const auto lower = stepped(value, -up, field, resolved), higher = stepped(value, up, field, resolved);
    row.can_lower = lower && *lower != value;
    row.can_raise = higher && *higher != value;
    row.stepped = [=](int step) {
        return shown(stepped(value, step * up, field, resolved).value_or(value));
    };
    row.expected = expected_text(value);
    row.error = error;
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const bool is_blank = typed.find_first_not_of(' ') == std::string::npos;
        const TypedValue read = read_value(field, is_blank && is_optional(value) ? "none" : typed, value,
                                           written, chosen_plan(app));
        if (!read.value) return read.problem;
        set_param(app, field.key, *read.value, gesture);
        return {};
    };
    number_row(context, column, field_x, row);
}

/// What the notation leaves unsaid: small words under the field.
void note_rows(const PanelContext& context, Column& column, const Field& field, const Value& value) {
    const std::string note = notation_note(field, value, writing(context), chosen_plan(context.app));
    if (note.empty()) return;
    ImFont* font = context.fonts.small;
    for (const std::string& line : ui::wrapped(font, note, column.width())) {
        ui::text(context, font, Tone::ink3, {column.x0, column.y + px(context, 5)}, line);
        column.y += px(context, 16);
    }
    column.y += px(context, 4);
}

/// The section's right end says in which notation it stands, as far as the title leaves room, and lists the others.
void notation_row(PanelContext& context, const Column& column, const std::string& title) {
    Settings& settings = context.app.state.settings;
    const std::string name = settings.keras_names ? "Keras" : "PyTorch";
    const float room = column.width() - ui::width_of(context.fonts.section, title) - px(context, 44);
    std::string shown = name + (settings.padding_total ? ", total" : "");
    if (ui::width_of(context.fonts.small, shown) > room) shown = name;
    if (ui::width_of(context.fonts.small, shown) > room) shown.clear();
    const float middle = column.y + std::round(column.row_px / 2) - px(context, 32);
    const float width = ui::width_of(context.fonts.small, shown) + px(context, 30);
    const Box box{column.x1 - width, middle - px(context, 12), width, px(context, 24)};
    const ui::Item it = ui::item(context, "Notation", box, {.tooltip = "Names and counts of the parameters"});
    if (it.hovered) ui::fill(context, box, Tone::hover, 6);
    if (it.focused) ui::focus_ring(context, box);
    ui::text(context, context.fonts.small, Tone::ink2, {box.x + px(context, 8), middle}, shown);
    ui::chevron(context, {box.right() - px(context, 11), middle}, ui::Direction::down, Tone::ink2, 3.5f);
    const ImGuiID popup = ImGui::GetID("notations");
    if (it.pressed) ImGui::OpenPopup(popup);
    const bool keras = settings.keras_names, total = settings.padding_total;
    const std::vector<ui::Entry> entries{
        {"PyTorch's names", "kernel_size, stride, momentum 0.1", false, !keras},
        {"Keras' names", "filters, strides, momentum 0.9", false, keras},
        {"Padding on each side", "padding 1 adds a row above and a row below", true, !total},
        {"Padding in total", "both sides together: 1 on each side is 2", false, total}};
    const auto picked = ui::list_popup(context, popup, box, entries, -1);
    if (!picked) return;
    if (*picked < 2)
        settings.keras_names = *picked == 1;
    else
        settings.padding_total = *picked == 3;
}

void field_row(PanelContext& context, Column& column, const Field& field, const Value& value,
               float field_x) {
    const bool error = problem_belongs_to(context.app, field.key);
    if (const bool* on = std::get_if<bool>(&value))
        switch_row(context, column, field, *on, field_x, error);
    else if (const Choice* choice = std::get_if<Choice>(&value))
        choice_row(context, column, field, *choice, field_x, error);
    else
        typed_row(context, column, field, value, field_x, error);
    if (error) problem_rows(context, column);
    else note_rows(context, column, field, value);
}

/// Where fields begin: behind the longest name, as far as the widest value leaves room.
float field_start(const PanelContext& context, const Column& column, const Layer& layer) {
    float widest = px(context, 96), needed = 0;
    for (size_t i = 0; i < layer.op->fields.size(); ++i) {
        const Field& field = layer.op->fields[i];
        const Value& value = layer.params[i];
        if (std::holds_alternative<bool>(value)) continue;
        widest = std::max(widest, ui::width_of(context.fonts.body, shown_name(field, writing(context))));
        // Between the field's inset and its − and +.
        const std::string_view longest = is_optional(value) ? "none" : "1e-05";
        if (is_optional(value) || std::holds_alternative<double>(value))
            needed = std::max(needed, ui::width_of(context.fonts.mono, longest) + px(context, 10 + 4 + 52));
    }
    const float most = std::min(column.width() * 0.62f, column.width() - needed);
    return column.x0 + std::round(std::min(widest + px(context, 8), most));
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
    const std::string& title = shown_name(*layer.op, writing(context));
    begin_section(context, column, "Parameters", {.title = title});
    notation_row(context, column, title);
    if (layer.op->fields.empty()) quiet_line(context, column, "This layer has nothing to choose.");
    const float field_x = field_start(context, column, layer);
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
        const bool is_network = network_section(context, column);
        const bool image_first = is_image_first(context.app);
        if (image_first) input_section(context, column);
        if (!image_first) field_section(context, column);
        weights_section(context, column);
        batch_section(context, column);
        if (!image_first) input_section(context, column);
        colour_section(context, column);
        if (image_first) field_section(context, column);
        if (!is_network) gradient_section(context, column);
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
