// Plays a script: each line as the input a person would give, through ImGui's own event queue.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "app/cli/frame.h"
#include "app/cli/script.h"

namespace convscope {

struct UiItem;

class ScriptPlayer {
public:
    /// Files are found from `folder`. `paced`: on the screen, so the pointer travels and the clock is the wall's.
    ScriptPlayer(Frame& frame, std::string folder, std::ostream& out, bool paced);
    ~ScriptPlayer();
    ScriptPlayer(const ScriptPlayer&) = delete;
    ScriptPlayer& operator=(const ScriptPlayer&) = delete;

    /// Plays it to the end. A sentence with the line's number when a line could not be done: nothing after it was.
    std::string play(const Script& script);
    /// The frames before the first line.
    void start();
    /// One line, as `play` does each: waits until all is computed unless in a hurry, does it, and lets ImGui take it.
    std::string play_line(const ScriptLine& line);
    /// Lines that could not be done, while lenient.
    int64_t passed_over() const { return passed_over_; }
    /// A line `quit` was reached.
    bool quits() const { return quits_; }
    /// The pointer is the person's again.
    void let_go();

private:
    std::string act(const ScriptLine& line);
    std::string click(const ScriptLine& line);
    std::string drag(const ScriptLine& line);
    std::string wheel(const ScriptLine& line);
    std::string run_command(const std::string& name);
    std::string shot(const std::string& file);

    /// Brings the target into view and moves the pointer there.
    std::string point(const ScriptTarget& target, Point& at);
    /// Where it is, in pixels of the window.
    std::string locate(const ScriptTarget& target, Point& at);
    std::string locate_label(const std::string& label, Point& at);
    std::string locate_cell(const ScriptTarget& target, Point& at) const;
    std::string locate_canvas(const ScriptTarget& target, Point& at) const;
    std::string locate_window(const ScriptTarget& target, Point& at) const;

    void turn(int frames = 1);
    void turn_until_read();                // until ImGui has taken all events; without hurry two frames more
    void pass_time(double seconds);
    void move_to(Point at);
    void press(int button, bool down);
    void hold(const Chord& chord, bool down);
    void type_key(const Chord& chord);
    void type_text(const std::string& text);
    std::string path_of(const std::string& file) const;

    Frame& frame_;
    std::string folder_;
    std::ostream& out_;
    bool paced_ = false, quits_ = false;
    bool lenient_ = false, hurries_ = false;
    int64_t passed_over_ = 0;
    std::optional<Point> pointer_;
    Chord held_;
    Point clicked_at_;
    double clicked_s_ = -1;
};

/// The grid and cell that a script's target means: by the grid's name ("input", "input/1"), leading indices choosing the
/// channel and sample; none: those shown. A sentence when there is none.
std::string find_cell(const Scene& scene, const ScriptTarget& target, Scene::Under& found);
/// Place on the canvas where nothing stands, nearest to its middle.
std::optional<Point> free_place(const Scene& scene);

}  // namespace convscope
