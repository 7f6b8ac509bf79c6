// Looks at scenes as a person would: nothing outside, nothing upon another.
#include "tests/looked.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "app/scene/fonts.h"

namespace convscope {

namespace fs = std::filesystem;

Looked::Looked(const Document& document, const View& v, Point size_px, int layer) : view(&v) {
    result = *evaluate(document, {.backward = v.backward});
    input.layer = layer;
    const Plan& plan = this->layer().plan;
    timeline = v.order == Order::by_layer   ? Timeline::counted(v.order, static_cast<int64_t>(result.layers.size()))
               : v.order == Order::by_batch ? Timeline::counted(v.order, document.batches)
                                            : Timeline(plan, v.order, plan.output);
    input.result = &result;
    input.timeline = &timeline;
    input.size_px = size_px;
}

Scene Looked::at(int64_t step, Unit unit) {
    input.step = input.from_step = step;
    input.unit = unit;
    return view->build(input);
}

std::string slug(std::string text) {
    for (char& c : text)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '-';
    return text;
}

void expect_snapshot(const std::string& name, const std::string& text) {
    const fs::path path = fs::path(CONVSCOPE_SOURCE_DIR) / "tests/snapshots" / (name + ".txt");
    if (std::getenv("CONVSCOPE_UPDATE_SNAPSHOTS")) {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
        return;
    }
    std::ifstream file(path);
    std::stringstream stored;
    stored << file.rdbuf();
    EXPECT_EQ(stored.str(), text) << "scene " << name << " changed";
}

void expect_tidy(const Scene& scene, Point size, const std::string& where) {
    const Box canvas{0, 0, size.x, size.y};
    const auto inside = [&](const Box& b) {
        return b.x >= -1 && b.y >= -1 && b.right() <= canvas.w + 1 && b.bottom() <= canvas.h + 1;
    };
    for (const Grid& grid : scene.grids) EXPECT_TRUE(inside(grid.box)) << where << " grid " << grid.name;
    std::vector<std::pair<Box, std::string>> boxes;
    for (const Label& label : scene.labels) {
        const float width = text_width(label.runs, label.size_px);
        const float x = label.at.x - (label.align == Align::left ? 0 : label.align == Align::right ? width : width / 2);
        const Box box{x, label.at.y - label.size_px * 0.4f, width, label.size_px * 0.8f};
        std::string text;
        for (const Run& run : label.runs) text += run.text;
        EXPECT_TRUE(inside(box)) << where << " label " << text;
        EXPECT_GE(label.size_px, 10) << where << " label " << text;
        for (const auto& [other, said] : boxes) {
            const bool apart = box.right() <= other.x || other.right() <= box.x ||
                               box.bottom() <= other.y || other.bottom() <= box.y;
            EXPECT_TRUE(apart) << where << " label " << text << " lies on " << said;
        }
        boxes.push_back({box, text});
    }
}

}  // namespace convscope
