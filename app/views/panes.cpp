// Panes: up to three views side by side, one play head and one sentence for all.
#include <cmath>

#include "app/scene/fonts.h"
#include "app/views/easel.h"

namespace convscope {
namespace {

constexpr float kHeader = 66;    // a pane's name and what it does
constexpr float kMargin = 28;    // of the header's texts
constexpr float kCaption = 80;   // room for the sentence below all panes

}  // namespace

Scene build_panes(const ViewInput& in, const std::vector<const View*>& views,
                  const std::optional<OtherPane>& other) {
    ViewInput full = in;
    full.camera = {};  // panes always show all of their picture
    Easel easel(full);
    const float s = easel.scale();
    const float panes_height = std::floor(in.size_px.y - kCaption * s);
    easel.place_block(in.size_px.x - 56 * s, panes_height);
    Scene& scene = easel.scene;
    Caption caption;
    std::string rests;  // why a pane that follows has no place for the term
    const size_t panes = views.size() + (other ? 1 : 0);
    const auto edge = [&](size_t i) {
        return std::round(in.size_px.x * static_cast<float>(i) / static_cast<float>(panes));
    };
    for (size_t i = 0; i < panes; ++i) {
        const bool is_other = i == views.size();
        const View& view = is_other ? *other->view : *views[i];
        const float left = edge(i), right = edge(i + 1);
        ViewInput pane = is_other ? other->in : full;
        pane.camera = {};
        pane.pane = true;
        pane.leads = i == 0;
        pane.size_px = {right - left, panes_height - kHeader * s};
        Scene built = view.build(pane);
        if (i == 0) caption = built.caption;
        else if (rests.empty()) rests = built.caption.second;
        if (is_other)  // nothing in it is a cell of the edited document
            for (Grid& grid : built.grids) {
                grid.origin = {};
                for (Cell& cell : grid.cells) cell.ref = {};
            }
        append_moved(scene, std::move(built), is_other ? other->id : view.id, {left, kHeader * s});
        const bool told_apart = i == 0 && other && !other->own_label.empty();
        const std::string& label = is_other ? other->label : told_apart ? other->own_label : view.label;
        const std::string& tells = is_other ? other->tells : told_apart ? other->own_tells : view.tells;
        scene.labels.push_back({{left + kMargin * s, 26 * s}, Align::left, 14 * s, {{label, Font::semibold, Tone::ink}}});
        const std::string told = phrases_that_fit(Font::inter, 12.5f * s, tells, right - left - (kMargin + 8) * s);
        scene.labels.push_back({{left + kMargin * s, 46 * s}, Align::left, 12.5f * s, {{told, Font::inter, Tone::ink3}}});
        if (i > 0) scene.strokes.push_back({{{left, 0}, {left, panes_height}}, Tone::line, 1 * s});
    }
    scene.strokes.push_back({{{0, panes_height}, {in.size_px.x, panes_height}}, Tone::line, 1 * s});
    if (!rests.empty()) caption.second += (caption.second.empty() ? "" : " ") + rests;
    easel.add_caption(std::move(caption), panes_height + 28 * s);
    return std::move(easel.scene);
}

}  // namespace convscope
