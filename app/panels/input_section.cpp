// The input: numbers made by a generator, or an image, and its size; colours of the maps.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/panels/sections.h"
#include "app/scene/fonts.h"
#include "core/io/image.h"

namespace convscope {
namespace {

using ui::px;

constexpr int64_t kSmallestSide = 1, kLargestByButton = 4096;

bool is_random(std::string_view kind) {
    return kind.starts_with("integers") || kind == "uniform" || kind == "normal";
}

/// "Random integers 0–9", "Zeros".
std::string kind_text(const std::string& kind) {
    if (is_random(kind)) return "Random " + kind;
    std::string text = kind;
    if (!text.empty())
        text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text;
}

uint64_t next_seed(App& app) { return app.state.next_seed++; }

void generate_input(App& app, const std::string& kind, uint64_t seed) {
    const Shape shape = app.state.document.input.tensor.shape();
    edit(app, with_input(app.state.document, generated_input(kind, seed, shape)));
}

/// Combo of generators, shuffle button; for an image also the button that opens another.
void source_row(PanelContext& context, Column& column, const Origin& origin) {
    App& app = context.app;
    const auto* generated = std::get_if<Generated>(&origin);
    const auto* image = std::get_if<FromImage>(&origin);
    const float side = column.field_px, gap = px(context, 8);
    const Box row = column.row(column.x0, column.x1);
    const Box combo{row.x, row.y, row.w - side - gap, row.h};
    std::vector<ui::Entry> entries;
    int chosen = -1;
    for (const std::string& kind : generator_kinds()) {
        if (generated && generated->kind == kind) chosen = static_cast<int>(entries.size());
        entries.push_back({kind_text(kind), "", false});
    }
    entries.push_back({"Open an image…", "", true});
    const std::string text = image       ? display_name(image->path)
                             : generated ? kind_text(generated->kind)
                                         : "Own numbers";
    const std::string help = image ? image->note : "What the input is filled with";
    if (const auto picked =
            ui::combo(context, "Input/generator", combo, text, entries, chosen, help)) {
        const auto kind = static_cast<size_t>(*picked);
        if (kind < generator_kinds().size()) {
            const std::string& name = generator_kinds()[kind];
            generate_input(app, name, is_random(name) ? next_seed(app) : 0);
        } else {
            app.state.popups.file_dialog = true;
            app.state.popups.file_mode = FileMode::open;
        }
    }
    const Box button{combo.right() + gap, row.y, side, row.h};
    if (image) {
        if (ui::icon_button(context, "Input/open image", button, icon::kImage, ui::Border::thin,
                            {.tooltip = "Open an image…"})) {
            app.state.popups.file_dialog = true;
            app.state.popups.file_mode = FileMode::open;
        }
        return;
    }
    const bool can_shuffle = !generated || is_random(generated->kind);
    if (ui::icon_button(context, "Input/shuffle", button, icon::kShuffle, ui::Border::thin,
                        {.enabled = can_shuffle, .tooltip = "Other random numbers"}))
        generate_input(app, generated ? generated->kind : generator_kinds().front(),
                       next_seed(app));
}

/// An edit of the input's shape. A sentence for a shape that cannot be: nothing changes then.
std::optional<std::string> set_shape(App& app, Shape shape, const std::string& gesture) {
    if (shape == app.state.document.input.tensor.shape()) return {};
    if (const auto problem = size_problem(shape, "The input")) return problem->whole();
    edit(app, with_input_shape(gesture_base(app, gesture), shape), gesture);
    return {};
}

std::string whole_text(int64_t value) { return fmt::format("{}", value); }

/// One extent of the input's shape.
void extent_row(PanelContext& context, Column& column, float field_x, const char* label,
                int64_t Shape::*extent, std::string_view help) {
    App& app = context.app;
    const Shape shape = app.state.document.input.tensor.shape();
    const int64_t value = shape.*extent;
    NumberRow row{.label = label,
                  .shown = whole_text(value),
                  .help = std::string(help),
                  .gesture = std::string("input ") + label,
                  .field = std::string("Input/") + label};
    row.stepped = [value](int step) {
        return whole_text(std::clamp(value + step, kSmallestSide, kLargestByButton));
    };
    row.can_lower = value > kSmallestSide;
    row.can_raise = value < kLargestByButton;
    row.expected = "a whole number";
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const auto read = parse_value(typed, Value(int64_t(0)), {});
        if (!read) return "";
        Shape wanted = shape;
        wanted.*extent = std::get<int64_t>(*read);
        return set_shape(app, wanted, row.gesture);
    };
    number_row(context, column, field_x, row);
}

/// Height and width in one field: "7 × 7".
void size_row(PanelContext& context, Column& column, float field_x) {
    App& app = context.app;
    const Shape shape = app.state.document.input.tensor.shape();
    const auto text = [](int64_t h, int64_t w) { return fmt::format("{} × {}", h, w); };
    NumberRow row{.label = "size",
                  .shown = text(shape.h, shape.w),
                  .help = "Height × width of the input",
                  .gesture = "input size",
                  .field = "Input/size"};
    row.stepped = [=](int step) {
        return text(std::clamp(shape.h + step, kSmallestSide, kLargestByButton),
                    std::clamp(shape.w + step, kSmallestSide, kLargestByButton));
    };
    row.can_lower = shape.h > kSmallestSide || shape.w > kSmallestSide;
    row.can_raise = shape.h < kLargestByButton || shape.w < kLargestByButton;
    row.expected = "a whole number, or two such as 5 × 7";
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const auto read = parse_value(typed, Value(Pair{}), {});
        if (!read) return "";
        Shape wanted = shape;
        wanted.h = std::get<Pair>(*read).h;
        wanted.w = std::get<Pair>(*read).w;
        return set_shape(app, wanted, row.gesture);
    };
    number_row(context, column, field_x, row);
}

/// Height or width of an image: both follow, the picture keeps its form.
void image_extent_row(PanelContext& context, Column& column, float field_x, const char* label,
                      int64_t Shape::*extent, const FromImage& origin) {
    App& app = context.app;
    const Shape shape = app.state.document.input.tensor.shape();
    const int64_t value = shape.*extent, longest = std::max(shape.h, shape.w);
    NumberRow row{.label = label,
                  .shown = whole_text(value),
                  .help = "Scaled down from the file; its form stays",
                  .gesture = "image size",
                  .field = std::string("Input/") + label};
    row.stepped = [value](int step) {
        return whole_text(std::clamp<int64_t>(value + step * std::max<int64_t>(1, value / 16), 1,
                                              kLargestByButton));
    };
    row.can_lower = value > 1;
    row.expected = "a whole number of 1 or more";
    row.waits = true;
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const auto read = parse_value(typed, Value(int64_t(0)), {});
        const int64_t wanted = read ? std::get<int64_t>(*read) : 0;
        if (wanted < 1) return "";
        if (wanted == value) return {};
        const double side = std::round(static_cast<double>(longest) * static_cast<double>(wanted) /
                                       static_cast<double>(value));
        reread_image(app, {origin.grey, static_cast<int64_t>(std::clamp(side, 1.0, 65536.0))},
                     row.gesture);
        return {};
    };
    number_row(context, column, field_x, row);
}

void colours_row(PanelContext& context, Column& column, float field_x, const FromImage& origin) {
    const Box box = column.row(field_x, column.x1);
    ui::text(context, context.fonts.body, Tone::ink2, {column.x0, box.center().y}, "colours");
    // A file without colours is grey either way.
    const bool is_grey = origin.grey || context.app.state.document.input.tensor.shape().c == 1;
    if (const auto pressed =
            ui::segmented(context, box, {"RGB", "Grey"}, is_grey ? 1 : 0, true))
        reread_image(context.app, {*pressed == 1, origin.max_side}, "");
}

}  // namespace

void input_section(PanelContext& context, Column& column) {
    App& app = context.app;
    const Origin origin = app.state.document.input.origin;
    const Shape shape = app.state.document.input.tensor.shape();
    // Short labels: a narrow panel gives the room to the numbers.
    const float label_px = column.width() < px(context, 210) ? 68 : 104;
    const float field_x =
        column.x0 + std::round(std::min(px(context, label_px), column.width() * 0.62f));
    if (const auto* image = std::get_if<FromImage>(&origin)) {
        const std::string note = fmt::format("{}×{} {}", shape.h, shape.w,
                                             shape.c == 3   ? "RGB"
                                             : shape.c == 1 ? "grey"
                                                            : "");
        begin_section(context, column, "Input",
                      {.title = "Image", .note = note, .note_is_number = true});
        if (problem_belongs_to(app, "")) problem_rows(context, column);
        source_row(context, column, origin);
        image_extent_row(context, column, field_x, "height", &Shape::h, *image);
        image_extent_row(context, column, field_x, "width", &Shape::w, *image);
        colours_row(context, column, field_x, *image);
        return;
    }
    begin_section(context, column, "Input",
                  {.title = "Input", .note = to_string(shape), .note_is_number = true});
    if (problem_belongs_to(app, "")) problem_rows(context, column);
    source_row(context, column, origin);
    size_row(context, column, field_x);
    extent_row(context, column, field_x, "channels", &Shape::c,
               "Input channels; the layer's in_channels follows");
    extent_row(context, column, field_x, "batch", &Shape::n,
               "Samples that go through the layer one after the other");
}

void colour_section(PanelContext& context, Column& column) {
    const std::vector<Unit>& units = chosen_view(context.app).units;
    if (std::find(units.begin(), units.end(), Unit::map) == units.end()) return;
    Settings& settings = context.app.state.settings;
    begin_section(context, column, "Colour", {.title = "Colour"});
    const float field_x = column.x0 + std::round(std::min(px(context, 68), column.width() * 0.4f));
    const Box range = column.row(field_x, column.x1);
    ui::text(context, context.fonts.body, Tone::ink2, {column.x0, range.center().y}, "range");
    if (const auto pressed = ui::segmented(context, range, {"Per map", "Shared"},
                                           settings.shared_range ? 1 : 0, true))
        settings.shared_range = *pressed == 1;
    const auto strip = [&](const char* name, ColorMap map) {
        const Box box = column.row(field_x, column.x1);
        ui::text(context, context.fonts.body, Tone::ink2, {column.x0, box.center().y}, name);
        ui::map_strip(context, {box.x, box.center().y - px(context, 8), box.w, px(context, 16)},
                      map);
    };
    strip("signed", ColorMap::signed_values);
    strip("unsigned", ColorMap::grey);
}

}  // namespace convscope
