// Putting a scene together from parts.
#include <iterator>

#include "app/scene/scene.h"

namespace convscope {
namespace {

void move_by(Point& p, Point by) {
    p.x += by.x;
    p.y += by.y;
}

void move_by(Box& box, Point by) {
    box.x += by.x;
    box.y += by.y;
}

}  // namespace

void append_moved(Scene& whole, Scene pane, const std::string& id, Point by) {
    for (Quad& quad : pane.quads)
        for (Point& point : quad.points) move_by(point, by);
    for (Picture& picture : pane.pictures) move_by(picture.box, by);
    for (Grid& grid : pane.grids) {
        if (!id.empty()) grid.name = id + "/" + grid.name;
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

}  // namespace convscope
