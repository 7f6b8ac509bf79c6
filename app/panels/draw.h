// Drawing in panels: text by the middle of its capitals, boxes, rules, marks, all by tone and in scaled pixels.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <imgui.h>

#include "app/panels/panels.h"
#include "app/scene/palettes.h"

namespace convscope::ui {

/// Style pixels as whole device pixels.
float px(const PanelContext& context, float style_px);
Theme theme(const PanelContext& context);
ImU32 color(Color color, float alpha = 1);
ImU32 color(const PanelContext& context, Tone tone, float alpha = 1);
inline ImVec2 vec(Point p) { return {p.x, p.y}; }
inline ImVec2 low(const Box& box) { return {box.x, box.y}; }
inline ImVec2 high(const Box& box) { return {box.right(), box.bottom()}; }

/// What panels wrote in a frame, for tests: they hang one on ImGuiIO::UserData.
struct DrawnText {
    std::string text, window;   // of the window's root
    Box box, clip;              // as high as capitals; the visible part of the window
};
using DrawnTexts = std::vector<DrawnText>;

// ---- Text. `at.y` is the middle of the capitals. Everything goes to the current window's draw list.

float width_of(ImFont* font, std::string_view text);
void text(const PanelContext& context, ImFont* font, Tone tone, Point at, std::string_view text,
          Align align = Align::left);
/// As much of the text as fits, with "…" at the end where some is left out.
std::string fitted(ImFont* font, std::string_view text, float max_px);
/// Lines no wider than that, broken at spaces, and inside words that are wider themselves.
std::vector<std::string> wrapped(ImFont* font, std::string_view text, float max_px);

struct TextRun {
    ImFont* font = nullptr;
    Tone tone = Tone::ink;
    std::string text;
};
float width_of(std::span<const TextRun> runs);
void text(const PanelContext& context, Point at, std::span<const TextRun> runs,
          Align align = Align::left);
/// Role marks of a size formula, [i…] [k…] [o…], as coloured runs.
std::vector<TextRun> marked_runs(ImFont* font, ImFont* bold, Tone tone, std::string_view text);

// ---- Shapes

void fill(const PanelContext& context, const Box& box, Tone tone, float radius_px = 0,
          float alpha = 1);
/// Inside the box's edge; widths and radii in style pixels.
void frame(const PanelContext& context, const Box& box, Tone tone, float width_px = 1,
           float radius_px = 0);
/// One device pixel at scale 1, on whole pixels.
void rule(const PanelContext& context, float x0, float x1, float y, Tone tone = Tone::line);
void upright(const PanelContext& context, float x, float y0, float y1, Tone tone = Tone::line);
enum class Direction { left, right, up, down };
void chevron(const PanelContext& context, Point center, Direction direction, Tone tone,
             float size_px = 4, float width_px = 1.4f);
/// A thin arrow to the right, open head (look: sequence arrow).
void sequence_arrow(const PanelContext& context, Point from, float length_px);
/// Up from `from`, along `top_y`, and down to an arrow head at `to`.
void skip_arrow(const PanelContext& context, Point from, Point to, float top_y);
/// As `frame`, 3–3 dashes.
void dashed_frame(const PanelContext& context, const Box& box, Tone tone, float radius_px);
void minus_sign(const PanelContext& context, Point center, Tone tone);
void plus_sign(const PanelContext& context, Point center, Tone tone);
void check_mark(const PanelContext& context, const Box& box, Tone tone);
/// "Ctrl P" in a small plate; gives its left edge. `at` is the plate's right middle.
float key_cap(const PanelContext& context, Point at, std::string_view text);
/// A gradient of the colour map in a thin frame.
void map_strip(const PanelContext& context, const Box& box, ColorMap map);
/// A tensor plane as small squares, at most `most` a side; larger planes are sampled.
void plane_swatch(const PanelContext& context, const Box& box, const Tensor& tensor, Index plane,
                  float range, float part_of_map, Tone grid = Tone::none);

/// Largest |v| that is finite; 0 when there is none.
float largest_magnitude(std::span<const float> values);
/// "nine", "27": small counts as words.
std::string count_word(int64_t count);
/// "9 products", "1 product".
std::string counted(int64_t count, std::string_view noun);

}  // namespace convscope::ui
