#include "app/panels/file_preview_pane.h"

#include <algorithm>
#include <cmath>

#include "app/panels/widgets.h"

namespace convscope {
namespace {

using ui::px;

constexpr float kSidePx = 200, kLinePx = 19;

/// Lines of words one under the other, as far as there is room.
struct Words {
    const PanelContext& context;
    Box room;
    float y;
    void add(ImFont* font, Tone tone, std::string_view text, size_t most_lines) {
        std::vector<std::string> lines = ui::wrapped(font, text, room.w);
        const float line_h = px(context, kLinePx);
        const auto fit = static_cast<size_t>(std::max(0.f, std::floor((room.bottom() - y) / line_h)));
        const size_t count = std::min({lines.size(), most_lines, fit});
        for (size_t i = 0; i < count; ++i) {
            if (i + 1 == count && lines.size() > count) lines[i] = ui::fitted(font, lines[i] + " " + lines[i + 1], room.w);
            ui::text(context, font, tone, {room.x, y + line_h / 2}, lines[i]);
            y += line_h;
        }
    }
};

/// Of the entry, once it is read; null for a folder too.
const FilePreview* preview_of(PanelContext& context, const FileDialog& dialog, const DirectoryEntry* entry) {
    App& app = context.app;
    const bool is_file = entry && entry->kind == DirectoryEntry::Kind::file;
    const std::string path = !is_file ? "" : dialog.folder.ends_with('/') ? dialog.folder + entry->name
                                                                          : dialog.folder + "/" + entry->name;
    app.previewer.ask(path, is_file ? entry->modified * 31 + entry->size : 0, app.host.wake);
    return app.previewer.shown();
}

}  // namespace

float preview_side_px(float scale) { return std::round(kSidePx * scale); }

std::string file_preview_line(PanelContext& context, const FileDialog& dialog, const DirectoryEntry* entry) {
    const FilePreview* preview = preview_of(context, dialog, entry);
    if (!preview) return "";
    std::string line = preview->error.empty() ? preview->title : preview->error;
    for (const std::string& more : preview->lines) line += (line.empty() ? "" : " · ") + more;
    return line;
}

void draw_file_preview(PanelContext& context, const Box& box, const FileDialog& dialog, const DirectoryEntry* entry) {
    const FilePreview* preview = preview_of(context, dialog, entry);
    Words words{context, box, box.y};
    const UiFonts& fonts = context.fonts;
    if (!entry) {
        words.add(fonts.body, Tone::ink3, "What is in the chosen file stands here.", 3);
        return;
    }
    if (preview && !preview->picture.empty()) {
        // Whole pixels of the texture; where there is little height only the picture's middle.
        const float side = preview_side_px(context.scale);
        const Box picture = preview_scene(*preview, {side, side}).pictures.at(0).box;
        const float room = std::min(picture.h, std::floor(box.h - 4 * px(context, kLinePx)));
        if (room >= picture.h / 2) {
            const float top = picture.y + std::floor((picture.h - room) / 2);
            if (context.preview_texture)
                ImGui::GetWindowDrawList()->AddImage(context.preview_texture, {box.x, box.y}, {box.x + picture.w, box.y + room},
                                                     {picture.x / side, top / side},
                                                     {picture.right() / side, (top + room) / side});
            words.y += room + px(context, 8);
        }
    }
    const bool is_titled = preview && !preview->title.empty();
    words.add(fonts.body_bold, Tone::ink, is_titled ? preview->title : display_name(entry->name), 2);
    if (entry->kind == DirectoryEntry::Kind::directory) {
        words.add(fonts.body, Tone::ink2, "Folder", 1);
        return;
    }
    if (!preview) {
        words.add(fonts.body, Tone::ink3, "Reading…", 1);
        return;
    }
    for (const std::string& line : preview->lines) words.add(fonts.body, Tone::ink2, line, 4);
    words.add(fonts.body, Tone::error_text, preview->error, 10);
}

}  // namespace convscope
