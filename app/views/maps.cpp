// The maps view: the input and every output channel as images, one cursor in all of them.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/easel.h"
#include "app/views/story.h"

namespace convscope {
namespace {

float f(int64_t n) { return static_cast<float>(n); }

constexpr float kReadable = 22;                           // cells of that side have room for a number
constexpr float kGap = 14, kName = 28, kLegend = 44;   // between maps; above a map; under the large ones
constexpr float kSmallName = 10.5f;                   // no name is smaller

/// Columns and sizes of the gallery in base pixels: input and chosen map take 2×2 units, the others one each.
struct Gallery {
    int64_t columns = 0, small = 0, first = 0;   // small maps shown, the first of them
    float unit_w = 0, unit_h = 0;                // of a small map
    float large_w = 0, large_h = 0;
    float width = 0, height = 0;
};

/// Gallery of `columns` columns whose units are `unit` wide; `aspect` = height / width of the maps.
Gallery gallery_of(float unit, float aspect, int64_t columns, int64_t small, float s) {
    Gallery g;
    const float gap = kGap * s, name = kName * s;
    g.columns = columns;
    g.small = small;
    g.unit_w = unit;
    g.unit_h = unit * aspect;
    g.large_w = 2 * unit + gap;
    g.large_h = 2 * g.unit_h + name;
    const int64_t right = (columns - 4) * 2;      // small maps beside the large ones
    const int64_t rows = small > right ? (small - right + columns - 1) / columns : 0;
    g.width = columns == 4 ? 2 * g.large_w + gap : f(columns) * unit + f(columns - 1) * gap;
    g.height = name + g.large_h + kLegend * s + f(rows) * (g.unit_h + name + 4 * s);
    return g;
}

/// The arrangement with the largest maps; when even 44 px do not fit, a page of them around the chosen one.
Gallery arrange(const Easel& easel, float aspect, int64_t maps, int64_t chosen) {
    const float s = easel.scale(), least = 44 * s;
    const int64_t small = maps - 1;
    Gallery best;
    for (int64_t columns = small == 0 ? 4 : 5; columns <= (small == 0 ? 4 : 12); ++columns) {
        for (float unit = std::floor(easel.room_width() / f(columns)); unit >= 12 * s; unit -= 1) {
            const Gallery g = gallery_of(unit, aspect, columns, small, s);
            if (g.width > easel.room_width() || g.height > easel.room_height()) continue;
            if (unit > best.unit_w) best = g;
            break;
        }
    }
    if (best.unit_w >= least || small == 0) return best;
    // Too many: as many as fit at the least size.
    const auto columns = std::clamp<int64_t>(static_cast<int64_t>((easel.room_width() + kGap * s) / (least + kGap * s)), 5, 24);
    const float unit = (easel.room_width() - f(columns - 1) * kGap * s) / f(columns);
    int64_t fits = small;
    while (fits > (columns - 4) * 2 && gallery_of(unit, aspect, columns, fits, s).height > easel.room_height()) fits -= 1;
    Gallery page = gallery_of(unit, aspect, columns, fits, s);
    page.first = std::clamp<int64_t>(chosen - fits / 2, 0, small - fits);
    return page;
}

/// 0…1 or −1…1 from left to right, for legends. Built once: painters keep pictures by tensor identity.
const Tensor& ramp(bool is_signed) {
    const auto build = [](float low) {
        std::vector<float> values;
        for (int i = 0; i < 128; ++i) values.push_back(low + (1 - low) * static_cast<float>(i) / 127);
        return Tensor(Shape{1, 1, 1, 128}, std::move(values));
    };
    static const Tensor kSigned = build(-1), kPlain = build(0);
    return is_signed ? kSigned : kPlain;
}

std::string map_name(const Layer& layer, int64_t channel, int64_t channels) {
    if (channel < static_cast<int64_t>(layer.channel_names.size())) return layer.channel_names[static_cast<size_t>(channel)];
    return channels == 1 ? "Output" : fmt::format("Map {}", channel);
}

/// A value read off a plane whose values reach `range`, no finer than so many digits of the range.
std::string reading(const Tensor& tensor, Index at, float range, int digits) {
    const double value = tensor.at(at);
    const int magnitude = range > 0 ? static_cast<int>(std::floor(std::log10(range))) : 0;
    const int decimals = std::min(std::clamp(digits - 1 - magnitude, 0, 4), plane_decimals(tensor, at.n, at.c));
    if (value != 0 && std::abs(value) < 0.5 * std::pow(10, -decimals)) return "~0";
    return number_text(value, decimals);
}

/// The name, cut with an ellipsis where it is wider than its room.
std::string fitted(std::string name, float size, float room) {
    if (text_width(Font::semibold, size, name) <= room) return name;
    while (!name.empty() && text_width(Font::semibold, size, name + "…") > room) {
        while (name.size() > 1 && (static_cast<unsigned char>(name.back()) & 0xC0) == 0x80) name.pop_back();
        name.pop_back();   // whole UTF-8 characters only
    }
    while (!name.empty() && (std::isdigit(static_cast<unsigned char>(name.back())) || name.back() == ' '))
        name.pop_back();   // half a number is another number
    return name.empty() ? name : name + "…";
}

struct Maps {
    const ViewInput& in;
    const LayerResult& layer;
    const Layer& document_layer;
    Shape input, output;
    int64_t n = 0, chosen = 0;
    bool rgb = false;
    std::optional<Index> cursor;                 // output row and column under the pointer or the play head

    explicit Maps(const ViewInput& view_input)
        : in(view_input),
          layer(in.result->layers[static_cast<size_t>(in.layer)]),
          document_layer(in.result->document.layers[static_cast<size_t>(in.layer)]),
          input(layer.input.shape()),
          output(layer.output().shape()) {
        const Place place = in.timeline->at(in.step);
        // Beside a scatter the play goes from input to input: the output that is written then.
        std::optional<Index> now;
        if (in.timeline->order() == Order::by_input)
            now = moment_at(in, in.step).output;
        else if (place.started)
            now = place.cell;
        const Index shown = now.value_or(in.timeline->order() == Order::by_output ? place.cell : Index{in.shown.n, in.shown.out_channel});
        n = std::clamp<int64_t>(shown.n, 0, output.n - 1);
        chosen = std::clamp<int64_t>(shown.c, 0, output.c - 1);
        rgb = in.layer == 0 && input.c == 3 && std::holds_alternative<FromImage>(in.result->document.input.origin);
        if (in.hover) {
            if (in.hover->grid == "input") cursor = window_of(in.hover->row, in.hover->column);
            else if (in.hover->grid.starts_with("output")) cursor = Index{n, chosen, in.hover->row, in.hover->column};
        } else {
            cursor = now;
        }
        if (cursor && !output.contains({n, chosen, cursor->h, cursor->w})) cursor.reset();
    }

    /// The output cell whose window stands around an input cell.
    Index window_of(int64_t row, int64_t column) const {
        if (!layer.plan.window) return {n, chosen, row, column};
        const auto axis = [](const WindowAxis& a, int64_t i) {
            const int64_t o = a.transposed ? i * a.stride - a.pad_before + a.span() / 2
                                           : floor_div(i + a.pad_before - a.span() / 2 + a.stride / 2, a.stride);
            return std::clamp<int64_t>(o, 0, a.out - 1);
        };
        return {n, chosen, axis(layer.plan.window->h, row), axis(layer.plan.window->w, column)};
    }

    /// Input cells that the window of the cursor spans: row, column, last row, last column, clipped to the input.
    std::array<int64_t, 4> window_span() const {
        const auto axis = [](const WindowAxis& a, int64_t o) {
            int64_t low = a.in, high = -1;
            for (int64_t k = 0; k < a.kernel; ++k)
                if (const auto place = a.input_place(o, k)) {
                    low = std::min(low, std::clamp<int64_t>(*place, 0, a.in - 1));
                    high = std::max(high, std::clamp<int64_t>(*place, 0, a.in - 1));
                }
            return std::pair{low, high};
        };
        if (!layer.plan.window) return {cursor->h, cursor->w, cursor->h, cursor->w};
        const auto [row, last_row] = axis(layer.plan.window->h, cursor->h);
        const auto [column, last_column] = axis(layer.plan.window->w, cursor->w);
        return {row, column, last_row, last_column};
    }

    Ref output_ref(int64_t channel, Index at) const {
        return {Source::stage, layer.last_stage(), {n, channel, at.h, at.w}};
    }
    /// Of the range that a map is shown in, or of its lower end.
    NumberSource range_source(const char* name, int64_t channel) const {
        NumberSource source{name, output_ref(channel, {})};
        source.last = in.shared_range ? output.c - 1 : channel;
        source.first = in.shared_range ? 0 : channel;
        return source;
    }
    const PlaneStatistics& statistics(int64_t channel) const {
        return layer.statistics[static_cast<size_t>(n * output.c + channel)];
    }
    /// Any map has negative values: all are shown signed when they share a range.
    bool is_signed(int64_t channel) const {
        if (!in.shared_range) return statistics(channel).low < 0;
        for (int64_t c = 0; c < output.c; ++c)
            if (statistics(c).low < 0) return true;
        return false;
    }
    float range(int64_t channel) const {
        if (!in.shared_range) return statistics(channel).range;
        float range = 0;
        for (int64_t c = 0; c < output.c; ++c) range = std::max(range, statistics(c).range);
        return range;
    }
};

/// A plane as an image that can be pointed at.
Grid& add_plane(Easel& easel, const Maps& maps, const std::string& name, Role role, const Tensor& tensor, Ref origin,
                Point at, float width, float height) {
    const Shape shape = tensor.shape();
    Grid grid;
    grid.name = name;
    grid.role = role;
    grid.rows = shape.h;
    grid.columns = shape.w;
    grid.origin = origin;
    grid.stale = maps.in.stale;
    const Point corner = easel.at(at.x, at.y);
    // Fitted into its place, keeping its aspect.
    const float fit = std::min(easel.length(width) / f(shape.w), easel.length(height) / f(shape.h));
    grid.cell_px = fit;
    grid.box = {std::round(corner.x), std::round(corner.y), fit * f(shape.w), fit * f(shape.h)};
    Picture picture;
    picture.box = grid.box;
    picture.tensor = tensor;
    picture.n = origin.cell.n;
    picture.c = origin.cell.c;
    grid.picture = picture;
    easel.scene.grids.push_back(std::move(grid));
    return easel.scene.grids.back();
}

/// Zoomed in near enough, the values are written on their colours.
void write_values(const Easel& easel, const Maps& maps, const Tensor& tensor, Grid& grid) {
    const Picture& picture = *grid.picture;
    if (maps.in.camera.zoom <= 1 || grid.cell_px < kReadable * easel.scale() || picture.map == ColorMap::rgb || grid.stale) return;
    show_on_canvas(grid, maps.in.size_px);
    grid.cells.resize(static_cast<size_t>(grid.shown_rows * grid.shown_columns));
    const int decimals = plane_decimals(tensor, picture.n, picture.c);
    const float low = picture.map == ColorMap::signed_values ? 0 : picture.low, range = picture.high - low;
    size_t i = 0;
    for (int64_t r = grid.shown_row; r < grid.shown_row + grid.shown_rows; ++r)
        for (int64_t c = grid.shown_column; c < grid.shown_column + grid.shown_columns; ++c, ++i) {
            Cell& cell = grid.cells[i];
            cell.ref = grid.origin;
            cell.ref.cell.h = r;
            cell.ref.cell.w = c;
            const float value = tensor.at(cell.ref.cell);
            set_number(cell, value, decimals);
            if (std::isfinite(value)) cell.shade = range > 0 ? std::clamp((value - low) / range, -1.f, 1.f) : 0;
        }
}

Grid& add_map(Easel& easel, const Maps& maps, int64_t channel, Point at, float width, float height, bool large) {
    const float s = easel.scale();
    Grid& grid = add_plane(easel, maps, channel == 0 ? "output" : fmt::format("output/{}", channel), Role::output,
                           maps.layer.output(), {Source::stage, maps.layer.last_stage(), {maps.n, channel, 0, 0}},
                           {at.x, at.y + kName * s}, width, height);
    Picture& picture = *grid.picture;
    const float range = maps.range(channel);
    const bool is_signed = maps.is_signed(channel);
    picture.map = is_signed ? ColorMap::signed_values : ColorMap::grey;
    picture.low = is_signed ? -range : std::min(0.f, maps.statistics(channel).low);
    picture.high = range > 0 ? range : 1;
    write_values(easel, maps, maps.layer.output(), grid);

    const float name_y = grid.box.y - 15 * s;
    float size = (large ? 14.f : 13.f) * s;
    std::vector<Run> value;
    if (maps.cursor)
        value = {{reading(maps.layer.output(), {maps.n, channel, maps.cursor->h, maps.cursor->w}, range, large ? 3 : 2),
                  large ? Font::mono_bold : Font::mono, large ? Tone::output_text : Tone::ink2,
                  {value_at(maps.output_ref(channel, *maps.cursor))}}};
    const std::string whole_name = map_name(maps.document_layer, channel, maps.output.c);
    const float value_w = text_width(value, size), room = grid.box.w - value_w - 6 * s;
    std::string name = fitted(whole_name, size, room);
    if (name != whole_name && maps.document_layer.channel_names.empty()) name = fitted(fmt::format("{}", channel), size, room);
    const bool is_cut = name != whole_name && !maps.document_layer.channel_names.empty();
    if (!value.empty() && is_cut && !large) {   // names tell maps apart: the value makes room for its name
        Plate ground;
        ground.box = {grid.box.right() - value_w - 8 * s, grid.box.bottom() - 18 * s, value_w + 8 * s, 18 * s};
        ground.fill = Tone::canvas;
        easel.scene.plates.push_back(ground);
        easel.scene.labels.push_back({{ground.box.right() - 4 * s, ground.box.center().y}, Align::right, size, std::move(value)});
        value.clear();
        size = std::clamp(size * grid.box.w / text_width(Font::semibold, size, whole_name), kSmallName * s, size);
        name = fitted(whole_name, size, grid.box.w);
    }
    easel.scene.labels.push_back({{grid.box.x, name_y}, Align::left, size,
                                  {{name, Font::semibold, maps.in.stale ? Tone::ink3 : Tone::output_text}}});
    if (!value.empty())
        easel.scene.labels.push_back({{grid.box.right(), name_y}, Align::right, size, std::move(value)});
    if (large) {
        const std::string note = is_signed ? "±" + number_text_short(range, 2) : "0–" + number_text_short(range, 2);
        std::vector<NumberSource> sources{maps.range_source("range", channel)};
        if (!is_signed) sources.insert(sources.begin(), maps.range_source("nothing", channel));
        const float x = grid.box.x + text_width(Font::semibold, size, name) + 8 * s;
        if (x + text_width(Font::mono, 12.5f * s, note) < grid.box.right() - 70 * s)
            easel.scene.labels.push_back({{x, name_y}, Align::left, 12.5f * s, {{note, Font::mono, Tone::ink3, sources}}});
    } else {
        easel.scene.hits.push_back({grid.box.grown(2 * s), fmt::format("channel {}", channel), ""});
    }
    return grid;
}

void add_legend(Easel& easel, const Maps& maps, const Grid& map) {
    const float s = easel.scale();
    Scene& scene = easel.scene;
    Picture legend;
    legend.box = {map.box.x, map.box.bottom() + 10 * s, map.box.w, 7 * s};
    const bool is_signed = map.picture->map == ColorMap::signed_values;
    legend.tensor = ramp(is_signed);
    legend.map = map.picture->map;
    legend.low = is_signed ? -1.f : 0.f;
    legend.high = 1;
    scene.pictures.push_back(legend);
    const float y = legend.box.bottom() + 11 * s;
    const auto label = [&](float x, Align align, float value, const char* name) {
        scene.labels.push_back({{x, y}, align, 11.5f * s,
                                {{number_text_short(value, 2), Font::mono, Tone::ink3,
                                  {maps.range_source(name, maps.chosen)}}}});
    };
    label(legend.box.x, Align::left, map.picture->low, is_signed ? "minus range" : "least, at most 0");
    label(legend.box.right(), Align::right, map.picture->high, "range, or 1");
    if (is_signed) label(legend.box.center().x, Align::center, 0, "nothing");
    // Triangles where values lie beyond the range.
    const PlaneStatistics& statistics = maps.statistics(maps.chosen);
    const float half = 4 * s, mid = legend.box.center().y;
    const auto triangle = [&](float x, float towards) {
        scene.quads.push_back({{{x, mid - half}, {x + towards, mid}, {x + towards, mid}, {x, mid + half}}, Tone::ink, 1});
    };
    if (statistics.low < map.picture->low) triangle(legend.box.x - 2 * s, -6 * s);
    if (statistics.high > map.picture->high) triangle(legend.box.right() + 2 * s, 6 * s);
}

void add_cursor(Easel& easel, const Grid& grid, int64_t row, int64_t column) {
    const float s = easel.scale();
    const Point center = grid.cell_box(row, column).center();
    const float side = std::max(9 * s, grid.cell_px);
    Plate outer;
    outer.box = {center.x - side / 2 - s, center.y - side / 2 - s, side + 2 * s, side + 2 * s};
    outer.border = Tone::canvas;
    outer.border_px = 3.5f * s;
    easel.scene.plates.push_back(outer);
    Plate inner = outer;
    inner.box = {center.x - side / 2, center.y - side / 2, side, side};
    inner.border = Tone::ink;
    inner.border_px = 1.5f * s;
    easel.scene.plates.push_back(inner);
}

Caption maps_caption(const Maps& maps) {
    Caption caption;
    if (maps.in.stale) {
        caption.runs = {plain(maps.in.stale_reason)};
        caption.second = maps.in.stale_advice;
        return caption;
    }
    caption.second = maps.is_signed(maps.chosen)
                         ? std::string("Blue is negative, orange is positive.")
                         : std::string("From dark for the least to light for the most.");
    if (maps.output.c > 1)
        caption.second += maps.in.shared_range ? " All maps share one range." : " Every map has its own range.";
    const std::string name = map_name(maps.document_layer, maps.chosen, maps.output.c);
    if (!maps.cursor) {
        caption.runs = {{name, Font::semibold, Tone::output_text}, plain(" and its values: point at a map to read them.")};
        return caption;
    }
    const float value = maps.layer.output().at({maps.n, maps.chosen, maps.cursor->h, maps.cursor->w});
    caption.runs = {{name, Font::semibold, Tone::output_text}, plain(" answers "),
                    number(number_text_short(value, 3), Tone::output_text,
                           {value_at(maps.output_ref(maps.chosen, *maps.cursor))}), plain(" at "),
                    {place_text(*maps.cursor, false), Font::mono, Tone::ink}, plain(".")};
    return caption;
}

}  // namespace

Scene build_maps(const ViewInput& in) {
    const Maps maps(in);
    Easel easel(in);
    const float s = easel.scale(), gap = kGap * s, name = kName * s;
    const float aspect = f(maps.output.h) / f(maps.output.w);
    const Gallery g = arrange(easel, std::clamp(aspect, 0.25f, 4.f), maps.output.c, maps.chosen);
    easel.scene.grids.reserve(static_cast<size_t>(g.small) + 2);
    easel.place_block(g.width, g.height);

    // Input, at the left.
    const int64_t input_channel = maps.rgb ? 0 : std::min<int64_t>(maps.input.c - 1, 0);
    const Grid input = add_plane(easel, maps, "input", Role::input, maps.layer.input,
                                 {Source::input, 0, {maps.n, input_channel, 0, 0}}, {0, name}, g.large_w, g.large_h);
    Picture& picture = *easel.scene.grids.back().picture;
    if (maps.rgb) {
        picture.map = ColorMap::rgb;
    } else {
        const PlaneRange range = plane_range(maps.layer.input, maps.n, input_channel);
        const bool image = std::holds_alternative<FromImage>(maps.in.result->document.input.origin) && in.layer == 0;
        picture.map = range.low < 0 ? ColorMap::signed_values : ColorMap::grey;
        picture.low = range.low < 0 ? -range.magnitude : 0;
        picture.high = image ? 1 : range.magnitude > 0 ? range.magnitude : 1;
    }
    write_values(easel, maps, maps.layer.input, easel.scene.grids.back());
    easel.scene.labels.push_back({{input.box.x, input.box.y - 15 * s}, Align::left, 14 * s,
                                  {{"Input", Font::semibold, in.stale ? Tone::ink3 : Tone::input_text}}});
    std::string note = maps.rgb ? "Colours as they are" : fmt::format("{}×{}", maps.input.h, maps.input.w);
    if (!maps.rgb && maps.input.c > 1) note = fmt::format("Channel 0 of {}", maps.input.c);
    if (maps.layer.plan.window) {
        const std::string window = fmt::format(", window {}×{}.", maps.layer.plan.window->h.span(), maps.layer.plan.window->w.span());
        if (text_width(Font::inter, 13 * s, note + window) <= input.box.w + gap || maps.output.c == 1) note += window;
    }
    easel.scene.labels.push_back({{input.box.x, input.box.bottom() + 18 * s}, Align::left, 13 * s,
                                  {{note, Font::inter, Tone::ink2}}});

    // The chosen map beside it, the others around.
    const float chosen_x = g.large_w + gap;
    const Grid chosen = add_map(easel, maps, maps.chosen, {chosen_x, 0}, g.large_w, g.large_h, true);
    std::vector<Grid> shown{chosen};
    for (int64_t i = 0; i < g.small; ++i) {
        int64_t channel = g.first + i;
        if (channel >= maps.chosen) ++channel;
        const int64_t right = g.columns - 4;
        Point at;
        if (i < 2 * right) {
            at = {2 * (g.large_w + gap) + f(i % right) * (g.unit_w + gap), f(i / right) * (g.unit_h + name)};
        } else {
            const int64_t j = i - 2 * right;
            at = {f(j % g.columns) * (g.unit_w + gap),
                  name + g.large_h + kLegend * s + f(j / g.columns) * (g.unit_h + name + 4 * s)};
        }
        shown.push_back(add_map(easel, maps, channel, at, g.unit_w, g.unit_h, false));
    }
    add_legend(easel, maps, chosen);
    easel.add_outline(chosen.box.grown(1 * s), Tone::ink, 2, 2);

    if (maps.cursor && !in.stale) {
        const auto [row, column, last_row, last_column] = maps.window_span();
        if (last_row >= row && last_column >= column) {
            Box box = cells_box(input, row, column, last_row, last_column);
            const float grow = std::max(0.f, (9 * s - std::min(box.w, box.h)) / 2);
            box = box.grown(grow);
            easel.add_outline(box.grown(1.5f * s), Tone::canvas, 1.5f, 3);
            easel.add_outline(box, Tone::kernel_line, 2.5f, 3);
        }
        for (const Grid& map : shown) add_cursor(easel, map, maps.cursor->h, maps.cursor->w);
    }
    if (g.small < maps.output.c - 1)
        easel.scene.labels.push_back({{input.box.x, input.box.bottom() + 36 * s}, Align::left, 12 * s,
                                      {{fmt::format("{} of {} maps", g.small + 1, maps.output.c) + (in.pane ? "" : " shown"), Font::inter, Tone::ink3}}});
    // Values of the input under the cursor.
    if (maps.cursor) {
        const auto [row, column, last_row, last_column] = maps.window_span();
        const int64_t h = (row + last_row) / 2, w = (column + last_column) / 2;
        const float input_range = maps.rgb ? 1 : plane_range(maps.layer.input, maps.n, input_channel).magnitude;
        if (maps.layer.input.shape().contains({maps.n, input_channel, h, w})) {
            std::string text;
            std::vector<NumberSource> from;
            for (int64_t c = 0; c < (maps.rgb ? 3 : 1); ++c) {
                const Index at{maps.n, maps.rgb ? c : input_channel, h, w};
                text += (c ? " " : "") + reading(maps.layer.input, at, input_range, 3);
                from.push_back(value_at({Source::input, 0, at}));
            }
            // With its place where there is room for it above narrow grids.
            const float room = input.box.w - text_width(Font::semibold, 14 * s, "Input") - 8 * s;
            for (const std::string& words : {fmt::format("({}, {})  {}", h, w, text), text}) {
                if (text_width(Font::mono, 12.5f * s, words) > room) continue;
                easel.scene.labels.push_back({{input.box.right(), input.box.y - 15 * s}, Align::right, 12.5f * s,
                                              {{words, Font::mono, Tone::ink2, from}}});
                break;
            }
        }
    }
    easel.add_caption(maps_caption(maps), g.height + 26 * s);
    return easel.finish();
}

}  // namespace convscope
