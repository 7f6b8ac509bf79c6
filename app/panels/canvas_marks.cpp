// Marks over the painted scene: hover, links, pinned and selected cell, and the tooltip (look: section 5).
#include <algorithm>
#include <cmath>

#include "app/panels/canvas.h"
#include "app/panels/widgets.h"
#include "app/scene/numbers.h"

namespace convscope {
namespace {

/// Cells below this size have no room for a mark; maps draw their own cursor.
constexpr float kSmallestMarkedPx = 6;

class Marks {
public:
    Marks(PanelContext& context, const WindowLayout& layout)
        : context_(context), box_(layout.canvas), list_(*ImGui::GetWindowDrawList()) {
        list_.PushClipRect(ui::low(box_), ui::high(box_), true);
    }
    ~Marks() { list_.PopClipRect(); }
    Marks(const Marks&) = delete;
    Marks& operator=(const Marks&) = delete;

    /// Around a cell, on its border line; widths and radii in style pixels.
    void outline(const Box& scene_box, Tone tone, float width_px, float radius_px) {
        const Box box = on_screen(scene_box);
        const float width = width_px * context_.scale;
        // Neighbours share their line: a cell's border runs to one pixel beyond its pitch.
        list_.AddRect({box.x + 0.5f, box.y + 0.5f}, {box.right() + 0.5f, box.bottom() + 0.5f},
                      ui::color(context_, tone), radius_px * context_.scale, 0, width);
    }

    /// The pinned cell's corner.
    void corner(const Box& scene_box) {
        const Box box = on_screen(scene_box);
        const float side = std::round(0.26f * box.w);
        list_.AddTriangleFilled({box.right() - side, box.y}, {box.right() + 1, box.y},
                                {box.right() + 1, box.y + side + 1}, ui::color(context_, Tone::ink));
    }

    /// The number being typed, with its caret, in place of the cell's.
    void typed(const Grid& grid, const Box& scene_box, const std::string& text) {
        const Box box = on_screen(scene_box);
        list_.AddRectFilled({box.x + 1, box.y + 1}, {box.right(), box.bottom()},
                            ui::color(context_, Tone::raised));
        const std::string shown = text.empty() ? "0" : text;
        ImFont* font = context_.fonts.mono;
        const float digits = digits_px(grid.cell_px, std::max<size_t>(3, glyphs(shown)), context_.scale);
        const float size = std::max(9.f, digits) / std::max(1.f, em_px(font) * context_.scale) * font->FontSize;
        const float width = font->CalcTextSizeA(size, FLT_MAX, 0, text.c_str()).x;
        // What is longer than the cell shows its end.
        const float caret = std::min(box.center().x + width / 2, box.right() - 4 * context_.scale);
        const float top = box.center().y - cap_center_px(font) * size / font->FontSize;
        const ImVec4 clip(box.x + 1, box.y, box.right(), box.bottom());
        list_.AddText(font, size, {std::round(caret - width), std::round(top)}, ui::color(context_, Tone::ink),
                      text.c_str(), nullptr, 0, &clip);
        const float half = 0.55f * std::max(9.f, digits);
        list_.AddLine({caret + 1.5f, box.center().y - half}, {caret + 1.5f, box.center().y + half},
                      ui::color(context_, Tone::ink), std::max(1.f, 1.5f * context_.scale));
    }

private:
    Box on_screen(const Box& box) const {
        const Point size = context_.scene.size_px;
        const float sx = box_.w / std::max(1.f, size.x), sy = box_.h / std::max(1.f, size.y);
        return {box_.x + box.x * sx, box_.y + box.y * sy, box.w * sx, box.h * sy};
    }

    PanelContext& context_;
    Box box_;
    ImDrawList& list_;
};

bool is_marked(const Grid* grid) { return grid && !grid->picture && grid->cell_px >= kSmallestMarkedPx; }

void mark_pinned(Marks& marks, const App& app, const Scene& scene) {
    const Selection& selection = app.state.selection;
    if (!selection.pinned) return;
    const Index at = selection.pinned->cell;
    for (const Grid& grid : scene.grids) {
        if (!is_marked(&grid) || !grid.holds(at.h, at.w)) continue;
        if (cell_ref(scene, {grid.name, at.h, at.w}) != selection.pinned) continue;
        marks.outline(grid.cell_box(at.h, at.w), Tone::ink, 2, 0);
        marks.corner(grid.cell_box(at.h, at.w));
    }
}

}  // namespace

void draw_canvas_marks(PanelContext& context, const WindowLayout& layout) {
    const App& app = context.app;
    const Scene& scene = context.scene;
    const Selection& selection = app.state.selection;
    Marks marks(context, layout);
    const bool idle = app.state.mouse.drag == CanvasMouse::Drag::none;
    const Grid* hovered = selection.hover ? scene.grid(selection.hover->grid) : nullptr;
    const bool hover = hovered && is_marked(hovered) && hovered->holds(selection.hover->row, selection.hover->column);
    if (hover && idle && !hovered->stale)
        for (const Link& link : links(app, scene, *selection.hover))
            if (link.box.w >= kSmallestMarkedPx) marks.outline(link.box, tone_of(link.role, Part::line), 2, 0);
    for (const Link& link : lit_links(app, scene))
        if (link.box.w >= kSmallestMarkedPx) marks.outline(link.box, tone_of(link.role, Part::line), 2, 0);
    context.app.state.selection.lit.clear();  // the ledger says it anew in every frame
    context.app.state.selection.lit_padding.reset();
    mark_pinned(marks, app, scene);
    if (hover) marks.outline(hovered->cell_box(selection.hover->row, selection.hover->column), Tone::ink, 1.5f, 3);
    if (!selection.edit) return;
    const CellEdit& edit = *selection.edit;
    const Grid* grid = scene.grid(edit.cell.grid);
    if (!grid || !grid->holds(edit.cell.row, edit.cell.column)) return;
    const Box box = grid->cell_box(edit.cell.row, edit.cell.column);
    if (edit.typing) marks.typed(*grid, box, edit.typed);
    marks.outline(box, Tone::ink, 2, 0);
}

void draw_cell_tooltip(PanelContext& context) {
    const App& app = context.app;
    const Selection& selection = app.state.selection;
    const bool typing = selection.edit && selection.edit->typing;
    if (!selection.hover || typing || app.state.mouse.drag != CanvasMouse::Drag::none) return;
    if (app.state.mouse.hover_s < kTooltipSeconds || ImGui::IsPopupOpen("Cell menu")) return;
    const auto facts = cell_facts(app, context.scene, *selection.hover);
    if (!facts) return;
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {ui::px(context, 12), ui::px(context, 8)});
    if (ImGui::BeginTooltip()) {
        const auto line = [&](ImFont* font, Tone tone, const std::string& text) {
            if (text.empty()) return;
            ImGui::PushFont(font);
            ImGui::PushStyleColor(ImGuiCol_Text, ui::color(context, tone));
            ImGui::TextUnformatted(text.c_str());
            ImGui::PopStyleColor();
            ImGui::PopFont();
        };
        line(context.fonts.body_bold, Tone::ink, facts->title);
        line(context.fonts.mono, Tone::ink, facts->value);
        line(context.fonts.small, Tone::ink3, facts->place);
        ImGui::EndTooltip();
    }
    ImGui::PopStyleVar();
}

}  // namespace convscope
