// The bench on which panels are tested.
#include "tests/panel_bench.h"

#include <cmath>
#include <cstdarg>

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_internal.h>

#include "app/window/imgui_setup.h"

namespace convscope::testing_ui {
namespace {

void note_unbalanced(void* user, const char* format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    static_cast<std::vector<std::string>*>(user)->push_back(text);
}

}  // namespace

PanelBench::PanelBench(Document document, Point size_px, float scale, Theme theme)
    : app_(std::make_unique<App>(std::move(document))), size_px_(size_px), scale_(scale) {
    app_->state.settings.theme = theme;
    app_->host.clipboard = [this] { return clipboard_; };
    app_->host.set_clipboard = [this](const std::string& text) { clipboard_ = text; };
    wait_until_settled(*app_);
    context_ = ImGui::CreateContext();
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.DisplaySize = {size_px.x, size_px.y};
    io.BackendFlags |= ImGuiBackendFlags_RendererHasVtxOffset;
    fonts_ = build_fonts(*io.Fonts, scale);
    unsigned char* pixels = nullptr;
    int width = 0, height = 0;
    io.Fonts->GetTexDataAsAlpha8(&pixels, &width, &height);
    set_style(ImGui::GetStyle(), theme, scale);
    items_.attach(true);
}

PanelBench::~PanelBench() {
    app_->evaluator.cancel();
    app_->evaluator.wait();
    items_.attach(false);
    ImGui::DestroyContext(context_);
}

void PanelBench::frame() {
    ImGuiIO& io = ImGui::GetIO();
    io.DeltaTime = 1.0f / 60;
    items_.begin_frame();
    ImGui::NewFrame();
    update(*app_, 1.0 / 60);
    texts_.clear();
    io.UserData = &texts_;
    const bool lecture = app_->state.lecture.on;
    layout_ = lecture ? lecture_layout(size_px_)
                      : window_layout(size_px_, scale_, app_->state.settings, shown_views(*app_).size(), question_height(*app_));
    scene_ = build_scene(*app_, {layout_.canvas.w, layout_.canvas.h}, scale_);
    PanelContext context{*app_,  fonts_,  scale_,
                         scene_, nullptr, {layout_.canvas.w, layout_.canvas.h}};
    handle_keys(context);
    for (const Panel& panel : all_panels())
        if (lecture ? panel.in_lecture : panel.in_window) panel.draw(context, layout_);
    ImGui::ErrorCheckEndFrameRecover(note_unbalanced, &faults_);
    ImGui::Render();
    look_for_clashes();
    const ImDrawData& drawn = *ImGui::GetDrawData();
    for (const ImDrawList* list : drawn.CmdLists)
        for (const ImDrawVert& vertex : list->VtxBuffer)
            if (!std::isfinite(vertex.pos.x) || !std::isfinite(vertex.pos.y)) {
                faults_.push_back(fmt::format("a vertex of {} is not finite",
                                              list->_OwnerName ? list->_OwnerName : "?"));
                break;
            }
    wait_until_settled(*app_);
}

void PanelBench::frames(int count) {
    for (int i = 0; i < count; ++i) frame();
}

void PanelBench::look_for_clashes() {
    const std::vector<UiItem>& all = items_.items();
    for (size_t i = 0; i < all.size(); ++i)
        for (size_t k = i + 1; k < all.size(); ++k)
            if (all[i].id == all[k].id && !(all[i].box == all[k].box) && !all[i].label.empty() &&
                !all[k].label.empty())
                faults_.push_back(
                    fmt::format("{} and {} have the same id", all[i].path(), all[k].path()));
}

void PanelBench::move_to(Point p) {
    ImGui::GetIO().AddMousePosEvent(p.x, p.y);
    frames(2);
}

bool PanelBench::click(std::string_view path) {
    const UiItem* item = items_.find(path);
    if (!item || !item->visible()) return false;
    move_to(item->box.center());
    ImGui::GetIO().AddMouseButtonEvent(0, true);
    frames(2);
    ImGui::GetIO().AddMouseButtonEvent(0, false);
    frames(4);  // a popup has its size after two
    return true;
}

void PanelBench::key(int chord) {
    ImGuiIO& io = ImGui::GetIO();
    const int modifiers = chord & ImGuiMod_Mask_;
    const auto key = static_cast<ImGuiKey>(chord & ~ImGuiMod_Mask_);
    for (const int modifier : {ImGuiMod_Ctrl, ImGuiMod_Shift, ImGuiMod_Alt})
        if (modifiers & modifier) io.AddKeyEvent(static_cast<ImGuiKey>(modifier), true);
    io.AddKeyEvent(key, true);
    frames(3);
    io.AddKeyEvent(key, false);
    for (const int modifier : {ImGuiMod_Ctrl, ImGuiMod_Shift, ImGuiMod_Alt})
        if (modifiers & modifier) io.AddKeyEvent(static_cast<ImGuiKey>(modifier), false);
    frames(3);
}

void PanelBench::type(const std::string& text) {
    ImGui::GetIO().AddInputCharactersUTF8(text.c_str());
    frames(static_cast<int>(text.size()) + 2);
}

}  // namespace convscope::testing_ui
