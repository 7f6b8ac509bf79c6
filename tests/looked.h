// A computed document under one view, and the comparison of a scene with its snapshot.
#pragma once

#include <string>

#include "app/views/view.h"

namespace convscope {

struct Looked {
    Result result;
    const View* view = nullptr;
    Timeline timeline;
    ViewInput input;

    Looked(const Document& document, const View& view, Point size_px = {748, 580}, int layer = 0);
    Looked(const Looked&) = delete;
    Scene at(int64_t step, Unit unit = Unit::term);
    const LayerResult& layer() const { return result.layers[static_cast<size_t>(input.layer)]; }
};

/// Letters and digits only: part of a snapshot's name.
std::string slug(std::string text);
/// Compares with tests/snapshots/<name>.txt; CONVSCOPE_UPDATE_SNAPSHOTS=1 writes it instead.
void expect_snapshot(const std::string& name, const std::string& text);
/// Grids and texts lie on the canvas, texts apart from one another and not too small.
void expect_tidy(const Scene& scene, Point size_px, const std::string& where);

}  // namespace convscope
