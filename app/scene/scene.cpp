// Looking things up in a scene, and its text for snapshot tests.
#include "app/scene/scene.h"

#include <cmath>

#include <fmt/format.h>

namespace convscope {
namespace {

// clang-format off
constexpr const char* kToneNames[] = {
    "none", "canvas", "panel", "raised", "sunken", "hover", "line", "line2", "gridline", "inkd", "ink3", "ink2", "ink",
    "accent", "on_accent",
    "input_tint", "input_fill", "input_edge", "input_line", "input_text", "input_solid", "input_on",
    "kernel_tint", "kernel_fill", "kernel_edge", "kernel_line", "kernel_text", "kernel_solid", "kernel_on",
    "output_tint", "output_fill", "output_edge", "output_line", "output_text", "output_solid", "output_on",
    "gradient_tint", "gradient_fill", "gradient_edge", "gradient_line", "gradient_text", "gradient_solid", "gradient_on",
    "error_tint", "error_fill", "error_edge", "error_line", "error_text", "error_solid", "error_on"};
// clang-format on
static_assert(std::size(kToneNames) == static_cast<size_t>(Tone::count));

// One sign before a cell's number says its state; a resting number has none.
constexpr const char* kStateSigns[] = {"",  "*", "!", "[]", "[*]", "//",
                                       "_", "",  "!", "+",  "x",   ".",
                                       "h", "h!", "wrong "};
static_assert(std::size(kStateSigns) == static_cast<size_t>(CellState::guess_wrong) + 1);

constexpr const char* kRoleNames[] = {"input", "kernel", "output", "gradient", "neutral"};
constexpr const char* kMapNames[] = {"signed", "grey", "viridis", "rgb"};

std::string to_text(Tone tone) { return kToneNames[static_cast<size_t>(tone)]; }

long px(float value) { return std::lround(value); }
std::string to_text(Point p) { return fmt::format("{},{}", px(p.x), px(p.y)); }
std::string to_text(Box b) {
    return fmt::format("{},{} {}×{}", px(b.x), px(b.y), px(b.w), px(b.h));
}

std::string to_text(const std::vector<Run>& runs) {
    std::string text;
    for (const Run& run : runs) {
        if (!text.empty()) text += " | ";
        text += fmt::format("{}:{}", to_text(run.tone), run.text);
    }
    return text;
}

std::string to_text(const Picture& picture) {
    return fmt::format(
        "{} of {} plane ({}, {}) {:g}…{:g}", kMapNames[static_cast<size_t>(picture.map)],
        to_string(picture.tensor.shape()), picture.n, picture.c, picture.low, picture.high);
}

std::string to_text(const Cell& cell) {
    std::string text = kStateSigns[static_cast<size_t>(cell.state)] + cell.text;
    if (!cell.corner.empty()) text += "^" + cell.corner;
    if (!cell.below.empty()) text += "(" + cell.below + ")";
    if (cell.shade >= -1) text += fmt::format("~{:.2f}", cell.shade);
    return text;
}

std::string to_text(const Grid& grid) {
    std::string text =
        fmt::format("grid {} {} {} cell {} {}×{} from ({}, {})", grid.name,
                    kRoleNames[static_cast<size_t>(grid.role)], to_text(grid.box), px(grid.cell_px),
                    grid.rows, grid.columns, grid.first_row, grid.first_column);
    if (grid.digits_px > 0) text += fmt::format(" digits {:g}", grid.digits_px);
    if (grid.editable) text += " editable";
    if (grid.stale) text += " stale";
    text += "\n";
    if (grid.picture) text += "  picture " + to_text(*grid.picture) + "\n";
    if (grid.cells.empty()) return text;
    for (int64_t r = 0; r < grid.shown_rows; ++r) {
        text += fmt::format("  {}:", grid.first_row + grid.shown_row + r);
        for (int64_t c = 0; c < grid.shown_columns; ++c)
            text += " " + to_text(grid.cells[static_cast<size_t>(r * grid.shown_columns + c)]);
        text += "\n";
    }
    return text;
}

std::string to_text(const Plate& plate) {
    std::string text = "plate " + to_text(plate.box);
    if (plate.fill != Tone::none) text += " fill " + to_text(plate.fill);
    if (plate.fill != Tone::none && plate.fill_alpha != 1)
        text += fmt::format(" at {:.2f}", plate.fill_alpha);
    if (plate.border_px > 0)
        text += fmt::format(" border {:g} {}", plate.border_px, to_text(plate.border));
    if (plate.radius_px > 0) text += fmt::format(" radius {:g}", plate.radius_px);
    if (plate.dash_on > 0) text += fmt::format(" dashed {:g}–{:g}", plate.dash_on, plate.dash_off);
    if (plate.hatched) text += " hatched";
    return text + "\n";
}

std::string to_text(const Stroke& stroke) {
    std::string text = fmt::format("stroke {} {:g}:", to_text(stroke.tone), stroke.width_px);
    for (const Point p : stroke.points) text += " " + to_text(p);
    if (stroke.dash_on > 0)
        text += fmt::format(" dashed {:g}–{:g}", stroke.dash_on, stroke.dash_off);
    if (stroke.elbow_px > 0) text += fmt::format(" elbow {:g}", stroke.elbow_px);
    if (stroke.arrow) text += " arrow";
    return text + "\n";
}

std::string to_text(const Label& label) {
    constexpr const char* kAligns[] = {"left", "center", "right"};
    return fmt::format("label {} {} {:g}{} {}\n", to_text(label.at),
                       kAligns[static_cast<size_t>(label.align)], label.size_px,
                       label.struck ? " struck" : "", to_text(label.runs));
}

}  // namespace

Cell* Grid::cell(int64_t row, int64_t column) {
    return const_cast<Cell*>(static_cast<const Grid*>(this)->cell(row, column));
}

const Cell* Grid::cell(int64_t row, int64_t column) const {
    const int64_t r = row - first_row - shown_row, c = column - first_column - shown_column;
    if (r < 0 || r >= shown_rows || c < 0 || c >= shown_columns) return nullptr;
    const size_t at = static_cast<size_t>(r * shown_columns + c);
    return at < cells.size() ? &cells[at] : nullptr;
}

std::string Caption::text() const {
    std::string all;
    for (const Run& run : runs) all += run.text;
    if (!second.empty()) all += (all.empty() ? "" : " ") + second;
    return all;
}

const Grid* Scene::grid(std::string_view name) const {
    for (const Grid& grid : grids)
        if (grid.name == name) return &grid;
    return nullptr;
}

std::optional<Scene::Under> Scene::under(Point p) const {
    for (auto grid = grids.rbegin(); grid != grids.rend(); ++grid) {
        if (!grid->box.contains(p) || grid->cell_px <= 0) continue;
        const auto place = [&](float offset) {
            return static_cast<int64_t>(std::floor(offset / grid->cell_px));
        };
        const int64_t row = grid->first_row + place(p.y - grid->box.y);
        const int64_t column = grid->first_column + place(p.x - grid->box.x);
        if (grid->holds(row, column)) return Under{&*grid, row, column};
    }
    return {};
}

std::string to_text(const Scene& scene) {
    std::string text = fmt::format("scene {}×{} content {}\n", px(scene.size_px.x),
                                   px(scene.size_px.y), to_text(scene.content));
    for (const Quad& quad : scene.quads) {
        text += fmt::format("quad {} {:.2f}:", to_text(quad.tone), quad.alpha);
        for (const Point p : quad.points) text += " " + to_text(p);
        text += "\n";
    }
    for (const Picture& picture : scene.pictures)
        text += "picture " + to_text(picture.box) + " " + to_text(picture) +
                (picture.framed ? " framed\n" : "\n");
    for (const Grid& grid : scene.grids) text += to_text(grid);
    for (const Plate& plate : scene.plates) text += to_text(plate);
    for (const Stroke& stroke : scene.strokes) text += to_text(stroke);
    for (const Label& label : scene.labels) text += to_text(label);
    for (const Hit& hit : scene.hits)
        text += fmt::format("hit {} {}\n", to_text(hit.box), hit.action);
    if (!scene.caption.runs.empty() || !scene.caption.second.empty())
        text += "caption " + scene.caption.text() + "\n";
    return text;
}

}  // namespace convscope
