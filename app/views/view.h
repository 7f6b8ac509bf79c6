// View: one way to tell a layer's story; a pure function from what is looked at to a Scene. One file each, one row in
// views.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/scene/palettes.h"
#include "app/scene/scene.h"
#include "app/views/answers.h"
#include "core/evaluate.h"
#include "core/play_head.h"

namespace convscope {

/// The picture's place on the canvas: 1 and (0, 0) fit it. Zoomed around the canvas's middle, then moved.
struct Camera {
    float zoom = 1;
    Point pan_px;
    bool operator==(const Camera&) const = default;
};

/// Which sample and channels are shown.
struct Shown {
    int64_t n = 0;
    int64_t out_channel = 0;
    bool operator==(const Shown&) const = default;
};

/// A cell by the grid's name and its own indices.
struct CellRef {
    std::string grid;
    int64_t row = 0, column = 0;
    bool operator==(const CellRef&) const = default;
};

/// What a view may look at. Nothing else: the same input gives the same Scene.
struct ViewInput {
    const Result* result = nullptr;        // with at least `layer` computed
    int layer = 0;
    const Timeline* timeline = nullptr;    // in the leading view's order (see story.h for the other)
    int64_t step = 0;
    int64_t from_step = 0;                 // where the move under way began
    float fraction = 1;                    // of that move, eased; 1: at rest
    Unit unit = Unit::term;
    Shown shown;                           // follows the play head unless a channel was chosen at rest
    bool corner_weights = true;
    bool shared_range = false;             // maps: one range for all
    std::optional<CellRef> hover;          // maps: the cursor
    std::optional<Ref> pinned;             // gradients: the cell that is told, whatever the pointer does
    std::string hover_action;              // of the hit box under the pointer; distribution: the channel
    std::vector<const Result*> others;     // networks beside this one, to compare with; at most two
    bool pane = false;                     // one of several side by side: no caption of its own, no camera
    bool leads = true;                     // its caption is shown; another view's says only why it has no place for the term
    bool lecture = false;                  // for an audience: the sentence in the middle, no indices, larger cells
    std::shared_ptr<const Answers> answers;   // outputs that are hidden until somebody says them; null: none
    bool compared = false;                 // coverage beside that of another document: shows just what can be compared here
    bool stale = false;                    // the picture is older than the document
    std::string stale_reason;              // the caption then, and its second line
    std::string stale_advice;
    Point size_px;
    float scale = 1;                       // of the interface
    Camera camera;
};

struct View {
    std::string id;                        // "slide"
    std::string label;                     // "Slide"
    std::string help;                      // one sentence: what it shows
    std::string tells;                     // a few words for a pane's header: "one input times the whole kernel"
    Order order = Order::by_output;        // when it leads
    std::vector<Unit> units;               // what a step may be, in the order of the segments
    bool (*offered)(const Plan& plan) = nullptr;
    Scene (*build)(const ViewInput& in) = nullptr;
    bool chains = false;                   // only where there are several layers
    bool backward = false;                 // it shows gradients: the backward pass is computed for it
    bool follows_pointer = false;          // its picture says what is under the pointer
};

/// All views in the order of the tabs.
const std::vector<View>& all_views();
const View* find_view(std::string_view id);

/// Views side by side, the leading one first: its order is that of `in.timeline`, its caption is that of all.
/// `other`: one more pane, of another document; its cells are looked at only.
struct OtherPane {
    const View* view = nullptr;
    ViewInput in;                          // its size and place are the pane's
    std::string id, label, tells;          // in the names of its grids, and in its header
    std::string own_label, own_tells;      // the first pane's header then; empty: as always
};
Scene build_panes(const ViewInput& in, const std::vector<const View*>& views,
                  const std::optional<OtherPane>& other = {});

Scene build_chain(const ViewInput& in);
Scene build_slide(const ViewInput& in);
Scene build_scatter(const ViewInput& in);
Scene build_stretch(const ViewInput& in);
Scene build_matrix(const ViewInput& in);
Scene build_coverage(const ViewInput& in);
Scene build_distribution(const ViewInput& in);
Scene build_maps(const ViewInput& in);

}  // namespace convscope
