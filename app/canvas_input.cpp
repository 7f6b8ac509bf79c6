// The mouse on the canvas: hover, click, paint, pan, wheel.
#include "app/canvas_input.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace convscope {
namespace {

constexpr float kDragPx = 4;
/// A pause this long ends a burst of wheel turns.
constexpr double kBurstSeconds = 0.6;
constexpr float kZoomPerTurn = 1.15f;
constexpr float kSmallestZoom = 0.2f, kLargestZoom = 64;

/// Near enough to read the numbers of the layer's grids, however large they are.
float largest_zoom(const App& app) {
    if (!app.state.result || app.state.result->layers.empty()) return kLargestZoom;
    const LayerResult& layer = app.state.result->layers[static_cast<size_t>(shown_layer(app))];
    const Shape in = layer.input.shape(), out = layer.plan.output_stage().shape;
    return std::max(kLargestZoom, static_cast<float>(std::max({in.h, in.w, out.h, out.w})) / 4);
}

std::optional<CellRef> cell_under(const Scene& scene, Point p) {
    const auto under = scene.under(p);
    if (!under || !under->grid) return {};
    return CellRef{under->grid->name, under->row, under->column};
}

/// The mouse may change this cell: it can be edited, and it is large enough to aim at.
bool paintable(const Scene& scene, const CellRef& cell) {
    const Grid* grid = scene.grid(cell.grid);
    return grid && grid->cell_px >= kSmallestEditablePx && !grid->cells.empty() && editable(scene, cell);
}

/// Every cell of the grid that the straight way from `a` to `b` crosses.
std::vector<CellRef> cells_crossed(const Grid& grid, Point a, Point b) {
    std::vector<CellRef> cells;
    const float length = std::hypot(b.x - a.x, b.y - a.y);
    const int samples = 1 + static_cast<int>(std::min(length / grid.cell_px * 8, 100000.f));
    for (int i = 0; i <= samples; ++i) {
        const float t = static_cast<float>(i) / static_cast<float>(samples);
        const Point p{a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t};
        if (!grid.box.contains(p)) continue;
        const CellRef cell{grid.name,
                           grid.first_row + static_cast<int64_t>((p.y - grid.box.y) / grid.cell_px),
                           grid.first_column + static_cast<int64_t>((p.x - grid.box.x) / grid.cell_px)};
        if (cells.empty() || !(cells.back() == cell)) cells.push_back(cell);
    }
    return cells;
}

void paint(App& app, const Scene& scene, Point to) {
    CanvasMouse& mouse = app.state.mouse;
    const Grid* grid = scene.grid(mouse.cell.grid);
    if (!grid) return;
    std::vector<Ref> refs;
    for (const CellRef& cell : cells_crossed(*grid, mouse.last, to))
        if (const auto ref = cell_ref(scene, cell); ref && editable(scene, cell)) refs.push_back(*ref);
    set_values(app, refs, mouse.paint_value, fmt::format("paint {}", mouse.gestures));
}

void limit_pan(Camera& camera, Point size_px) {
    const auto limit = [&](float& pan, float size) {
        const float most = size / 2 * (camera.zoom + 1);
        pan = std::clamp(pan, -most, most);
    };
    limit(camera.pan_px.x, size_px.x);
    limit(camera.pan_px.y, size_px.y);
}

/// The output cell behind a cell of the scene.
std::optional<Index> output_cell(const App& app, const Scene& scene, const CellRef& cell) {
    const auto ref = cell_ref(scene, cell);
    const auto& result = app.state.result;
    const auto layer = static_cast<size_t>(shown_layer(app));
    if (!ref || ref->source != Source::stage || !result || layer >= result->layers.size()) return {};
    const Plan& plan = result->layers[layer].plan;
    if (ref->which != plan.output || !plan.output_stage().shape.contains(ref->cell)) return {};
    return ref->cell;
}

/// Pins a cell, or frees it when it is pinned.
void toggle_pin(App& app, const Ref& ref) {
    if (app.state.selection.pinned == ref)
        select_nothing(app);
    else
        pin(app, ref);
}

/// A press and a release at the same place.
void click(App& app, const Scene& scene) {
    const CellRef& cell = app.state.mouse.cell;
    if (!cell.grid.empty() && paintable(scene, cell)) return;  // selected when it was pressed
    app.state.selection.edit.reset();
    if (const auto ref = cell_ref(scene, cell)) toggle_pin(app, *ref);
}

/// A tenth more than 0.1 is 0.2, not 0.2000000030.
float stepped(float value, int turns, bool fine) {
    const double next = static_cast<double>(value) + turns * (fine ? 0.1 : 1.0);
    const double tenths = std::round(next * 10) / 10;
    return static_cast<float>(std::abs(next - tenths) < 1e-5 ? tenths : next);
}

void turn_value(App& app, const CellRef& cell, const Ref& ref, float turns, bool fine) {
    CanvasMouse& mouse = app.state.mouse;
    if (mouse.wheeled != cell || mouse.wheel_s > kBurstSeconds) {
        end_gesture(app);
        ++mouse.gestures;
        mouse.wheeled = cell;
        mouse.wheel_rest = 0;
    }
    mouse.wheel_s = 0;
    mouse.wheel_rest += turns;
    const float whole = std::trunc(mouse.wheel_rest);
    mouse.wheel_rest -= whole;
    const auto value = document_value(app, ref);
    if (whole == 0 || !value) return;
    if (app.state.selection.edit) app.state.selection.edit->typing = false;
    set_value(app, ref, stepped(*value, static_cast<int>(whole), fine),
              fmt::format("wheel {}", mouse.gestures));
}

/// The number behind a word: "channel 2".
std::optional<int64_t> number_after(std::string_view action, std::string_view word) {
    if (!action.starts_with(word)) return {};
    action.remove_prefix(word.size());
    int64_t number = 0;
    const auto [end, error] = std::from_chars(action.data(), action.data() + action.size(), number);
    if (error != std::errc() || end != action.data() + action.size() || number < 0) return {};
    return number;
}

}  // namespace

void canvas_hover(App& app, const Scene& scene, std::optional<Point> p) {
    const auto cell = p ? cell_under(scene, *p) : std::nullopt;
    if (cell == app.state.selection.hover) return;
    app.state.selection.hover = cell;
    app.state.mouse.hover_s = -1;
}

void canvas_press(App& app, const Scene& scene, Point p, bool pan) {
    CanvasMouse& mouse = app.state.mouse;
    mouse.drag = pan ? CanvasMouse::Drag::pan : CanvasMouse::Drag::press;
    mouse.press = mouse.last = p;
    mouse.pan_px = app.state.camera.pan_px;
    mouse.cell = cell_under(scene, p).value_or(CellRef{});
    if (pan) return;
    end_gesture(app);
    ++mouse.gestures;
    const auto& edit = app.state.selection.edit;
    const bool same = edit && edit->cell == mouse.cell;
    if (!same) commit_typed(app);
    if (!paintable(scene, mouse.cell)) return;
    if (!same) select_cell(app, scene, mouse.cell);
    if (edit) mouse.paint_value = document_value(app, edit->ref).value_or(0);
}

void canvas_drag(App& app, const Scene& scene, Point p, float scale) {
    CanvasMouse& mouse = app.state.mouse;
    if (mouse.drag == CanvasMouse::Drag::press &&
        std::hypot(p.x - mouse.press.x, p.y - mouse.press.y) >= kDragPx * scale) {
        const Grid* grid = scene.grid(mouse.cell.grid);
        if (paintable(scene, mouse.cell)) {
            commit_typed(app);
            if (const auto ref = cell_ref(scene, mouse.cell))
                mouse.paint_value = document_value(app, *ref).value_or(mouse.paint_value);
            mouse.drag = CanvasMouse::Drag::paint;
        } else if (!grid || grid->cell_px < kSmallestEditablePx || grid->cells.empty()) {
            mouse.drag = CanvasMouse::Drag::pan;
        }
    }
    if (mouse.drag == CanvasMouse::Drag::paint) paint(app, scene, p);
    if (mouse.drag == CanvasMouse::Drag::pan && p != mouse.press) {
        mouse.space_dragged = true;
        app.state.camera.pan_px = {mouse.pan_px.x + p.x - mouse.press.x,
                                   mouse.pan_px.y + p.y - mouse.press.y};
        limit_pan(app.state.camera, scene.size_px);
    }
    mouse.last = p;
}

void canvas_release(App& app, const Scene& scene, Point p, float scale) {
    CanvasMouse& mouse = app.state.mouse;
    if (mouse.drag == CanvasMouse::Drag::none) return;
    canvas_drag(app, scene, p, scale);
    if (mouse.drag == CanvasMouse::Drag::press) click(app, scene);
    end_gesture(app);
    mouse.drag = CanvasMouse::Drag::none;
}

void canvas_double_click(App& app, const Scene& scene, Point p) {
    const auto cell = cell_under(scene, p);
    const auto output = cell ? output_cell(app, scene, *cell) : std::nullopt;
    if (!output) return;
    app.state.shown = {output->n, output->c};
    go_to_cell(app, {cell->grid, output->h, output->w});
    app.state.selection.pinned.reset();
}

void canvas_wheel(App& app, const Scene& scene, Point p, float turns, bool ctrl, bool shift) {
    if (!std::isfinite(turns) || turns == 0) return;
    turns = std::clamp(turns, -100.f, 100.f);
    const auto cell = cell_under(scene, p);
    if (!ctrl && cell && paintable(scene, *cell)) {
        if (const auto ref = cell_ref(scene, *cell)) turn_value(app, *cell, *ref, turns, shift);
        return;
    }
    zoom(app, p, scene.size_px, std::pow(kZoomPerTurn, turns));
}

bool canvas_action(App& app, const Scene& scene, std::string_view action) {
    if (action == "copy caption") {
        if (app.host.set_clipboard) app.host.set_clipboard(scene.caption.text());
        say(app, "Copied the sentence.");
        return true;
    }
    if (const auto layer = number_after(action, "layer ")) {
        choose_layer(app, static_cast<int>(std::min<int64_t>(*layer, 1'000'000)));
        return true;
    }
    for (const std::string_view word : {"channel ", "map "})
        if (const auto channel = number_after(action, word)) {
            show_channel(app, *channel);
            return true;
        }
    return false;
}

void zoom(App& app, Point around, Point size_px, float factor) {
    Camera& camera = app.state.camera;
    const float before = camera.zoom;
    camera.zoom = std::clamp(before * factor, kSmallestZoom, largest_zoom(app));
    const float by = camera.zoom / before;
    // Views zoom around the canvas's middle and move then (easel): what is under `around` stays there.
    const auto keep = [&](float& pan, float at, float size) {
        const float from_middle = at - size / 2;
        pan = from_middle - (from_middle - pan) * by;
    };
    keep(camera.pan_px.x, around.x, size_px.x);
    keep(camera.pan_px.y, around.y, size_px.y);
    limit_pan(camera, size_px);
}

}  // namespace convscope
