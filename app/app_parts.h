// What the parts of the app (app_*.cpp) offer each other; nobody else includes it.
#pragma once

#include "app/app.h"

namespace convscope {

// ---- app_documents.cpp

/// One undo step with that label, whatever differs.
void edit_as(App& app, Document next, std::string label);

/// The document as it can be saved: an image whose file is gone, or that came with the program, is its numbers.
Document storable(Document document);
/// A message with commands as buttons, by their labels.
void say_offer(App& app, std::string text, std::vector<std::string> commands, bool error = false);
/// The message that a file could not be opened.
bool refuse(App& app, std::string sentence);
/// What a file holds, told by its first bytes; text of numbers by its name.
enum class FileKind { document, line, pytorch, numpy, state_dict, numbers, image };
FileKind file_kind(std::string_view bytes, std::string_view path);
/// Opens what such a file holds.
bool open_bytes(App& app, const std::string& path, std::string bytes);
bool is_image_file(std::string_view bytes, std::string_view path);
/// So large a file that the window would wait for it.
bool is_read_aside(const std::string& path);
/// A layer of one input channel sees the picture in grey, so that its kernels stay as they are.
bool wants_grey(const State& state);

// ---- app_loading.cpp

/// Reads the file aside.
void start_loading(App& app, const std::string& path);
void stop_loading(App& app);
/// The same when something else takes its place: the rest of a photograph is read when that is the input again.
void leave_loading(App& app);
/// The rest of a photograph that was left small, when it is the input again and nothing else is read.
void finish_reading(App& app);
/// Takes what was read.
void take_loaded(App& app, double dt_s);

// ---- app_tensors.cpp

/// Puts the tensors of a .safetensors file into the layers that ask for them: one undo step, and a message that tells
/// what went where. False, with a message, when they do not fit.
bool open_state_dict(App& app, const std::string& path, std::string bytes);

// ---- app_evaluate.cpp

/// Brings result or problem up to the document: at once when it is small, else the worker starts.
void compute(App& app, bool in_gesture);
/// Takes what the worker finished; `dt_s` is the time since it was last asked.
void take_finished(App& app, double dt_s);

/// Computes anew when the views shown need more than the result has: gradients, another batch.
void refresh_wants(App& app);

// ---- app_play.cpp

/// Where the play head stood, so that it can find its place again in another timeline.
struct PlaceMark {
    Place place;
    bool at_end = false;
    Order order = Order::by_output;
};
PlaceMark mark_place(const App& app);
void return_to(App& app, const PlaceMark& mark);
/// The timeline of the result's chosen layer in the chosen view's order. The step is left alone.
void refresh_timeline(App& app);
/// The view that suits the result, and its telling step.
void open_picture(App& app);
void advance_play(App& app, double dt_s);
/// It steps through cells, not through layers or batches.
bool walks_cells(const Timeline& timeline);
/// The chosen layer's result, or null.
const LayerResult* layer_result(const App& app);

/// The step of a timeline by input in which this product is stamped; none for a bias or a zero of the padding.
std::optional<int64_t> stamp_step(const Plan& plan, const Term& term, const Timeline& by_input);
/// The same term in the other order: step of `to` that shows what `from` shows at `step`.
int64_t same_term(const App& app, const Timeline& from, int64_t step, const Timeline& to);

// ---- app_ledger.cpp

/// The cell of the chosen layer that the ledger is about by the person's choice: pinned, or selected while nothing plays.
std::optional<Ref> chosen_cell(const App& app);

// ---- app_picture.cpp

/// The views shown, without what a lecture puts around them.
Scene build_views(const App& app, Point size_px, float scale);
/// The same, large, with topic, count and dots around it (app_lecture.cpp).
Scene build_lecture(const App& app, Point size_px);

// ---- app_cells.cpp

/// The picture's chosen layer is of the document's op: while the chain is impossible it may be another.
bool is_op_shown(const State& state);
/// The document's tensor behind an input or weight cell of the chosen layer, or null.
const Tensor* edited_tensor(const State& state, const Ref& ref);
/// The document with that tensor instead.
Document with_tensor(const State& state, const Ref& ref, Tensor tensor);
/// The result's tensor that a ref of the chosen layer points into, or null.
const Tensor* shown_tensor(const App& app, const Ref& ref);

}  // namespace convscope
