// Looks for what is wrong in a window: cheap after every line, thorough at the end of a script.
#include "tests/person/findings.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include <fmt/format.h>
#include <imgui.h>

#include "core/document_json.h"
#include "core/io/files.h"

namespace convscope {
namespace {

bool is_utf8(std::string_view text) { return to_utf8(to_path(text)) == text || text.find('\0') != text.npos; }

bool is_finite(const Box& box) {
    return std::isfinite(box.x) && std::isfinite(box.y) && std::isfinite(box.w) && std::isfinite(box.h);
}

void look_at_items(Frame& frame, std::vector<std::string>& found) {
    std::map<uint32_t, const UiItem*> by_id;
    for (const UiItem& item : frame.window().items().items()) {
        if (item.label.empty()) continue;
        const auto [before, is_new] = by_id.emplace(item.id, &item);
        if (!is_new && before->second->box != item.box)
            found.push_back(fmt::format("{} and {} have the same id", before->second->path(), item.path()));
    }
}

void look_at_vertices(std::vector<std::string>& found) {
    const ImDrawData* drawn = ImGui::GetDrawData();
    if (!drawn) return;
    for (const ImDrawList* list : drawn->CmdLists)
        for (const ImDrawVert& vertex : list->VtxBuffer)
            if (!std::isfinite(vertex.pos.x) || !std::isfinite(vertex.pos.y)) {
                found.push_back(fmt::format("a vertex of {} is not finite", list->_OwnerName ? list->_OwnerName : "?"));
                break;
            }
}

void look_at_scene(const Scene& scene, std::vector<std::string>& found) {
    const auto text = [&](const std::string& said) {
        if (!is_utf8(said)) found.push_back(fmt::format("the canvas says “{}”, which is no text", display_text(said, 80)));
    };
    for (const Grid& grid : scene.grids) {
        if (!is_finite(grid.box)) found.push_back(fmt::format("{} has no finite place", grid.name));
        if (grid.shown_rows * grid.shown_columns < std::ssize(grid.cells))
            found.push_back(fmt::format("{} has more cells than it shows", grid.name));
        for (const Cell& cell : grid.cells) text(cell.text);
    }
    for (const Label& label : scene.labels) {
        if (!std::isfinite(label.at.x) || !std::isfinite(label.at.y)) found.push_back("a label has no finite place");
        for (const Run& run : label.runs) text(run.text);
    }
    for (const Plate& plate : scene.plates)
        if (!is_finite(plate.box)) found.push_back("a plate has no finite place");
    for (const Hit& hit : scene.hits) text(hit.tooltip);
    text(scene.caption.text());
}

/// What only one of them wanted does not count.
bool same_bits(const Tensor& a, const Tensor& b) {
    if (a.empty() || b.empty()) return true;
    return a.shape() == b.shape() && (a.values().empty() || std::memcmp(a.data(), b.data(), a.values().size_bytes()) == 0);
}

void compute_anew(const App& app, std::vector<std::string>& found) {
    const State& state = app.state;
    if (!state.result || state.refining) return;
    const auto anew = evaluate(state.result->document, app.evaluating);
    if (!anew || anew->layers.size() != state.result->layers.size()) {
        found.push_back("computed anew the picture has other layers");
        return;
    }
    for (size_t i = 0; i < anew->layers.size(); ++i) {
        const LayerResult &a = state.result->layers[i], &b = anew->layers[i];
        for (size_t k = 0; k < std::min(a.stages.size(), b.stages.size()); ++k)
            if (!same_bits(a.stages[k], b.stages[k]))
                found.push_back(fmt::format("computed anew {} of layer {} is another", a.plan.stages[k].name, i));
    }
}

}  // namespace

std::vector<std::string> look_at(Frame& frame) {
    std::vector<std::string> found;
    look_at_items(frame, found);
    look_at_vertices(found);
    look_at_scene(frame.scene(), found);
    return found;
}

std::vector<std::string> look_closely(Frame& frame) {
    std::vector<std::string> found;
    App& app = frame.app();
    end_gesture(app);
    frame.settle(false);
    const Document before = app.state.document;
    compute_anew(app, found);

    // Tensors that stand in files are not written here, and a photograph is read anew from its own.
    const std::string text = to_json(before);
    const bool has_files = text.find("\"sha256\"") != std::string::npos || text.find("\"image\"") != std::string::npos;
    if (const DocumentResult read = has_files ? DocumentResult{} : from_json(text, "."); !has_files && !read.ok())
        found.push_back("the document is written and cannot be read: " + read.error);
    else if (!has_files && to_json(read.document) != text)
        found.push_back("the document reads back as another");

    const History& history = app.state.history;
    const size_t last = history.current();
    std::vector<std::string> steps;
    for (const History::Entry& entry : history.entries()) steps.push_back(to_json(entry.document));
    const auto compare = [&](const char* way) {
        frame.settle(false);
        if (to_json(app.state.document) != steps[history.current()])
            found.push_back(fmt::format("{} to step {} of {} gives another document", way, history.current(), steps.size()));
    };
    while (history.can_undo()) undo(app), compare("undo");
    while (history.current() < last) redo(app), compare("redo");
    return found;
}

}  // namespace convscope
