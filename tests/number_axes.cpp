#include "tests/number_axes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

namespace convscope {
namespace {

std::string text_of(const Label& label) {
    std::string text;
    for (const Run& run : label.runs) text += run.text;
    return text;
}

std::string source_of(const Label& label) {
    for (const Run& run : label.runs)
        if (!run.from.empty()) return run.from[0].name;
    return "";
}

/// How many different counts a coverage plane has.
int64_t different_counts(const Witness& witness, bool reads) {
    const LayerResult& layer = witness.layer();
    const Shape shape = reads ? layer.input.shape() : layer.op_output().shape();
    std::set<double> counts;
    for (int64_t i = 0; i < shape.plane(); ++i)
        counts.insert(witness.work_out({reads ? "times read" : "inputs",
                                        {reads ? Source::input : Source::stage, layer.plan.output, {0, 0, i / shape.w, i % shape.w}}})->value);
    return std::ssize(counts);
}

/// What the list above this label leaves out; −1: there is none.
int64_t left_out(const Label& note, const Scene& scene, const Witness& witness) {
    const Label* nearest = nullptr;
    std::set<float> rows;
    const auto is_listed = [&](const Label& label) {
        const std::string name = source_of(label);
        const bool at_its_x = name.starts_with("cells ") && label.align == note.align && std::abs(label.at.x - note.at.x) < 1;
        return label.at.y < note.at.y && (at_its_x || name == "product of term");
    };
    for (const Label& label : scene.labels)
        if (is_listed(label) && (!nearest || label.at.y > nearest->at.y)) nearest = &label;
    if (!nearest) return -1;
    for (const Label& label : scene.labels)
        if (is_listed(label) && source_of(label) == source_of(*nearest)) rows.insert(label.at.y);
    if (source_of(*nearest) == "product of term") {
        const Ref& cell = nearest->runs[0].from[0].ref;
        return std::ssize(witness.layers().terms(witness.in().layer, cell.which, cell.cell)) - std::ssize(rows);
    }
    return different_counts(witness, source_of(*nearest) == "cells read so often") - std::ssize(rows);
}

/// "10⁻⁵" is −5; none for another text.
std::optional<int> power_of_ten(const std::string& text) {
    static const std::vector<std::string> digits{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    if (!text.starts_with("10")) return {};
    std::string rest = text.substr(2);
    const std::string minus = "⁻";
    const bool negative = rest.starts_with(minus);
    if (negative) rest = rest.substr(minus.size());
    if (rest.empty()) return {};
    int power = 0;
    while (!rest.empty()) {
        size_t digit = 0;
        while (digit < digits.size() && !rest.starts_with(digits[digit])) ++digit;
        if (digit == digits.size()) return {};
        power = 10 * power + static_cast<int>(digit);
        rest = rest.substr(digits[digit].size());
    }
    return negative ? -power : power;
}

}  // namespace

bool leaves_out(const Told& told, const Scene& scene, const Witness& witness, int64_t count) {
    bool found = false;
    for (const Label& label : scene.labels) {
        if (text_of(label) != told.text) continue;
        found = true;
        if (left_out(label, scene, witness) != count) return false;
    }
    return found;
}

bool is_layer_told(const Told& told, const Scene& scene, const Witness& witness, int64_t number) {
    if (told.from.empty()) return false;
    const auto is = [&](const NumberSource& source) {
        const std::string name = source.name;
        if (name == "value") return source.layer >= 0 && source.layer + 1 == number;
        return source.first == number || source.last == number;
    };
    // A pixel of a chain: the value's own layer, which is the one it is traced from.
    if (told.text.starts_with("Pixel ")) return is(told.from[0]);
    (void)scene, (void)witness;
    return std::ranges::any_of(told.from, is);
}

void expect_axis(const Scene& scene, const Witness& witness) {
    std::vector<std::pair<int, float>> powers;
    for (const Label& label : scene.labels)
        if (const auto power = power_of_ten(text_of(label)); power && label.align == Align::right) powers.emplace_back(*power, label.at.y);
    if (powers.empty()) return;
    ASSERT_GE(powers.size(), 2u);
    const auto [first, top] = powers.front();
    const auto [last, bottom] = powers.back();
    const double per_power = static_cast<double>(bottom - top) / (last - first);
    EXPECT_LT(per_power, 0) << "smaller ones stand lower";
    const auto y_of = [&, first = first, top = top](double power) { return static_cast<double>(top) + (power - first) * per_power; };
    for (const auto& [power, y] : powers) EXPECT_NEAR(static_cast<double>(y), y_of(power), 0.5) << "10 to the " << power;
    if (witness.in().fraction < 1) return;   // a bar is growing
    const double least = std::log10(static_cast<double>(std::numeric_limits<float>::denorm_min()));
    for (const Plate& plate : scene.plates) {
        if (plate.from.empty() || !std::string(plate.from[0].name).ends_with("signal") || !std::isfinite(plate.value)) continue;
        const double power = plate.value > 0 ? std::max(std::log10(plate.value), least) : least;
        const double from = std::min(y_of(0), y_of(power)), to = std::max(y_of(0), y_of(power));
        EXPECT_NEAR(static_cast<double>(plate.box.y), from, 1.5) << "the bar of " << plate.value;
        EXPECT_NEAR(static_cast<double>(plate.box.bottom()), to, 1.5) << "the bar of " << plate.value;
    }
}

}  // namespace convscope
