// Documents: edits with undo, and files in and out.
#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "app/app_parts.h"
#include "app/app_work.h"
#include "core/document_json.h"
#include "core/document_line.h"
#include "core/io/files.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/io/paste.h"
#include "core/io/safetensors.h"
#include "core/platform.h"
#include "core/presets.h"
#include "core/pytorch_read.h"
#include "core/sha256.h"

namespace convscope {
namespace {

/// Larger files are read aside.
constexpr std::uintmax_t kAsideFromBytes = std::uintmax_t(256) << 10;
constexpr int64_t kMostTextBytes = int64_t(16) << 20;
constexpr size_t kMostMessages = 50;

std::string absolute_path(const std::string& path) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(to_path(path), error);
    return error ? path : to_utf8(absolute.lexically_normal());
}

bool same_ops(const Document& a, const Document& b) {
    return std::equal(a.layers.begin(), a.layers.end(), b.layers.begin(), b.layers.end(),
                      [](const Layer& x, const Layer& y) { return x.op == y.op; });
}

/// The document is another one altogether: selection and camera of the last mean nothing.
void start_anew(App& app) {
    State& state = app.state;
    select_nothing(app);
    state.selection.hover.reset();
    state.folds = {};
    state.mouse = {};
    state.camera = {};
    state.shown = {};
    state.layer = 0;
    state.wanted_output.reset();
    state.open_runs.clear();
    std::erase_if(state.others, [](const Network& network) { return network.resizes != nullptr; });
    state.play.playing = false;
    app.before_gesture.reset();
    app.opens = true;
    app.returns.reset();
}

/// The first layer that is not the same op in both.
int first_difference(const Document& a, const Document& b) {
    size_t k = 0;
    while (k < a.layers.size() && k < b.layers.size() && a.layers[k].op == b.layers[k].op) ++k;
    return static_cast<int>(k);
}

void clamp_layer(State& state) {
    const int last = std::max(0, static_cast<int>(state.document.layers.size()) - 1);
    state.layer = std::clamp(state.layer, 0, last);
}

/// Each opened document of the history has its own file: going back beyond "open b.json" must not save into b.json.
void follow_source(State& state, int from) {
    const int to = state.history.source();
    if (from == to) return;
    state.opened[from] = {std::move(state.file), std::move(state.saved), std::move(state.file_digest)};
    OpenedFile& there = state.opened[to];
    state.file = std::move(there.file);
    state.saved = std::move(there.saved);
    state.file_digest = std::move(there.digest);
    state.opened.erase(to);
}

/// The document becomes the first state of a document of its own, without a file.
void start_source(State& state, const std::string& label) {
    const int from = state.history.source();
    state.history.push(state.document, label, "");
    state.history.start_source();
    follow_source(state, from);
    state.saved = state.document;
}

void travel(App& app, const Document& document, int source) {
    State& state = app.state;
    follow_source(state, source);
    const Document before = std::exchange(state.document, document);
    const bool is_other_chain = !same_ops(before, document);
    if (is_other_chain ||
        before.input.tensor.shape().plane() != document.input.tensor.shape().plane()) {
        const int layer = is_other_chain ? first_difference(before, document) : state.layer;
        start_anew(app);
        state.layer = layer;
    }
    clamp_layer(state);
    if (state.selection.edit) state.selection.edit->typing = false;
    compute(app, false);
    finish_reading(app);
}

bool open_document(App& app, const std::string& path, const std::string& bytes) {
    DocumentResult read = from_json(bytes, to_utf8(to_path(path).parent_path()), display_name(path));
    if (!read.ok()) return refuse(app, read.error);
    show_document(app, std::move(read.document), "open " + display_name(path));
    app.state.file = path;
    app.state.file_digest = sha256(bytes);
    return true;
}

bool write_document(App& app, const std::string& path) {
    State& state = app.state;
    std::string error;
    if (!save_document(path, storable(state.document), error)) return refuse(app, error);
    const FileResult written = read_file(path, kMaxDocumentBytes);
    state.file = path;
    state.file_digest = written.ok() ? sha256(written.bytes) : "";
    state.refused_file.clear();
    state.saved = state.document;
    remember_file(state.settings, path);
    say(app, "Saved " + display_name(path) + ".");
    return true;
}

bool open_tensor(App& app, const std::string& path, Tensor tensor, const std::string& note) {
    if (const auto problem = size_problem(tensor.shape(), display_name(path)))
        return refuse(app, problem->whole());
    show_image(app, {std::move(tensor), {}}, display_name(path));
    if (!note.empty()) say(app, display_name(path) + ": " + note + ".");
    return true;
}

bool open_image(App& app, const std::string& path, std::string_view bytes) {
    const ImageOptions options{.grey = wants_grey(app.state)};
    ImageResult image = load_image_bytes(bytes_of(bytes), display_name(path), options);
    if (!image.ok()) return refuse(app, image.error);
    FromImage origin{path, options.grey, options.max_side, image.note};
    show_image(app, {std::move(image.tensor), std::move(origin)}, display_name(path));
    say(app, display_name(path) + ": " + image.note + ".");
    return true;
}

}  // namespace

FileKind file_kind(std::string_view bytes, std::string_view path) {
    if (bytes.starts_with("\x93NUMPY") || path.ends_with(".npz")) return FileKind::numpy;
    if (looks_like_safetensors(bytes)) return FileKind::state_dict;
    for (const std::string_view ending : {".safetensors", ".pt", ".pth"})
        if (path.ends_with(ending)) return FileKind::state_dict;
    const size_t text = bytes.find_first_not_of("\xEF\xBB\xBF \t\r\n");
    if (text != std::string_view::npos && bytes[text] == '{') return FileKind::document;
    // Only text is looked at: an image may hold any words.
    const bool is_text = text != std::string_view::npos && (bytes.substr(text).starts_with("convscope:") || path.ends_with(".txt"));
    if (is_text && holds_document_line(bytes)) return FileKind::line;
    if (path.ends_with(".py") || (path.ends_with(".txt") && looks_like_pytorch(bytes))) return FileKind::pytorch;
    for (const std::string_view ending : {".csv", ".tsv", ".txt"})
        if (path.ends_with(ending)) return FileKind::numbers;
    return FileKind::image;
}

Document storable(Document document) {
    const auto* image = std::get_if<FromImage>(&document.input.origin);
    std::error_code error;
    if (image && !std::filesystem::is_regular_file(to_path(image->path), error)) document.input.origin = {};
    return document;
}

bool refuse(App& app, std::string sentence) {
    say(app, std::move(sentence), true);
    return false;
}

bool open_bytes(App& app, const std::string& path, std::string bytes) {
    switch (file_kind(bytes, path)) {
        case FileKind::document: return open_document(app, path, bytes);
        case FileKind::line: return open_line(app, bytes, display_name(path));
        case FileKind::pytorch: {
            if (!open_pytorch(app, bytes, display_name(path))) return false;
            app.state.file.clear();  // Save asks for a name: the text itself is not written
            return true;
        }
        case FileKind::numpy: {
            NpyResult read = parse_npy(bytes_of(bytes), display_name(path));
            return read.ok() ? open_tensor(app, path, std::move(read.tensor), read.note)
                             : refuse(app, read.error);
        }
        case FileKind::state_dict: return open_state_dict(app, path, std::move(bytes));
        case FileKind::numbers: {
            PasteResult read = parse_numbers(std::string_view(bytes).substr(0, kMostTextBytes));
            return read.ok() ? open_tensor(app, path, std::move(read.tensor), "")
                             : refuse(app, display_name(path) + ": " + read.error);
        }
        case FileKind::image: break;
    }
    return open_image(app, path, bytes);
}

bool is_image_file(std::string_view bytes, std::string_view path) {
    return file_kind(bytes, path) == FileKind::image;
}

bool is_read_aside(const std::string& path) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(to_path(path), error);
    return !error && size >= kAsideFromBytes && std::filesystem::is_regular_file(to_path(path), error);
}

bool wants_grey(const State& state) {
    return keeps_layers(state) && state.document.input.tensor.shape().c == 1;
}

int64_t Limits::most_bytes() const {
    const int64_t machine = machine_memory();
    return memory_bytes > 0 ? memory_bytes : machine > 0 ? machine / 2 : kMostBytes;
}

App::App(Document document, Limits limits) : evaluator(limits.threads), memory_bytes(limits.most_bytes()) {
    state.document = document;
    state.saved = document;
    state.history = History(std::move(document));
    opens = true;
    compute(*this, false);
}

void edit(App& app, Document next, const std::string& gesture) {
    State& state = app.state;
    const History& history = state.history;
    const bool goes_on = history.is_running(gesture);
    if (!goes_on) app.before_gesture = gesture.empty() ? nullptr : state.result;
    // A gesture is told as a whole.
    const Document& before = goes_on ? history.before() : state.document;
    std::string label = describe_change(before, next);
    if (label.empty() && !goes_on) return;
    if (label.empty()) label = history.entries()[history.current()].label;
    std::erase_if(state.messages, [](const Message& message) { return message.error; });
    state.document = std::move(next);
    state.history.push(state.document, std::move(label), gesture);
    clamp_layer(state);
    compute(app, !gesture.empty());
}

void edit_chain(App& app, Document next, int layer) {
    if (describe_change(app.state.document, next).empty()) return;
    select_nothing(app);
    app.state.camera = {};
    app.state.play.playing = false;
    app.state.shown = {};
    app.state.layer = layer;
    edit(app, std::move(next));
    if (!is_stale(app.state)) go_to_step(app, opening_step(app));
}

void edit_as(App& app, Document next, std::string label) {
    State& state = app.state;
    std::erase_if(state.messages, [](const Message& message) { return message.error; });
    state.document = std::move(next);
    state.history.push(state.document, std::move(label), "");
    compute(app, false);
}

void end_gesture(App& app) {
    app.state.history.end_gesture();
    app.before_gesture.reset();
}

void undo(App& app) {
    if (app.state.history.can_undo()) go_to_entry(app, *app.state.history.entries()[app.state.history.current()].before);
}

void redo(App& app) {
    if (app.state.history.can_redo()) go_to_entry(app, *app.state.history.entries()[app.state.history.current()].next);
}

void go_to_entry(App& app, size_t entry) {
    History& history = app.state.history;
    if (entry >= history.entries().size()) return;
    const int source = history.source();
    travel(app, history.go(entry), source);
}

void show_document(App& app, Document document, const std::string& label) {
    leave_loading(app);
    State& state = app.state;
    state.document = std::move(document);
    start_source(state, label);
    start_anew(app);
    compute(app, false);
}

void show_image(App& app, Input input, const std::string& name) {
    leave_loading(app);
    State& state = app.state;
    const bool keeps = keeps_layers(state);
    Document next = keeps ? with_input(state.document, std::move(input))
                           : image_document(std::move(input));
    if (keeps && plan_only(next).problem) next = image_document(next.input);
    state.document = std::move(next);
    if (keeps) state.history.push(state.document, "open " + name, "");
    else start_source(state, "open " + name);  // nothing of the person's own is in it yet
    start_anew(app);
    compute(app, false);
}

bool open_pytorch(App& app, std::string_view text, const std::string& name) {
    PytorchResult read = read_pytorch(text);
    if (!read.ok()) return refuse(app, (name.empty() ? "The pasted text: " : name + ": ") + read.error);
    const std::string label = name.empty() ? "pasted PyTorch text" : "opened " + name;
    show_document(app, std::move(read.document), label);
    return true;
}

bool open_line(App& app, std::string_view text, const std::string& name) {
    DocumentResult read = read_document_line(text);
    if (!read.ok()) return refuse(app, name.empty() ? read.error : name + ": " + read.error);
    show_document(app, std::move(read.document), name.empty() ? "pasted document" : "open " + name);
    return true;
}

bool open_file(App& app, const std::string& path) {
    const std::string absolute = absolute_path(path);
    if (is_read_aside(absolute)) {
        start_loading(app, absolute);
        return true;
    }
    leave_loading(app);
    FileResult file = read_file(absolute, kMaxImageBytes);
    if (!file.ok()) return refuse(app, file.error);
    if (file.bytes.empty()) return refuse(app, display_name(path) + " is empty.");
    if (!open_bytes(app, absolute, std::move(file.bytes))) return false;
    remember_file(app.state.settings, absolute);
    return true;
}

bool save_file(App& app, const std::string& path) {
    State& state = app.state;
    const std::string absolute = absolute_path(path);
    if (absolute == state.file && !state.file_digest.empty()) {
        const FileResult there = read_file(absolute, kMaxDocumentBytes);
        if (there.ok() && sha256(there.bytes) != state.file_digest) {
            state.refused_file = absolute;
            say_offer(app, display_name(absolute) + " was changed on the disk since it was opened here; it is not overwritten.",
                      {"Overwrite the file", "Save as…"}, true);
            return false;
        }
    }
    return write_document(app, absolute);
}

namespace {

std::string clock_text() {
    const std::time_t now = std::time(nullptr);
    std::array<char, 16> text{};
    if (const std::tm* local = std::localtime(&now)) std::strftime(text.data(), text.size(), "%H:%M:%S", local);
    return text.data();
}

}  // namespace

bool can_overwrite(const App& app) {
    return !app.state.refused_file.empty() && app.state.refused_file == app.state.file;
}

bool overwrite_file(App& app) { return can_overwrite(app) && write_document(app, app.state.file); }

void say(App& app, std::string text, bool error) { say_offer(app, std::move(text), {}, error); }

void say_offer(App& app, std::string text, std::vector<std::string> commands, bool error) {
    std::deque<Message>& messages = app.state.messages;
    std::erase_if(messages, [&](const Message& message) { return message.text == text; });
    app.state.log.push_back({clock_text(), text, error});
    if (app.state.log.size() > kMostLogged) app.state.log.pop_front();
    messages.push_back({std::move(text), error, 0, std::move(commands)});
    if (messages.size() > kMostMessages) messages.pop_front();
}

}  // namespace convscope
