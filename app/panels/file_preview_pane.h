// The file dialog's right part: what is in the chosen entry.
#pragma once

#include "app/panels/panels.h"

namespace convscope {

/// `entry` null: nothing is chosen.
void draw_file_preview(PanelContext& context, const Box& box, const FileDialog& dialog, const DirectoryEntry* entry);
/// The same in one line, where there is no room for it.
std::string file_preview_line(PanelContext& context, const FileDialog& dialog, const DirectoryEntry* entry);

}  // namespace convscope
