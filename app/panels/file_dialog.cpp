// File dialog: folders, known files, recent ones; typing narrows the list, so that no mouse is needed.
#include <algorithm>
#include <array>
#include <cmath>

#include <imgui_internal.h>

#include <fmt/format.h>

#include "app/panels/file_preview_pane.h"
#include "app/panels/widgets.h"
#include "app/recent_names.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

constexpr std::array kKnown = {".json", ".npy",  ".safetensors", ".csv", ".tsv", ".txt", ".png",
                               ".jpg",  ".jpeg", ".bmp", ".tga", ".psd", ".gif",
                               ".hdr",  ".pic",  ".ppm", ".pgm", ".pnm", ".convscope"};

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

bool is_known(const std::string& name) {
    const std::string small = lower(name);
    return std::any_of(kKnown.begin(), kKnown.end(),
                       [&](const char* ending) { return small.ends_with(ending); });
}

std::string join(const std::string& folder, const std::string& name) {
    return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

std::string folder_of(const std::string& path) { return to_utf8(to_path(path).parent_path()); }

bool looks_like_path(std::string_view typed) {
    return typed.starts_with("~") || typed.find('/') != std::string_view::npos ||
           typed.find('\\') != std::string_view::npos;
}

std::string size_text(int64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    const char* units[] = {"kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes) / 1000;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < std::size(units)) {
        value /= 1000;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", value, value < 9.95 ? 1 : 0, units[unit]);
}

/// What is saved in each mode: the dialog's title, the name it offers, and how it is written.
struct Saving {
    const char* title;
    const char* tail;    // of the name offered
    const char* ending;  // where none is typed
    bool (*write)(App& app, const std::string& path);
};

const Saving* saving_of(FileMode mode) {
    static constexpr Saving kDocument{"Save as", "", ".json", save_file};
    static constexpr Saving kWeights{"Save weights", " weights", ".safetensors", save_weights};
    static constexpr Saving kOutput{"Save output", " output", ".npy", save_output};
    switch (mode) {
        case FileMode::open: break;
        case FileMode::save: return &kDocument;
        case FileMode::save_weights: return &kWeights;
        case FileMode::save_output: return &kOutput;
    }
    return nullptr;
}

void go_to(FileDialog& dialog, const std::string& folder) {
    DirectoryListing listing = list_directory(folder);
    if (!listing.ok() && listing.entries.empty() && !dialog.folder.empty()) {
        dialog.error = listing.error;  // where it stands stays
        return;
    }
    dialog.error = listing.error;
    dialog.folder = listing.path;
    dialog.listing = std::move(listing);
    dialog.row = 0;
    dialog.asks_overwrite = false;
}

/// Where the document lies, its image, or the file that was opened last.
void begin(const State& state, FileDialog& dialog, const Saving* saving) {
    dialog.error.clear();
    dialog.asks_overwrite = false;
    std::string folder = dialog.folder;
    const auto* image = std::get_if<FromImage>(&state.document.input.origin);
    if (folder.empty() && !state.file.empty()) folder = folder_of(state.file);
    if (folder.empty() && image) folder = folder_of(image->path);
    if (folder.empty() && !state.settings.recent.empty())
        folder = folder_of(state.settings.recent.front());
    dialog.folder.clear();
    go_to(dialog, folder);
    if (!dialog.listing.ok()) go_to(dialog, "~");
    dialog.typed.clear();
    if (!saving) return;
    const bool is_document = *saving->tail == '\0';
    const auto file = to_path(state.file);
    dialog.typed = state.file.empty() ? state.document.name
                                      : to_utf8(is_document ? file.filename() : file.stem());
    for (char& c : dialog.typed)
        if (c == '/' || c == '\\' || c == ':') c = '-';
    if (dialog.typed.empty()) dialog.typed = "Untitled";
    dialog.typed += saving->tail;
    if (!lower(dialog.typed).ends_with(saving->ending)) dialog.typed += saving->ending;
}

/// The newest error that the app told; it stands in the dialog instead of under the canvas.
std::string take_error(App& app, size_t messages_before) {
    std::deque<Message>& messages = app.state.messages;
    if (messages.empty() || !messages.back().error)
        return messages_before > 0 ? "" : "It could not be done.";
    std::string text = messages.back().text;
    messages.pop_back();
    return text;
}

void open_path(App& app, const std::string& path) {
    Popups& popups = app.state.popups;
    const size_t before = app.state.messages.size();
    if (open_file(app, path))
        popups.file_dialog = false;
    else
        popups.file.error = take_error(app, before);
}

void save_path(App& app, const Saving& saving, const std::string& path) {
    Popups& popups = app.state.popups;
    const size_t before = app.state.messages.size();
    if (saving.write(app, path))
        popups.file_dialog = false;
    else
        popups.file.error = take_error(app, before);
}

std::vector<const DirectoryEntry*> shown_entries(const FileDialog& dialog, bool saving) {
    std::vector<const DirectoryEntry*> shown;
    const std::string typed = saving || looks_like_path(dialog.typed) ? "" : lower(dialog.typed);
    for (const DirectoryEntry& entry : dialog.listing.entries) {
        if (entry.hidden && !dialog.shows_hidden && !typed.starts_with('.')) continue;
        if (entry.kind == DirectoryEntry::Kind::other) continue;
        if (entry.kind == DirectoryEntry::Kind::file && !dialog.shows_all && !is_known(entry.name))
            continue;
        if (!typed.empty() && lower(entry.name).find(typed) == std::string::npos) continue;
        shown.push_back(&entry);
    }
    return shown;
}

/// Enter, or the button: into a folder, open the file, save under the name.
void accept(App& app, const DirectoryEntry* chosen, bool by_row) {
    Popups& popups = app.state.popups;
    FileDialog& dialog = popups.file;
    const Saving* saving = saving_of(popups.file_mode);
    if (looks_like_path(dialog.typed)) {
        const std::string typed = dialog.typed.starts_with('~') || dialog.typed.starts_with('/') ||
                                          dialog.typed.find(':') == 1
                                      ? dialog.typed
                                      : join(dialog.folder, dialog.typed);
        const DirectoryListing there = list_directory(typed);
        if (there.ok()) {
            dialog.typed.clear();
            go_to(dialog, typed);
        } else if (saving) {
            go_to(dialog, folder_of(typed));
            if (dialog.error.empty()) dialog.typed = to_utf8(to_path(typed).filename());
        } else {
            open_path(app, typed);
        }
        return;
    }
    if (chosen && chosen->kind == DirectoryEntry::Kind::directory && (!saving || by_row)) {
        const std::string folder = join(dialog.folder, chosen->name);
        if (!saving) dialog.typed.clear();
        go_to(dialog, folder);
        return;
    }
    if (!saving) {
        if (chosen)
            open_path(app, join(dialog.folder, chosen->name));
        else
            dialog.error = dialog.typed.empty() ? "Choose a file."
                                                : fmt::format("No file here has “{}” in its name.",
                                                              display_text(dialog.typed, 60));
        return;
    }
    if (by_row && chosen) {
        dialog.typed = chosen->name;
        return;
    }
    if (dialog.typed.find_first_not_of(' ') == std::string::npos) {
        dialog.error = "Type a name for the file.";
        return;
    }
    if (to_path(dialog.typed).extension().empty()) dialog.typed += saving->ending;
    const auto& entries = dialog.listing.entries;
    const bool exists = std::any_of(entries.begin(), entries.end(), [&](const DirectoryEntry& e) {
        return e.name == dialog.typed;
    });
    if (exists && !dialog.asks_overwrite && join(dialog.folder, dialog.typed) != app.state.file) {
        dialog.asks_overwrite = true;
        return;
    }
    save_path(app, *saving, join(dialog.folder, dialog.typed));
}

/// Home and recent files at the left; the path that was pressed.
std::optional<std::string> places(PanelContext& context, const Box& box, bool with_files) {
    std::optional<std::string> pressed;
    const Settings& settings = context.app.state.settings;
    float y = box.y;
    const auto title = [&](const char* text) {
        ui::text(context, context.fonts.section, Tone::ink3,
                 {box.x + px(context, 10), y + px(context, 14)}, text);
        y += px(context, 28);
    };
    const auto row = [&](const std::string& name, const std::string& path, const char* icon) {
        const Box line{box.x, y, box.w, px(context, 28)};
        ImGui::PushID(path.c_str());
        const ui::Item it = ui::item(context, name.c_str(), line, {.tooltip = path});
        ImGui::PopID();
        if (it.hovered) ui::fill(context, line, Tone::hover, 6);
        if (it.focused) ui::focus_ring(context, line);
        ui::text(context, context.fonts.icons, Tone::ink3,
                 {line.x + px(context, 18), line.center().y}, icon, Align::center);
        ui::text(context, context.fonts.body, Tone::ink,
                 {line.x + px(context, 34), line.center().y},
                 ui::fitted(context.fonts.body, name, line.w - px(context, 40)));
        if (it.pressed) pressed = path;
        y += px(context, 28);
    };
    title("Places");
    row("Home", "~", icon::kFolder);
    row("Working folder", ".", icon::kFolder);
    if (!with_files || settings.recent.empty()) return pressed;
    y += px(context, 8);
    title("Recent");
    const std::vector<std::string> names = listed_names(settings.recent);
    for (size_t i = 0; i < names.size() && y + px(context, 28) <= box.bottom(); ++i)
        row(names[i], settings.recent[i], icon::kFile);
    return pressed;
}

/// The list of folders and files; which row was clicked, and whether twice.
struct Clicked {
    int row = -1;
    bool twice = false;
};
Clicked entries_list(PanelContext& context, const Box& box,
                     const std::vector<const DirectoryEntry*>& entries, int chosen, bool moved) {
    Clicked clicked;
    const float row_h = px(context, 28);
    ImGui::SetCursorScreenPos(ui::low(box));
    ImGui::PushStyleColor(ImGuiCol_ChildBg, ui::color(context, Tone::canvas));
    ImGui::BeginChild("Entries", {box.w, box.h});
    ImGui::PopStyleColor();
    const float top = box.y - ImGui::GetScrollY();
    const ImRect clip = ImGui::GetCurrentWindow()->ClipRect;
    const auto count = static_cast<int>(entries.size());
    if (moved && chosen >= 0 && chosen < count) {
        const float y = row_h * static_cast<float>(chosen), scroll = ImGui::GetScrollY();
        if (y < scroll) ImGui::SetScrollY(y);
        if (y + row_h > scroll + box.h) ImGui::SetScrollY(y + row_h - box.h);
    }
    const float width = ImGui::GetCurrentWindow()->InnerRect.GetWidth();
    for (int i = std::max(0, static_cast<int>((clip.Min.y - top) / row_h)); i < count; ++i) {
        const Box row{box.x, top + row_h * static_cast<float>(i), width, row_h};
        if (row.y > clip.Max.y) break;
        const DirectoryEntry& entry = *entries[static_cast<size_t>(i)];
        ImGui::PushItemFlag(ImGuiItemFlags_NoNav, true);
        const std::string shown = display_name(entry.name);
        ImGui::PushID(i);
        const ui::Item it = ui::item(context, shown.c_str(), row);
        ImGui::PopID();
        ImGui::PopItemFlag();
        if (i == chosen || it.hovered)
            ui::fill(context, row, i == chosen ? Tone::hover : Tone::sunken);
        const bool is_folder = entry.kind == DirectoryEntry::Kind::directory;
        const float y = row.center().y;
        ui::text(context, context.fonts.icons, Tone::ink3, {row.x + px(context, 18), y},
                 is_folder ? icon::kFolder : icon::kFile, Align::center);
        const std::string size = is_folder ? "" : size_text(entry.size);
        const float size_w = ui::width_of(context.fonts.mono_small, size);
        ui::text(context, context.fonts.body, Tone::ink, {row.x + px(context, 36), y},
                 ui::fitted(context.fonts.body, shown, row.w - px(context, 60) - size_w));
        ui::text(context, context.fonts.mono_small, Tone::ink3, {row.right() - px(context, 12), y},
                 size, Align::right);
        if (it.pressed) clicked.row = i;
        if (it.hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) clicked = {i, true};
    }
    ui::content_ends(top + row_h * static_cast<float>(count));
    ImGui::EndChild();
    ui::frame(context, box, Tone::line2);
    return clicked;
}

/// A checkbox with its words.
void option(PanelContext& context, const char* label, float& x, float y, bool& on) {
    const float width = px(context, 24) + ui::width_of(context.fonts.body, label);
    const Box box{x, y - px(context, 12), width, px(context, 24)};
    const ui::Item it = ui::item(context, label, box);
    const float side = px(context, 16);
    const Box square{x, std::round(y - side / 2), side, side};
    ui::fill(context, square, on ? Tone::accent : Tone::raised, 4);
    if (on)
        ui::check_mark(context, square, Tone::on_accent);
    else
        ui::frame(context, square, Tone::line2, 1, 4);
    ui::text(context, context.fonts.body, Tone::ink2, {x + px(context, 24), y}, label);
    if (it.focused) ui::focus_ring(context, box.grown(px(context, 3)));
    if (it.pressed) on = !on;
    x += width + px(context, 20);
}

std::string foot_text(const FileDialog& dialog, const std::vector<const DirectoryEntry*>& entries) {
    if (!dialog.error.empty()) return dialog.error;
    if (dialog.asks_overwrite)
        return fmt::format("{} is there already. Replace it?", display_name(dialog.typed));
    if (!dialog.listing.complete)
        return "There is more in this folder than can be listed: type its name.";
    if (entries.empty() && dialog.listing.entries.empty()) return "This folder is empty.";
    if (entries.empty()) return "Nothing here that Convscope reads.";
    return "";
}

void draw_inside(PanelContext& context, const Box& box) {
    App& app = context.app;
    Popups& popups = app.state.popups;
    FileDialog& dialog = popups.file;
    const Saving* saving = saving_of(popups.file_mode);
    const bool appears = ImGui::IsWindowAppearing();
    if (appears) begin(app.state, dialog, saving);
    const float margin = px(context, 20), field_h = px(context, 30), side = px(context, 30);
    // The preview, and the places where there is room for both.
    const float preview_w = box.w >= px(context, 560) ? px(context, 200) : 0;
    const float left_w = box.w >= px(context, 780) ? px(context, 180) : 0;

    // Where: up, the path, close.
    float y = box.y + px(context, 16);
    const float x0 = box.x + margin, x1 = box.right() - margin;
    const char* const title = saving ? saving->title : "Open";
    ui::text(context, context.fonts.label, Tone::ink, {x0, y + field_h / 2}, title);
    const float title_w = ui::width_of(context.fonts.label, title);
    const float path_x = x0 + std::max({px(context, 60), title_w + px(context, 16), left_w + px(context, 12)});
    if (ui::icon_button(context, "Parent folder", {path_x, y, side, field_h}, icon::kArrowUp,
                        ui::Border::thin,
                        {.enabled = !dialog.listing.parent.empty(),
                         .tooltip = "Parent folder",
                         .keys = "Backspace"}))
        go_to(dialog, std::string(dialog.listing.parent));
    const Box path_box{path_x + side + px(context, 8), y, x1 - path_x - 2 * side - px(context, 16),
                       field_h};
    const ui::TextEdit path =
        ui::text_field(context, "path", path_box, dialog.folder, {.font = context.fonts.mono_code});
    if (path.entered && path.typed) {
        const DirectoryListing there = list_directory(*path.typed);
        if (there.ok() || saving)
            go_to(dialog, *path.typed);
        else
            open_path(app, *path.typed);
    }
    if (ui::icon_button(context, "Close", {x1 - side, y, side, field_h}, icon::kClose,
                        ui::Border::none, {.tooltip = "Close", .keys = "Esc"}))
        popups.file_dialog = false;
    y += field_h + px(context, 10);

    // What: narrows the list, or the name to save under.
    const Box name_box{path_x, y, x1 - path_x, field_h};
    if (appears) ImGui::SetKeyboardFocusHere();
    const bool was_empty = dialog.typed.empty();
    const ui::TextEdit name = ui::text_field(context, "name", name_box, dialog.typed,
                                             {.hint = saving ? "Name" : "Type to narrow the list",
                                              .font = context.fonts.body,
                                              .select_all = saving != nullptr,
                                              .keeps_arrows = true});
    if (name.typed && !name.cancelled) {
        dialog.typed = *name.typed;
        dialog.row = 0;
        dialog.error.clear();
        dialog.asks_overwrite = false;
    }
    if (name.active && was_empty && ImGui::IsKeyPressed(ImGuiKey_Backspace) &&
        !dialog.listing.parent.empty())
        go_to(dialog, std::string(dialog.listing.parent));
    y += field_h + px(context, 12);

    // The list.
    const float foot_h = px(context, 96);
    const float list_right = x1 - (preview_w > 0 ? preview_w + px(context, 16) : 0);
    const Box list{path_x, y, list_right - path_x, std::max(px(context, 56), box.bottom() - foot_h - y)};
    std::vector<const DirectoryEntry*> entries = shown_entries(dialog, saving != nullptr);
    const int count = static_cast<int>(entries.size()), before = dialog.row;
    if (name.active) {
        if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) ++dialog.row;
        if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) --dialog.row;
        if (ImGui::IsKeyPressed(ImGuiKey_PageDown)) dialog.row += 10;
        if (ImGui::IsKeyPressed(ImGuiKey_PageUp)) dialog.row -= 10;
    }
    dialog.row = std::clamp(dialog.row, 0, std::max(0, count - 1));
    const bool moved = before != dialog.row;
    const Clicked clicked =
        entries_list(context, list, entries, count > 0 ? dialog.row : -1, moved);
    const auto entry_at = [&](int row) {
        return row >= 0 && row < count ? entries[static_cast<size_t>(row)] : nullptr;
    };
    if (preview_w > 0) draw_file_preview(context, {x1 - preview_w, y, preview_w, list.h}, dialog, entry_at(dialog.row));

    // The foot: what is wrong, options, buttons.
    std::string foot = foot_text(dialog, entries);
    if (foot.empty() && preview_w == 0) foot = file_preview_line(context, dialog, entry_at(dialog.row));
    const bool is_error = !dialog.error.empty();
    float foot_y = list.bottom() + px(context, 22);
    ui::text(context,
             is_error || dialog.asks_overwrite ? context.fonts.body_bold : context.fonts.body,
             is_error                ? Tone::error_text
             : dialog.asks_overwrite ? Tone::ink
                                     : Tone::ink3,
             {path_x, foot_y}, ui::fitted(context.fonts.body_bold, foot, x1 - path_x));
    if (is_error)
        ui::hover_help(context, {path_x, foot_y - px(context, 12), x1 - path_x, px(context, 24)},
                       dialog.error);
    foot_y = box.bottom() - px(context, 32);
    float option_x = path_x;
    option(context, "hidden files", option_x, foot_y, dialog.shows_hidden);
    option(context, "all files", option_x, foot_y, dialog.shows_all);
    const char* verb = saving ? dialog.asks_overwrite ? "Replace" : "Save" : "Open";
    const float button_w = px(context, 96), button_h = px(context, 32);
    const Box accept_box{x1 - button_w, foot_y - button_h / 2, button_w, button_h};
    const Box cancel_box{accept_box.x - button_w - px(context, 8), accept_box.y, button_w,
                         button_h};
    const bool cancels = ui::button(context, "Cancel", cancel_box);
    const bool accepts = ui::button(context, verb, accept_box, ui::Weight::primary);

    std::optional<std::string> place;
    if (left_w > 0)
        place = places(context,
                       {x0 - px(context, 10), box.y + px(context, 16) + field_h + px(context, 10),
                        left_w, list.bottom() - box.y - px(context, 56)},
                       !saving);

    // One of them may change the entries: last, and only once.
    const bool by_enter = name.entered && !path.entered;
    if (cancels)
        popups.file_dialog = false;
    else if (place && list_directory(*place).ok())
        go_to(dialog, *place);
    else if (place)
        open_path(app, *place);
    else if (clicked.row >= 0) {
        dialog.row = clicked.row;
        const DirectoryEntry* entry = entry_at(clicked.row);
        if (clicked.twice || (saving && entry && entry->kind == DirectoryEntry::Kind::file))
            accept(app, entry, true);
    } else if (accepts || by_enter) {
        accept(app, entry_at(dialog.row), false);
    }
    if (by_enter && popups.file_dialog) ui::focus_item("Files", "##name");
}

}  // namespace

void draw_file_dialog(PanelContext& context, const WindowLayout& layout) {
    Popups& popups = context.app.state.popups;
    const float screen_w = layout.menu.w, screen_h = layout.timeline.bottom();
    const float width = std::min(px(context, 940), screen_w - px(context, 24)),
                height = std::min(px(context, 560), screen_h - px(context, 24));
    const Box box{std::round((screen_w - width) / 2), std::round((screen_h - height) / 2),
                  std::round(width), std::round(height)};
    if (!ui::begin_dialog(context, "Files", popups.file_dialog, box)) return;
    draw_inside(context, box);
    ui::end_dialog();
}

}  // namespace convscope
