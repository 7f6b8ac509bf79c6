// Script: the lines of `convscope play`, read and checked. What they mean: docs/scripting.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/window/script_keys.h"

namespace convscope {

/// Something on the window to point at.
struct ScriptTarget {
    enum class Kind {
        none,
        label,   // a widget: "Parameters/stride"
        cell,    // a cell of a grid: "input 2,3"
        canvas,  // the canvas where nothing stands, or a place on it: "canvas", "canvas 40,60"
        window,  // a place of the window, whatever is there: "window 40,60"
    };
    Kind kind = Kind::none;
    std::string name;               // label, or the grid's name
    std::vector<int64_t> indices;   // cell: (row, column), (channel, row, column) or all four
    std::optional<std::pair<double, double>> place_px;  // canvas and window, at scale 1
    bool operator==(const ScriptTarget&) const = default;
};

enum class Verb {
    click, cell, hover, drag, wheel, type, key, hold, release, clipboard,
    drop, open, save, example, view, step, set, theme, run, resize,
    frames, wait, shot, dump, say, expect, lenient, hurry, quit,
};

struct ScriptLine {
    int number = 0;                 // in the file, from 1
    Verb verb = Verb::say;
    ScriptTarget target, to;
    int button = 0;                 // 0 left, 1 right, 2 middle
    bool twice = false;             // double click
    bool on = true;                 // hurry: lines from here on do not wait; lenient: are passed over
    Chord chord;
    double x = 0, y = 0;            // pixels dragged, notches, seconds, frames, repeats, width and height
    std::string text;               // typed text, file, name, sentence
    std::vector<std::string> words; // expect: its words; set: key=value
};

struct Script {
    std::vector<ScriptLine> lines;
    std::string error;              // one sentence with the line's number; empty: readable
    bool ok() const { return error.empty(); }
};

/// Longest script and most lines that are read.
inline constexpr size_t kMaxScriptBytes = size_t(4) << 20;
inline constexpr size_t kMaxScriptLines = 100'000;

Script parse_script(std::string_view text);
/// "1280x800", also with ×; each side 64…16384.
std::optional<std::pair<int, int>> parse_size(std::string_view text);
/// "1,3", "0,1,3" or "0,0,1,3".
std::optional<std::vector<int64_t>> parse_indices(std::string_view text);
/// A finite number, all of the text.
std::optional<double> parse_number(std::string_view text);

}  // namespace convscope
