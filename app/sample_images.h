// The pictures that come with the program.
#pragma once

#include <string>
#include <vector>

#include "app/app.h"

namespace convscope {

struct SampleImage {
    std::string name;    // "Still life"
    std::string help;    // one sentence
    std::string path;    // under assets/
};

/// By name.
const std::vector<SampleImage>& sample_images();
bool open_sample(App& app, const SampleImage& image);

}  // namespace convscope
