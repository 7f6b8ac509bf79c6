// Easel: what views share when they set grids, names, indices and the caption on the canvas. Positions are given in base
// pixels (zoom 1); the camera is applied here.
#pragma once

#include "app/views/view.h"

namespace convscope {

/// Where a grid stands and which tensor plane it shows.
struct GridSpec {
    std::string name;                    // as scripts and exports call it
    Role role = Role::neutral;
    float x = 0, y = 0, cell = 0;        // base pixels: corner of the first cell, side of a cell
    int64_t rows = 0, columns = 0, first_row = 0, first_column = 0;
    const Tensor* tensor = nullptr;      // values; null: filled in by the view
    Ref origin = {};                     // source, n and c of the plane
    bool editable = false;
};

class Easel {
public:
    explicit Easel(const ViewInput& in);

    /// Room for the picture, in base pixels, when a caption stands below it.
    float room_width() const;
    float room_height() const;
    float scale() const { return scale_; }
    /// Gap between grids: 46, 56 or 72 by the window's width.
    float gap() const;
    /// Every output is to be guessed: nothing shows their colours either.
    bool hides_outputs() const { return in_.answers && in_.answers->hides_all; }
    /// Centres a block of that size (its caption included) and makes its corner the origin of base positions.
    void place_block(float width, float height);

    Point at(float x, float y) const;                 // base → canvas
    float length(float base) const { return base * in_.camera.zoom; }

    /// Adds the grid with its values, all cells at rest. Pointers stay valid until the Easel is done.
    Grid& add_grid(const GridSpec& spec);
    /// Numbers around a grid: columns above, rows at the left; none where negative or beyond `rows`, `columns`.
    void add_indices(const Grid& grid, int64_t rows, int64_t columns);
    /// A name 34 above a grid, with a small note behind it: "Input 7×7, padding 1".
    void add_name(const Grid& grid, const std::string& name, Tone tone, const std::string& note);
    void add_text(float x, float y, Align align, float size, std::vector<Run> runs);
    void add_outline(const Box& box, Tone tone, float width, float radius);

    /// The sentence below the picture, first line large; wrapped to the canvas; with its copy icon.
    void add_caption(Caption caption, float y);

    /// Sets digits' sizes and hands the scene over.
    Scene finish();

    Scene scene;

private:
    float caption_height() const;
    const Plan& plan() const;

    const ViewInput& in_;
    float scale_;
    float origin_x_ = 0, origin_y_ = 0;
};

/// Sets the rows and columns of the grid that lie on a canvas of that size.
void show_on_canvas(Grid& grid, Point size_px);

/// Smallest and largest finite value of a plane, and the larger of their magnitudes (a regular sample of large planes).
struct PlaneRange {
    float low = 0, high = 0, magnitude = 0;
};
PlaneRange plane_range(const Tensor& tensor, int64_t n, int64_t c);

/// Decimals that tell the plane's values apart (a sample of large ones).
int plane_decimals(const Tensor& tensor, int64_t n, int64_t c);
/// Sets a cell's number and its text.
void set_number(Cell& cell, double value, int decimals);
/// Sets its corner to the weight at `weight`; the cell has its own number.
void set_corner(Cell& cell, const Ref& weight, double value, int decimals);
/// Box around cells first…last (inclusive) of a grid.
Box cells_box(const Grid& grid, int64_t row, int64_t column, int64_t last_row, int64_t last_column);

/// Dashed lines from one box to another with the light strip between, only in the free gap between the limits.
void add_projection_right(Scene& scene, const Box& from, const Box& to, float gap_left, float gap_right, float scale);
void add_projection_down(Scene& scene, const Box& from, const Box& to, float gap_top, float gap_bottom, float scale);

/// Small pictures of planes to choose from, the chosen one framed; clicks give `action` + channel.
struct Strip {
    const Tensor* tensor = nullptr;
    int64_t n = 0, chosen = 0;
    Role role = Role::output;
    std::string action;                  // "channel "
    float x = 0, y = 0, width = 0;       // base pixels
};
void add_strip(Easel& easel, const Strip& strip);

/// Largest cell side ≤ 64 (times scale) for which `fits(side)` holds: whole pixels, or a part of one for photographs.
template <class Fits>
float largest_cell(float scale, Fits fits) {
    for (float side = 64 * scale; side >= 1; side -= 1)
        if (fits(side)) return side;
    float side = 1;
    while (side > 0.01f && !fits(side)) side *= 0.9f;
    return side;
}

/// Base pixels, at scale 1, that a grid's name and its note take.
float name_width(const std::string& name, const std::string& note);

float ease_in_out(float t);
Box mix(const Box& a, const Box& b, float t);

}  // namespace convscope
