// An app with its canvas, for tests of what mouse and keys do.
#pragma once

#include <gtest/gtest.h>

#include "app/canvas_input.h"
#include "core/presets.h"

namespace convscope {

inline constexpr Point kSize{848, 680};

inline Document preset(std::string_view name) {
    for (const DocumentPreset& p : document_presets())
        if (p.name == name) return p.make();
    ADD_FAILURE() << "no preset " << name;
    return standard_document();
}

/// An app with its canvas.
struct Desk {
    App app;
    explicit Desk(Document document = standard_document()) : app(std::move(document)) {}
    Scene scene() const { return build_scene(app, kSize, 1); }
    Point middle(const std::string& grid, int64_t row, int64_t column) const {
        const Scene s = scene();
        EXPECT_TRUE(s.grid(grid)) << grid;
        return s.grid(grid) ? s.grid(grid)->cell_box(row, column).center() : Point{};
    }
    void click(const std::string& grid, int64_t row, int64_t column) {
        const Point p = middle(grid, row, column);
        canvas_press(app, scene(), p, false);
        canvas_release(app, scene(), p, 1);
    }
    void type(const std::string& text) {
        for (const char c : text) cell_character(app, static_cast<unsigned char>(c));
    }
    void key(CellKey k) { cell_key(app, scene(), k); }
    void wheel(const std::string& grid, int64_t row, int64_t column, float turns, bool ctrl = false, bool shift = false) {
        canvas_wheel(app, scene(), middle(grid, row, column), turns, ctrl, shift);
    }
    float input(int64_t h, int64_t w) const { return app.state.document.input.tensor.at({0, 0, h, w}); }
    float kernel(int64_t h, int64_t w) const { return app.state.document.layers[0].weights[0].at({0, 0, h, w}); }
    const std::optional<CellEdit>& edit() const { return app.state.selection.edit; }
    size_t steps() const { return app.state.history.entries().size() - 1; }
};

inline CellRef at(const std::string& grid, int64_t row, int64_t column) { return {grid, row, column}; }

}  // namespace convscope
