// Frame: one turn of the program, the same for the window on the screen, shot and play. Nothing to draw: no frame.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/app.h"
#include "app/panels/panels.h"
#include "app/window/window.h"

namespace convscope {

/// Everything that the scene on the canvas was built from, so that an equal one is not built again.
struct SceneKey {
    std::shared_ptr<const Result> result;
    std::vector<std::shared_ptr<const Result>> others;
    std::vector<const View*> views;
    std::string stale_reason, problem;
    int layer = 0;
    int64_t step = 0, from_step = 0;
    float fraction = 1, scale = 1;
    Unit unit = Unit::term;
    Shown shown;
    bool corner_weights = true, shared_range = false, stale = false;
    std::optional<CellRef> hover;
    std::optional<Ref> pinned;
    std::string hover_action;
    Point size_px;
    Camera camera;
    std::optional<Answers> answers;
    bool lecture = false;
    bool operator==(const SceneKey&) const = default;
};
SceneKey scene_key(const App& app, Point size_px, float scale);

/// A window with the app in it. The window and the app must live longer.
class Frame {
public:
    /// `shader_folder`: see GlPainter; empty: the embedded shaders.
    Frame(AppWindow& window, App& app, const std::string& shader_folder = "");
    ~Frame();
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    /// Sleeps until there is something to draw, at most that long (and never much longer than half a second). False:
    /// there is nothing to draw yet.
    bool wait(double at_most_s = 1e9);
    /// One frame. `draws` false: all but the drawing, for scripts without a window.
    void draw(bool draws = true);
    /// Frames until nothing is being computed and what was computed is on the canvas.
    void settle(bool draws = true);
    /// The window was closed, or the command Quit was run.
    bool finished() const { return quit_ || window_.should_close(); }

    /// Called at the end of each frame.
    std::function<void()> on_frame;

    App& app() { return app_; }
    AppWindow& window() { return window_; }
    const Scene& scene() const { return scene_; }
    /// Where the canvas lies in the window.
    Box canvas() const { return layout_.canvas; }
    int64_t frames() const { return frames_; }      // drawn or not
    int64_t paints() const { return paints_; }      // of the canvas

private:
    void tell_shader_problem();
    void build();
    /// What of the canvas differs now.
    Repaint paint();
    bool paint_preview();

    AppWindow& window_;
    App& app_;
    GlPainter painter_;
    Target target_, preview_;
    Tensor previewed_;                              // what stands in preview_
    WindowLayout layout_;
    Scene scene_;
    std::optional<SceneKey> key_;
    std::optional<std::pair<Theme, float>> painted_look_, preview_look_;
    bool scene_changed_ = true, reloads_ = false, quit_ = false;
    std::string title_;
    double last_s_ = 0;
    int64_t frames_ = 0, paints_ = 0;
};

/// Runs frames until the window is closed.
void run_until_closed(Frame& frame);

}  // namespace convscope
