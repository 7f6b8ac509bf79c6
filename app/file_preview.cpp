#include "app/file_preview.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/app_parts.h"
#include "core/document_json.h"
#include "core/document_outline.h"
#include "core/evaluate.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/io/paste.h"
#include "core/io/safetensors.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr size_t kMostListed = 6;
constexpr size_t kMostTextBytes = size_t(1) << 20;

std::string counted(size_t count, const char* noun) {
    return fmt::format("{} {}{}", grouped_text(static_cast<int64_t>(count)), noun, count == 1 ? "" : "s");
}

/// The first few, and how many more there are.
std::string listed(std::vector<std::string> names) {
    const size_t more = names.size() > kMostListed ? names.size() - (kMostListed - 1) : 0;
    if (more > 0) names.resize(kMostListed - 1);
    return fmt::format("{}{}", fmt::join(names, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

/// What the layers make of an input of that shape; what is wrong goes into `wrong`.
Shape output_shape(const Document& document, Shape shape, std::string& wrong) {
    for (const Layer& layer : document.layers) {
        const Plan plan = layer.op->plan(layer.params, shape, document.training);
        if (plan.problem) {
            wrong = plan.problem->sentence;
            return shape;
        }
        shape = plan.output_stage().shape;
    }
    return shape;
}

void tell_document(FilePreview& preview, const DocumentOutline& outline, const char* kind) {
    preview.error = outline.error;
    if (!outline.ok()) return;
    const Document& document = outline.document;
    preview.title = document.name.empty() ? "Untitled" : document.name;
    std::vector<std::string> names;
    for (const Layer& layer : document.layers) names.push_back(layer.op->torch_name);
    const size_t count = names.size();
    preview.lines.push_back(count == 1 ? names[0] : fmt::format("{}: {}", counted(count, "layer"), listed(names)));
    if (const auto* image = std::get_if<FromImage>(&document.input.origin)) {
        preview.lines.push_back("Its input is " + display_name(image->path));
    } else {
        std::string wrong;
        const Shape output = output_shape(document, outline.input, wrong);
        preview.lines.push_back(wrong.empty() ? to_string(outline.input) + " → " + to_string(output)
                                              : to_string(outline.input) + ", and no output: " + wrong);
    }
    preview.lines.emplace_back(kind);
}

/// Every so manieth cell of the first plane, so that no side is too long.
Tensor small_plane(const Tensor& tensor) {
    const Shape shape = tensor.shape();
    const int64_t every = std::max<int64_t>(1, (std::max(shape.h, shape.w) + kPreviewSide - 1) / kPreviewSide);
    const Shape small{1, 1, (shape.h + every - 1) / every, (shape.w + every - 1) / every};
    std::vector<float> values;
    values.reserve(static_cast<size_t>(small.count()));
    for (int64_t h = 0; h < shape.h; h += every)
        for (int64_t w = 0; w < shape.w; w += every) values.push_back(tensor.at({0, 0, h, w}));
    return {small, std::move(values)};
}

void tell_numbers(FilePreview& preview, const Tensor& tensor, std::string shape, const std::string& note) {
    preview.lines.push_back("Numbers, " + std::move(shape));
    if (!note.empty()) preview.lines.push_back(note);
    preview.picture = small_plane(tensor);
}

void tell_image(FilePreview& preview, std::string bytes) {
    const DecodeResult decoded = decode_image(bytes_of(bytes), display_name(preview.path));
    bytes = {};
    preview.error = decoded.error;
    if (!decoded.ok()) return;
    preview.is_image = true;
    ImageResult image = image_tensor(*decoded.image, {.max_side = kPreviewSide});
    preview.lines.push_back(fmt::format("{}×{} pixels, {}", decoded.width, decoded.height,
                                        image.tensor.shape().c == 1 ? "grey" : "RGB"));
    preview.picture = std::move(image.tensor);
}

void tell_tensors(FilePreview& preview, std::string bytes) {
    const SafetensorsFile file = parse_safetensors(std::move(bytes), display_name(preview.path));
    preview.error = file.error;
    if (!file.ok()) return;
    preview.lines.push_back("Weights, " + counted(file.tensors.size(), "tensor"));
    for (size_t i = 0; i < std::min(file.tensors.size(), kMostListed); ++i)
        preview.lines.push_back(display_text(file.tensors[i].name, 60) + " " + dims_text(file.tensors[i].dims));
    if (file.tensors.size() > kMostListed)
        preview.lines.push_back(fmt::format("and {} more", grouped_text(static_cast<int64_t>(file.tensors.size() - kMostListed))));
}

void tell(FilePreview& preview, std::string bytes) {
    const std::string name = display_name(preview.path);
    switch (file_kind(bytes, preview.path)) {
        case FileKind::document:
            tell_document(preview, outline_json(bytes, to_utf8(to_path(preview.path).parent_path()), name), "Document of format 1");
            break;
        case FileKind::line: tell_document(preview, outline_line(bytes), "Document as a line, format 1"); break;
        case FileKind::pytorch:
            preview.lines.emplace_back("PyTorch text");
            preview.lines.push_back(counted(static_cast<size_t>(std::ranges::count(bytes, '\n')) + !bytes.ends_with('\n'), "line"));
            break;
        case FileKind::numpy: {
            const NpyResult read = parse_npy(bytes_of(bytes), name);
            preview.error = read.error;
            if (read.ok()) tell_numbers(preview, read.tensor, dims_text(read.dims), read.note);
            break;
        }
        case FileKind::state_dict: tell_tensors(preview, std::move(bytes)); break;
        case FileKind::numbers: {
            if (bytes.size() > kMostTextBytes) {
                preview.lines.emplace_back("Numbers as text");
                break;
            }
            const PasteResult read = parse_numbers(bytes);
            preview.error = read.error.empty() ? "" : name + ": " + read.error;
            if (read.ok()) tell_numbers(preview, read.tensor, to_string(read.tensor.shape()), "");
            break;
        }
        case FileKind::image: tell_image(preview, std::move(bytes)); break;
    }
}

}  // namespace

FilePreview preview_file(const std::string& path) {
    FilePreview preview;
    preview.path = path;
    try {
        std::error_code error;
        const std::uintmax_t size = std::filesystem::file_size(to_path(path), error);
        if (!error && size > static_cast<std::uintmax_t>(kMostPreviewBytes)) {
            if (path.ends_with(".json"))
                preview.error = fmt::format("It is larger than {} MiB.", kMaxDocumentBytes >> 20);
            else
                preview.lines.emplace_back("So large a file is read when it is opened.");
            return preview;
        }
        FileResult file = read_file(path, kMostPreviewBytes);
        preview.error = file.error;
        if (file.ok() && file.bytes.empty()) preview.error = display_name(path) + " is empty.";
        if (preview.error.empty()) tell(preview, std::move(file.bytes));
    } catch (const std::bad_alloc&) {
        preview = {};
        preview.path = path;
        preview.error = display_name(path) + " needs more memory than there is.";
    }
    return preview;
}

Scene preview_scene(const FilePreview& preview, Point size_px) {
    Scene scene;
    scene.size_px = size_px;
    const Tensor& tensor = preview.picture;
    if (tensor.empty()) return scene;
    const Shape shape = tensor.shape();
    const auto h = static_cast<float>(shape.h), w = static_cast<float>(shape.w);
    float fit = std::min(size_px.x / w, size_px.y / h);
    if (fit > 1) fit = std::floor(fit);  // pixels as squares of one size
    Picture picture;
    picture.tensor = tensor;
    picture.map = !preview.is_image ? ColorMap::signed_values : shape.c >= 3 ? ColorMap::rgb : ColorMap::grey;
    if (!preview.is_image) {
        float most = 0;
        for (const float v : tensor.values())
            if (std::isfinite(v)) most = std::max(most, std::abs(v));
        picture.high = most > 0 ? most : 1;
    }
    const Point size{std::max(1.f, std::round(w * fit)), std::max(1.f, std::round(h * fit))};
    picture.box = {std::floor((size_px.x - size.x) / 2), std::floor((size_px.y - size.y) / 2), size.x, size.y};
    scene.pictures.push_back(std::move(picture));
    return scene;
}

void FilePreviewer::ask(const std::string& path, int64_t version, const std::function<void()>& finished) {
    if (path == asked_ && version == version_) return;
    asked_ = path;
    version_ = version;
    waits_ = !path.empty();
    shown_.reset();
    if (path.empty()) {
        job_.cancel();
        return;
    }
    job_.start([path](const std::atomic<bool>& cancelled) -> std::optional<FilePreview> {
        if (cancelled) return {};
        return preview_file(path);
    }, finished);
}

const FilePreview* FilePreviewer::shown() {
    if (waits_)
        if (auto made = job_.take()) {
            shown_ = std::move(made);
            waits_ = false;
        }
    return shown_ ? &*shown_ : nullptr;
}

void FilePreviewer::wait() {
    job_.wait();
    shown();
    waits_ = false;
}

void FilePreviewer::cancel() {
    job_.cancel();
    waits_ = false;
}

}  // namespace convscope
