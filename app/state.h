// State: all that the window knows, as plain values. Panels read it and change it through the functions of app.h.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/history.h"
#include "app/views/view.h"

namespace convscope {

/// Where the play is and how it moves.
struct PlayHead {
    int64_t step = 0;             // terms done, in the order of the chosen view
    int64_t from_step = 0;        // where the move under way began
    double moving_s = 0;          // since it began; the picture's fraction follows from it
    double resting_s = 0;         // since it ended
    bool playing = false;
    float speed = 1;              // 0.25 … 16
    Unit unit = Unit::term;
};

/// The cell that takes digits and arrows, and what was typed into it so far.
struct CellEdit {
    CellRef cell;
    Ref ref;                      // the tensor cell behind it
    std::string typed;            // empty: selected only
    bool typing = false;
};

struct Selection {
    std::optional<CellRef> hover;
    std::optional<CellRef> pinned;   // an output cell whose ledger stays
    std::optional<CellEdit> edit;
};

/// What survives a restart.
struct Settings {
    Theme theme = Theme::light;
    float interface_scale = 1;       // 0.75 … 3
    bool reduce_motion = false;
    bool corner_weights = true;
    bool shared_range = false;       // maps: one range for all
    float left_px = 0, right_px = 0; // panel widths at scale 1; 0: by window size
    std::vector<std::string> recent; // files, newest first
    bool operator==(const Settings&) const = default;
};

/// Which popups are open, and their text fields.
struct Popups {
    bool palette = false, help = false, about = false, file_dialog = false, paste = false;
    bool left_rail_open = false, right_rail_open = false;   // below 1100 px
};

/// A sentence to the person: what went wrong or what was done.
struct Message {
    std::string text;
    bool error = false;
    double shown_s = 0;
};

struct State {
    Document document;                            // what is edited
    std::shared_ptr<const Result> result;         // last good one; carries the document it came from
    std::optional<Problem> problem;               // why `document` cannot be computed
    int problem_layer = -1;
    History history;
    std::string file;                             // where it was opened from or saved to
    Document saved;                               // as it stands in that file

    int layer = 0;                                // chosen in the chain
    std::string view = "slide";
    PlayHead play;
    Selection selection;
    Shown shown;
    int chosen_map = 0;
    Camera camera;
    Settings settings;
    Popups popups;
    std::deque<Message> messages;                 // newest last, at most 50
};

/// The picture on the canvas belongs to an older document.
bool is_stale(const State& state);

}  // namespace convscope
