// Scene: plain lists of grids, marks, labels and hit boxes. Views build it, painters draw it; colours are named, never
// given by value, except through a colour map. All lengths are in pixels of the target, all positions from its top left.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/scene/geometry.h"
#include "app/scene/number_source.h"
#include "core/plan.h"

namespace convscope {

/// A named colour of the palette. Roles' tints, fills, … follow each other in the palette's order.
enum class Tone {
    none,
    canvas, panel, raised, sunken, hover, line, line2, gridline, inkd, ink3, ink2, ink, accent, on_accent,
    input_tint, input_fill, input_edge, input_line, input_text, input_solid, input_on,
    kernel_tint, kernel_fill, kernel_edge, kernel_line, kernel_text, kernel_solid, kernel_on,
    output_tint, output_fill, output_edge, output_line, output_text, output_solid, output_on,
    gradient_tint, gradient_fill, gradient_edge, gradient_line, gradient_text, gradient_solid, gradient_on,
    error_tint, error_fill, error_edge, error_line, error_text, error_solid, error_on,
    count
};
/// Which of a role's tones.
enum class Part { tint, fill, edge, line, text, solid, on };
/// The tone of a role; neutral gives the nearest ink or paper.
Tone tone_of(Role role, Part part);

enum class Font { inter, semibold, mono, mono_bold, icons };
enum class Align { left, center, right };
/// What a cell is doing now (look of each: cell_style.h).
enum class CellState {
    normal,         // its number, resting
    contributing,   // one of the terms of the current cell
    current,        // the term that happens now
    padding,        // outside the input
    padding_read,   // padding that the current window reads
    leftover,       // no window reaches it
    pending,        // not computed yet
    product,        // a product
    product_now,    // the product that happens now
    running_sum,    // an output that is being added up
    cropped,        // a sum that the padding of a transposed layer cuts off
    ground,         // an inserted zero, a number that takes no part
    hidden,         // an answer that is not told yet: "?"
    asked,          // the one that is asked for now
    guess_wrong,    // a wrong guess at it, struck through
};

struct Cell {
    CellState state = CellState::normal;
    float value = 0;
    std::string text;                 // as shown; empty: no number
    std::string corner;               // the weight on it, small, at the lower right
    std::string below;                // the addition under a running sum: "5 + 6"
    Ref ref;                          // where the number comes from
    const char* statistic = nullptr;  // or its name where it is none of a tensor: "times read"
    std::vector<NumberSource> from = {};    // or where each number of text, corner and below comes from, in order
    float shade = -2;                 // ≥ −1: ground is this value of the grid's colour map instead of the state's
};

enum class ColorMap { signed_values, grey, viridis, rgb };

/// A plane of a tensor as an image. The tensor is compared by identity, so painters can keep textures.
struct Picture {
    Box box;
    Tensor tensor;
    int64_t n = 0, c = 0;             // the plane; rgb takes channels 0, 1, 2
    ColorMap map = ColorMap::grey;
    float low = 0, high = 1;          // value range of the map; signed: −high…high
    bool framed = true;               // 1 px line around it
};

/// Rows × columns of cells. `first_row`, `first_column` are the indices of its first cell (negative: padding).
struct Grid {
    std::string name;                 // "input", "kernel", "output", "products"; "input/1" for channel 1
    Role role = Role::neutral;
    Box box;
    float cell_px = 0;
    int64_t rows = 0, columns = 0;
    int64_t first_row = 0, first_column = 0;
    Ref origin;                       // tensor plane behind it: cell (r, c) is `origin` with h = r, w = c
    bool editable = false;
    bool stale = false;               // an older result: no colour
    float digits_px = 0;              // size of the numbers; 0: none fit
    bool shaded_by_role = false;      // cells' shades go from the role's tint to its line, not along a colour map
    // The cells that lie on the canvas, row-major; none when they are too small to tell apart (see `picture`).
    int64_t shown_row = 0, shown_column = 0, shown_rows = 0, shown_columns = 0;   // counted from the grid's first cell
    std::vector<Cell> cells;
    std::optional<Picture> picture;   // instead of cells

    /// Box of a cell given by its own indices (first_row … first_row + rows − 1).
    Box cell_box(int64_t row, int64_t column) const {
        return {box.x + static_cast<float>(column - first_column) * cell_px,
                box.y + static_cast<float>(row - first_row) * cell_px, cell_px, cell_px};
    }
    bool holds(int64_t row, int64_t column) const {
        return row >= first_row && row < first_row + rows && column >= first_column && column < first_column + columns;
    }
    /// The materialised cell, or null.
    Cell* cell(int64_t row, int64_t column);
    const Cell* cell(int64_t row, int64_t column) const;
};

/// A rectangle: window and target outlines, pills, boxes, key plates, thumbnails' frames. A border is centred on the box's
/// edges as the cells' lines are: around a block of cells it needs exactly the block's box. Painters round boxes with a
/// border to whole pixels.
struct Plate {
    Box box;
    Tone fill = Tone::none, border = Tone::none;
    float border_px = 0, radius_px = 0;
    float dash_on = 0, dash_off = 0;  // 0: solid
    float fill_alpha = 1;
    bool hatched = false;             // 45° lines of `border` instead of a fill
    std::vector<NumberSource> from = {};    // a bar: of the number it stands for
    double value = 0;                 // that number
};

/// A line through points: projections, flows, spines. Butt ends; level and upright lines are put on whole pixels.
struct Stroke {
    std::vector<Point> points;
    Tone tone = Tone::ink3;
    float width_px = 1;
    float dash_on = 0, dash_off = 0;
    float elbow_px = 0;               // radius at inner points
    bool arrow = false;               // open arrow head at the last point, 5×6 for a width of 2
};

/// A filled convex quadrilateral, under everything else.
struct Quad {
    Point points[4];
    Tone tone = Tone::sunken;
    float alpha = 1;
};

struct Run {
    std::string text;
    Font font = Font::inter;
    Tone tone = Tone::ink;
    std::vector<NumberSource> from = {};    // of the values in the text, in order; not of places, sizes and counts
};

/// One line of text in runs. `at` is the anchor: x by `align`, y the middle of the capitals.
struct Label {
    Point at;
    Align align = Align::left;
    float size_px = 12;               // em size, CSS pixels (not ImGui's)
    std::vector<Run> runs;
    bool struck = false;              // struck through
};

/// A place that does something when clicked; `action` is read by the canvas panel.
struct Hit {
    Box box;
    std::string action;               // "copy caption", "channel 2", "input channel 1"
    std::string tooltip;
    std::vector<NumberSource> from = {};    // of the values in the tooltip
};

/// A sentence with coloured runs; its plain text is what is copied and read out.
struct Caption {
    std::vector<Run> runs;
    std::string second;               // the place or the reason
    std::vector<NumberSource> second_from = {};   // of the values in it
    std::string text() const;         // all of it as plain text
};

struct Scene {
    Point size_px;
    // Painted in this order.
    std::vector<Quad> quads;
    std::vector<Picture> pictures;
    std::vector<Grid> grids;
    std::vector<Plate> plates;
    std::vector<Stroke> strokes;
    std::vector<Label> labels;
    // Not painted.
    std::vector<Hit> hits;
    Caption caption;                  // its labels are in `labels`; this is the text
    Box content;                      // the picture without the caption, before zoom and pan
    const Grid* grid(std::string_view name) const;
    /// The grid and cell under a point (topmost first), or none. The cell's indices are the grid's own.
    struct Under {
        const Grid* grid = nullptr;
        int64_t row = 0, column = 0;
    };
    std::optional<Under> under(Point p) const;
};

/// Everything of `part` except its caption, moved; its grids are then called "id/name" unless `id` is empty.
void append_moved(Scene& whole, Scene part, const std::string& id, Point by);

/// Everything in the scene as lines of text, for snapshot tests: one line a grid with its numbers, marks, labels.
std::string to_text(const Scene& scene);

}  // namespace convscope
