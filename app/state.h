// State: all that the window knows, as plain values. Panels read it and change it through the functions of app.h.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/history.h"
#include "app/kept_work.h"
#include "app/settings.h"
#include "app/views/view.h"
#include "core/io/files.h"

namespace convscope {

/// Where the play is and how it moves.
struct PlayHead {
    int64_t step = 0;             // terms done, in the order of the chosen view
    int64_t from_step = 0;        // where the move under way began
    Unit moved = Unit::term;      // what the last move was: gives its time and curve
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

/// What the ledger tells of a cell: the terms that it adds up, the cells that read it, or the terms of its gradient.
enum class Telling { made_of, goes_to, gradient };

struct Selection {
    std::optional<CellRef> hover;
    std::optional<Ref> pinned;       // a cell of the chosen layer whose ledger stays (set by pin)
    std::string hover_action;        // of the hit box under the pointer: "channel 2"
    std::optional<CellEdit> edit;
    std::optional<Telling> telling;  // chosen by hand; else as suits the cell
    std::vector<Ref> lit;            // cells of the ledger's row under the pointer
    std::optional<Index> lit_padding;
};

/// Which channels of the ledger show their rows. By itself: the one at work, or the first of a handful.
struct LedgerFolds {
    std::optional<bool> all;         // every channel open, or none
    std::map<int64_t, bool> by_hand; // channels that were turned since
};

/// What the mouse is doing on the canvas (canvas_input.h).
struct CanvasMouse {
    enum class Drag { none, press, paint, pan };
    Drag drag = Drag::none;
    int button = 0;                  // 0 left, 2 middle
    Point press;                     // where the button went down
    Point last;                      // as far as was handled
    CellRef cell;                    // under the press; no grid: background
    Point pan_px;                    // the camera's then
    float paint_value = 0;
    int gestures = 0;                // counts drags and wheel bursts, to name them
    std::optional<CellRef> wheeled;  // the cell of the wheel burst under way
    double wheel_s = 0;              // since the burst's last turn
    float wheel_rest = 0;            // parts of a turn not counted yet
    double hover_s = -1;             // since the pointer came over this cell; negative: just now
    bool space_dragged = false;      // the canvas was dragged since Space went down: Space does not play then
};

inline constexpr double kTooltipSeconds = 0.4;

/// Which popups are open, and their text fields.
enum class FileMode { open, save, save_weights, save_output };
struct FileDialog {
    std::string folder;                // shown now; empty: where the document is, else the home folder
    std::string typed;                 // narrows the list; the name when saving
    int row = -1;                      // chosen in the list
    bool shows_hidden = false, shows_all = false;           // also files that Convscope cannot read
    bool asks_overwrite = false;
    std::string error;                 // stands in the dialog until the next key
    DirectoryListing listing;
};
struct Popups {
    bool palette = false, help = false, about = false, file_dialog = false;
    bool left_rail_open = false, right_rail_open = false;   // below 1100 px
    bool add_layer = false, skip = false;                   // the chain bar opens these lists
    bool history = false;                                   // the list of all states beside the canvas
    bool input_sizes = false;                               // the inspector goes to the look-up of input sizes
    int tour = -1;                                          // its stop; −1: none
    bool log = false;                                       // what was said since the start
    FileMode file_mode = FileMode::open;                    // what the file dialog is for
    FileDialog file;
    std::string palette_text;
    int palette_row = 0;               // chosen, counted over the rows found
};

/// A sentence to the person: what went wrong or what was done.
struct Message {
    std::string text;
    bool error = false;              // stays until dismissed or the next edit, others go after kMessageSeconds
    double shown_s = 0;
    std::vector<std::string> offers = {};  // labels of commands, as buttons; it stays while one of them can be run
};
inline constexpr double kMessageSeconds = 6;

/// What was said, kept until the end.
struct LogLine {
    std::string at, text;            // "14:05:31", local time
    bool error = false;
};
inline constexpr size_t kMostLogged = 200;

/// A document beside the edited one, with its result when there is one.
struct Network {
    Document document;
    std::shared_ptr<const Result> result;
    std::shared_ptr<const Result> resizes;        // of this picture's layer `resized` it is the resize-convolution; else null
    int resized = 0;
    bool is_a = false;                            // A of A/B: the document as it was when it was put there
};
inline constexpr size_t kMostBeside = 2;

/// Predict: the layer's outputs are hidden until they are guessed or shown.
struct Prediction {
    bool on = false;
    std::vector<Index> known;                     // in order
    std::optional<WrongGuess> wrong;              // the last guess
    std::string told, leads_on;                   // where its number comes from, and a question; or what is right
    int64_t right = 0, guesses = 0;
    std::weak_ptr<const Result> of;               // whose outputs they are, and of which layer
    int layer = 0;
};

/// Lecture mode: only the picture, large, with its sentence.
struct Lecture {
    bool on = false;
    bool hides = false;                           // each step's answers are "?" until asked for
    int64_t answered = -1;                        // the step whose answers were asked for
    bool blank = false;                           // the screen is empty
    bool laser = false, draws = false;            // the pointer is a red dot; it draws
    std::vector<std::vector<Point>> marker;       // lines drawn by hand, as parts of the window; gone with the next step
    int64_t marked = -1;                          // the step they were drawn on
};

struct State {
    Document document;                            // what is edited
    std::shared_ptr<const Result> result;         // last good one; carries the document it came from
    std::optional<Problem> problem;               // why `document` cannot be computed
    int problem_layer = -1;
    double computing_s = 0;                       // how long the worker has been at it; 0: it is not
    bool stopped = false;                         // the person stopped computing: the picture is older than the document
    bool refining = false;                        // the picture is the document's, of the photograph made small
    std::string loading;                          // the file that is being read; empty: none
    double loading_s = 0;
    History history;
    std::string file;                             // where it was opened from or saved to
    Document saved;                               // as it stands in that file; or as the document started
    std::string file_digest, refused_file;        // its SHA-256 then; the file that was not written, for others changed it
    std::map<int, OpenedFile> opened;             // of the other documents in the history, by History::Entry::source

    int layer = 0;                                // chosen in the chain
    std::optional<Pair> wanted_output;            // whose input sizes are looked up; none: the output as it is
    std::vector<int> open_runs;                   // repeated layers shown one by one, by their first layer
    std::string view = "slide";                   // the leading one: its order is the play head's
    std::vector<std::string> beside;              // up to two more, side by side with it
    std::vector<Network> others;                  // up to two more documents, to compare with
    PlayHead play;
    Selection selection;
    LedgerFolds folds;
    CanvasMouse mouse;
    Shown shown;
    Camera camera;
    Settings settings;
    Popups popups;
    Prediction prediction;
    Lecture lecture;
    std::vector<KeptWork> offered, spent;         // unsaved work of other windows; what was restored of it (app_work.h)
    std::deque<Message> messages;                 // newest last, at most 50
    std::deque<LogLine> log;                      // newest last, at most kMostLogged
    uint64_t next_seed = 1;                       // for the next random numbers
};

/// That of the settings; a lecture has a light ground.
Theme shown_theme(const State& state);
/// The picture on the canvas belongs to an older document.
bool is_stale(const State& state);
/// So much older that it is shown in grey: the document is impossible, or computing takes a while.
bool is_greyed(const State& state);
/// There is something that the file does not have.
bool is_changed(const State& state);
/// The layers are the person's own work, so an image that is opened comes in front of them.
bool keeps_layers(const State& state);

}  // namespace convscope
