// Kernels by name, for any size R×S, and the bank of classic filters. The centre of an even extent is the earlier of its
// two middle cells, where a centre is needed.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/presets.h"

namespace convscope {
namespace {

using Values = std::vector<float>;

int64_t centre(int64_t extent) { return (extent - 1) / 2; }

/// A vector of `extent` zeros with `odd` (three taps) or `even` (two taps) in the middle; one place takes `single`.
std::vector<double> taps(int64_t extent, std::vector<double> odd, std::vector<double> even,
                         double single) {
    std::vector<double> line(static_cast<size_t>(extent), 0.0);
    const std::vector<double> middle = extent == 1 ? std::vector{single} : extent % 2 ? odd : even;
    const auto first = (line.size() - middle.size()) / 2;
    std::ranges::copy(middle, line.begin() + static_cast<std::ptrdiff_t>(first));
    return line;
}

std::vector<double> difference(int64_t extent) { return taps(extent, {-1, 0, 1}, {-1, 1}, 0); }
std::vector<double> smooth(int64_t extent, double outer, double inner) {
    return taps(extent, {outer, inner, outer}, {outer, outer}, outer);
}

Values product(const std::vector<double>& down, const std::vector<double>& across) {
    Values values;
    for (const double a : down)
        for (const double b : across)
            values.push_back(static_cast<float>(a * b + 0.0));  // never −0
    return values;
}

/// value(y, x) for every cell, with y and x counted from the middle (half cells for an even extent).
template <class F>
std::vector<double> around_middle(int64_t rows, int64_t columns, F&& value) {
    std::vector<double> values;
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t s = 0; s < columns; ++s)
            values.push_back(value(static_cast<double>(r) - static_cast<double>(rows - 1) / 2,
                                   static_cast<double>(s) - static_cast<double>(columns - 1) / 2));
    return values;
}

Values scaled(const std::vector<double>& values, double factor) {
    Values result;
    for (const double v : values) result.push_back(static_cast<float>(v * factor + 0.0));
    return result;
}

Values with_sum_one(const std::vector<double>& values) {
    return scaled(values, 1 / std::accumulate(values.begin(), values.end(), 0.0));
}

/// Less their mean, then scaled so that the positive ones add up to 1 and the negative ones to −1: an image in [0, 1]
/// gives answers in [−1, 1], and a flat one 0.
Values balanced(std::vector<double> values) {
    const double mean =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    double positive = 0;
    for (double& v : values) positive += std::max(v -= mean, 0.0);
    return scaled(values, positive > 1e-9 ? 1 / positive : 0);
}

/// `straight` beside the centre, `diagonal` at its corners, and at the centre what makes the sum `sum`.
Values neighbours(int64_t rows, int64_t columns, double straight, double diagonal, double sum) {
    Values values(static_cast<size_t>(rows * columns), 0.0f);
    const int64_t r0 = centre(rows), s0 = centre(columns);
    for (int64_t r = std::max<int64_t>(r0 - 1, 0); r <= std::min(r0 + 1, rows - 1); ++r) {
        for (int64_t s = std::max<int64_t>(s0 - 1, 0); s <= std::min(s0 + 1, columns - 1); ++s) {
            if (r == r0 && s == s0) continue;
            const double value = r == r0 || s == s0 ? straight : diagonal;
            values[static_cast<size_t>(r * columns + s)] = static_cast<float>(value);
            sum -= value;
        }
    }
    values[static_cast<size_t>(r0 * columns + s0)] = static_cast<float>(sum);
    return values;
}

Values gauss(int64_t rows, int64_t columns, double sigma) {
    return with_sum_one(around_middle(rows, columns, [&](double y, double x) {
        return std::exp(-(x * x + y * y) / (2 * sigma * sigma));
    }));
}

/// Row extent−1 of Pascal's triangle over its sum 2^(extent−1), the digital Gauss curve; a long row is that curve itself.
std::vector<double> binomial(int64_t extent) {
    std::vector<double> line(static_cast<size_t>(extent), 0.0);
    if (extent > 64) {
        const Values curve = gauss(1, extent, std::sqrt(static_cast<double>(extent - 1)) / 2);
        return {curve.begin(), curve.end()};
    }
    line[0] = 1;
    for (int64_t row = 1; row < extent; ++row)
        for (auto i = static_cast<size_t>(row) + 1; i-- > 0;)
            line[i] = (line[i] + (i > 0 ? line[i - 1] : 0)) / 2;
    return line;
}

double longer(int64_t rows, int64_t columns) {
    return static_cast<double>(std::max(rows, columns));
}

/// Stripes in direction `degrees` (0: along the rows; counter-clockwise) under a Gauss curve; at 7×7 σ 1.9, wavelength 4.5.
template <int degrees>
Values gabor(int64_t rows, int64_t columns) {
    const double angle = degrees * std::numbers::pi / 180, size = longer(rows, columns);
    const double sigma = 1.9 / 7 * size, wavelength = 4.5 / 7 * size;
    return balanced(around_middle(rows, columns, [&](double y, double x) {
        const double across = x * std::sin(angle) + y * std::cos(angle);
        return std::exp(-(x * x + y * y) / (2 * sigma * sigma)) *
               std::cos(2 * std::numbers::pi * across / wavelength);
    }));
}

Values identity(int64_t rows, int64_t columns) { return neighbours(rows, columns, 0, 0, 1); }
Values box_blur(int64_t rows, int64_t columns) {
    return Values(static_cast<size_t>(rows * columns),
                  static_cast<float>(1.0 / static_cast<double>(rows * columns)));
}
Values gaussian_blur(int64_t rows, int64_t columns) {
    return product(binomial(rows), binomial(columns));
}
Values sharpen(int64_t rows, int64_t columns) { return neighbours(rows, columns, -1, 0, 1); }
Values outline(int64_t rows, int64_t columns) { return neighbours(rows, columns, -1, -1, 0); }
Values laplacian(int64_t rows, int64_t columns) { return neighbours(rows, columns, 1, 0, 0); }

/// −2 −1 0 / −1 1 1 / 0 1 2; the sum 1 keeps the brightness. Without a middle cell the 1 is shared by all that stand.
Values emboss(int64_t rows, int64_t columns) {
    const std::vector<double> down = difference(rows), across = difference(columns);
    const std::vector<double> tall = smooth(rows, 1, 1), wide = smooth(columns, 1, 1);
    const bool middle = rows % 2 == 1 && columns % 2 == 1;
    const double cells = std::accumulate(tall.begin(), tall.end(), 0.0) *
                         std::accumulate(wide.begin(), wide.end(), 0.0);
    Values values;
    for (size_t r = 0; r < down.size(); ++r)
        for (size_t s = 0; s < across.size(); ++s)
            values.push_back(static_cast<float>(down[r] * wide[s] + across[s] * tall[r] +
                                                (middle ? 0 : tall[r] * wide[s] / cells)));
    if (middle) values[static_cast<size_t>(centre(rows) * columns + centre(columns))] = 1;
    return values;
}

Values sobel_x(int64_t rows, int64_t columns) {
    return product(smooth(rows, 1, 2), difference(columns));
}
Values sobel_y(int64_t rows, int64_t columns) {
    return product(difference(rows), smooth(columns, 1, 2));
}
Values prewitt_x(int64_t rows, int64_t columns) {
    return product(smooth(rows, 1, 1), difference(columns));
}
Values prewitt_y(int64_t rows, int64_t columns) {
    return product(difference(rows), smooth(columns, 1, 1));
}
Values scharr_x(int64_t rows, int64_t columns) {
    return product(smooth(rows, 3, 10), difference(columns));
}
Values scharr_y(int64_t rows, int64_t columns) {
    return product(difference(rows), smooth(columns, 3, 10));
}

/// The diagonal from the top left to the bottom right.
Values motion_blur(int64_t rows, int64_t columns) {
    const int64_t steps = std::max(rows, columns);
    std::vector<double> values(static_cast<size_t>(rows * columns), 0.0);
    for (int64_t i = 0; i < steps; ++i)
        values[static_cast<size_t>(i * rows / steps * columns + i * columns / steps)] = 1;
    return with_sum_one(values);
}

/// A narrow Gauss curve less a wide one; at 7×7 σ 1.1 and 2.
Values difference_of_gaussians(int64_t rows, int64_t columns) {
    const double size = longer(rows, columns);
    const Values narrow = gauss(rows, columns, 1.1 / 7 * size),
                 wide = gauss(rows, columns, 2.0 / 7 * size);
    std::vector<double> values;
    for (size_t i = 0; i < narrow.size(); ++i)
        values.push_back(static_cast<double>(narrow[i]) - static_cast<double>(wide[i]));
    return balanced(values);
}

/// A wider curve than the preset's; at 7×7 σ 1.8.
Values bank_blur(int64_t rows, int64_t columns) {
    return gauss(rows, columns, 1.8 / 7 * longer(rows, columns));
}

struct BankFilter {
    std::string name;
    Values (*values)(int64_t rows, int64_t columns);
};

const std::vector<BankFilter>& bank() {
    static const std::vector<BankFilter> filters{
        {"Sobel x", sobel_x},       {"Sobel y", sobel_y},
        {"Laplacian", laplacian},   {"Gabor 45°", gabor<45>},
        {"Gabor 135°", gabor<135>}, {"Gabor 0°", gabor<0>},
        {"Blur", bank_blur},        {"Difference", difference_of_gaussians},
    };
    return filters;
}

}  // namespace

const std::vector<KernelPreset>& kernel_presets() {
    static const std::vector<KernelPreset> presets{
        {"Identity", "Copies the middle cell, so the output is the input.", identity},
        {"Box blur", "The mean of all cells under the window.", box_blur},
        {"Gaussian blur", "A weighted mean that counts near cells more.", gaussian_blur},
        {"Sharpen", "The middle cell plus its difference from the four beside it.", sharpen},
        {"Emboss", "Light from the bottom right: slopes become bright or dark.", emboss},
        {"Outline", "How far the middle cell differs from the eight around it.", outline},
        {"Sobel x", "Right minus left, smoothed down: answers to vertical edges.", sobel_x},
        {"Sobel y", "Bottom minus top, smoothed across: answers to horizontal edges.", sobel_y},
        {"Prewitt x", "Right minus left, all rows alike.", prewitt_x},
        {"Prewitt y", "Bottom minus top, all columns alike.", prewitt_y},
        {"Scharr x", "Right minus left, with weights that treat all directions alike.", scharr_x},
        {"Scharr y", "Bottom minus top, with weights that treat all directions alike.", scharr_y},
        {"Laplacian", "The four cells beside the middle less four times the middle.", laplacian},
        {"Motion blur", "The mean along a diagonal, as if the camera had moved.", motion_blur},
        {"Gabor 0°", "Answers to stripes along the rows.", gabor<0>},
        {"Gabor 45°", "Answers to stripes that rise to the right.", gabor<45>},
        {"Gabor 90°", "Answers to stripes down the columns.", gabor<90>},
        {"Gabor 135°", "Answers to stripes that fall to the right.", gabor<135>},
        {"Difference of Gaussians", "A narrow blur less a wide one: answers to spots.",
         difference_of_gaussians},
    };
    return presets;
}

Tensor kernel_preset(std::string_view name, Pair size) {
    for (const KernelPreset& preset : kernel_presets())
        if (preset.name == name && !size_problem({1, 1, size.h, size.w}, ""))
            return {{1, 1, size.h, size.w}, preset.values(size.h, size.w)};
    return {};
}

std::string kernel_name(const Tensor& weight, Index plane) {
    const Shape shape = weight.shape();
    if (!shape.contains({plane.n, plane.c, 0, 0})) return "";
    // No preset is worth drawing at such sizes; a panel asks this for every picture.
    if (shape.h > 64 || shape.w > 64) return "";
    const auto values =
        weight.values().subspan(static_cast<size_t>(shape.offset({plane.n, plane.c, 0, 0})),
                                static_cast<size_t>(shape.plane()));
    if (std::ranges::all_of(values, [](float v) { return v == 0; })) return "";
    // Another machine's exp and cos may differ in the last bit.
    const auto same = [](float a, float b) { return std::abs(a - b) <= 1e-6f; };
    for (const KernelPreset& preset : kernel_presets())
        if (std::ranges::equal(values, preset.values(shape.h, shape.w), same)) return preset.name;
    return "";
}

Tensor turned_180(Tensor weight) {
    const int64_t plane = weight.shape().plane();
    const std::span<float> values = weight.mutate();
    for (size_t first = 0; plane > 0 && first < values.size(); first += static_cast<size_t>(plane))
        std::ranges::reverse(values.subspan(first, static_cast<size_t>(plane)));
    return weight;
}

Tensor chosen_kernels(const Layer& layer) {
    return layer.turned ? turned_180(layer.weights.at(0)) : layer.weights.at(0);
}

Document with_kernels_turned(Document document, int layer) {
    Layer& edited = document.layers.at(static_cast<size_t>(layer));
    edited.weights.at(0) = turned_180(edited.weights[0]);
    edited.turned = !edited.turned;
    return document;
}

Document with_kernel(Document document, int layer, Index plane, std::string_view name) {
    const Layer& edited = document.layers.at(static_cast<size_t>(layer));
    Tensor weight = edited.weights.at(0);
    const Shape shape = weight.shape();
    Tensor kernel = kernel_preset(name, {shape.h, shape.w});
    if (edited.turned && !kernel.empty()) kernel = turned_180(std::move(kernel));
    if (kernel.empty() || !shape.contains({plane.n, plane.c, 0, 0})) return document;
    std::ranges::copy(kernel.values(),
                      weight.mutate().begin() + shape.offset({plane.n, plane.c, 0, 0}));
    return with_weight(std::move(document), layer, 0, std::move(weight));
}

Document with_all_kernels(Document document, int layer, std::string_view name) {
    const Layer& edited = document.layers.at(static_cast<size_t>(layer));
    Tensor weight = edited.weights.at(0);
    const Shape shape = weight.shape();
    Tensor kernel = kernel_preset(name, {shape.h, shape.w});
    if (edited.turned && !kernel.empty()) kernel = turned_180(std::move(kernel));
    if (kernel.empty()) return document;
    const std::span<float> values = weight.mutate();
    for (int64_t first = 0; first < shape.count(); first += shape.plane())
        std::ranges::copy(kernel.values(), values.begin() + first);
    return with_weight(std::move(document), layer, 0, std::move(weight));
}

Tensor filter_bank(int64_t channels, int64_t size) {
    const Shape shape{static_cast<int64_t>(bank().size()), channels, size, size};
    CHECK_THAT(size_problem(shape, "").has_value(), ==, false);
    Values all;
    for (const BankFilter& filter : bank()) {
        const Values plane = filter.values(size, size);
        for (int64_t c = 0; c < channels; ++c) {
            constexpr double kLuminance[] = {0.299, 0.587, 0.114};
            const double share = channels == 3 ? kLuminance[c] : 1 / static_cast<double>(channels);
            for (const float v : plane)
                all.push_back(static_cast<float>(static_cast<double>(v) * share));
        }
    }
    return {shape, std::move(all)};
}

const std::vector<std::string>& filter_bank_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const BankFilter& filter : bank()) all.push_back(filter.name);
        return all;
    }();
    return names;
}

}  // namespace convscope
