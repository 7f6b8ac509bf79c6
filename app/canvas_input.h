// Canvas input: what the mouse and the keys do on the canvas, without ImGui. The canvas panel tells it what happened.
#pragma once

#include <string_view>

#include "app/app.h"

namespace convscope {

/// Smallest cell that the mouse edits, at interface scale 1; below it the wheel zooms and a drag pans.
inline constexpr float kSmallestEditablePx = 11;

// ---- Mouse. Points are the scene's pixels.

/// The pointer is at `p`; none: not over the canvas. Sets hover.
void canvas_hover(App& app, const Scene& scene, std::optional<Point> p);
/// Left button down; `pan`: as with Space held, or the middle button.
void canvas_press(App& app, const Scene& scene, Point p, bool pan);
/// While the button is down, also in the frame in which it goes up. Positions count from the press, so that a fast drag
/// misses no cell. `scale` is that of the interface: a drag begins after 4 px of it.
void canvas_drag(App& app, const Scene& scene, Point p, float scale);
void canvas_release(App& app, const Scene& scene, Point p, float scale);
/// Double click on an output cell: the play head goes there.
void canvas_double_click(App& app, const Scene& scene, Point p);
/// Turns of the wheel, up positive.
void canvas_wheel(App& app, const Scene& scene, Point p, float turns, bool ctrl, bool shift);
/// Does what a hit box of the scene says ("copy caption", "channel 2", "map 3"). False when unknown.
bool canvas_action(App& app, const Scene& scene, std::string_view action);

// ---- Keys of the selected cell

enum class CellKey { up, down, left, right, tab, back_tab, enter, escape, backspace, remove, home, end };
/// A key goes to the selected cell (Escape also frees a pinned one). False when there is none.
bool cell_key(App& app, const Scene& scene, CellKey key);
/// A typed character; others than digits, sign, point and e are left alone (false).
bool cell_character(App& app, unsigned character);
/// A letter that belongs to the word ("inf", "nan") typed into the selected output cell: no key of a command.
bool takes_letter(const App& app, char letter);
/// Takes over what was typed. False, with a message shown, when it is no number.
bool commit_typed(App& app);

// ---- Camera

/// Zooms by a factor; the point `around` stays where it is.
void zoom(App& app, Point around, Point size_px, float factor);

// ---- Links

/// Cells that belong to the one under the pointer: inputs and weights of an output cell's terms, outputs that read an
/// input cell, or what the play head's window multiplies with a weight. Each with its grid's role.
struct Link {
    Box box;
    Role role = Role::neutral;
    bool operator==(const Link&) const = default;
};
std::vector<Link> links(const App& app, const Scene& scene, const CellRef& cell);

/// The cells that the ledger's row under the pointer is about.
std::vector<Link> lit_links(const App& app, const Scene& scene);

/// Everything about the cell under the pointer: "Input (2, 6) is 6" and where it lies.
struct CellFacts {
    std::string title;    // "Input (2, 6)"
    std::string value;    // all of the float32 value: "0.470588237"; "not computed yet"
    std::string place;    // "row 2, column 6 of 7×7, channel 0 of 3"
};
std::optional<CellFacts> cell_facts(const App& app, const Scene& scene, const CellRef& cell);

}  // namespace convscope
