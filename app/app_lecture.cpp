// The picture of a lecture: the views in large type under their topic, over a dot a step and the keys that lead on.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/app_answers.h"
#include "app/app_compare.h"
#include "app/app_parts.h"
#include "app/scene/fonts.h"
#include "app/step_count.h"

namespace convscope {
namespace {

// In units of which 720 × 450 or more fit the window.
constexpr float kWide = 720, kHigh = 450;
constexpr float kHead = 30, kFoot = 46, kMargin = 24;
constexpr float kTopic = 14, kSmall = 11.5f, kKeys = 10;
constexpr int64_t kMostDots = 32;
constexpr int64_t kMostRead = 400;   // cells of a grid whose numbers an audience can follow

/// "stride 2, padding 1": the parameters that are not as in a fresh layer.
std::string parameters_told(const Layer& layer) {
    const Params standard = standard_params(*layer.op);
    std::string told;
    for (size_t i = 0; i < layer.params.size(); ++i) {
        const Field& field = layer.op->fields[i];
        if (layer.params[i] == standard[i] || field.key.find("channels") != std::string::npos) continue;
        std::string words = field.key;
        std::ranges::replace(words, '_', ' ');
        const std::string value = to_text(layer.params[i]);
        if (value == "off")
            words = "no " + words;
        else if (value != "on")
            words += " " + value;
        told += (told.empty() ? "" : ", ") + words;
    }
    return told;
}

void add_key(Scene& scene, float x, float y, float unit, Align align, const std::string& key, const std::string& does) {
    const float key_w = text_width(Font::mono, kKeys * unit, key) + 10 * unit;
    const float does_w = text_width(Font::inter, kKeys * unit, does);
    const float left = align == Align::left ? x : x - key_w - 6 * unit - does_w;
    Plate cap;
    cap.box = {left, y - 8 * unit, key_w, 16 * unit};
    cap.fill = Tone::panel;
    cap.border = Tone::line2;
    cap.border_px = std::max(1.0f, std::round(0.5f * unit));
    cap.radius_px = 3 * unit;
    scene.plates.push_back(cap);
    scene.labels.push_back({cap.box.center(), Align::center, kKeys * unit, {{key, Font::mono, Tone::ink2}}});
    scene.labels.push_back({{cap.box.right() + 6 * unit, y}, Align::left, kKeys * unit, {{does, Font::inter, Tone::ink2}}});
}

/// A dot a step; more of them become one bar.
void add_dots(Scene& scene, const StepCount& count, Point middle, float unit) {
    const auto f = [](int64_t n) { return static_cast<float>(n); };
    if (count.all > kMostDots || count.all < 1) {
        const float width = 200 * unit, height = 3 * unit;
        Plate ground;
        ground.box = {middle.x - width / 2, middle.y - height / 2, width, height};
        ground.fill = Tone::line2;
        ground.radius_px = height / 2;
        scene.plates.push_back(ground);
        ground.fill = Tone::ink;
        ground.box.w = count.all < 1 ? 0 : width * f(std::min(count.done, count.all)) / f(count.all);
        if (ground.box.w > 0) scene.plates.push_back(ground);
        return;
    }
    const float pitch = std::min(17.f, 300 / f(count.all)) * unit, radius = std::min(4.5f * unit, 0.36f * pitch);
    for (int64_t i = 0; i < count.all; ++i) {
        const float x = middle.x + (f(i) - f(count.all - 1) / 2) * pitch;
        const bool is_now = i + 1 == count.done;
        Plate dot;
        dot.box = Box{x, middle.y, 0, 0}.grown(radius);
        dot.radius_px = radius;
        dot.fill = i < count.done && !is_now ? Tone::ink : Tone::canvas;
        dot.border = i < count.done ? Tone::ink : Tone::line2;
        dot.border_px = std::max(1.0f, unit);
        if (is_now) dot.box = Box{x, middle.y, 0, 0}.grown(dot.radius_px = 1.35f * radius);
        scene.plates.push_back(dot);
        if (!is_now) continue;
        dot.box = Box{x, middle.y, 0, 0}.grown(dot.radius_px = 0.5f * radius);
        dot.fill = Tone::ink;
        dot.border = Tone::none;
        dot.border_px = 0;
        scene.plates.push_back(dot);
    }
}

/// Every grid of a size to be read shows its numbers.
bool is_legible(const Scene& scene) {
    return std::ranges::all_of(scene.grids, [](const Grid& grid) {
        return grid.rows * grid.columns > kMostRead || grid.digits_px > 0;
    });
}

/// The views as large as they can be read: charts, panes and many channels need more room for the same type.
Scene build_large(const App& app, Point size_px, float unit) {
    const size_t panes = shown_views(app).size() + (resize_beside(app) ? 1 : 0);
    float scale = unit * (panes >= 3 ? 0.6f : panes == 2 ? 0.75f : 1);
    Scene scene = build_views(app, size_px, scale);
    if (scene.grids.empty()) return build_views(app, size_px, 0.75f * scale);
    for (const float smaller : {0.85f, 0.72f, 0.6f}) {
        if (is_legible(scene)) break;
        scene = build_views(app, size_px, std::min(scale, unit * smaller));
    }
    return scene;
}

}  // namespace

Scene build_lecture(const App& app, Point size_px) {
    const float unit = std::max(0.25f, std::min(size_px.x / kWide, size_px.y / kHigh));
    const Point inner{size_px.x, std::max(1.0f, size_px.y - (kHead + kFoot) * unit)};
    Scene part = build_large(app, inner, unit);
    Scene scene;
    scene.size_px = size_px;
    scene.caption = part.caption;
    scene.content = part.content;
    scene.content.y += kHead * unit;
    append_moved(scene, std::move(part), "", {0, std::round(kHead * unit)});

    const Layer* layer = chosen_layer(app);
    const float head_y = 24 * unit, foot_y = size_px.y - 26 * unit, left = kMargin * unit, right = size_px.x - left;
    const StepCount count = step_count(app);
    const std::string counted = count.all > 0 ? fmt::format("{} of {}", count.done, count.all) : "";
    const float counted_w = text_width(Font::mono, kSmall * unit, counted);
    if (!counted.empty())
        scene.labels.push_back({{right, head_y}, Align::right, kSmall * unit, {{counted, Font::mono, Tone::ink2}}});
    const std::string& name = app.state.document.name;
    const std::string topic = !name.empty() ? name : layer ? layer->op->torch_name : "";
    scene.labels.push_back({{left, head_y}, Align::left, kTopic * unit, {{topic, Font::semibold, Tone::ink}}});
    std::string told = layer ? parameters_told(*layer) : "";
    const int layers = static_cast<int>(app.state.document.layers.size());
    if (layer && (layers > 1 || !name.empty())) told = layer->op->torch_name + (told.empty() ? "" : ", " + told);
    if (layers > 1) told = fmt::format("layer {} of {}: ", app.state.layer + 1, layers) + told;
    const float told_x = left + text_width(Font::semibold, kTopic * unit, topic) + 10 * unit;
    told = phrases_that_fit(Font::inter, kSmall * unit, told, right - counted_w - 16 * unit - told_x);
    if (!told.empty())
        scene.labels.push_back({{told_x, head_y}, Align::left, kSmall * unit, {{told, Font::inter, Tone::ink2}}});

    const bool asks = has_hidden_answer(app);
    const bool at_end = app.state.play.step >= app.timeline.steps();
    if (asks || !at_end) add_key(scene, left, foot_y, unit, Align::left, "PgDn", asks ? "show the answer" : "next step");
    add_key(scene, right, foot_y, unit, Align::right, "Esc", "leave");
    add_dots(scene, count, {size_px.x / 2, foot_y}, unit);
    return scene;
}

}  // namespace convscope
