// Timeline: transport, where the play head is, a bar a window, what a step is, speed.
#include <algorithm>
#include <array>
#include <cmath>

#include <imgui_internal.h>

#include <fmt/format.h>

#include "app/panels/widgets.h"
#include "app/step_count.h"
#include "app/scene/fonts.h"
#include "app/scene/numbers.h"

namespace convscope {
namespace {

using ui::px;

constexpr int64_t kMostBars = 200;
constexpr std::array kSpeeds = {0.25f, 0.5f, 1.0f, 2.0f, 4.0f, 8.0f, 16.0f};

float f(int64_t n) { return static_cast<float>(n); }

std::string capitalised(std::string word) {
    if (!word.empty())
        word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
    return word;
}

bool walks_maps(const View& view) {
    return std::find(view.units.begin(), view.units.end(), Unit::map) != view.units.end();
}

/// One bar: a window, a row of them, or all.
struct Bar {
    float x0 = 0, x1 = 0;
    int64_t from = 0, to = 0;  // steps done at its ends
};

/// Bars of the plane that holds `place`.
struct Bars {
    std::vector<Bar> bars;
    bool are_windows = false;

    float x_of(double step) const {
        for (const Bar& bar : bars)
            if (step <= static_cast<double>(bar.to)) {
                const double length = std::max<double>(1, static_cast<double>(bar.to - bar.from));
                const double part =
                    std::clamp((step - static_cast<double>(bar.from)) / length, 0.0, 1.0);
                return bar.x0 + static_cast<float>(part) * (bar.x1 - bar.x0);
            }
        return bars.empty() ? 0 : bars.back().x1;
    }
    int64_t step_at(float x) const {
        for (const Bar& bar : bars)
            if (x <= bar.x1 || &bar == &bars.back()) {
                const float part =
                    std::clamp((x - bar.x0) / std::max(1.0f, bar.x1 - bar.x0), 0.0f, 1.0f);
                return bar.from + std::llround(static_cast<double>(part) *
                                               static_cast<double>(bar.to - bar.from));
            }
        return 0;
    }
};

/// Steps done before window number `window` begins.
int64_t steps_before(const Timeline& timeline, int64_t window) {
    if (window >= timeline.windows()) return timeline.steps();
    Index cell = timeline.cells().index(window);
    const Index first = timeline.first();
    cell = {cell.n + first.n, cell.c + first.c, cell.h + first.h, cell.w + first.w};
    return timeline.step_of(cell, 0) - 1;
}

Bars make_bars(const PanelContext& context, const Place& place, float x0, float x1) {
    const Timeline& timeline = context.app.timeline;
    const Shape cells = timeline.cells();
    Bars result;
    if (timeline.steps() == 0 || cells.count() == 0 || x1 <= x0) return result;
    const int64_t plane = cells.plane();
    const int64_t maps = cells.n * cells.c;
    if (walks_maps(chosen_view(context.app)) && maps > 1 && maps <= kMostBars &&
        (x1 - x0) / f(maps) > px(context, 5)) {
        const float gap_px = px(context, 2), width = (x1 - x0 - f(maps - 1) * gap_px) / f(maps);
        for (int64_t i = 0; i < maps; ++i) {
            const float x = x0 + f(i) * (width + gap_px);
            result.bars.push_back({std::round(x), std::round(x + width),
                                   steps_before(timeline, i * plane),
                                   steps_before(timeline, (i + 1) * plane)});
        }
        return result;
    }
    const int64_t number =
        std::clamp<int64_t>(place.started ? place.window : 0, 0, timeline.windows() - 1);
    const int64_t first = number / plane * plane;
    const float gap = px(context, 2), row_gap = px(context, 8), least = px(context, 3);

    const float windows_room = x1 - x0 - f(cells.h - 1) * row_gap - f(plane - cells.h) * gap;
    if (plane <= kMostBars && windows_room / f(plane) >= least) {
        result.are_windows = true;
        const float width = windows_room / f(plane);
        float x = x0;
        for (int64_t i = 0; i < plane; ++i) {
            result.bars.push_back({std::round(x), std::round(x + width),
                                   steps_before(timeline, first + i),
                                   steps_before(timeline, first + i + 1)});
            x += width + ((i + 1) % cells.w == 0 ? row_gap : gap);
        }
        return result;
    }
    const float rows_room = x1 - x0 - f(cells.h - 1) * gap;
    const int64_t count = cells.h <= kMostBars && rows_room / f(cells.h) >= least ? cells.h : 1;
    const float width = (x1 - x0 - f(count - 1) * gap) / f(count);
    for (int64_t i = 0; i < count; ++i) {
        const float x = x0 + f(i) * (width + gap);
        result.bars.push_back({std::round(x), std::round(x + width),
                               steps_before(timeline, first + i * plane / count),
                               steps_before(timeline, first + (i + 1) * plane / count)});
    }
    return result;
}

void draw_bars(const PanelContext& context, const Bars& bars, float y, double step) {
    const float height = px(context, 6), top = std::round(y - height / 2);
    for (const Bar& bar : bars.bars) {
        const Box box{bar.x0, top, bar.x1 - bar.x0, height};
        const bool is_done = step >= static_cast<double>(bar.to) && bar.to > bar.from;
        const bool is_current = !is_done && step > static_cast<double>(bar.from);
        const bool just_done = is_done && step == static_cast<double>(bar.to);
        ui::fill(context, box, just_done ? Tone::ink : is_done ? Tone::ink2 : Tone::line2, 2);
        if (!is_current && !just_done) continue;
        const float reached = bars.x_of(step);
        if (is_current)
            ui::fill(context, {box.x, top, std::round(reached - box.x), height}, Tone::ink, 2);
        const float term = box.w / std::max(1.0f, f(bar.to - bar.from));
        if (!bars.are_windows || term <= px(context, 4)) continue;
        const float tick = std::max(1.0f, px(context, 1));
        for (int64_t i = 1; i < bar.to - bar.from; ++i) {
            const float x = std::round(box.x + f(i) * term - tick / 2);
            ui::fill(context, {x, top, tick, height}, Tone::panel);
        }
    }
    if (bars.bars.empty() || step < 0) return;
    const float head_w = px(context, 4), head_h = px(context, 18);
    const Box head{std::round(bars.x_of(step) - head_w / 2), std::round(y - head_h / 2), head_w,
                   head_h};
    ui::fill(context, head, Tone::ink, 2);
}

/// "Window 8" and " of 16, output channel 2, term 5 of 9"; `brief`: without the channel.
std::array<std::string, 2> place_words(const App& app, const Place& place, bool brief) {
    const Timeline& timeline = app.timeline;
    const Shape cells = timeline.cells();
    if (timeline.steps() == 0 || cells.count() == 0) return {"No steps", ""};
    const int64_t plane = cells.plane();
    if (timeline.order() == Order::by_batch)
        return {fmt::format("Batch {}", std::max<int64_t>(1, place.started ? place.window + 1 : 1)),
                fmt::format(" of {}", plane)};
    if (timeline.order() == Order::by_layer) {  // backward: the last layer comes first
        if (!place.started) return {"Start", ", " + ui::counted(plane, "layer") + " to go back through"};
        const bool done = place.window + 1 == plane && chosen_view(app).backward;
        return {fmt::format("Layer {}", plane - place.window),
                fmt::format(" of {}{}", plane, done ? ", backward pass done" : "")};
    }
    const bool by_input = timeline.order() == Order::by_input;
    const std::string noun = by_input ? "input" : timeline.has_windows() ? "window" : "cell";
    if (!place.started) return {"Start", ", " + ui::counted(timeline.windows(), noun) + " to come"};
    if (place.finishing) return {"Last step", ", crop and bias"};
    if (walks_maps(chosen_view(app))) {
        const int64_t channel = place.cell.c;
        const auto& names =
            app.state.document.layers[static_cast<size_t>(app.state.layer)].channel_names;
        std::string rest = fmt::format(" of {}", cells.c);
        if (channel < static_cast<int64_t>(names.size()))
            rest += ", " + names[static_cast<size_t>(channel)];
        if (app.state.play.unit == Unit::row)
            rest += fmt::format(", row {} of {}", place.cell.h + 1, cells.h);
        return {fmt::format("Map {}", channel + 1), rest};
    }
    std::string rest = fmt::format(" of {}", plane);
    if (cells.n > 1 && !brief) rest += fmt::format(", sample {}", place.cell.n);
    if (cells.c > 1 && !brief)
        rest += fmt::format(", {} channel {}", by_input ? "input" : "output", place.cell.c);
    if (timeline.has_windows() && (app.state.play.unit == Unit::term || app.state.play.unit == Unit::channel))
        rest += fmt::format(", term {} of {}", place.term + 1, place.terms);
    return {fmt::format("{} {}", capitalised(noun), place.window % plane + 1), rest};
}

void transport(PanelContext& context, const Box& bar, bool enabled) {
    App& app = context.app;
    const float y = bar.y + std::floor(bar.h / 2), side = px(context, 28);
    const auto button = [&](const char* label, float x, const char* icon, std::string_view keys) {
        const Box box{bar.x + px(context, x) - side / 2, y - side / 2, side, side};
        return ui::icon_button(
            context, label, box, icon, ui::Border::none,
            {.enabled = enabled, .repeats = true, .tooltip = label, .keys = keys});
    };
    if (button("First step", 28, icon::kFastBack, "Home")) go_to_step(app, 0);
    if (button("Step back", 60, icon::kStepBack, "←")) step(app, -1);
    if (button("Step forward", 140, icon::kStepForward, "→")) step(app, 1);
    if (button("Last step", 172, icon::kFastForward, "End")) go_to_step(app, app.timeline.steps());

    const float disc = px(context, 36);
    const Box play{bar.x + px(context, 102) - disc / 2, y - disc / 2, disc, disc};
    const bool is_playing = app.state.play.playing;
    const ui::Item it =
        ui::item(context, "Play", play,
                 {.enabled = enabled, .tooltip = is_playing ? "Pause" : "Play", .keys = "Space"});
    ui::fill(context, play, !enabled ? Tone::inkd : it.hovered ? Tone::ink2 : Tone::accent, 18);
    if (it.focused) ui::focus_ring(context, play.grown(px(context, 3)), 21);
    // A triangle's weight lies left of its box's middle.
    const Point middle{play.center().x + (is_playing ? 0 : px(context, 1)), y};
    ui::text(context, context.fonts.icons, Tone::on_accent, middle,
             is_playing ? icon::kPause : icon::kPlay, Align::center);
    if (it.pressed) set_playing(app, !is_playing);
}

void speed(PanelContext& context, const Box& box) {
    App& app = context.app;
    const auto words = [](float value) {
        return number_text_short(static_cast<double>(value)) + "×";
    };
    const ui::Item it =
        ui::item(context, "Speed", box, {.tooltip = "Speed of the play", .keys = "+ −"});
    const ImGuiID popup = ImGui::GetID("speeds");
    if (it.hovered) ui::fill(context, box, Tone::hover, 6);
    if (it.focused) ui::focus_ring(context, box);
    ui::text(context, context.fonts.mono, Tone::ink2, box.center(), words(app.state.play.speed),
             Align::center);
    if (it.pressed) ImGui::OpenPopup(popup);
    std::vector<ui::Entry> entries;
    int chosen = -1;
    for (const float value : kSpeeds) {
        if (value == app.state.play.speed) chosen = static_cast<int>(entries.size());
        entries.push_back({words(value), "", false});
    }
    if (const auto entry = ui::list_popup(context, popup, box, entries, chosen))
        set_speed(app, kSpeeds[static_cast<size_t>(*entry)]);
}

/// Segments of the units; gives where the free space ends.
float step_by(PanelContext& context, const Box& bar, float right, bool with_label) {
    App& app = context.app;
    const std::vector<Unit> units = step_units(app);
    if (units.empty()) return right;
    std::vector<std::string> labels;
    int chosen = -1;
    for (const Unit unit : units) {
        if (unit == app.state.play.unit) chosen = static_cast<int>(labels.size());
        labels.push_back(capitalised(unit_name(unit, app.timeline)));
    }
    const float width = ui::segmented_width(context, labels), height = px(context, 28);
    const float y = bar.y + std::floor(bar.h / 2);
    const Box box{right - width, std::round(y - height / 2), width, height};
    if (const auto pressed = ui::segmented(context, box, labels, chosen))
        set_unit(app, units[static_cast<size_t>(*pressed)]);
    if (!with_label) return box.x;
    const float label = std::round(ui::width_of(context.fonts.body, "Step by"));
    const float x = box.x - px(context, 11) - label;
    ui::text(context, context.fonts.body, Tone::ink3, {x, y}, "Step by");
    return x;
}

void steps(PanelContext& context, const Box& bar, float x0, float x1) {
    App& app = context.app;
    const PlayHead& play = app.state.play;
    const Place place = app.timeline.at(play.step);
    const float words_y = bar.y + px(context, 24.5f), bars_y = bar.y + px(context, 49);

    const StepCount count = step_count(app);
    std::string right = count.all > 0 && !app.state.problem
                            ? fmt::format("step {} of {}", count.done, count.all)
                            : "";
    const auto words = [&](bool brief) {
        return app.state.problem ? std::array<std::string, 2>{"No steps", ""}
                                 : place_words(app, place, brief);
    };
    auto [head, tail] = words(false);
    const float right_w = ui::width_of(context.fonts.mono_small, right);
    const float head_w = std::round(ui::width_of(context.fonts.body_bold, head));
    if (head_w + right_w + px(context, 16) > x1 - x0) right.clear();
    const float room = x1 - x0 - head_w - (right.empty() ? 0 : right_w + px(context, 16));
    ui::text(context, context.fonts.body_bold, Tone::ink, {x0, words_y},
             ui::fitted(context.fonts.body_bold, head, x1 - x0));
    if (ui::width_of(context.fonts.body, tail) > room) tail = words(true)[1];
    if (room > 0)
        ui::text(context, context.fonts.body, Tone::ink2, {x0 + head_w, words_y},
                 ui::fitted(context.fonts.body, tail, room));
    ui::text(context, context.fonts.mono_small, Tone::ink3, {x1, words_y}, right, Align::right);

    const Bars bars = make_bars(context, place, x0, x1);
    const Box track{x0, bars_y - px(context, 11), x1 - x0, px(context, 22)};
    const bool enabled = !bars.bars.empty() && !app.state.problem;
    const ui::Item it = ui::item(context, "Steps", track, {.enabled = enabled});
    if (it.held && enabled) {
        if (play.playing) set_playing(app, false);
        int64_t wanted = bars.step_at(ImGui::GetMousePos().x);
        if (play.unit != Unit::term && wanted > 0)
            wanted = app.timeline.forward(wanted - 1, play.unit);
        if (wanted != play.step) go_to_step(app, wanted);
    }
    if (it.focused) {
        ui::focus_ring(context, track.grown(px(context, 2)));
        if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow)) step(app, -1);
        if (ImGui::IsKeyPressed(ImGuiKey_RightArrow)) step(app, 1);
    }
    const double moved =
        static_cast<double>(play.from_step) +
        static_cast<double>(play.step - play.from_step) * static_cast<double>(fraction(app));
    // A move that began in another plane has no way here: the head stands where it goes.
    const bool same_plane = app.timeline.cells().plane() > 0 &&
                            app.timeline.at(play.from_step).window / app.timeline.cells().plane() ==
                                place.window / app.timeline.cells().plane();
    draw_bars(context, bars, bars_y,
              app.state.problem ? -1
              : same_plane      ? moved
                                : static_cast<double>(play.step));
}

}  // namespace

void draw_timeline(PanelContext& context, const WindowLayout& layout) {
    const Box& bar = layout.timeline;
    ui::begin_panel(context, "Timeline", bar, Tone::panel);
    ui::rule(context, bar.x, bar.right(), bar.y);
    const bool enabled = context.app.timeline.steps() > 0 && !context.app.state.problem;
    transport(context, bar, enabled);
    const float y = bar.y + std::floor(bar.h / 2);
    const Box speed_box{bar.right() - px(context, 50), y - px(context, 14), px(context, 44),
                        px(context, 28)};
    speed(context, speed_box);
    const float x0 = bar.x + px(context, 208);
    const bool is_wide = bar.w / context.scale >= 960;
    const float x1 =
        step_by(context, bar, speed_box.x - px(context, 14), is_wide) - px(context, 24);
    if (x1 - x0 > px(context, 40)) steps(context, bar, x0, x1);
    ui::end_panel();
}

}  // namespace convscope
