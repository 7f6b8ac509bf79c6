// Sample images: every file in assets/images, named after itself.
#include "app/sample_images.h"

#include <cctype>
#include <string_view>

#include "assets/embedded.h"
#include "core/io/image.h"

namespace convscope {
namespace {

constexpr std::string_view kFolder = "images/";

/// "images/still_life.png" → "Still life".
std::string spoken_name(std::string_view path) {
    path.remove_prefix(kFolder.size());
    std::string name(path.substr(0, path.rfind('.')));
    for (char& c : name)
        if (c == '_' || c == '-') c = ' ';
    if (!name.empty()) name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return name;
}

}  // namespace

const std::vector<SampleImage>& sample_images() {
    static const std::vector<SampleImage> images = [] {
        std::vector<SampleImage> found;
        for (const std::string_view path : assets::paths())
            if (path.starts_with(kFolder) && path.ends_with(".png"))
                found.push_back({spoken_name(path), "Opens this picture as the input.", std::string(path)});
        return found;
    }();
    return images;
}

bool open_sample(App& app, const SampleImage& image) {
    ImageOptions options;
    options.grey = keeps_layers(app.state) && app.state.document.input.tensor.shape().c == 1;
    ImageResult read = load_image_bytes(assets::file(image.path), image.name, options);
    if (!read.ok()) {
        say(app, read.error, true);
        return false;
    }
    // Its name is no file: a document that keeps it stores the numbers (save_file).
    show_image(app, {std::move(read.tensor), FromImage{image.name, options.grey, 0, read.note}}, image.name);
    return true;
}

}  // namespace convscope
