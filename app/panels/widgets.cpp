// Windows, buttons, segments, combos and the parts of a panel.
#include "app/panels/widgets.h"

#include <algorithm>
#include <cmath>

#include <imgui_internal.h>

#include "app/scene/fonts.h"

namespace convscope::ui {
namespace {

constexpr ImGuiWindowFlags kBare = ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize |
                                   ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoCollapse |
                                   ImGuiWindowFlags_NoSavedSettings;

ImRect rect(const Box& box) { return {low(box), high(box)}; }

}  // namespace

// ---- Windows

void begin_panel(const PanelContext& context, const char* name, const Box& box, Tone ground,
                 Scrolls scrolls, bool above_others) {
    ImGuiWindowFlags flags = kBare;
    if (!above_others) flags |= ImGuiWindowFlags_NoBringToFrontOnFocus;
    if (scrolls == Scrolls::no)
        flags |= ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse;
    ImGui::SetNextWindowPos(low(box));
    ImGui::SetNextWindowSize({std::max(box.w, 1.0f), std::max(box.h, 1.0f)});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, 0});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, {1, 1});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
    ImGui::PushStyleColor(ImGuiCol_WindowBg, color(context, ground));
    ImGui::Begin(name, nullptr, flags);
    ImGui::PopStyleColor();
    ImGui::PopStyleVar(4);
}

void end_panel() { ImGui::End(); }

void content_ends(float y) {
    ImGui::SetCursorScreenPos({ImGui::GetWindowPos().x, y});
    ImGui::Dummy({0, 0});
}

bool begin_dialog(const PanelContext& context, const char* name, bool& open, const Box& box) {
    const ImGuiID id = ImHashStr(name);
    if (open && !ImGui::IsPopupOpen(id, ImGuiPopupFlags_None)) ImGui::OpenPopup(id);
    if (!ImGui::IsPopupOpen(id, ImGuiPopupFlags_None)) return false;
    ImGui::SetNextWindowPos(low(box));
    ImGui::SetNextWindowSize({box.w, box.h});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, 0});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, px(context, 12));
    ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, std::max(1.0f, px(context, 1)));
    ImGui::PushStyleColor(ImGuiCol_PopupBg, color(context, Tone::raised));
    ImGuiContext& g = *ImGui::GetCurrentContext();
    g.NextWindowData.Flags &= ~ImGuiNextWindowDataFlags_HasSizeConstraint;
    const bool shown =
        ImGui::Begin(name, nullptr,
                     kBare | ImGuiWindowFlags_Popup | ImGuiWindowFlags_Modal |
                         ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
    ImGui::PopStyleColor();
    ImGui::PopStyleVar(3);
    const bool clicked_outside = ImGui::IsMouseClicked(ImGuiMouseButton_Left) &&
                                 !ImGui::IsWindowAppearing() &&
                                 !box.contains({ImGui::GetMousePos().x, ImGui::GetMousePos().y});
    if (clicked_outside || ImGui::IsKeyPressed(ImGuiKey_Escape, false)) open = false;
    if (!open) ImGui::ClosePopupToLevel(g.BeginPopupStack.Size - 1, true);
    if (!open || !shown) {
        ImGui::EndPopup();
        return false;
    }
    return true;
}

void end_dialog() { ImGui::EndPopup(); }

void focus_item(const char* panel, const char* label) {
    ImGuiContext& g = *ImGui::GetCurrentContext();
    const ImGuiID window_id = ImHashStr(panel);
    const ImGuiID field_id = ImHashStr(label, 0, window_id);
    g.NavNextActivateId = field_id;
    g.NavNextActivateFlags = ImGuiActivateFlags_PreferInput;
}

// ---- Items

void focus_ring(const PanelContext& context, const Box& box, float radius_px) {
    frame(context, box, Tone::ink, 2, radius_px);
}

void tooltip(const PanelContext& context, std::string_view sentence, std::string_view keys) {
    if (sentence.empty()) return;
    if (!ImGui::IsItemHovered(ImGuiHoveredFlags_DelayNormal | ImGuiHoveredFlags_NoSharedDelay |
                              ImGuiHoveredFlags_AllowWhenDisabled))
        return;
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {px(context, 10), px(context, 8)});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, px(context, 6));
    ImGui::PushStyleVar(ImGuiStyleVar_PopupRounding, px(context, 6));
    if (ImGui::BeginTooltip()) {
        ImGui::PushFont(context.fonts.small);
        ImGui::PushTextWrapPos(px(context, 300));
        ImGui::TextUnformatted(sentence.data(), sentence.data() + sentence.size());
        ImGui::PopTextWrapPos();
        ImGui::PopFont();
        if (!keys.empty()) {
            ImGui::PushFont(context.fonts.mono_small);
            ImGui::PushStyleColor(ImGuiCol_Text, color(context, Tone::ink3));
            ImGui::TextUnformatted(keys.data(), keys.data() + keys.size());
            ImGui::PopStyleColor();
            ImGui::PopFont();
        }
        ImGui::EndTooltip();
    }
    ImGui::PopStyleVar(3);
}

Item item(const PanelContext& context, const char* label, const Box& box,
          const ItemOptions& options) {
    ImGuiContext& g = *ImGui::GetCurrentContext();
    Item result;
    result.id = ImGui::GetCurrentWindow()->GetID(label);
    if (!options.enabled) ImGui::PushItemFlag(ImGuiItemFlags_Disabled, true);
    if (!options.tab_stop) ImGui::PushItemFlag(ImGuiItemFlags_NoTabStop, true);
    const bool visible = ImGui::ItemAdd(rect(box), result.id);
    if (visible)
        result.pressed =
            ImGui::ButtonBehavior(rect(box), result.id, &result.hovered, &result.held,
                                  options.repeats ? static_cast<int>(ImGuiButtonFlags_Repeat) : 0);
    IMGUI_TEST_ENGINE_ITEM_INFO(result.id, label, g.LastItemData.StatusFlags);
    if (!options.tab_stop) ImGui::PopItemFlag();
    if (!options.enabled) ImGui::PopItemFlag();
    result.pressed = result.pressed && options.enabled;
    result.focused =
        g.NavId == result.id && !g.NavDisableHighlight && g.NavWindow == ImGui::GetCurrentWindow();
    if (visible) tooltip(context, options.tooltip, options.keys);
    return result;
}

void hover_help(const PanelContext& context, const Box& box, std::string_view help,
                std::string_view keys) {
    if (ImGui::ItemAdd(rect(box), 0)) tooltip(context, help, keys);
}

bool button(const PanelContext& context, const char* label, const Box& box, Weight weight,
            bool enabled) {
    const Item it = item(context, label, box, {.enabled = enabled});
    const bool is_primary = weight == Weight::primary && enabled;
    if (is_primary) {
        fill(context, box, it.hovered ? Tone::ink2 : Tone::accent, 6);
    } else {
        fill(context, box, it.held ? Tone::line2 : it.hovered ? Tone::hover : Tone::raised, 6);
        frame(context, box, enabled ? Tone::line2 : Tone::line, 1, 6);
    }
    if (it.focused)
        focus_ring(context, box.grown(is_primary ? px(context, 3) : 0), is_primary ? 8 : 6);
    const char* end = ImGui::FindRenderedTextEnd(label);
    const std::string shown = fitted(context.fonts.body, {label, static_cast<size_t>(end - label)},
                                     box.w - px(context, 12));
    text(context, context.fonts.body,
         is_primary ? Tone::on_accent
         : enabled  ? Tone::ink
                    : Tone::inkd,
         box.center(), shown, Align::center);
    return it.pressed;
}

bool icon_button(const PanelContext& context, const char* label, const Box& box, const char* icon,
                 Border border, const ItemOptions& options) {
    const Item it = item(context, label, box, options);
    if (border == Border::thin) {
        fill(context, box, it.held ? Tone::line2 : it.hovered ? Tone::hover : Tone::raised, 6);
        frame(context, box, Tone::line2, 1, 6);
    } else if (it.hovered) {
        fill(context, box, it.held ? Tone::line2 : Tone::hover, 6);
    }
    if (it.focused) focus_ring(context, box);
    text(context, context.fonts.icons, options.enabled ? Tone::ink2 : Tone::inkd, box.center(),
         icon, Align::center);
    return it.pressed;
}

bool checkbox(const PanelContext& context, const char* label, const Box& box, bool on,
              std::string_view help) {
    ImGuiContext& g = *ImGui::GetCurrentContext();
    const Item it = item(context, label, box, {.tooltip = help});
    IMGUI_TEST_ENGINE_ITEM_INFO(it.id, label,
                                g.LastItemData.StatusFlags | ImGuiItemStatusFlags_Checkable |
                                    (on ? ImGuiItemStatusFlags_Checked : 0));
    const float side = px(context, 16);
    const Box square{box.x, std::round(box.center().y - side / 2), side, side};
    fill(context, square, on ? Tone::accent : it.hovered ? Tone::hover : Tone::raised, 4);
    if (on)
        check_mark(context, square, Tone::on_accent);
    else
        frame(context, square, Tone::line2, 1, 4);
    text(context, context.fonts.body, Tone::ink, {square.right() + px(context, 8), box.center().y},
         on ? "on" : "off");
    if (it.focused) focus_ring(context, box.grown(px(context, 2)));
    return it.pressed;
}

float segmented_width(const PanelContext& context, const std::vector<std::string>& labels) {
    float width = px(context, 4);
    for (const std::string& label : labels)
        width += std::round(width_of(context.fonts.body_bold, label)) + px(context, 16);
    return width;
}

std::optional<int> segmented(const PanelContext& context, const Box& box,
                             const std::vector<std::string>& labels, int chosen, bool even) {
    std::optional<int> pressed;
    fill(context, box, Tone::sunken, 7);
    frame(context, box, Tone::line, 1, 7);
    const float inset = px(context, 2);
    const float natural = segmented_width(context, labels) - 2 * inset;
    float x = box.x + inset;
    for (size_t i = 0; i < labels.size(); ++i) {
        const float own =
            std::round(width_of(context.fonts.body_bold, labels[i])) + px(context, 16);
        const float room = box.w - 2 * inset;
        const float width = even ? room / static_cast<float>(labels.size())
                                 : std::floor(own * std::min(1.0f, room / natural));
        const Box segment{x, box.y + inset, width, box.h - 2 * inset};
        const Item it = item(context, labels[i].c_str(), segment);
        const bool is_chosen = static_cast<int>(i) == chosen;
        if (is_chosen) {
            fill(context, segment, Tone::raised, 5);
            frame(context, segment, Tone::line2, 1, 5);
        } else if (it.hovered) {
            fill(context, segment, Tone::hover, 5);
        }
        ImFont* font = is_chosen ? context.fonts.body_bold : context.fonts.body;
        text(context, font, is_chosen ? Tone::ink : Tone::ink2, segment.center(),
             fitted(font, labels[i], segment.w - px(context, 4)), Align::center);
        if (it.focused) focus_ring(context, segment, 5);
        if (it.pressed) pressed = static_cast<int>(i);
        x += width;
    }
    return pressed;
}

std::optional<int> combo(const PanelContext& context, const char* label, const Box& box,
                         const std::string& shown, const std::vector<Entry>& entries, int chosen,
                         std::string_view help) {
    const Item it = item(context, label, box, {.tooltip = help});
    const ImGuiID popup = ImHashStr("entries", 0, it.id);
    fill(context, box, it.hovered ? Tone::hover : Tone::raised, 6);
    frame(context, box, Tone::line2, 1, 6);
    text(context, context.fonts.body, Tone::ink, {box.x + px(context, 10), box.center().y},
         fitted(context.fonts.body, shown, box.w - px(context, 34)));
    chevron(context, {box.right() - px(context, 14), box.center().y}, Direction::down, Tone::ink2);
    if (it.focused) focus_ring(context, box);
    if (it.pressed) ImGui::OpenPopup(popup);
    return list_popup(context, popup, box, entries, chosen);
}

std::optional<int> list_popup(const PanelContext& context, ImGuiID popup, const Box& box,
                              const std::vector<Entry>& entries, int chosen) {
    if (!ImGui::IsPopupOpen(popup, ImGuiPopupFlags_None)) return {};
    const float row = px(context, 28), pad = px(context, 4);
    float width = box.w;
    for (const Entry& entry : entries)
        width =
            std::max(width, width_of(context.fonts.body, entry.label) + px(context, entry.checked ? 52 : 28) + 2 * pad);
    const float content = row * static_cast<float>(entries.size()) + 2 * pad;
    const ImVec2 screen = ImGui::GetIO().DisplaySize;
    const float below = screen.y - box.bottom() - px(context, 12), above = box.y - px(context, 12);
    const bool opens_up = below < content && above > below;
    const float height =
        std::min({content, row * 12 + 2 * pad, std::max(opens_up ? above : below, row * 3)});
    width = std::min(width + (height < content ? px(context, 10) : 0), screen.x);
    ImGui::SetNextWindowPos({std::max(0.0f, std::min(box.x, screen.x - width - 2 * pad)),
                             opens_up ? box.y - height - pad : box.bottom() + pad});
    ImGui::SetNextWindowSize({width, height});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, pad});
    ImGui::PushStyleVar(ImGuiStyleVar_PopupRounding, px(context, 8));
    std::optional<int> result;
    if (ImGui::BeginPopupEx(popup, kBare)) {
        // Opened by a key: the keys are the list's.
        if (ImGui::IsWindowAppearing() && !ImGui::IsMouseReleased(ImGuiMouseButton_Left) && !ImGui::IsAnyMouseDown())
            ImGui::GetCurrentContext()->NavDisableHighlight = false;
        const ImVec2 corner = ImGui::GetCursorScreenPos();
        for (size_t i = 0; i < entries.size(); ++i) {
            const bool is_chosen = static_cast<int>(i) == chosen;
            const Box line{corner.x + pad, corner.y + row * static_cast<float>(i),
                           ImGui::GetWindowWidth() - 2 * pad, row};
            const Item entry =
                item(context, entries[i].label.c_str(), line, {.tooltip = entries[i].help});
            if (is_chosen || (chosen < 0 && i == 0)) ImGui::SetItemDefaultFocus();
            if (is_chosen && ImGui::IsWindowAppearing())
                ImGui::SetScrollFromPosY(line.y - ImGui::GetWindowPos().y, 0.5f);
            if (entry.hovered || entry.focused) fill(context, line, Tone::hover, 5);
            if (entries[i].rule_above) rule(context, line.x, line.right(), line.y);
            text(context, is_chosen ? context.fonts.body_bold : context.fonts.body, Tone::ink,
                 {line.x + px(context, 10), line.center().y}, entries[i].label);
            if (entries[i].checked) {
                const float mark = px(context, 14);
                check_mark(context, {line.right() - px(context, 22), line.center().y - mark / 2, mark, mark}, Tone::ink);
            }
            if (entry.pressed) {
                result = static_cast<int>(i);
                ImGui::CloseCurrentPopup();
            }
        }
        content_ends(corner.y + row * static_cast<float>(entries.size()));
        ImGui::EndPopup();
    }
    ImGui::PopStyleVar(2);
    return result;
}

// ---- Parts of a panel

float section(const PanelContext& context, float x0, float x1, float y, const SectionTitle& title,
              float row_px) {
    if (title.has_rule) rule(context, x0, x1, y);
    const float middle = y + px(context, 18);
    ImFont* note_font = title.note_is_number ? context.fonts.mono_small : context.fonts.small;
    const std::string note = fitted(note_font, title.note, (x1 - x0) * 0.6f);
    const float room = x1 - x0 - width_of(note_font, note) - px(context, 8);
    text(context, context.fonts.section, Tone::ink, {x0, middle},
         fitted(context.fonts.section, title.title, room));
    text(context, note_font, Tone::ink3, {x1, middle}, note, Align::right);
    return y + px(context, 50) - std::round(row_px / 2);
}

float error_box(const PanelContext& context, const Box& place, std::string_view sentence,
                std::string_view advice) {
    const float line = px(context, 19), pad = px(context, 9), bar = px(context, 4);
    const float x = place.x + px(context, 36), room = place.right() - px(context, 8) - x;
    const std::vector<std::string> first = wrapped(context.fonts.body_bold, sentence, room);
    const std::vector<std::string> second = wrapped(context.fonts.body, advice, room);
    const float gap = second.empty() ? 0 : px(context, 4);
    const Box box{place.x, place.y, place.w,
                  2 * pad + gap + line * static_cast<float>(first.size() + second.size())};
    fill(context, box, Tone::error_tint, 6);
    frame(context, box, Tone::error_edge, 1, 6);
    ImGui::GetWindowDrawList()->AddRectFilled(low(box), {box.x + bar, box.bottom()},
                                              color(context, Tone::error_line), px(context, 3),
                                              ImDrawFlags_RoundCornersLeft);
    float y = box.y + pad + line / 2;
    text(context, context.fonts.icons, Tone::error_line, {place.x + px(context, 20), y},
         icon::kWarning, Align::center);
    for (const std::string& words : first) {
        text(context, context.fonts.body_bold, Tone::ink, {x, y}, words);
        y += line;
    }
    y += gap;
    for (const std::string& words : second) {
        text(context, context.fonts.body, Tone::ink2, {x, y}, words);
        y += line;
    }
    return box.bottom();
}

}  // namespace convscope::ui
