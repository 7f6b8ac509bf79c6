// That no work is lost: the window comes back as it was, unsaved work of others is offered, every state of the history can be
// gone to, and a file that somebody else changed is not overwritten.
#pragma once

#include "app/app.h"
#include "app/work.h"

namespace convscope {

/// Stands where the picture stood, now or when the picture is there.
void return_to_stand(App& app, const Stand& stand);

/// The window as it was closed. It starts the history: call it on a new app.
void come_back(App& app, Work work);
/// Offers unsaved work in a message, the newest first.
void offer_work(App& app, std::vector<KeptWork> kept);
bool is_work_offered(const App& app);
/// The work becomes the document; Undo goes back to what was there.
void restore_work(App& app);
/// The work goes from the disk; in this window's history it stays.
void discard_work(App& app);

/// To any state of the history, on whatever branch.
void go_to_entry(App& app, size_t entry);

/// Shows the document whose line stands in the text (core/document_line.h). False, with a message, when it cannot be read.
bool open_line(App& app, std::string_view text, const std::string& name = "");

/// Writes the file that save_file refused because it was changed on the disk.
bool can_overwrite(const App& app);
bool overwrite_file(App& app);

}  // namespace convscope
