// The chain view: all layers as cards with their outputs; a pixel's receptive field before it and its influence behind it,
// through every layer.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/easel.h"
#include "app/views/story.h"
#include "core/field_trace.h"

namespace convscope {
namespace {

/// How large the cards are. `picture`: largest side of the thumbnail, which begins at `top`, `below` its end the card ends.
struct CardSize {
    float width, picture, top, below, arrow, row_gap, name_size;
    float height() const { return top + picture + below; }
};
constexpr CardSize kSizes[] = {{160, 132, 52, 48, 36, 26, 14}, {142, 92, 46, 44, 22, 18, 12.5f}, {142, 56, 42, 42, 20, 12, 12.5f}};
constexpr int64_t kMostTraced = 4096;    // rows or columns of a grid; larger chains are not traced
constexpr float kDigits = 11;            // smallest cell with a mark of its own

float f(int64_t n) { return static_cast<float>(n); }

/// Grid 0 is the input, grid k + 1 the output of layer k.
struct Chain {
    const ViewInput& in;
    const Result& result;
    int64_t grids;
    int pixel_grid = 0;                  // of the traced pixel
    int64_t row = 0, column = 0;
    bool hovered = false;
    std::vector<MarkedCells> marked;     // empty: not traced

    explicit Chain(const ViewInput& view_input)
        : in(view_input), result(*in.result), grids(static_cast<int64_t>(result.layers.size()) + 1) {
        // By default the middle pixel of the last output.
        pixel_grid = static_cast<int>(grids) - 1;
        row = shape(pixel_grid).h / 2;
        column = shape(pixel_grid).w / 2;
        if (in.hover) take_hover(*in.hover);
        bool small = true;
        for (int64_t g = 0; g < grids; ++g) small = small && std::max(shape(g).h, shape(g).w) <= kMostTraced;
        if (small) marked = trace_pixel(result, pixel_grid, row, column);
    }

    void take_hover(const CellRef& hover) {
        const size_t slash = hover.grid.rfind("grid/");
        if (slash == std::string::npos) return;
        int number = -1;
        const char* const from = hover.grid.data() + slash + 5;
        std::from_chars(from, hover.grid.data() + hover.grid.size(), number);
        if (number < 0 || number >= grids || hover.row < 0 || hover.column < 0 || hover.row >= shape(number).h ||
            hover.column >= shape(number).w)
            return;
        pixel_grid = number;
        row = hover.row;
        column = hover.column;
        hovered = true;
    }
    const Tensor& tensor(int64_t grid) const {
        return grid == 0 ? result.layers[0].input : result.layers[static_cast<size_t>(grid - 1)].output();
    }
    Shape shape(int64_t grid) const { return tensor(grid).shape(); }
    NumberSource source(int64_t grid, Index at) const {
        if (grid == 0) return value_at({Source::input, 0, at}, 0);
        const int layer = static_cast<int>(grid - 1);
        return value_at({Source::stage, result.layers[static_cast<size_t>(layer)].last_stage(), at}, layer);
    }
    const Layer* layer(int64_t grid) const {
        return grid == 0 ? nullptr : &result.document.layers[static_cast<size_t>(grid - 1)];
    }
    int64_t channel(int64_t grid) const {
        return grid == in.layer + 1 ? std::clamp<int64_t>(in.shown.out_channel, 0, shape(grid).c - 1) : 0;
    }
    int64_t sample(int64_t grid) const { return std::clamp<int64_t>(in.shown.n, 0, shape(grid).n - 1); }
    /// By layers done going back: fields are shown so far. At the end, and with a pixel under the pointer, all of them.
    bool shows_field(int64_t grid) const {
        if (marked.empty() || !marked[static_cast<size_t>(grid)].any()) return false;
        return hovered || grid >= grids - 1 - in.step;
    }
};

std::string size_text(const MarkedCells& cells) {
    const auto box = cells.box();
    return fmt::format("{}×{}", box.height(), box.width());
}

Caption caption_of(const Chain& c) {
    Caption caption;
    if (c.in.stale) {
        caption.runs = {plain(c.in.stale_reason)};
        caption.second = c.in.stale_advice;
        return caption;
    }
    const std::string which = c.pixel_grid == 0                ? std::string("the input")
                              : c.pixel_grid + 1 == c.grids    ? std::string("the output")
                                                               : fmt::format("layer {}", c.pixel_grid);
    const Index at{c.sample(c.pixel_grid), c.channel(c.pixel_grid), c.row, c.column};
    const Role role = c.pixel_grid == 0 ? Role::input : Role::output;
    caption.runs = {plain("Pixel "),
                    number(fmt::format("({}, {}) = {}", c.row, c.column,
                                       number_text_short(static_cast<double>(c.tensor(c.pixel_grid).at(at)))),
                           tone_of(role, Part::text), {c.source(c.pixel_grid, at)}),
                    plain(" of " + which)};
    if (c.marked.empty()) {
        caption.runs.push_back(plain("."));
        caption.second = "The grids are too large to trace a pixel through them.";
        return caption;
    }
    const MarkedCells& input = c.marked.front();
    const MarkedCells& output = c.marked.back();
    if (c.pixel_grid == 0) {
        if (output.any()) {
            caption.runs.push_back(plain(" reaches "));
            caption.runs.push_back(number(size_text(output), Tone::output_text));
            caption.runs.push_back(plain(" of the output."));
        } else {
            caption.runs.push_back(plain(" reaches no output."));
        }
    } else {
        caption.runs.push_back(plain(" sees "));
        caption.runs.push_back(number(input.any() ? size_text(input) : "nothing", Tone::kernel_text));
        caption.runs.push_back(plain(" of the input."));
    }
    // How the field grows, from the pixel back to the input.
    if (c.pixel_grid > 0) {
        std::string growth;
        const int64_t most = 9;
        for (int64_t g = c.pixel_grid, i = 0; g >= 0; --g, ++i) {
            if (c.pixel_grid > most && i == most - 1 && g > 0) {
                growth += " → …";
                g = 0;
            }
            const MarkedCells& cells = c.marked[static_cast<size_t>(g)];
            growth += (growth.empty() ? "" : " → ") + (cells.any() ? size_text(cells) : std::string("0"));
        }
        caption.second = "Its receptive field, layer by layer going back: " + growth + ".";
        if (c.pixel_grid + 1 < c.grids && output.any())
            caption.second += " It reaches " + size_text(output) + " of the output.";
    } else {
        caption.second = c.hovered ? "Its influence grows in green to the right." : "Point at any pixel to trace it.";
    }
    return caption;
}

/// What fits on one line of a card.
std::string cut(std::string text, Font font, float size, float width) {
    if (text_width(font, size, text) <= width) return text;
    while (!text.empty() && text_width(font, size, text + "…") > width) {
        do text.pop_back();
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80);
        // The first byte of a character that was cut goes with it.
        if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.pop_back();
    }
    return text + "…";
}

void add_card(Easel& easel, const Chain& c, const CardSize& size, int64_t grid_number, float x, float y) {
    const float s = easel.scale();
    const Layer* layer = c.layer(grid_number);
    const Shape shape = c.shape(grid_number);
    const bool chosen = grid_number == c.in.layer + 1;
    const Role role = grid_number == 0 ? Role::input : Role::output;
    const Point corner = easel.at(x, y);
    const float zoom = c.in.camera.zoom;
    const Box card{corner.x, corner.y, size.width * s * zoom, size.height() * s * zoom};
    Plate plate;
    plate.box = card;
    plate.border = chosen ? Tone::ink : Tone::line2;
    plate.border_px = (chosen ? 2 : 1) * s;
    plate.radius_px = 8 * s;
    easel.scene.plates.push_back(plate);
    if (layer)
        easel.scene.hits.push_back({{card.x, card.y, card.w, size.top * s * zoom}, fmt::format("layer {}", grid_number - 1),
                                    "Look at this layer"});

    const auto write = [&](float at, Align align, float px, Font font, Tone tone, const std::string& text) {
        const float left = align == Align::left ? 12 : size.width - 12;
        if (text.empty()) return 0.f;
        easel.scene.labels.push_back({easel.at(x + left * s, y + at * s), align, px * s, {{text, font, tone}}});
        return text_width(font, px * s, text) + 8 * s;
    };
    const auto line = [&](float at, float px, Font font, Tone tone, const std::string& text, float beside = 0) {
        write(at, Align::left, px, font, tone, cut(text, font, px * s, (size.width - 24) * s * zoom - beside));
    };
    const bool fields = c.shows_field(grid_number);
    const bool own = grid_number == c.pixel_grid, before = grid_number < c.pixel_grid;
    const float name_at = size.top / 2 - 8, detail_at = name_at + 18;
    const float bottom = size.height() - 14, above_bottom = bottom - 17;
    const float skip_w = write(name_at, Align::right, 12, Font::inter, Tone::ink2,
                               layer && layer->skip > 0 ? fmt::format("+ skip {}", layer->skip) : "");
    line(name_at, size.name_size, Font::semibold, c.in.stale ? Tone::ink3 : grid_number == 0 ? Tone::input_text : Tone::ink,
         layer ? layer->op->torch_name : "Input", skip_w);
    const bool is_small = zoom < 0.9f;   // letters stay as large: there is room for one line above and one below
    line(detail_at, 12, Font::mono, Tone::ink2, layer && !is_small ? layer->op->card(layer->params) : "");
    line(bottom, 12, Font::mono, Tone::ink2, to_string(shape));
    // The field's size, where it does not cover the field.
    const float field_w = write(above_bottom, Align::right, 12.5f, Font::mono_bold, before ? Tone::kernel_text : Tone::output_text,
                                fields && !own && !is_small ? size_text(c.marked[static_cast<size_t>(grid_number)]) : "");
    int64_t parameters = 0;
    if (layer)
        for (const Tensor& weight : layer->weights) parameters += weight.shape().count();
    if (parameters > 0 && !is_small) {
        const std::string count = to_text(Value(parameters));
        std::string told = parameters == 1 ? "1 parameter" : count + " parameters";
        if (text_width(Font::inter, 12 * s, told) > (size.width - 24) * s - field_w) told = count + " par.";
        line(above_bottom, 12, Font::inter, Tone::ink3, told, field_w);
    }

    const float side = size.picture * s / f(std::max(shape.h, shape.w));
    GridSpec spec;
    spec.name = fmt::format("grid/{}", grid_number);
    spec.role = role;
    spec.cell = side >= 6 ? std::min(std::floor(side), 30 * s) : side;
    spec.x = x + (size.width * s - spec.cell * f(shape.w)) / 2;
    spec.y = y + size.top * s + (size.picture * s - spec.cell * f(shape.h)) / 2;
    spec.rows = shape.h;
    spec.columns = shape.w;
    spec.tensor = &c.tensor(grid_number);
    spec.origin = {Source::constant, 0, {c.sample(grid_number), c.channel(grid_number), 0, 0}};
    Grid& grid = easel.add_grid(spec);
    const PlaneRange range = plane_range(c.tensor(grid_number), c.sample(grid_number), c.channel(grid_number));
    for (int64_t r = grid.shown_row; r < grid.shown_row + grid.shown_rows; ++r)
        for (int64_t w = grid.shown_column; w < grid.shown_column + grid.shown_columns; ++w) {
            Cell* cell = grid.cell(r, w);
            if (!cell) continue;
            cell->ref = {};
            cell->text.clear();
            const Index at{c.sample(grid_number), c.channel(grid_number), r, w};
            cell->value = c.tensor(grid_number).at(at);
            cell->from = {c.source(grid_number, at)};
            cell->shade = range.magnitude > 0 ? 0.75f * cell->value / range.magnitude : 0;
            if (fields && spec.cell >= kDigits * s && !own && c.marked[static_cast<size_t>(grid_number)].holds(r, w)) {
                // Holes of a dilation stay unmarked.
                Plate dot;
                const Box box = grid.cell_box(r, w);
                dot.radius_px = std::max(3 * s, box.w * 0.22f) / 2;
                dot.box = Box{box.center().x, box.center().y, 0, 0}.grown(dot.radius_px);
                dot.fill = before ? Tone::kernel_line : Tone::output_line;
                easel.scene.plates.push_back(dot);
            }
        }
    if (!fields) return;
    const auto box = c.marked[static_cast<size_t>(grid_number)].box();
    Box frame = cells_box(grid, box.row, box.column, box.last_row, box.last_column);
    if (frame.w < 5 * s) frame = {frame.center().x - 2.5f * s, frame.center().y - 2.5f * s, 5 * s, 5 * s};
    easel.add_outline(frame, own ? Tone::ink : before ? Tone::kernel_line : Tone::output_line, 2.5f, 3);
}

}  // namespace

Scene build_chain(const ViewInput& in) {
    const Chain c(in);
    Easel easel(in);
    const float s = easel.scale();
    const auto fit = [](float room, float side, float gap) {
        return std::max<int64_t>(1, static_cast<int64_t>((room + gap) / (side + gap)));
    };
    // The largest cards of which all fit.
    int64_t columns = 1, rows = 1;
    CardSize size = kSizes[0];
    for (const CardSize& smaller : kSizes) {
        size = smaller;
        columns = fit(easel.room_width(), size.width * s, size.arrow * s);
        rows = fit(easel.room_height(), size.height() * s, size.row_gap * s);
        if (columns * rows >= c.grids) break;
    }
    const int64_t shown = std::min(c.grids, columns * rows);
    // Around the chosen layer where not all fit.
    const int64_t first = std::clamp<int64_t>(in.layer + 1 - shown / 2, 0, c.grids - shown);
    rows = (shown + columns - 1) / columns;
    columns = (shown + rows - 1) / rows;   // rows alike
    const float step_x = (size.width + size.arrow) * s, step_y = (size.height() + size.row_gap) * s;
    const float width = f(columns) * step_x - size.arrow * s, height = f(rows) * step_y - size.row_gap * s;
    easel.place_block(width, height);
    for (int64_t i = 0; i < shown; ++i) {
        const float x = f(i % columns) * step_x, y = f(i / columns) * step_y;
        add_card(easel, c, size, first + i, x, y);
        if (i + 1 == shown) break;
        Stroke arrow;
        const Point from = easel.at(x + (size.width + 5) * s, y + size.height() / 2 * s);
        arrow.points = {from, {from.x + (size.arrow - 10) * s * in.camera.zoom, from.y}};
        arrow.tone = Tone::ink3;
        arrow.width_px = 1.5f * s;
        arrow.arrow = true;
        easel.scene.strokes.push_back(arrow);
    }
    if (shown < c.grids)
        easel.scene.labels.push_back({easel.at(width, -12 * s), Align::right, 12.5f * s,
                                      {{fmt::format("{} of {} layers", shown - (first == 0 ? 1 : 0), c.grids - 1),
                                        Font::inter, Tone::ink3}}});
    easel.add_caption(caption_of(c), height + 42 * s);
    return easel.finish();
}

}  // namespace convscope
