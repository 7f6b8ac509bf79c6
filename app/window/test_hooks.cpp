// ImGui calls the hooks at the end for every item it submits while a recorder is attached.
#include "app/window/test_hooks.h"

#include <algorithm>

#include <imgui.h>
#include <imgui_internal.h>

namespace convscope {
namespace {

// "Stride##conv" → "Stride"; "##stride" → "stride".
std::string spoken(std::string_view label) {
    const size_t mark = label.find("##");
    if (mark != 0) return std::string(label.substr(0, mark));
    return std::string(label.substr(std::min(label.find_first_not_of('#'), label.size())));
}

// A child's name is "parent/name_1234ABCD"; popups are "##Popup_1234abcd".
std::string window_name(const ImGuiWindow& window) {
    std::string_view name = window.Name;
    if (window.Flags & ImGuiWindowFlags_Popup && !(window.Flags & ImGuiWindowFlags_Modal))
        return {};
    if (window.Flags & ImGuiWindowFlags_ChildWindow && window.ParentWindow) {
        const std::string_view parent = window.ParentWindow->Name;
        if (name.starts_with(parent) && name.size() > parent.size())
            name.remove_prefix(parent.size() + 1);
        if (name.size() >= 9 && name[name.size() - 9] == '_')
            name.remove_suffix(9);
        else if (name.size() == 8)
            name = {};
    }
    return spoken(name);
}

// ImGui gives no label for what it does not draw, but the id is a hash of it.
bool has_label(const UiItem& item, std::string_view label) {
    if (!item.label.empty()) return item.label == label;
    const std::string hidden = "##" + std::string(label);
    return item.id == ImHashStr(label.data(), label.size(), item.seed) ||
           item.id == ImHashStr(hidden.data(), hidden.size(), item.seed);
}

// Any "/" may be the one between panel and label.
bool is_at(const UiItem& item, std::string_view path) {
    if (path.empty()) return false;
    if (has_label(item, path)) return true;
    for (size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
        const std::string_view panel = path.substr(0, slash), label = path.substr(slash + 1);
        if (!label.empty() &&
            std::find(item.panels.begin(), item.panels.end(), panel) != item.panels.end() &&
            has_label(item, label))
            return true;
    }
    return false;
}

Box to_box(const ImRect& rect) {
    return {rect.Min.x, rect.Min.y, rect.GetWidth(), rect.GetHeight()};
}

}  // namespace

std::string UiItem::path() const { return panels.empty() ? label : panels.back() + "/" + label; }

ItemRecorder::~ItemRecorder() { attach(false); }

void ItemRecorder::attach(bool on) {
    auto* context = static_cast<ImGuiContext*>(context_);
    if (!on && context) {
        context->TestEngineHookItems = false;
        context->TestEngine = nullptr;
        context_ = nullptr;
    } else if (on) {
        context = ImGui::GetCurrentContext();
        context->TestEngineHookItems = true;
        context->TestEngine = this;
        context_ = context;
    }
}

void ItemRecorder::begin_frame() { items_.clear(); }

const UiItem* ItemRecorder::find(std::string_view path) const {
    const UiItem* best = nullptr;
    for (const UiItem& item : items_)
        if (is_at(item, path) && (!best || (item.visible() && !best->visible()))) best = &item;
    return best;
}

std::vector<std::string> ItemRecorder::paths() const {
    std::vector<std::string> all;
    for (const UiItem& item : items_)
        if (!item.label.empty()) all.push_back(item.path());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

UiItem* ItemRecorder::last(uint32_t id) {
    const auto found = std::find_if(items_.rbegin(), items_.rend(),
                                    [&](const UiItem& item) { return item.id == id; });
    return found == items_.rend() ? nullptr : &*found;
}

}  // namespace convscope

void ImGuiTestEngineHook_ItemAdd(ImGuiContext* context, ImGuiID id, const ImRect& box,
                                 const ImGuiLastItemData* data) {
    auto* recorder = static_cast<convscope::ItemRecorder*>(context->TestEngine);
    if (!recorder || id == 0) return;
    convscope::UiItem item;
    item.id = id;
    item.box = convscope::to_box(box);
    const ImGuiWindow* window = context->CurrentWindow;
    item.clip = convscope::to_box(window->ClipRect);
    item.seed = window->IDStack.empty() ? window->ID : window->IDStack.back();
    item.disabled = data && (data->InFlags & ImGuiItemFlags_Disabled);
    item.root = window->RootWindow ? window->RootWindow->ID : window->ID;
    for (; window; window = window->ParentWindow) {
        // ImGui's own window, which a popup hangs on when no other is open.
        const bool nobodys = std::string_view(window->Name) == "Debug##Default";
        std::string name = nobodys ? recorder->panel() : convscope::window_name(*window);
        if (!name.empty()) item.panels.push_back(std::move(name));
    }
    recorder->add(std::move(item));
}

void ImGuiTestEngineHook_ItemInfo(ImGuiContext* context, ImGuiID id, const char* label,
                                  ImGuiItemStatusFlags flags) {
    auto* recorder = static_cast<convscope::ItemRecorder*>(context->TestEngine);
    convscope::UiItem* item = recorder ? recorder->last(id) : nullptr;
    if (!item) return;
    // Windows are items too; scripts mean what lies in them.
    const ImGuiWindow* window = label ? ImGui::FindWindowByName(label) : nullptr;
    if (window && (window->ID == id || window->MoveId == id || window->ChildId == id)) return;
    item->label = label ? convscope::spoken(label) : std::string();
    item->flags = flags;
}

void ImGuiTestEngineHook_Log(ImGuiContext*, const char*, ...) {}

const char* ImGuiTestEngine_FindItemDebugLabel(ImGuiContext*, ImGuiID) { return nullptr; }
