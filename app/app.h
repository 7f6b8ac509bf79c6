// App: the State with the worker behind it, and every way to change it. A frame: input, panels, update, build_scene, paint.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/file_loader.h"
#include "app/file_preview.h"
#include "app/state.h"
#include "core/uses.h"

namespace convscope {

/// What the window lends to the app.
struct Host {
    std::function<std::string()> clipboard;
    std::function<void(const std::string&)> set_clipboard;
    std::function<void()> wake;                   // from any thread: draw a frame
    std::function<void()> quit;
    std::function<void(bool)> set_full_screen;
    std::function<bool()> full_screen;
    std::function<bool()> has_other_monitor;
    std::function<void()> fill_other_monitor;     // full screen on it
    std::string graphics;                         // "4.5 (Core Profile) Mesa … on llvmpipe"
    std::function<float()> largest_scale;         // of the interface, that the window has room for
};

/// What computing may take of the machine; 0: what suits it.
struct Limits {
    int64_t memory_bytes = 0;                     // of a result's tensors: --memory
    int threads = 0;                              // that compute: --threads. As many as the machine runs at once otherwise
    int64_t most_bytes() const;                   // the memory, or half of the machine's
};

struct App {
    State state;
    Host host;
    Evaluator evaluator;
    Timeline timeline;                            // of the picture shown, in the chosen view's order; always up to date
    FileLoader loader;
    FilePreviewer previewer;                      // of the file dialog
    Reading reading;                              // what the loader's answer is for
    Want evaluating;                              // what is computed
    int64_t memory_bytes = 0;                     // see Limits
    bool computing = false;                       // the worker is at it
    bool next_waits = false;                      // the document is newer than what the worker computes
    double terms = 0;                             // multiply-adds of what is computed
    bool opens = false;                           // the next result opens on its telling step
    std::optional<Stand> returns;                 // … or there
    std::shared_ptr<const Result> before_gesture; // the picture when the gesture under way began
    mutable KnownUses known_uses;                 // the last ones, so that a frame does not look for them again

    explicit App(Document document, Limits limits = {});
};

// ---- Documents

/// Edits the document: one undo step, or part of `gesture` when that is not empty. Small documents are computed at once.
void edit(App& app, Document next, const std::string& gesture = "");
/// An edit of the chain, one undo step; `layer` is the chosen one afterwards.
void edit_chain(App& app, Document next, int layer);
void end_gesture(App& app);
void undo(App& app);
void redo(App& app);
/// Replaces the document (preset, file): one undo step named `label`; play head, camera and selection start anew, on the
/// view that suits it and a telling step.
void show_document(App& app, Document document, const std::string& label);
/// Puts an image (or any tensor) in as the input: in front of the layers as they are when they are the person's own
/// (edited, or from a file), else in front of the classic filters.
void show_image(App& app, Input input, const std::string& name);
/// Opens a document, an image, numbers or weights by their content. False, with a message shown, when it cannot; nothing is
/// changed then. A large file is read aside (state.loading): true, and what it is comes with a later update.
bool open_file(App& app, const std::string& path);
/// PyTorch text as the document; `name` of its file, "" when it was pasted.
bool open_pytorch(App& app, std::string_view text, const std::string& name = "");
/// Reads the document's image again in another size or other colours: an edit, once it is there.
void reread_image(App& app, ImageOptions options, const std::string& gesture);
bool save_file(App& app, const std::string& path);     // false, with a message; also when its file was changed by others
/// PyTorch's state_dict of the layers, or the last layer's output, as .safetensors or .npy. False, with a message, on failure.
bool save_weights(App& app, const std::string& path);
bool save_output(App& app, const std::string& path);
/// Adds a message for the person (errors stay until dismissed).
void say(App& app, std::string text, bool error = false);

// ---- Time

/// Takes finished results, moves the play head. Call once a frame with the time since the last, before the input counts:
/// what a key starts, starts now and not when the last frame was.
void update(App& app, double dt_s);
/// 0…1 of the move under way, eased; 1 at rest.
float fraction(const App& app);
/// True while frames are needed without input: a move is under way, or the play is on.
bool animating(const App& app);
/// Seconds until something changes by itself (end of a rest); a large number when nothing will.
double seconds_to_next_change(const App& app);
/// Nothing is being computed.
bool settled(const App& app);
void wait_until_settled(App& app);
/// Something takes so long that the person is told and may stop it.
bool is_busy(const App& app);
/// Stops reading and computing; the last picture stays, grey. An edit, or compute_again, starts computing anew.
void stop_computing(App& app);
void compute_again(App& app);
/// How far it is: its share when that is known, and in words. "Computing 43 % · 5.1 billion products a second · 1.2 s left".
struct ProgressTold {
    std::optional<double> fraction;
    std::string text;
};
ProgressTold progress_told(const App& app);

// ---- Play head

/// The chosen view; falls back to one that the layer offers.
const View& chosen_view(const App& app);
void choose_view(App& app, const std::string& id);     // keeps the term, as far as the new order has it
/// The views side by side, the leading one first: those that the layer offers.
std::vector<const View*> shown_views(const App& app);
bool is_offered(const App& app, const View& view);
/// It can stand beside the chosen one: both step through cells, or neither does.
bool can_show(const App& app, const View& view);
void clear_beside(App& app);
/// Puts a view beside the others, or takes it away; with three side by side the last one makes room.
void toggle_beside(App& app, const std::string& id);
void choose_layer(App& app, int layer);
/// The layer of the result that the picture shows: the chosen one, as far as the result has it.
int shown_layer(const App& app);
/// The document's chosen layer, or null; the result may hold another op there while the chain is impossible.
const Layer* chosen_layer(const App& app);
/// What the picture's plan says about that layer; null while the picture has another op there.
const Plan* chosen_plan(const App& app);
void step(App& app, int units);                        // forward or back, in the chosen unit, with motion
void step_unit(App& app, Unit unit, int units);
void go_to_step(App& app, int64_t step);               // no motion
int64_t opening_step(const App& app);                  // a telling one, about the middle
void go_to_cell(App& app, const CellRef& output);      // the step at which that output cell is done
void set_playing(App& app, bool playing);              // at the end: from the start
/// Units that the chosen view offers and that differ here, in the order of the segments; never empty.
std::vector<Unit> step_units(const App& app);
void set_unit(App& app, Unit unit);
void set_speed(App& app, float speed);
/// Another output channel: the play head goes to the same place in it (by input only the output shown changes).
void show_channel(App& app, int64_t out_channel);

// ---- Cells (names and indices as in the scene)

/// What stands behind a grid's cell: input or weight cells can be edited.
std::optional<Ref> cell_ref(const Scene& scene, const CellRef& cell);
bool editable(const Scene& scene, const CellRef& cell);
float value_at(const App& app, const Ref& ref);        // of the result's layer; 0 outside
/// The same of the document, where an edit has not been computed yet; none for what is not an input or weight cell.
std::optional<float> document_value(const App& app, const Ref& ref);
void set_value(App& app, const Ref& ref, float value, const std::string& gesture);
/// Cells of one tensor, all to the same value.
void set_values(App& app, const std::vector<Ref>& refs, float value, const std::string& gesture);
void select_cell(App& app, const Scene& scene, const CellRef& cell);
/// A cell of the chosen layer (input, weight or a computed stage) stays in the ledger; false when there is no such cell.
bool pin(App& app, const Ref& ref);
bool pin_output(App& app, Index cell);
void select_nothing(App& app);                         // neither selected nor pinned; typed text is dropped
/// The plane that "Zeros", "Copy", … are about: of the selected cell, else the pinned one; none otherwise.
std::optional<Ref> chosen_plane(const App& app);
/// Fills the plane behind `ref`: "zeros", "ones", "random", "impulse", "gradient".
void fill_plane(App& app, const Ref& ref, const std::string& kind);
std::string copy_plane(const App& app, const Ref& ref);
/// Puts pasted numbers into the plane: from that cell on, or, when the block is larger than the plane, as a new size.
/// False with a message when they cannot be read.
bool paste_plane(App& app, const Ref& ref, const std::string& text);
/// Pasted numbers as the input, whatever their size.
bool paste_input(App& app, const std::string& text);

// ---- Picture

ViewInput view_input(const App& app, Point size_px, float scale);
/// The chosen view, or up to three side by side under their names. Their grids' names then start with the view's id:
/// "scatter/input".
Scene build_scene(const App& app, Point size_px, float scale);
/// The terms of the pinned cell, of the selected one, or of the play head's: for the ledger (app_ledger.cpp).
struct LedgerCell {
    int layer = 0, stage = 0;  // whose terms they are; goes_to: which the number belongs to (stage −1: input or weight)
    Index cell;
    Explanation explanation;
    int64_t done = 0;          // the first so many terms are done; all when pinned. By input the terms stand in that order
    int64_t current = -1;      // index of the term that happens now, −1: none
    bool pinned = false;
    Telling telling = Telling::made_of;
    std::vector<Telling> choices;        // all that can be told of the cell; one at least
    Ref of;                              // the cell, in the chosen layer
    std::shared_ptr<const Uses> uses;    // goes_to: these instead of `explanation`
    int64_t too_many = 0;                // so many terms that they are not listed
};
std::optional<LedgerCell> ledger(const App& app);
/// What the ledger tells of the cell, while it is the same one.
void choose_telling(App& app, Telling telling);
/// The term of the ledger becomes the play head's, in the layer that it is of. False when no step shows it.
bool go_to_term(App& app, const LedgerCell& ledger, size_t index);

}  // namespace convscope
