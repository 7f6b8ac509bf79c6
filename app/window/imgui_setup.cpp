// The ImGui context's life, and when it wants to be drawn again.
#include "app/window/imgui_setup.h"

#include <algorithm>
#include <cstring>

#include <imgui.h>
#include <imgui_internal.h>

#include "app/paint/gl_painter.h"

namespace convscope {

Ui::Ui(Theme theme, float scale, bool records_items) : next_theme_(theme), next_scale_(scale) {
    IMGUI_CHECKVERSION();
    context_ = ImGui::CreateContext();
    ImGui::SetCurrentContext(context_);
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.LogFilename = nullptr;
    io.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard;
    io.ConfigInputTextCursorBlink = false;  // nothing moves while nobody asked
    io.ConfigWindowsMoveFromTitleBarOnly = true;
    io.ConfigWindowsResizeFromEdges = false;
    if (records_items) items_.attach(true);
}

Ui::~Ui() {
    items_.attach(false);
    ImGui::DestroyContext(context_);
}

void Ui::set_look(Theme theme, float scale) {
    style_is_old_ = style_is_old_ || theme != next_theme_ || scale != next_scale_;
    next_theme_ = theme;
    next_scale_ = scale;
}

void Ui::begin_frame(int width_px, int height_px, float dt_s) {
    ImGui::SetCurrentContext(context_);
    ImGuiIO& io = ImGui::GetIO();
    if (style_is_old_) {
        set_style(ImGui::GetStyle(), next_theme_, next_scale_);
        if (scale_ != next_scale_) {
            io.Fonts->Clear();
            io.Fonts->TexDesiredWidth = next_scale_ > 2 ? 4096 : 2048;
            fonts_ = build_fonts(*io.Fonts, next_scale_);
            renderer_.set_fonts(*io.Fonts);
            io.FontDefault = fonts_.body;
        }
        theme_ = next_theme_;
        scale_ = next_scale_;
        style_is_old_ = false;
        note_input();
    }
    io.DisplaySize = ImVec2(static_cast<float>(std::max(width_px, 1)),
                            static_cast<float>(std::max(height_px, 1)));
    io.DisplayFramebufferScale = ImVec2(1, 1);
    io.DeltaTime = std::max(dt_s, 1e-4f);
    items_.begin_frame();
    ImGui::NewFrame();
}

void Ui::end_frame() {
    ImGui::Render();
    if (has_input())
        note_input();
    else if (frames_wanted_ > 0)
        --frames_wanted_;
}

void Ui::draw() {
    if (const ImDrawData* data = ImGui::GetDrawData()) renderer_.draw(*data, palette(theme_)[Tone::panel]);
}

void Ui::draw_changes() {
    if (const ImDrawData* data = ImGui::GetDrawData())
        renderer_.draw_changes(*data, palette(theme_)[Tone::panel], canvas_);
    canvas_ = {};
}

void Ui::spoil(bool all, const Repaint& canvas) {
    if (all) renderer_.forget();
    canvas_.add(canvas);
}

uint64_t Ui::look() const {
    // FNV-1a over words of eight bytes; the rest of a block goes byte by byte.
    uint64_t hash = 0xcbf29ce484222325;
    const auto mix = [&](uint64_t word) {
        hash = (hash ^ word) * 0x100000001b3;
        hash ^= hash >> 29;
    };
    const auto mix_bytes = [&](const void* data, size_t bytes) {
        const auto* from = static_cast<const unsigned char*>(data);
        for (; bytes >= 8; bytes -= 8, from += 8) {
            uint64_t word = 0;
            std::memcpy(&word, from, 8);
            mix(word);
        }
        for (; bytes > 0; --bytes) mix(*from++);
    };
    mix(static_cast<uint64_t>(theme_));
    const ImDrawData* data = ImGui::GetDrawData();
    if (!data) return hash;
    mix_bytes(&data->DisplaySize, sizeof data->DisplaySize);
    for (const ImDrawList* list : data->CmdLists) {
        mix_bytes(list->VtxBuffer.Data, static_cast<size_t>(list->VtxBuffer.size_in_bytes()));
        mix_bytes(list->IdxBuffer.Data, static_cast<size_t>(list->IdxBuffer.size_in_bytes()));
        for (const ImDrawCmd& command : list->CmdBuffer) {
            mix_bytes(&command.ClipRect, sizeof command.ClipRect);
            mix(static_cast<uint64_t>(reinterpret_cast<uintptr_t>(command.GetTexID())));
            mix(command.ElemCount);
        }
    }
    return hash;
}

bool Ui::has_input() const { return context_->InputEventsQueue.Size > 0; }

bool Ui::wants_frames() const { return frames_wanted_ > 0 || has_input() || style_is_old_; }

std::optional<double> Ui::seconds_to_tooltip() const {
    const float delay = context_->Style.HoverDelayNormal;
    if (context_->HoveredId == 0 && context_->HoverItemDelayId == 0) return {};
    const float timer =
        context_->HoverItemDelayId != 0 ? context_->HoverItemDelayTimer : context_->HoveredIdTimer;
    if (timer >= delay) return {};
    return static_cast<double>(delay - timer) + 0.01;
}

}  // namespace convscope
