// The style tokens as Dear ImGui's metrics and colours.
#include <cmath>

#include <imgui.h>

#include "app/window/imgui_setup.h"

namespace convscope {
namespace {

ImVec4 vec(Color c, float alpha = 1) { return {c.r, c.g, c.b, c.a * alpha}; }

struct ColorRow {
    ImGuiCol color;
    Tone tone;  // none: transparent
    float alpha = 1;
};

constexpr float kSelectedAlpha = 0.18f;

constexpr ColorRow kColors[] = {
    {ImGuiCol_Text, Tone::ink},
    {ImGuiCol_TextDisabled, Tone::ink3},
    {ImGuiCol_WindowBg, Tone::panel},
    {ImGuiCol_ChildBg, Tone::none},  // what its window has
    {ImGuiCol_PopupBg, Tone::raised},
    {ImGuiCol_Border, Tone::line2},
    {ImGuiCol_BorderShadow, Tone::none},
    {ImGuiCol_FrameBg, Tone::raised},
    {ImGuiCol_FrameBgHovered, Tone::hover},
    {ImGuiCol_FrameBgActive, Tone::hover},
    {ImGuiCol_TitleBg, Tone::panel},
    {ImGuiCol_TitleBgActive, Tone::panel},
    {ImGuiCol_TitleBgCollapsed, Tone::panel},
    {ImGuiCol_MenuBarBg, Tone::panel},
    {ImGuiCol_ScrollbarBg, Tone::none},
    {ImGuiCol_ScrollbarGrab, Tone::line2},
    {ImGuiCol_ScrollbarGrabHovered, Tone::ink3},
    {ImGuiCol_ScrollbarGrabActive, Tone::ink2},
    {ImGuiCol_CheckMark, Tone::on_accent},
    {ImGuiCol_SliderGrab, Tone::ink},
    {ImGuiCol_SliderGrabActive, Tone::ink},
    {ImGuiCol_Button, Tone::raised},
    {ImGuiCol_ButtonHovered, Tone::hover},
    {ImGuiCol_ButtonActive, Tone::line2},
    {ImGuiCol_Header, Tone::sunken},
    {ImGuiCol_HeaderHovered, Tone::hover},
    {ImGuiCol_HeaderActive, Tone::line2},
    {ImGuiCol_Separator, Tone::line},
    {ImGuiCol_SeparatorHovered, Tone::ink3},
    {ImGuiCol_SeparatorActive, Tone::ink},
    {ImGuiCol_ResizeGrip, Tone::none},
    {ImGuiCol_ResizeGripHovered, Tone::line2},
    {ImGuiCol_ResizeGripActive, Tone::ink3},
    {ImGuiCol_Tab, Tone::none},
    {ImGuiCol_TabHovered, Tone::hover},
    {ImGuiCol_TabActive, Tone::none},
    {ImGuiCol_TabUnfocused, Tone::none},
    {ImGuiCol_TabUnfocusedActive, Tone::none},
    {ImGuiCol_PlotLines, Tone::ink2},  // until a plot pushes its role's line
    {ImGuiCol_PlotLinesHovered, Tone::ink},
    {ImGuiCol_PlotHistogram, Tone::ink2},
    {ImGuiCol_PlotHistogramHovered, Tone::ink},
    {ImGuiCol_TableHeaderBg, Tone::none},
    {ImGuiCol_TableBorderStrong, Tone::line2},
    {ImGuiCol_TableBorderLight, Tone::line},
    {ImGuiCol_TableRowBg, Tone::none},
    {ImGuiCol_TableRowBgAlt, Tone::none},
    {ImGuiCol_TextSelectedBg, Tone::ink, kSelectedAlpha},
    {ImGuiCol_DragDropTarget, Tone::ink},
    {ImGuiCol_NavHighlight, Tone::ink},
    {ImGuiCol_NavWindowingHighlight, Tone::ink},
};
// All but the two that dim the window.
static_assert(std::size(kColors) == ImGuiCol_COUNT - 2);

}  // namespace

void set_style(ImGuiStyle& style, Theme theme, float scale) {
    style = ImGuiStyle();
    const auto px = [&](float v) { return std::round(v * scale); };
    const auto px2 = [&](float x, float y) { return ImVec2(px(x), px(y)); };
    const float line_px = std::fmax(1.0f, px(1));
    style.Alpha = 1;
    style.DisabledAlpha = 1;
    style.WindowPadding = px2(20, 12);
    style.WindowRounding = 0;
    style.WindowBorderSize = 0;
    style.WindowMinSize = ImVec2(1, 1);
    style.WindowTitleAlign = ImVec2(0, 0.5f);
    style.ChildRounding = 0;
    style.ChildBorderSize = 0;
    style.PopupRounding = px(12);
    style.PopupBorderSize = line_px;
    style.FramePadding = px2(10, 6);
    style.FrameRounding = px(6);
    style.FrameBorderSize = line_px;
    style.ItemSpacing = px2(8, 6);
    style.ItemInnerSpacing = px2(8, 4);
    style.CellPadding = px2(8, 4);
    style.IndentSpacing = px(20);
    style.ScrollbarSize = px(10);
    style.ScrollbarRounding = px(5);
    style.GrabMinSize = px(14);
    style.GrabRounding = px(7);
    style.LogSliderDeadzone = px(4);
    style.TabRounding = 0;
    style.TabBorderSize = 0;
    style.TabBarBorderSize = line_px;
    style.ButtonTextAlign = ImVec2(0.5f, 0.5f);
    style.SelectableTextAlign = ImVec2(0, 0.5f);
    style.SeparatorTextBorderSize = line_px;
    style.SeparatorTextPadding = px2(0, 8);
    style.DisplaySafeAreaPadding = ImVec2(0, 0);
    style.AntiAliasedLines = style.AntiAliasedFill = style.AntiAliasedLinesUseTex = true;
    style.CurveTessellationTol = 0.8f;
    style.CircleTessellationMaxError = 0.2f;
    style.HoverDelayNormal = 0.40f;
    style.MouseCursorScale = scale;

    const Palette& colors = palette(theme);
    for (const ColorRow& row : kColors) style.Colors[row.color] = vec(colors[row.tone], row.alpha);
    style.Colors[ImGuiCol_NavWindowingDimBg] = style.Colors[ImGuiCol_ModalWindowDimBg] =
        vec(colors.scrim);
}

}  // namespace convscope
