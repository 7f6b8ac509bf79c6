// Easel: the common parts of every picture.
#include "app/views/easel.h"

#include <algorithm>
#include <cmath>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"

namespace convscope {
namespace {

constexpr float kLow = 600;                   // canvas height of a window below 820: smaller caption
constexpr float kSmallestCell = 5;            // pixels; below it a grid is drawn as a picture
constexpr int64_t kMostCells = 40000;         // more on the canvas: a picture too
constexpr int64_t kSample = 4096;             // values looked at to choose decimals

int64_t clamp64(int64_t v, int64_t low, int64_t high) { return std::max(low, std::min(v, high)); }

float largest_magnitude(const std::vector<Cell>& cells) {
    float largest = 0;
    for (const Cell& cell : cells)
        if (std::isfinite(cell.value)) largest = std::max(largest, std::abs(cell.value));
    return largest;
}

size_t longest_text(const Grid& grid) {
    size_t longest = 1;
    for (const Cell& cell : grid.cells) longest = std::max(longest, glyphs(cell.text));
    return longest;
}

int most_decimals(const Grid& grid) {
    size_t most = 0;
    for (const Cell& cell : grid.cells) {
        const size_t point = cell.text.find('.');
        if (point != std::string::npos) most = std::max(most, cell.text.size() - point - 1);
    }
    return static_cast<int>(std::min<size_t>(most, 4));
}

/// Fewer decimals and no zero before the point, where all of them do not fit: ".04", "−.5". Hovering tells the rest.
void round_texts(Grid& grid, int decimals) {
    for (Cell& cell : grid.cells) {
        if (cell.text.empty()) continue;
        cell.text = number_text(cell.value, decimals);
        if (cell.text.starts_with("0.")) cell.text.erase(0, 1);
        else if (cell.text.starts_with("−0.")) cell.text.erase(std::string("−").size(), 1);
    }
}

/// Prose cut into words that keep their trailing spaces; numbers and places stay whole.
std::vector<Run> words(const std::vector<Run>& runs) {
    std::vector<Run> out;
    for (const Run& run : runs) {
        if (run.font != Font::inter) {
            out.push_back(run);
            continue;
        }
        size_t start = 0;
        while (start < run.text.size()) {
            size_t end = run.text.find(' ', start);
            end = end == std::string::npos ? run.text.size() : end + 1;
            out.push_back({run.text.substr(start, end - start), run.font, run.tone});
            start = end;
        }
    }
    return out;
}

/// Lines no wider than `width`: breaks between words.
std::vector<std::vector<Run>> wrap(const std::vector<Run>& runs, float size, float width) {
    std::vector<std::vector<Run>> lines(1);
    float x = 0;
    for (Run& word : words(runs)) {
        const float w = text_width(word.font, size, word.text);
        const bool after_space = !lines.back().empty() && lines.back().back().text.ends_with(' ');
        if (x + w > width && after_space) {
            lines.emplace_back();
            x = 0;
        }
        x += w;
        auto& line = lines.back();
        if (!line.empty() && line.back().font == word.font && line.back().tone == word.tone)
            line.back().text += word.text;
        else
            line.push_back(std::move(word));
    }
    return lines;
}

}  // namespace

Easel::Easel(const ViewInput& in) : in_(in), scale_(in.scale) {
    scene.size_px = in.size_px;
    scene.grids.reserve(256);   // add_grid hands out references
}

float Easel::gap() const {
    const float width = in_.size_px.x / scale_;
    return (width < 840 ? 46.f : width < 1200 ? 56.f : 72.f) * scale_;
}

float Easel::room_width() const { return in_.size_px.x - (in_.pane ? 46 : 40 + 24) * scale_; }

float Easel::room_height() const {
    return in_.size_px.y - 2 * 22 * scale_ - caption_height();
}

float Easel::caption_height() const {
    if (in_.pane) return 0;
    return (in_.size_px.y / scale_ < kLow ? 78.f : 88.f) * scale_;
}

void Easel::place_block(float width, float height) {
    origin_x_ = std::round(std::max(28 * scale_, (in_.size_px.x - width) / 2));
    // A little above the middle: the caption is lighter than the picture.
    origin_y_ = std::round(std::max(22 * scale_, (in_.size_px.y - height - caption_height()) * 0.42f));
    scene.content = {origin_x_, origin_y_, width, height};
}

Point Easel::at(float x, float y) const {
    const Point center{in_.size_px.x / 2, in_.size_px.y / 2};
    const float zoom = in_.camera.zoom;
    return {center.x + (origin_x_ + x - center.x) * zoom + in_.camera.pan_px.x,
            center.y + (origin_y_ + y - center.y) * zoom + in_.camera.pan_px.y};
}

Grid& Easel::add_grid(const GridSpec& spec) {
    CHECK_THAT(scene.grids.size(), <, scene.grids.capacity());
    Grid grid;
    grid.name = spec.name;
    grid.role = spec.role;
    Point corner = at(spec.x, spec.y);
    const float exact = grid.cell_px = length(spec.cell);
    if (exact >= 8) {
        grid.cell_px = std::round(exact);
        // Rounding moves what is far from the corner: in a grid larger than the canvas the canvas's middle stays.
        const auto keep_middle = [&](float& start, float size, int64_t cells) {
            const float length = exact * static_cast<float>(cells);
            if (length <= size) return;
            const float middle = std::clamp(size / 2, start, start + length);
            start = middle - (middle - start) * grid.cell_px / exact;
        };
        keep_middle(corner.x, in_.size_px.x, spec.columns);
        keep_middle(corner.y, in_.size_px.y, spec.rows);
    }
    grid.box = {std::round(corner.x), std::round(corner.y), grid.cell_px * static_cast<float>(spec.columns),
                grid.cell_px * static_cast<float>(spec.rows)};
    grid.rows = spec.rows;
    grid.columns = spec.columns;
    grid.first_row = spec.first_row;
    grid.first_column = spec.first_column;
    grid.origin = spec.origin;
    grid.editable = spec.editable && !in_.stale;
    grid.stale = in_.stale;

    show_on_canvas(grid, in_.size_px);
    if (grid.cell_px < kSmallestCell || grid.shown_rows * grid.shown_columns > kMostCells) {
        grid.shown_rows = grid.shown_columns = 0;
        if (spec.tensor) {
            Picture picture;
            picture.tensor = *spec.tensor;
            picture.n = spec.origin.cell.n;
            picture.c = spec.origin.cell.c;
            const Shape shape = spec.tensor->shape();
            const Point inner = {grid.box.x - static_cast<float>(grid.first_column) * grid.cell_px,
                                 grid.box.y - static_cast<float>(grid.first_row) * grid.cell_px};
            picture.box = {inner.x, inner.y, static_cast<float>(shape.w) * grid.cell_px,
                           static_cast<float>(shape.h) * grid.cell_px};
            const PlaneRange range = plane_range(*spec.tensor, picture.n, picture.c);
            picture.map = range.low < 0 ? ColorMap::signed_values : ColorMap::grey;
            picture.low = range.low < 0 ? -range.magnitude : range.low;
            picture.high = range.low < 0 ? range.magnitude : range.high;
            grid.picture = picture;
        }
        scene.grids.push_back(std::move(grid));
        return scene.grids.back();
    }

    grid.cells.resize(static_cast<size_t>(grid.shown_rows * grid.shown_columns));
    if (spec.tensor && !spec.tensor->empty()) {
        const Shape shape = spec.tensor->shape();
        const int decimals = plane_decimals(*spec.tensor, spec.origin.cell.n, spec.origin.cell.c);
        size_t i = 0;
        for (int64_t r = grid.shown_row; r < grid.shown_row + grid.shown_rows; ++r)
            for (int64_t c = grid.shown_column; c < grid.shown_column + grid.shown_columns; ++c, ++i) {
                Cell& cell = grid.cells[i];
                cell.ref = spec.origin;
                cell.ref.cell.h = r + spec.first_row;
                cell.ref.cell.w = c + spec.first_column;
                if (shape.contains(cell.ref.cell)) set_number(cell, spec.tensor->at(cell.ref.cell), decimals);
            }
    }
    scene.grids.push_back(std::move(grid));
    return scene.grids.back();
}

void show_on_canvas(Grid& grid, Point size_px) {
    const auto first = [&](float start) { return static_cast<int64_t>(std::floor(-start / grid.cell_px)); };
    const auto last = [&](float start, float size) {
        return static_cast<int64_t>(std::ceil((size - start) / grid.cell_px));
    };
    grid.shown_row = clamp64(first(grid.box.y), 0, grid.rows);
    grid.shown_column = clamp64(first(grid.box.x), 0, grid.columns);
    grid.shown_rows = clamp64(last(grid.box.y, size_px.y), grid.shown_row, grid.rows) - grid.shown_row;
    grid.shown_columns = clamp64(last(grid.box.x, size_px.x), grid.shown_column, grid.columns) - grid.shown_column;
}

void Easel::add_indices(const Grid& grid, int64_t rows, int64_t columns) {
    if (in_.lecture) return;   // too small to be read from the last row
    const float size = 10.5f * scale_;
    const auto every = [&](int64_t count) {
        // Room for the widest index with a little air.
        const float widest = 0.6f * size * static_cast<float>(std::to_string(std::max<int64_t>(0, count - 1)).size());
        int64_t step = 1;
        for (int64_t next : {2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000})
            if (static_cast<float>(step) * grid.cell_px < widest + 5 * scale_) step = next;
        return step;
    };
    const int64_t step_x = every(columns), step_y = every(rows);
    for (int64_t c = 0; c < columns; c += step_x) {
        const Box box = grid.cell_box(0, c);
        if (box.x < 0 || box.x > in_.size_px.x) continue;
        scene.labels.push_back({{box.center().x, grid.box.y - 9 * scale_}, Align::center, size,
                                {{std::to_string(c), Font::mono, Tone::ink3}}});
    }
    for (int64_t r = 0; r < rows; r += step_y) {
        const Box box = grid.cell_box(r, 0);
        if (box.y < 0 || box.y > in_.size_px.y) continue;
        scene.labels.push_back({{grid.box.x - 8 * scale_, box.center().y}, Align::right, size,
                                {{std::to_string(r), Font::mono, Tone::ink3}}});
    }
}

void Easel::add_name(const Grid& grid, const std::string& name, Tone tone, const std::string& note) {
    std::vector<Run> runs{{name, Font::semibold, grid.stale ? Tone::ink3 : tone}};
    const Point at_name{grid.box.x, grid.box.y - (in_.lecture ? 18 : 34) * scale_};
    scene.labels.push_back({at_name, Align::left, 14 * scale_, runs});
    const float x = at_name.x + text_width(runs, 14 * scale_) + 8 * scale_;
    // What does not fit on the canvas is left out from its end, phrase by phrase.
    const std::string fits = phrases_that_fit(Font::mono, 12.5f * scale_, note, in_.size_px.x - 8 * scale_ - x);
    if (!fits.empty())
        scene.labels.push_back({{x, at_name.y}, Align::left, 12.5f * scale_, {{fits, Font::mono, Tone::ink3}}});
}

float name_width(const std::string& name, const std::string& note) {
    const float width = text_width(Font::semibold, 14, name);
    return note.empty() ? width : width + 8 + text_width(Font::mono, 12.5f, note);
}

void Easel::add_text(float x, float y, Align align, float size, std::vector<Run> runs) {
    scene.labels.push_back({at(x, y), align, size * scale_, std::move(runs)});
}

void Easel::add_outline(const Box& box, Tone tone, float width, float radius) {
    Plate plate;
    plate.box = box;
    plate.border = in_.stale ? Tone::inkd : tone;
    plate.border_px = width * scale_;
    plate.radius_px = radius * scale_;
    scene.plates.push_back(plate);
}

void Easel::add_caption(Caption caption, float y) {
    if (in_.answers) {
        const bool whole = in_.unit != Unit::term && in_.answers->asks_any();
        if (whole) caption.runs = question(*in_.answers, plan().output_stage().shape.c > 1).runs;
        hide_answers(caption, plan(), in_.layer, *in_.answers);
        if (whole && !caption.second_from.empty()) caption.second.clear();
    }
    if (in_.pane) {  // all panes have one
        scene.caption = std::move(caption);
        return;
    }
    const bool low = in_.size_px.y / scale_ < kLow && !in_.lecture;
    float size = (low ? 17.f : 20.f) * scale_;
    const float copy = 40 * scale_;                              // for the icon
    const float right = std::min(in_.size_px.x - 24 * scale_,
                                 std::max(scene.content.right(), origin_x_ + 640 * scale_));
    // At the first grid's edge; further left when the sentence is longer than what is beside it.
    const float needed = std::min(text_width(caption.runs, 17 * scale_), in_.size_px.x - 64 * scale_ - copy);
    const float left = in_.lecture ? 28 * scale_ : std::max(std::min(origin_x_, right - copy - needed), 28 * scale_);
    const float width = in_.lecture ? in_.size_px.x - 2 * left - copy : right - copy - left;
    const Align align = in_.lecture ? Align::center : Align::left;
    const float anchor = in_.lecture ? in_.size_px.x / 2 : left;
    const auto fits = [&](float s) { return text_width(caption.runs, s) <= width; };
    // A little smaller rather than broken, broken rather than small.
    for (const float smaller : {17.f, 15.5f})
        if (!fits(size)) size = std::min(size, smaller * scale_);
    if (!fits(size)) size = 17 * scale_;
    auto lines = wrap(caption.runs, size, width);
    const float small = (text_width(Font::inter, 14 * scale_, caption.second) > width + copy ? 12.f : 14.f) * scale_;
    auto second = wrap({{caption.second, Font::inter, Tone::ink2}}, small, width + copy);

    const float below = static_cast<float>(lines.size() - 1) * 28 + static_cast<float>(second.size()) * 22 + 16;
    float line_y = std::min(origin_y_ + y, in_.size_px.y - below * scale_);
    const bool moved = in_.camera.zoom != 1 || in_.camera.pan_px != Point{};
    if (moved) {   // the picture may lie under it
        Plate ground;
        ground.box = {0, line_y - 24 * scale_, in_.size_px.x, in_.size_px.y - line_y + 24 * scale_};
        ground.fill = Tone::canvas;
        ground.fill_alpha = 0.92f;
        scene.plates.push_back(ground);
        std::erase_if(scene.labels, [&](const Label& label) { return label.at.y > ground.box.y - 8 * scale_; });
    }
    const Box icon_box{right - 30 * scale_, line_y - 14 * scale_, 30 * scale_, 28 * scale_};
    if (!caption.runs.empty() && !in_.lecture) {
        scene.labels.push_back({{right, line_y}, Align::right, 14 * scale_, {{icon::kCopy, Font::icons, Tone::ink2}}});
        scene.hits.push_back({icon_box, "copy caption", "Copy this sentence"});
    }
    for (auto& line : lines) {
        scene.labels.push_back({{anchor, line_y}, align, size, std::move(line)});
        line_y += 28 * scale_;
    }
    for (auto& line : second) {
        scene.labels.push_back({{anchor, line_y}, align, small, std::move(line)});
        line_y += 22 * scale_;
    }
    scene.caption = std::move(caption);
}

Scene Easel::finish() {
    for (Grid& grid : scene.grids) {
        grid.digits_px = digits_px(grid.cell_px, longest_text(grid), scale_);
        for (int decimals = most_decimals(grid) - 1; grid.digits_px == 0 && decimals > 0; --decimals) {
            round_texts(grid, decimals);
            grid.digits_px = digits_px(grid.cell_px, longest_text(grid), scale_);
        }
        // Small texts stand at 10 px or more: where they would leave the cell they are left out.
        const auto too_wide = [&](const std::string& text, float margin) {
            return 0.6f * 10 * scale_ * static_cast<float>(glyphs(text)) > grid.cell_px - margin * scale_;
        };
        for (Cell& cell : grid.cells) {
            if (too_wide(cell.corner, 8)) cell.corner.clear();
            if (too_wide(cell.below, 6)) cell.below.clear();
        }
        if (grid.digits_px > 0 || grid.cells.empty()) continue;
        if (grid.picture) {  // which tells the values without them
            grid.cells.clear();
            grid.shown_rows = grid.shown_columns = 0;
            continue;
        }
        // No digits fit: values are told by shade.
        const float largest = largest_magnitude(grid.cells);
        grid.shaded_by_role = std::none_of(grid.cells.begin(), grid.cells.end(), [](const Cell& c) { return c.value < 0; });
        for (Cell& cell : grid.cells)
            if (!cell.text.empty() && cell.state == CellState::normal)
                cell.shade = largest > 0 ? cell.value / largest * 0.7f : 0;
    }
    if (!in_.answers) return std::move(scene);
    hide_answers(scene, plan(), in_.layer, *in_.answers);
    // Where the numbers had no room, the question marks may have; what is known keeps its own size if that fits.
    for (Grid& grid : scene.grids) {
        if (grid.digits_px > 0 || std::ranges::none_of(grid.cells, [](const Cell& cell) { return is_answer(cell.state); })) continue;
        grid.digits_px = digits_px(grid.cell_px, longest_text(grid), scale_);
        if (grid.digits_px > 0) continue;
        grid.digits_px = digits_px(grid.cell_px, 1, scale_);
        for (Cell& cell : grid.cells)
            if (!is_answer(cell.state)) cell.text.clear();
    }
    return std::move(scene);
}

const Plan& Easel::plan() const { return in_.result->layers[static_cast<size_t>(in_.layer)].plan; }

int plane_decimals(const Tensor& tensor, int64_t n, int64_t c) {
    const Shape shape = tensor.shape();
    const auto plane = tensor.values().subspan(static_cast<size_t>(shape.offset({n, c, 0, 0})),
                                               static_cast<size_t>(shape.plane()));
    return decimals_for(plane.first(static_cast<size_t>(std::min(shape.plane(), kSample))));
}

PlaneRange plane_range(const Tensor& tensor, int64_t n, int64_t c) {
    const Shape shape = tensor.shape();
    PlaneRange range;
    bool any = false;
    const float* plane = tensor.data() + shape.offset({n, c, 0, 0});
    const int64_t stride = std::max<int64_t>(1, shape.plane() / 65536);
    for (int64_t i = 0; i < shape.plane(); i += stride) {
        if (!std::isfinite(plane[i])) continue;
        range.low = any ? std::min(range.low, plane[i]) : plane[i];
        range.high = any ? std::max(range.high, plane[i]) : plane[i];
        any = true;
    }
    range.magnitude = std::max(std::abs(range.low), std::abs(range.high));
    return range;
}

void set_number(Cell& cell, double value, int decimals) {
    cell.value = static_cast<float>(value);
    cell.text = number_text(value, decimals);
}

void set_corner(Cell& cell, const Ref& weight, double value, int decimals) {
    if (cell.from.empty()) cell.from = {value_at(cell.ref)};
    cell.from.resize(1);
    cell.from.push_back(value_at(weight));
    cell.corner = number_text(value, decimals);
}

Box cells_box(const Grid& grid, int64_t row, int64_t column, int64_t last_row, int64_t last_column) {
    const Box a = grid.cell_box(row, column), b = grid.cell_box(last_row, last_column);
    return {a.x, a.y, b.right() - a.x + 1, b.bottom() - a.y + 1};
}

void add_projection_right(Scene& scene, const Box& from, const Box& to, float gap_left, float gap_right, float scale) {
    const Point a0{from.right(), from.y}, a1{from.right(), from.bottom()};
    const Point b0{to.x, to.y}, b1{to.x, to.bottom()};
    if (b0.x <= a0.x || gap_right <= gap_left) return;
    const auto between = [](Point p, Point q, float x) {
        const float t = (x - p.x) / (q.x - p.x);
        return Point{x, p.y + (q.y - p.y) * t};
    };
    const float left = std::max(gap_left, a0.x), right = std::min(gap_right, b0.x);
    const Point top0 = between(a0, b0, left), top1 = between(a0, b0, right);
    const Point low0 = between(a1, b1, left), low1 = between(a1, b1, right);
    scene.quads.push_back({{top0, top1, low1, low0}, Tone::sunken, 0.6f});
    for (const auto& [p, q] : {std::pair{top0, top1}, std::pair{low0, low1}})
        scene.strokes.push_back({{p, q}, Tone::ink3, 1.2f * scale, 5 * scale, 4 * scale});
}

void add_projection_down(Scene& scene, const Box& from, const Box& to, float gap_top, float gap_bottom, float scale) {
    const Point a0{from.x, from.bottom()}, a1{from.right(), from.bottom()};
    const Point b0{to.x, to.y}, b1{to.right(), to.y};
    if (b0.y <= a0.y || gap_bottom <= gap_top) return;
    const auto between = [](Point p, Point q, float y) {
        const float t = (y - p.y) / (q.y - p.y);
        return Point{p.x + (q.x - p.x) * t, y};
    };
    const float top = std::max(gap_top, a0.y), bottom = std::min(gap_bottom, b0.y);
    const Point l0 = between(a0, b0, top), l1 = between(a0, b0, bottom);
    const Point r0 = between(a1, b1, top), r1 = between(a1, b1, bottom);
    scene.quads.push_back({{l0, r0, r1, l1}, Tone::sunken, 0.6f});
    for (const auto& [p, q] : {std::pair{l0, l1}, std::pair{r0, r1}})
        scene.strokes.push_back({{p, q}, Tone::ink3, 1.2f * scale, 5 * scale, 4 * scale});
}

void add_strip(Easel& easel, const Strip& strip) {
    const Shape shape = strip.tensor->shape();
    if (shape.c < 2) return;
    const float side = 26 * easel.scale(), pitch = 35 * easel.scale();
    const bool is_hidden = strip.role == Role::output && easel.hides_outputs();
    const int64_t most = std::max<int64_t>(1, static_cast<int64_t>(strip.width / pitch));
    const int64_t first = clamp64(strip.chosen - most / 2, 0, std::max<int64_t>(0, shape.c - most));
    for (int64_t i = 0; i < std::min(most, shape.c); ++i) {
        const int64_t channel = first + i;
        const float x = strip.x + static_cast<float>(i) * pitch;
        const Point corner = easel.at(x, strip.y);
        Picture picture;
        picture.box = {std::round(corner.x), std::round(corner.y), side, side};
        picture.tensor = *strip.tensor;
        picture.n = strip.n;
        picture.c = channel;
        const PlaneRange range = plane_range(*strip.tensor, strip.n, channel);
        picture.map = range.low < 0 ? ColorMap::signed_values : ColorMap::grey;
        picture.low = range.low < 0 ? -range.magnitude : range.low;
        picture.high = range.low < 0 ? range.magnitude : std::max(range.high, range.low + 1e-30f);
        if (is_hidden)
            easel.add_outline(picture.box, Tone::line2, 1, 0);
        else
            easel.scene.pictures.push_back(picture);
        const bool chosen = channel == strip.chosen;
        if (chosen) easel.add_outline(picture.box.grown(2 * easel.scale()), Tone::ink, 2, 4);
        easel.scene.labels.push_back({{picture.box.center().x, picture.box.bottom() + 11 * easel.scale()}, Align::center,
                                      10.5f * easel.scale(),
                                      {{std::to_string(channel), chosen ? Font::mono_bold : Font::mono,
                                        chosen ? tone_of(strip.role, Part::text) : Tone::ink3}}});
        easel.scene.hits.push_back({picture.box.grown(4 * easel.scale()), strip.action + std::to_string(channel),
                                    "Show channel " + std::to_string(channel)});
    }
}

float ease_in_out(float t) {
    t = std::clamp(t, 0.f, 1.f);
    return t < 0.5f ? 4 * t * t * t : 1 - std::pow(-2 * t + 2, 3.f) / 2;
}

Box mix(const Box& a, const Box& b, float t) {
    return {a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, a.w + (b.w - a.w) * t, a.h + (b.h - a.h) * t};
}

}  // namespace convscope
