// Canvas: shows the painted scene and hands the mouse and the selected cell's keys to canvas_input.
#include "app/panels/canvas.h"

#include <imgui_internal.h>

#include "app/app_compare.h"
#include "app/panels/widgets.h"

namespace convscope {
namespace {

/// Above a popup or while a field is typed into, the canvas has no keys.
bool has_keys() {
    return !ImGui::GetIO().WantTextInput &&
           !ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel);
}

bool pressed(ImGuiKey key) { return ImGui::IsKeyPressed(key, true); }

/// The cell is still what was selected: another plane may stand in its grid by now.
void drop_lost_selection(App& app, const Scene& scene) {
    auto& edit = app.state.selection.edit;
    if (!edit) return;
    const auto ref = cell_ref(scene, edit->cell);
    if (!ref || !(*ref == edit->ref)) edit.reset();
}

void take_keys(App& app, const Scene& scene) {
    const ImGuiIO& io = ImGui::GetIO();
    if (ImGui::IsKeyPressed(ImGuiKey_Space, false)) app.state.mouse.space_dragged = false;
    if (!has_keys()) return;
    if (!app.state.selection.edit) {
        // With no cell selected only Escape is ours, and only while no widget has the keyboard.
        const ImGuiContext& g = *ImGui::GetCurrentContext();
        const bool widget = g.NavId != 0 && !g.NavDisableHighlight;
        if (!widget && ImGui::IsKeyPressed(ImGuiKey_Escape, false)) cell_key(app, scene, CellKey::escape);
        return;
    }
    if (io.KeyCtrl || io.KeyAlt) return;
    for (const ImWchar character : io.InputQueueCharacters) cell_character(app, character);
    const struct {
        ImGuiKey key;
        CellKey means;
    } keys[] = {
        {ImGuiKey_UpArrow, CellKey::up},          {ImGuiKey_DownArrow, CellKey::down},
        {ImGuiKey_LeftArrow, CellKey::left},      {ImGuiKey_RightArrow, CellKey::right},
        {ImGuiKey_Tab, io.KeyShift ? CellKey::back_tab : CellKey::tab},
        {ImGuiKey_Enter, CellKey::enter},         {ImGuiKey_KeypadEnter, CellKey::enter},
        {ImGuiKey_Backspace, CellKey::backspace}, {ImGuiKey_Delete, CellKey::remove},
        {ImGuiKey_Home, CellKey::home},           {ImGuiKey_End, CellKey::end},
        {ImGuiKey_Escape, CellKey::escape},
    };
    for (const auto& [key, means] : keys)
        if (pressed(key)) cell_key(app, scene, means);
}

/// Hit boxes come before the canvas's own item, so that they have the mouse first.
void take_hits(PanelContext& context, const WindowLayout& layout) {
    const float sx = layout.canvas.w / std::max(1.f, context.scene.size_px.x);
    const float sy = layout.canvas.h / std::max(1.f, context.scene.size_px.y);
    int number = 0;
    std::string hovered;
    for (const Hit& hit : context.scene.hits) {
        const Box box{layout.canvas.x + hit.box.x * sx, layout.canvas.y + hit.box.y * sy, hit.box.w * sx,
                      hit.box.h * sy};
        ImGui::PushID(number++);
        const ui::Item item = ui::item(context, hit.action.c_str(), box, {.tooltip = hit.tooltip});
        if (item.hovered) ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
        if (item.hovered) hovered = hit.action;
        if (item.focused) ui::focus_ring(context, box);
        if (item.pressed) canvas_action(context.app, context.scene, hit.action);
        ImGui::PopID();
    }
    context.app.state.selection.hover_action = std::move(hovered);
}

/// Over the coverage of a transposed convolution: the other way to enlarge, beside it.
void compare_button(PanelContext& context, const Box& canvas) {
    App& app = context.app;
    if (app.state.lecture.on || !can_resize_beside(app) || chosen_view(app).id != "coverage") return;
    const bool is_beside = resize_beside(app) != nullptr;
    const char* const label = is_beside ? "Close comparison" : "Compare with resize-convolution";
    const float width = ui::width_of(context.fonts.body, label) + ui::px(context, 28), margin = ui::px(context, 12);
    if (ui::button(context, label, {canvas.right() - width - margin, canvas.y + ui::px(context, is_beside ? 6 : 12), width,
                                     ui::px(context, is_beside ? 26 : 28)}))
        toggle_resize_beside(app);
}

/// Why the layer cannot be stands under its parameters; while they are a rail, what would help stands here.
void remedy_buttons(PanelContext& context, const WindowLayout& layout) {
    App& app = context.app;
    const State& state = app.state;
    if (!state.problem || state.problem_layer != state.layer || state.lecture.on) return;
    if (!layout.left_rail || state.popups.left_rail_open) return;
    const float margin = ui::px(context, 12), height = ui::px(context, 28);
    float right = layout.canvas.right() - margin;
    const std::vector<Remedy> remedies = state.problem->remedies;
    for (size_t i = remedies.size(); i-- > 0;) {
        const Remedy& remedy = remedies[i];
        const float width = ui::width_of(context.fonts.body, remedy.label) + ui::px(context, 24);
        if (right - width < layout.canvas.x + margin) break;
        if (ui::button(context, remedy.label.c_str(), {right - width, layout.canvas.bottom() - margin - height, width, height}))
            edit(app, with_param(state.document, state.layer, remedy.key, remedy.value));
        right -= width + ui::px(context, 8);
    }
}

void take_buttons(PanelContext& context, Point p, bool hovered) {
    App& app = context.app;
    CanvasMouse& mouse = app.state.mouse;
    if (ImGui::IsItemActivated() && mouse.drag == CanvasMouse::Drag::none) {
        mouse.button = ImGui::IsMouseDown(ImGuiMouseButton_Left) ? 0 : 2;
        const bool pans = mouse.button == 2 || ImGui::IsKeyDown(ImGuiKey_Space);
        canvas_press(app, context.scene, p, pans);
        ImGui::GetCurrentContext()->NavDisableHighlight = true;  // the keys are the canvas's now
    } else if (mouse.drag != CanvasMouse::Drag::none) {
        // Also in the frame in which the button goes up: a fast drag may have moved and ended at once.
        if (ImGui::IsMouseDown(mouse.button))
            canvas_drag(app, context.scene, p, context.scale);
        else
            canvas_release(app, context.scene, p, context.scale);
    }
    if (mouse.drag == CanvasMouse::Drag::pan) ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeAll);
    if (!hovered) return;
    if (ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) canvas_double_click(app, context.scene, p);
    if (ImGui::IsMouseClicked(ImGuiMouseButton_Right)) open_cell_menu(context, p);
}

}  // namespace

Point to_scene(const PanelContext& context, const WindowLayout& layout, Point p) {
    const Box& box = layout.canvas;
    return {(p.x - box.x) * context.scene.size_px.x / std::max(1.f, box.w),
            (p.y - box.y) * context.scene.size_px.y / std::max(1.f, box.h)};
}

void draw_canvas(PanelContext& context, const WindowLayout& layout) {
    App& app = context.app;
    const Box& box = layout.canvas;
    ui::begin_panel(context, "Canvas", box, Tone::canvas);
    ImGui::GetWindowDrawList()->AddImage(context.canvas_texture, ui::low(box), ui::high(box));
    drop_lost_selection(app, context.scene);
    take_hits(context, layout);
    compare_button(context, box);
    remedy_buttons(context, layout);

    ImGui::SetCursorScreenPos(ui::low(box));
    ImGui::PushItemFlag(ImGuiItemFlags_NoNav | ImGuiItemFlags_NoTabStop, true);
    ImGui::InvisibleButton("canvas", {std::max(1.f, box.w), std::max(1.f, box.h)},
                           ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonMiddle);
    ImGui::PopItemFlag();

    const ImGuiIO& io = ImGui::GetIO();
    const Point p = to_scene(context, layout, {io.MousePos.x, io.MousePos.y});
    const bool hovered = ImGui::IsItemHovered();
    // A field that is typed into does not keep the wheel from the canvas.
    const bool inside = ImGui::IsWindowHovered(ImGuiHoveredFlags_AllowWhenBlockedByActiveItem) &&
                        ImGui::IsMousePosValid() && box.contains({io.MousePos.x, io.MousePos.y});
    canvas_hover(app, context.scene, inside ? std::optional(p) : std::nullopt);
    take_buttons(context, p, hovered);
    if (inside && io.MouseWheel != 0)
        canvas_wheel(app, context.scene, p, io.MouseWheel, io.KeyCtrl, io.KeyShift);
    take_keys(app, context.scene);

    draw_canvas_marks(context, layout);
    draw_cell_tooltip(context);
    draw_cell_menu(context);
    ui::end_panel();
}

}  // namespace convscope
