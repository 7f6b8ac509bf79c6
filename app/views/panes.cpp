// Panes: up to three views side by side, one play head and one sentence for all.
#include <cmath>
#include <iterator>

#include "app/scene/fonts.h"
#include "app/views/easel.h"

namespace convscope {
namespace {

constexpr float kHeader = 66;    // a pane's name and what it does
constexpr float kMargin = 20;    // of the header's texts
constexpr float kCaption = 104;  // room for the sentence below all panes

void move_by(Point& p, Point by) {
    p.x += by.x;
    p.y += by.y;
}

void move_by(Box& box, Point by) {
    box.x += by.x;
    box.y += by.y;
}

/// Everything in a pane's scene, moved to the pane's place and named after its view.
void take_over(Scene& whole, Scene pane, const std::string& id, Point by) {
    for (Quad& quad : pane.quads)
        for (Point& point : quad.points) move_by(point, by);
    for (Picture& picture : pane.pictures) move_by(picture.box, by);
    for (Grid& grid : pane.grids) {
        grid.name = id + "/" + grid.name;
        move_by(grid.box, by);
        if (grid.picture) move_by(grid.picture->box, by);
    }
    for (Plate& plate : pane.plates) move_by(plate.box, by);
    for (Stroke& stroke : pane.strokes)
        for (Point& point : stroke.points) move_by(point, by);
    for (Label& label : pane.labels) move_by(label.at, by);
    for (Hit& hit : pane.hits) move_by(hit.box, by);
    const auto append = [](auto& to, auto& from) {
        to.insert(to.end(), std::make_move_iterator(from.begin()),
                  std::make_move_iterator(from.end()));
    };
    append(whole.quads, pane.quads);
    append(whole.pictures, pane.pictures);
    append(whole.grids, pane.grids);
    append(whole.plates, pane.plates);
    append(whole.strokes, pane.strokes);
    append(whole.labels, pane.labels);
    append(whole.hits, pane.hits);
}

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
        take_over(scene, std::move(built), is_other ? other->id : view.id, {left, kHeader * s});
        scene.labels.push_back({{left + kMargin * s, 26 * s}, Align::left, 14 * s,
                                {{is_other ? other->label : view.label, Font::semibold, Tone::ink}}});
        scene.labels.push_back({{left + kMargin * s, 46 * s}, Align::left, 12.5f * s,
                                {{is_other ? other->tells : view.tells, Font::inter, Tone::ink3}}});
        if (i > 0) scene.strokes.push_back({{{left, 0}, {left, panes_height}}, Tone::line, 1 * s});
    }
    scene.strokes.push_back({{{0, panes_height}, {in.size_px.x, panes_height}}, Tone::line, 1 * s});
    if (!rests.empty()) caption.second += (caption.second.empty() ? "" : " ") + rests;
    easel.add_caption(std::move(caption), panes_height + 30 * s);
    return std::move(easel.scene);
}

}  // namespace convscope
