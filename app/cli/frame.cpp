// One frame: events → time passes → keys and panels → results → scene → canvas → screen.
#include "app/cli/frame.h"

#include <algorithm>

namespace convscope {
namespace {

constexpr double kIdle_s = 0.5;              // longest sleep
constexpr double kProgress_s = 0.1;          // between frames while something is being computed
constexpr double kLongestMove_s = 0.1;       // of the play in one frame, however long it took

std::string window_title(const State& state) {
    const std::string& name = state.document.name;
    return name.empty() ? "Convscope" : name + " – Convscope";
}

/// The result's own smaller copies; other tensors are small or are averaged where they are painted.
FindLevels levels_of(std::shared_ptr<const Result> result) {
    return [result = std::move(result)](const Tensor& tensor, int64_t n,
                                        int64_t c) -> const PlaneLevels* {
        if (!result) return nullptr;
        for (const TensorLevels& levels : result->levels)
            if (levels.tensor.same_as(tensor))
                return &levels.planes[static_cast<size_t>(n * tensor.shape().c + c)];
        return nullptr;
    };
}

}  // namespace

SceneKey scene_key(const App& app, Point size_px, float scale) {
    const ViewInput in = view_input(app, size_px, scale);
    const State& state = app.state;
    SceneKey key;
    key.result = state.result;
    for (const Network& network : state.others) key.others.push_back(network.result);
    key.views = shown_views(app);
    key.stale_reason = in.stale_reason + in.stale_advice;
    key.layer = in.layer;
    key.step = in.step;
    key.from_step = in.from_step;
    key.fraction = in.fraction;
    key.scale = in.scale;
    key.unit = in.unit;
    key.shown = in.shown;
    key.corner_weights = in.corner_weights;
    key.shared_range = in.shared_range;
    key.stale = in.stale;
    if (std::ranges::any_of(key.views, &View::follows_pointer)) {
        key.hover = in.hover;
        key.hover_action = in.hover_action;
    }
    key.pinned = in.pinned;
    if (state.problem) key.problem = state.problem->whole();
    key.size_px = in.size_px;
    key.camera = in.camera;
    if (in.answers) key.answers = *in.answers;
    key.lecture = in.lecture;
    return key;
}

Frame::Frame(AppWindow& window, App& app, const std::string& shader_folder)
    : window_(window), app_(app), painter_(shader_folder), reloads_(!shader_folder.empty()) {
    app_.host.clipboard = [&window] { return window.clipboard(); };
    app_.host.set_clipboard = [&window](const std::string& text) { window.set_clipboard(text); };
    app_.host.wake = [&window] { window.post_wakeup(); };
    app_.host.graphics = gl_description();
    app_.host.largest_scale = [&window] { return window.largest_interface_scale(); };
    app_.host.quit = [this] { quit_ = true; };
    app_.host.set_full_screen = [&window](bool on) { window.set_full_screen(on); };
    app_.host.full_screen = [&window] { return window.full_screen(); };
    app_.host.has_other_monitor = [&window] { return window.has_other_monitor(); };
    app_.host.fill_other_monitor = [&window] { window.fill_other_monitor(); };
    last_s_ = window.time_s();
    tell_shader_problem();
}

void Frame::tell_shader_problem() {
    if (!painter_.problem().empty()) say(app_, painter_.problem(), true);
}

Frame::~Frame() {
    app_.loader.cancel();
    app_.loader.wait();  // it may still call wake
    app_.previewer.cancel();
    app_.previewer.wait();
    app_.evaluator.cancel();
    app_.evaluator.wait();
    app_.host = {};
}

bool Frame::wait(double at_most_s) {
    if (frames_ == 0) return true;
    const double change_s = std::max(0.0, seconds_to_next_change(app_));
    if (change_s == 0) return window_.poll_events();
    const double longest_s = std::min({at_most_s, change_s, settled(app_) ? kIdle_s : kProgress_s});
    if (longest_s <= 0) return false;
    if (window_.wait_events(longest_s)) return true;
    if (reloads_ && painter_.reload()) {
        painted_look_.reset();
        tell_shader_problem();
        return true;
    }
    return !settled(app_) || change_s <= longest_s;
}

void Frame::draw(bool draws) {
    window_.set_look(shown_theme(app_.state), app_.state.settings.interface_scale);
    window_.begin_frame();
    // Time passes before the input counts: what a key starts, starts now and not when the last frame was.
    const double now_s = window_.time_s();
    const double passed_s = std::max(0.0, now_s - last_s_);
    last_s_ = now_s;
    const bool moves = seconds_to_next_change(app_) <= 0;
    update(app_, moves ? std::min(passed_s, kLongestMove_s) : passed_s);
    for (const std::string& path : window_.take_dropped()) open_file(app_, path);

    const Point size_px{static_cast<float>(window_.width_px()), static_cast<float>(window_.height_px())};
    const float scale = window_.scale();
    const bool lecture = app_.state.lecture.on;
    layout_ = lecture ? lecture_layout(size_px)
                      : window_layout(size_px, scale, app_.state.settings, shown_views(app_).size(),
                                      question_height(app_));
    build();  // the canvas has its size before the panels show it
    target_.resize(static_cast<int>(scene_.size_px.x), static_cast<int>(scene_.size_px.y));
    if (app_.state.popups.file_dialog) preview_.resize(static_cast<int>(preview_side_px(scale)), static_cast<int>(preview_side_px(scale)));
    const auto id_of = [](const Target& target) { return reinterpret_cast<void*>(static_cast<uintptr_t>(target.texture())); };
    PanelContext context{app_, window_.fonts(), scale, scene_, id_of(target_), {layout_.canvas.w, layout_.canvas.h}, id_of(preview_)};
    handle_keys(context);
    for (const Panel& panel : all_panels()) {
        if (!(lecture ? panel.in_lecture : panel.in_window)) continue;
        window_.items().begin_panel(panel.name);
        panel.draw(context, layout_);
    }

    update(app_, 0);
    build();
    Repaint repainted = draws ? paint() : Repaint{};
    if (draws && paint_preview()) repainted = {true, {}};
    if (const std::string title = window_title(app_.state); title != title_) {
        title_ = title;
        window_.set_title(title);
    }
    window_.end_frame(draws, repainted);
    ++frames_;
    if (on_frame) on_frame();
}

void Frame::settle(bool draws) {
    do {
        wait_until_settled(app_);
        draw(draws);
    } while (!settled(app_) && !finished());
}

void Frame::build() {
    SceneKey key = scene_key(app_, {layout_.canvas.w, layout_.canvas.h}, window_.scale());
    if (key_ && *key_ == key) return;
    key_ = std::move(key);
    scene_ = build_scene(app_, key_->size_px, key_->scale);
    scene_changed_ = true;
}

Repaint Frame::paint() {
    const std::pair look{window_.theme(), window_.scale()};
    if (!scene_changed_ && painted_look_ == look) return {};
    painter_.use_levels(levels_of(app_.state.result));
    scene_changed_ = false;
    painted_look_ = look;
    ++paints_;
    return painter_.paint(scene_, look.first, look.second, target_);
}

/// The file dialog's picture, when it is another one.
bool Frame::paint_preview() {
    const FilePreview* preview = app_.state.popups.file_dialog ? app_.previewer.shown() : nullptr;
    if (!preview || preview->picture.empty()) return false;
    const std::pair look{window_.theme(), window_.scale()};
    if (preview_.painted().number != 0 && previewed_.same_as(preview->picture) && preview_look_ == look) return false;
    const auto side = static_cast<float>(preview_.width_px());
    painter_.use_levels({});
    painter_.paint(preview_scene(*preview, {side, side}), look.first, look.second, preview_);
    previewed_ = preview->picture;
    preview_look_ = look;
    return true;
}

void run_until_closed(Frame& frame) {
    while (!frame.finished())
        if (frame.wait()) frame.draw();
}

}  // namespace convscope
