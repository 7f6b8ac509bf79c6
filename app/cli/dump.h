// What a script can look at: the whole state as JSON (dump), and single numbers and sentences (expect).
#pragma once

#include <string>
#include <vector>

#include "app/app.h"

namespace convscope {

/// {"document", "view", "play_head", "output", "error", …}: the fields are listed in docs/scripting.md.
std::string dump_text(const App& app, const Scene& scene);
/// Writes it. A sentence without its full stop when it could not.
std::string write_dump(const App& app, const Scene& scene, const std::string& path);

/// Most values of the output that are written.
inline constexpr int64_t kMaxDumped = int64_t(1) << 26;

/// "output 0,0 20", "caption contains …": a sentence without its full stop when it is otherwise.
std::string check_expectation(const App& app, const Scene& scene, const std::vector<std::string>& words);

/// The sentence on the screen that says what is wrong: of the settings, else the newest message. Empty: all is well.
std::string shown_error(const App& app);

}  // namespace convscope
