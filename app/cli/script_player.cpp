// Script lines as mouse moves, clicks, keys and characters; and the few that act on the app itself.
#include "app/cli/script_player.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/cli/apply.h"
#include "app/cli/dump.h"
#include "app/commands.h"
#include "app/window/scripted_input.h"
#include "core/io/files.h"

namespace convscope {
namespace {

constexpr double kDoubleClick_s = 0.35;   // longer than ImGui's 0.30
constexpr double kGlide_s = 0.25;         // of the pointer to its next place, on the screen
constexpr const char* kCanvasItem = "Canvas/canvas";
constexpr int kMostTurns = 600;           // for ImGui to take its events: a bound, never reached

double distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

/// Characters of UTF-8 text, one string each.
std::vector<std::string> characters(const std::string& text) {
    std::vector<std::string> out;
    for (const char c : text) {
        const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
        if (continues && !out.empty()) out.back() += c;
        else out.push_back(std::string(1, c));
    }
    return out;
}

}  // namespace

ScriptPlayer::ScriptPlayer(Frame& frame, std::string folder, std::ostream& out, bool paced)
    : frame_(frame), folder_(std::move(folder)), out_(out), paced_(paced) {
    frame_.window().on_input = [this] {
        if (pointer_) point_at(*pointer_, paced_);
    };
}

ScriptPlayer::~ScriptPlayer() { let_go(); }

void ScriptPlayer::let_go() {
    pointer_.reset();
    frame_.window().on_input = {};
    hide_pointer();
}

std::string ScriptPlayer::play(const Script& script) {
    if (!script.ok()) return script.error;
    start();
    for (const ScriptLine& line : script.lines) {
        if (auto error = play_line(line); !error.empty()) return error;
        if (quits_ || frame_.finished()) break;
    }
    if (!frame_.finished()) frame_.settle(paced_);
    return {};
}

void ScriptPlayer::start() { turn(3); }

std::string ScriptPlayer::play_line(const ScriptLine& line) {
    if (!hurries_) frame_.settle(paced_);
    if (frame_.finished()) return {};
    if (const auto error = act(line); !error.empty()) {
        if (!lenient_) return fmt::format("Line {}: {}.", line.number, error);
        ++passed_over_;
    }
    if (!quits_) turn_until_read();
    return {};
}

std::string ScriptPlayer::act(const ScriptLine& line) {
    App& app = frame_.app();
    switch (line.verb) {
        case Verb::click:
        case Verb::cell: return click(line);
        case Verb::hover: {
            Point at;
            return point(line.target, at);
        }
        case Verb::drag: return drag(line);
        case Verb::wheel: return wheel(line);
        case Verb::type: type_text(line.text); return {};
        case Verb::key:
            for (int i = 0; i < static_cast<int>(line.x) && !frame_.finished(); ++i) type_key(line.chord);
            return {};
        case Verb::hold:
            held_ = line.chord;
            hold(held_, true);
            return {};
        case Verb::release:
            hold(held_, false);
            held_ = {};
            return {};
        case Verb::clipboard: frame_.window().set_clipboard(line.text); return {};
        case Verb::drop: frame_.window().drop(path_of(line.text)); return {};
        case Verb::open: open_file(app, path_of(line.text)); return {};
        case Verb::save:
            return save_file(app, path_of(line.text)) ? "" : newest_error(app, "it could not be saved");
        case Verb::example: return apply_example(app, line.text);
        case Verb::view: return apply_view(app, line.text);
        case Verb::step: return apply_step(app, static_cast<int64_t>(line.x), line.text);
        case Verb::set: return apply_set(app, line.text);
        case Verb::theme: return apply_theme(app, line.text);
        case Verb::run: return run_command(line.text);
        case Verb::resize:
            frame_.window().resize(static_cast<int>(line.x), static_cast<int>(line.y));
            turn(3);
            return {};
        case Verb::frames: turn(static_cast<int>(line.x)); return {};
        case Verb::wait: pass_time(line.x); return {};
        case Verb::shot: return shot(path_of(line.text));
        case Verb::dump: return write_dump(app, frame_.scene(), path_of(line.text));
        case Verb::say:
            out_ << (line.text.empty() ? frame_.scene().caption.text() : line.text) << '\n' << std::flush;
            return {};
        case Verb::expect: return check_expectation(app, frame_.scene(), line.words);
        case Verb::lenient: lenient_ = line.on; return {};
        case Verb::hurry: hurries_ = line.on; return {};
        case Verb::quit: quits_ = true; return {};
    }
    return {};
}

// ---- Lines

std::string ScriptPlayer::click(const ScriptLine& line) {
    Point at;
    if (auto error = point(line.target, at); !error.empty()) return error;
    const bool near = distance(at, clicked_at_) < 10;
    if (near && frame_.window().time_s() - clicked_s_ < kDoubleClick_s) pass_time(kDoubleClick_s);
    for (int i = 0; i < (line.twice ? 2 : 1); ++i) {
        press(line.button, true);
        press(line.button, false);
    }
    clicked_at_ = at;
    clicked_s_ = frame_.window().time_s();
    return {};
}

std::string ScriptPlayer::drag(const ScriptLine& line) {
    Point from, to;
    if (auto error = point(line.target, from); !error.empty()) return error;
    if (line.to.kind != ScriptTarget::Kind::none) {
        if (auto error = locate(line.to, to); !error.empty()) return error;
    } else {
        const float scale = frame_.window().scale();
        to = {from.x + static_cast<float>(line.x) * scale, from.y + static_cast<float>(line.y) * scale};
    }
    // A bare canvas is panned with the middle button; everything else is dragged with the left one.
    const bool pans = line.target.kind == ScriptTarget::Kind::canvas && held_.key.empty();
    const int button = line.button == 0 && pans ? 2 : line.button;
    press(button, true);
    const int moves = static_cast<int>(std::clamp(distance(from, to) / 6, 4.0, 200.0));
    for (int i = 1; i <= moves; ++i) {
        const float part = static_cast<float>(i) / static_cast<float>(moves);
        pointer_ = Point{from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)};
        turn();
    }
    turn();
    press(button, false);
    return {};
}

std::string ScriptPlayer::wheel(const ScriptLine& line) {
    Point at;
    if (auto error = point(line.target, at); !error.empty()) return error;
    const double whole = std::trunc(line.x);
    for (int i = 0; i < static_cast<int>(std::abs(whole)); ++i) {
        turn_wheel(whole > 0 ? 1.0f : -1.0f);
        turn();
    }
    if (line.x != whole) turn_wheel(static_cast<float>(line.x - whole));
    return {};
}

std::string ScriptPlayer::run_command(const std::string& name) {
    if (const Command* command = find_command(name)) {
        if (run(*command, frame_.app())) return {};
        return fmt::format("“{}” is not possible now", command->label);
    }
    std::string names;
    for (const Command& command : all_commands()) names += (names.empty() ? "" : ", ") + command.label;
    return fmt::format("there is no command “{}”; there are {}", display_text(name, 60), names);
}

std::string ScriptPlayer::shot(const std::string& file) {
    frame_.draw();
    std::string error = frame_.window().save_picture(file);
    while (error.ends_with('.')) error.pop_back();
    return error;
}

// ---- Where things are

std::string ScriptPlayer::point(const ScriptTarget& target, Point& at) {
    if (auto error = locate(target, at); !error.empty()) return error;
    move_to(at);
    if (target.kind == ScriptTarget::Kind::window) return {};
    const bool on_canvas = target.kind != ScriptTarget::Kind::label;
    const UiItem* item = frame_.window().items().find(on_canvas ? kCanvasItem : target.name);
    if (item && item->root == window_under_mouse()) return {};
    return fmt::format("“{}” is covered by something else", display_text(target.name, 80));
}

std::string ScriptPlayer::locate(const ScriptTarget& target, Point& at) {
    switch (target.kind) {
        case ScriptTarget::Kind::none: break;
        case ScriptTarget::Kind::label: return locate_label(target.name, at);
        case ScriptTarget::Kind::cell: return locate_cell(target, at);
        case ScriptTarget::Kind::canvas: return locate_canvas(target, at);
        case ScriptTarget::Kind::window: return locate_window(target, at);
    }
    return "there is nothing to point at";
}

std::string ScriptPlayer::locate_label(const std::string& label, Point& at) {
    const UiItem* item = frame_.window().items().find(label);
    if (!item) {
        std::string paths;
        for (const auto& path : frame_.window().items().paths()) paths += (paths.empty() ? "" : ", ") + path;
        return fmt::format("there is no “{}”; there are {}", display_text(label, 80), paths);
    }
    // Scrolled out of its panel: the wheel brings it back, as a person would.
    for (int i = 0; i < 200 && !item->visible() && item->clip.h > 4; ++i) {
        const Box before = item->box;
        move_to(item->clip.center());
        // Sideways where that is where it went.
        const Point at_item = item->box.center(), middle = item->clip.center();
        const bool is_beside = at_item.x < item->clip.x || at_item.x > item->clip.right();
        const bool comes_before = is_beside ? at_item.x < middle.x : at_item.y < middle.y;
        turn_wheel(comes_before ? 1.0f : -1.0f);
        turn_until_read();
        item = frame_.window().items().find(label);
        if (!item || item->box == before) break;
    }
    if (!item || !item->visible())
        return fmt::format("“{}” is scrolled out of sight", display_text(label, 80));
    if (item->disabled)
        return fmt::format("“{}” cannot be used now", display_text(label, 80));
    at = item->box.center();
    return {};
}

std::string ScriptPlayer::locate_cell(const ScriptTarget& target, Point& at) const {
    Scene::Under found;
    if (auto error = find_cell(frame_.scene(), target, found); !error.empty()) return error;
    const Point on_canvas = found.grid->cell_box(found.row, found.column).center();
    const Box canvas = frame_.canvas();
    at = {canvas.x + on_canvas.x, canvas.y + on_canvas.y};
    if (!canvas.contains(at))
        return fmt::format("{} ({}, {}) lies outside the canvas; “do \"Fit\"” shows all of it",
                           found.grid->name, found.row, found.column);
    return {};
}

std::string ScriptPlayer::locate_canvas(const ScriptTarget& target, Point& at) const {
    const Box canvas = frame_.canvas();
    if (target.place_px) {
        const float scale = frame_.window().scale();
        at = {canvas.x + static_cast<float>(target.place_px->first) * scale,
              canvas.y + static_cast<float>(target.place_px->second) * scale};
        return canvas.contains(at) ? "" : "that place lies outside the canvas";
    }
    const auto place = free_place(frame_.scene());
    if (!place) return "the canvas has no free place; name one: canvas 40,60";
    at = {canvas.x + place->x, canvas.y + place->y};
    return {};
}

std::string ScriptPlayer::locate_window(const ScriptTarget& target, Point& at) const {
    const float scale = frame_.window().scale();
    at = {static_cast<float>(target.place_px->first) * scale, static_cast<float>(target.place_px->second) * scale};
    const Box window{0, 0, static_cast<float>(frame_.window().width_px()), static_cast<float>(frame_.window().height_px())};
    return window.contains(at) ? "" : "that place lies outside the window";
}

// ---- Input

void ScriptPlayer::turn(int frames) {
    for (int i = 0; i < frames && !frame_.finished(); ++i) {
        if (paced_) frame_.wait(1.0 / 60);
        frame_.draw(paced_);
    }
}

void ScriptPlayer::turn_until_read() {
    for (int i = 0; i < kMostTurns && input_waits(); ++i) turn();
    turn(hurries_ ? 0 : 2);
}

void ScriptPlayer::pass_time(double seconds) {
    const double end_s = frame_.window().time_s() + seconds;
    while (!frame_.finished() && frame_.window().time_s() < end_s - 1e-6) {
        if (!paced_) frame_.draw(false);
        else if (frame_.wait(end_s - frame_.window().time_s())) frame_.draw();
    }
}

void ScriptPlayer::move_to(Point at) {
    if (paced_ && pointer_ && distance(*pointer_, at) > 1) {
        const Point from = *pointer_;
        const double start_s = frame_.window().time_s();
        double part = 0;
        while (part < 1 && !frame_.finished()) {
            part = std::min(1.0, (frame_.window().time_s() - start_s) / kGlide_s);
            const float eased = static_cast<float>(part * part * (3 - 2 * part));
            pointer_ = Point{from.x + eased * (at.x - from.x), from.y + eased * (at.y - from.y)};
            turn();
        }
    }
    pointer_ = at;
    turn(2);
}

void ScriptPlayer::press(int button, bool down) {
    press_button(button, down);
    turn();
}

void ScriptPlayer::hold(const Chord& chord, bool down) {
    press_keys(chord, down);
    turn_until_read();
}

void ScriptPlayer::type_key(const Chord& chord) {
    const Chord modifiers{chord.ctrl, chord.shift, chord.alt, ""}, key{false, false, false, chord.key};
    if (modifiers != Chord{}) hold(modifiers, true);
    press_keys(key, true);
    type_characters(character_of(chord));
    turn_until_read();
    hold(key, false);
    if (modifiers != Chord{}) hold(modifiers, false);
}

void ScriptPlayer::type_text(const std::string& text) {
    for (const std::string& character : characters(text)) {
        if (frame_.finished()) return;
        const ScriptKey* key = character.size() == 1 ? key_of_character(character[0]) : nullptr;
        if (character == "\n") {
            type_key({false, false, false, "Enter"});
        } else if (character == "\t") {
            type_key({false, false, false, "Tab"});
        } else if (key) {
            type_key({false, key->plain != character[0], false, key->name});
        } else {
            type_characters(character);
            turn_until_read();
        }
    }
}

std::string ScriptPlayer::path_of(const std::string& file) const {
    const std::filesystem::path path = to_path(file);
    return path.is_absolute() ? file : to_utf8(to_path(folder_) / path);
}

// ---- Cells by name

std::string find_cell(const Scene& scene, const ScriptTarget& target, Scene::Under& found) {
    const auto& indices = target.indices;
    const size_t n = indices.size();
    const int64_t row = indices[n - 2], column = indices[n - 1];
    const Grid* by_name = nullptr;
    const Grid* match = nullptr;
    std::string names;
    for (const Grid& grid : scene.grids) {
        if (names.find(grid.name) == std::string::npos) names += (names.empty() ? "" : ", ") + grid.name;
        const bool exact = grid.name == target.name;
        if (!exact && !grid.name.starts_with(target.name + "/")) continue;
        if (!by_name) by_name = &grid;
        if (n >= 3 && grid.origin.cell.c != indices[n - 3]) continue;
        if (n == 4 && grid.origin.cell.n != indices[0]) continue;
        if (!match || (exact && match->name != target.name)) match = &grid;
    }
    if (!by_name)
        return fmt::format("there is no grid “{}” on the canvas; there are {}",
                           display_text(target.name, 40), names.empty() ? "none" : names);
    if (!match && n == 4) return fmt::format("{} shows no plane {},{}", target.name, indices[0], indices[1]);
    if (!match) return fmt::format("{} shows no plane {}", target.name, indices[0]);
    if (!match->holds(row, column))
        return fmt::format("{} has no cell ({}, {}); its rows are {} to {}, its columns {} to {}",
                           match->name, row, column, match->first_row,
                           match->first_row + match->rows - 1, match->first_column,
                           match->first_column + match->columns - 1);
    found = {match, row, column};
    return {};
}

std::optional<Point> free_place(const Scene& scene) {
    std::optional<Point> best;
    const Point middle{scene.size_px.x / 2, scene.size_px.y / 2};
    for (float y = 12; y < scene.size_px.y - 8; y += 12) {
        for (float x = 12; x < scene.size_px.x - 8; x += 12) {
            const Point at{x, y};
            if (best && distance(at, middle) >= distance(*best, middle)) continue;
            const auto taken = [&](const auto& thing) { return thing.box.grown(6).contains(at); };
            if (std::any_of(scene.grids.begin(), scene.grids.end(), taken)) continue;
            if (std::any_of(scene.hits.begin(), scene.hits.end(), taken)) continue;
            if (std::any_of(scene.pictures.begin(), scene.pictures.end(), taken)) continue;
            best = at;
        }
    }
    return best;
}

}  // namespace convscope
