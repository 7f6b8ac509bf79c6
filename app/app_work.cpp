// Restoring and discarding kept work.
#include "app/app_work.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/app_parts.h"
#include "core/document_json.h"
#include "core/io/files.h"
#include "core/sha256.h"

namespace convscope {
namespace {

/// The next work that waits for an answer.
void tell_offer(App& app) {
    if (app.state.offered.empty()) return;
    const KeptWork& kept = app.state.offered.front();
    const size_t more = app.state.offered.size() - 1;
    say_offer(app,
              fmt::format("Unsaved work of {}: {}.{}", time_text(kept.kept_s), kept.name.empty() ? "Untitled" : kept.name,
                          more == 0 ? "" : fmt::format(" {} more after it.", more)),
              {"Restore work", "Discard work"});
}

/// Takes the first offer; false, with a message, when its files cannot be read.
bool take_offer(App& app, Work& work, KeptWork& kept) {
    if (app.state.offered.empty()) return false;
    kept = std::move(app.state.offered.front());
    app.state.offered.erase(app.state.offered.begin());
    std::string error;
    if (!read_work(kept.folder, work, error)) {
        tell_offer(app);
        return refuse(app, fmt::format("{} Its files stay in {}.", error, kept.folder));
    }
    if (!work.note.empty()) say(app, work.note, true);
    return true;
}

void set_file(State& state, const Work& work) {
    state.file = work.file;
    state.file_digest = work.file_digest;
    state.saved = work.changed ? Document{} : state.document;
}

}  // namespace

Stand stand_of(const State& state) {
    return {state.view, state.beside, state.layer, state.play.step, state.play.unit, state.play.speed, state.shown, state.camera};
}

void return_to_stand(App& app, const Stand& stand) {
    State& state = app.state;
    state.layer = std::clamp(stand.layer, 0, static_cast<int>(state.document.layers.size()) - 1);
    if (!state.result || is_stale(state)) {
        app.returns = stand;
        return;
    }
    app.returns.reset();
    if (find_view(stand.view)) state.view = stand.view;
    state.beside.clear();
    for (const std::string& view : stand.beside)
        if (find_view(view) && view != state.view) state.beside.push_back(view);
    refresh_timeline(app);
    refresh_wants(app);
    const LayerResult* layer = layer_result(app);
    if (!layer) return;
    const Shape output = layer->output().shape();
    if (stand.shown.n < output.n && stand.shown.out_channel < output.c) state.shown = stand.shown;
    set_unit(app, stand.unit);
    set_speed(app, stand.speed);
    go_to_step(app, std::min(stand.step, app.timeline.steps()));
    state.camera = stand.camera;
}

void come_back(App& app, Work work) {
    State& state = app.state;
    // With nothing unsaved the file is the document, in whatever version it is by now.
    const bool is_file = !work.file.empty() && !work.changed;
    const FileResult there = is_file ? read_file(work.file, kMaxDocumentBytes) : FileResult{};
    const bool is_newer = is_file && there.ok() && sha256(there.bytes) != work.file_digest;
    if (is_newer && open_file(app, work.file)) {
        say(app, display_name(work.file) + " was changed since this window was closed: it is shown as it is now.");
    } else {
        show_document(app, work.document, "start");
        set_file(state, work);
        state.others = std::move(work.others);
    }
    state.history = History(state.document);
    state.opened.clear();
    return_to_stand(app, work.stand);
    if (is_file && !there.ok()) {
        state.saved = {};
        say(app, there.error + " This is what it held.", true);
    }
    if (!work.note.empty()) say(app, work.note, true);
}

void offer_work(App& app, std::vector<KeptWork> kept) {
    app.state.offered = std::move(kept);
    tell_offer(app);
}

bool is_work_offered(const App& app) { return !app.state.offered.empty(); }

void restore_work(App& app) {
    Work work;
    KeptWork kept;
    if (!take_offer(app, work, kept)) return;
    show_document(app, work.document, "restore work of " + time_text(kept.kept_s));
    set_file(app.state, work);
    app.state.others = std::move(work.others);
    return_to_stand(app, work.stand);
    app.state.spent.push_back(std::move(kept));
    tell_offer(app);
}

void discard_work(App& app) {
    Work work;
    KeptWork kept;
    if (!take_offer(app, work, kept)) return;
    State& state = app.state;
    state.history.add_aside(work.document, "discarded work of " + time_text(kept.kept_s));
    state.opened[state.history.entries().back().source] = {work.file, {}, work.file_digest};
    remove_work(kept);
    say(app, "Discarded. Until this window is closed, its history still has it.");
    tell_offer(app);
}

}  // namespace convscope
