// Text fields and steppers: ImGui's text editing inside our frames.
#include <algorithm>
#include <cmath>

#include <imgui_internal.h>
#include <imgui_stdlib.h>

#include "app/panels/widgets.h"

namespace convscope::ui {
namespace {

using Stepped = std::function<std::string(int)>;

/// Up and Down in the field do what its buttons do.
int step_by_arrow(ImGuiInputTextCallbackData* data) {
    const std::string next =
        (*static_cast<const Stepped*>(data->UserData))(data->EventKey == ImGuiKey_UpArrow ? 1 : -1);
    data->DeleteChars(0, data->BufTextLen);
    data->InsertChars(0, next.c_str());
    data->SelectAll();
    return 0;
}

TextEdit edit_text(const PanelContext& context, const char* label, const Box& box,
                   const std::string& shown, const TextOptions& options, const Stepped* stepped) {
    TextEdit edit;
    ImFont* font = options.font ? options.font : context.fonts.mono;
    std::string buffer = shown;
    ImGui::SetCursorScreenPos(low(box));
    ImGui::PushFont(font);
    ImGui::PushStyleVar(
        ImGuiStyleVar_FramePadding,
        {px(context, options.inset_px), std::max(0.0f, std::floor((box.h - font->FontSize) / 2))});
    ImGui::PushStyleVar(ImGuiStyleVar_FrameBorderSize, 0);
    for (const ImGuiCol part :
         {ImGuiCol_FrameBg, ImGuiCol_FrameBgHovered, ImGuiCol_FrameBgActive, ImGuiCol_NavHighlight})
        ImGui::PushStyleColor(part, 0);
    ImGui::PushStyleColor(ImGuiCol_Text, color(context, Tone::ink));
    ImGui::PushStyleColor(ImGuiCol_TextDisabled, color(context, Tone::ink3));
    ImGui::SetNextItemWidth(box.w);
    ImGuiInputTextFlags flags = ImGuiInputTextFlags_None;
    if (options.select_all) flags |= ImGuiInputTextFlags_AutoSelectAll;
    if (stepped && *stepped) flags |= ImGuiInputTextFlags_CallbackHistory;
    // The label itself is not drawn: scripts find the field by what stands behind "##".
    const std::string hidden = std::string("##") + label;
    static constexpr auto kNothing = [](ImGuiInputTextCallbackData*) { return 0; };
    const bool steps = (flags & ImGuiInputTextFlags_CallbackHistory) != 0;
    ImGui::InputTextWithHint(
        hidden.c_str(), options.hint.c_str(), &buffer,
        flags | (options.keeps_arrows ? ImGuiInputTextFlags_CallbackHistory : 0),
        steps                  ? step_by_arrow
        : options.keeps_arrows ? static_cast<ImGuiInputTextCallback>(kNothing)
                               : nullptr,
        steps ? const_cast<Stepped*>(stepped) : nullptr);
    edit.active = ImGui::IsItemActive();
    if (edit.active && options.keeps_arrows)
        for (const ImGuiKey key : {ImGuiKey_PageUp, ImGuiKey_PageDown}) ImGui::SetKeyOwner(key, ImGui::GetItemID());
    edit.began = ImGui::IsItemActivated();
    if (ImGui::IsItemDeactivated()) {
        edit.cancelled = ImGui::IsKeyPressed(ImGuiKey_Escape, false);
        edit.entered = ImGui::IsKeyPressed(ImGuiKey_Enter, false) ||
                       ImGui::IsKeyPressed(ImGuiKey_KeypadEnter, false);
        edit.ended = !edit.cancelled;
    }
    if (buffer != shown) edit.typed = buffer;
    ImGui::PopStyleColor(6);
    ImGui::PopStyleVar(2);
    ImGui::PopFont();
    return edit;
}

void field_ground(const PanelContext& context, const Box& box, bool active, bool error) {
    fill(context, box, Tone::raised, 6);
    if (active && !error)
        focus_ring(context, box);
    else
        frame(context, box, error ? Tone::error_line : Tone::line2, error ? 2 : 1, 6);
}

/// Whether the field of that label has the keyboard: it is framed before ImGui draws the text into it.
bool has_keyboard(const char* label) {
    const ImGuiContext& g = *ImGui::GetCurrentContext();
    const std::string hidden = std::string("##") + label;
    const ImGuiID id = ImGui::GetID(hidden.c_str());
    return g.ActiveId == id ||
           (g.NavId == id && !g.NavDisableHighlight && g.NavWindow == g.CurrentWindow);
}

}  // namespace

TextEdit text_field(const PanelContext& context, const char* label, const Box& box,
                    const std::string& shown, const TextOptions& options) {
    if (options.framed) field_ground(context, box, has_keyboard(label), options.error);
    return edit_text(context, label, box, shown, options, nullptr);
}

/// "3 × 1", or "3×1" where that is too wide.
std::string pair_that_fits(const PanelContext& context, std::string text, float width) {
    const std::string wide = " × ";
    if (width_of(context.fonts.mono, text) <= width) return text;
    for (size_t at = 0; (at = text.find(wide, at)) != std::string::npos;)
        text.replace(at, wide.size(), "×");
    return text;
}

TextEdit stepper(const PanelContext& context, const char* label, const Box& box,
                 const std::string& shown, const StepperOptions& options) {
    const float side = options.stepped ? px(context, 26) : 0;
    field_ground(context, box, has_keyboard(label), options.error);
    const Box typed{box.x, box.y, box.w - 2 * side, box.h};
    TextOptions text;
    const std::string fits = pair_that_fits(context, shown, typed.w - px(context, text.inset_px));
    if (width_of(context.fonts.mono, fits) > typed.w - px(context, text.inset_px + 2))
        text.inset_px = 4;
    TextEdit edit = edit_text(context, label, typed, fits, text, &options.stepped);
    tooltip(context, options.help);
    if (!options.stepped) return edit;

    const auto step_button = [&](const char* sign, float x, bool enabled, int step) {
        const Box square{x, box.y, side, box.h};
        const std::string name = std::string(label) + " " + sign;
        const Item it = item(context, name.c_str(), square,
                             {.enabled = enabled, .repeats = true, .tab_stop = false});
        if (it.hovered && enabled)
            fill(context, square.grown(-px(context, 3)), it.held ? Tone::line2 : Tone::hover, 4);
        (step < 0 ? minus_sign : plus_sign)(context, square.center(),
                                            enabled ? Tone::ink2 : Tone::inkd);
        upright(context, x, box.y + px(context, 5), box.bottom() - px(context, 5));
        if (it.focused) focus_ring(context, square, 5);
        if (it.pressed) edit.typed = options.stepped(step);
        if (ImGui::IsItemDeactivated()) edit.ended = true;
    };
    step_button("-", box.right() - 2 * side, options.can_lower, -1);
    step_button("+", box.right() - side, options.can_raise, 1);
    return edit;
}

}  // namespace convscope::ui
