// The gradients of a chain: signal and weight gradient of every block as bars on a logarithmic axis, networks side by side,
// down to where float32 ends.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/easel.h"
#include "app/views/gradients_parts.h"
#include "app/views/story.h"
#include "core/network_of.h"

// Here a "layer" is what the words say to the person: one block of the chain, 1 next to the input.

namespace convscope {
namespace {

constexpr double kTopDecade = 4, kLowestDecade = -45;
constexpr float kAxisWidth = 50, kGap = 24, kHead = 84, kFoot = 46;
constexpr int64_t kFarOff = 1000;              // layers until the floor: more are not told
constexpr double kKeepsAll = 0.03;             // per layer, up or down

float f(int64_t n) { return static_cast<float>(n); }

std::string exponent_name(int decade) {
    static const std::array<const char*, 10> digits{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    std::string text = decade < 0 ? "10⁻" : "10";
    for (const char c : std::to_string(std::abs(decade))) text += digits[static_cast<size_t>(c - '0')];
    return text;
}

/// What is left of the signal after a layer, in a word where there is one: "a quarter", "all".
std::string kept(double factor) {
    const std::array<std::pair<double, const char*>, 5> words{
        {{0.25, "a quarter"}, {1.0 / 3, "a third"}, {0.5, "half"}, {2.0 / 3, "two thirds"}, {0.75, "three quarters"}}};
    if (std::abs(factor - 1) <= kKeepsAll) return "all";
    for (const auto& [value, word] : words)
        if (std::abs(factor / value - 1) <= 0.07) return word;
    return "×" + three_digits(factor);
}

/// Per layer, going back; NaN where there is none.
double factor_between(const SignalPath& path, int64_t last, int64_t first) {
    const double start = path.signal(last), end = path.signal(first);
    if (first >= last || !(start > 0) || !(end > 0) || !std::isfinite(start) || !std::isfinite(end)) return std::nan("");
    return std::exp(std::log(end / start) / static_cast<double>(last - first));
}

struct Bars {
    const ViewInput& in;
    Easel easel;
    std::vector<std::optional<SignalPath>> paths;   // none: still being computed
    std::vector<std::string> names;
    float width = 0, chart = 0, column = 0;         // base pixels; the chart's height
    double top = kTopDecade;
    float zoom;

    explicit Bars(const ViewInput& view_input) : in(view_input), easel(view_input), zoom(view_input.camera.zoom) {
        const auto add = [&](const Result& result) {
            paths.push_back(signal_path(result));
            names.push_back(paths.back() ? paths.back()->name : result.document.name);
        };
        add(*in.result);
        if (!in.pane)
            for (const Result* other : in.others) add(*other);
        double most = 1;
        for (const auto& path : paths)
            for (int64_t b = 1; path && b <= path->blocks(); ++b)
                for (const double v : {path->signal(b), weight(*path, b).value_or(0)})
                    if (std::isfinite(v)) most = std::max(most, v);
        if (std::log10(most) > kTopDecade) top = 5 * std::ceil(std::log10(most) / 5);
        const float s = easel.scale();
        const auto count = static_cast<float>(paths.size());
        const float widest = (paths.size() == 1 ? 760.f : 460.f) * s;
        column = std::min(widest, (easel.room_width() - kAxisWidth * s - (count - 1) * kGap * s) / count);
        width = kAxisWidth * s + count * column + (count - 1) * kGap * s;
        chart = std::min(620 * s, easel.room_height() - (kHead + kFoot) * s);
        easel.place_block(width, (kHead + kFoot) * s + chart);
    }

    static std::optional<double> weight(const SignalPath& path, int64_t block) {
        return path.flows[static_cast<size_t>(block - 1)].weight_rms;
    }
    float s() const { return easel.scale(); }
    float size(float style_px) const { return style_px * easel.scale() * zoom; }
    float left(size_t network) const {
        return kAxisWidth * s() + static_cast<float>(network) * (column + kGap * s());
    }
    float y_of_decade(double decade) const {
        const double t = (top - decade) / (top - kLowestDecade);
        return kHead * s() + static_cast<float>(t) * chart;
    }
    /// Zeros and what is smaller than any float32 reach down to the axis's end.
    float y_of(double value) const {
        if (std::isnan(value) || std::isinf(value)) return y_of_decade(top);
        const double least = std::log10(kSmallestAboveZero);
        return y_of_decade(value > 0 ? std::clamp(std::log10(value), least, top) : least);
    }
    Box box(float x0, float y0, float x1, float y1) const {
        const Point a = easel.at(std::min(x0, x1), std::min(y0, y1)), b = easel.at(std::max(x0, x1), std::max(y0, y1));
        return {a.x, a.y, b.x - a.x, b.y - a.y};
    }
    void text(float x, float y, Align align, float style_px, std::vector<Run> runs) {
        if (in.stale)
            for (Run& run : runs) run.tone = Tone::ink3;
        easel.scene.labels.push_back({easel.at(x, y), align, size(style_px), std::move(runs)});
    }
    void line(float x0, float y0, float x1, float y1, Tone tone, float width_px, float on = 0, float off = 0) {
        easel.scene.strokes.push_back({{easel.at(x0, y0), easel.at(x1, y1)}, in.stale ? Tone::inkd : tone, width_px * s(), on, off});
    }
    Tone data(Tone tone) const { return in.stale ? Tone::sunken : tone; }
    /// Layers of that path that the pass has come back through.
    int64_t reached(const SignalPath& path) const {
        const bool all = !in.timeline || in.timeline->order() != Order::by_layer || in.step >= in.timeline->steps();
        return all ? path.blocks() : std::min(in.step, path.blocks());
    }
    /// How much of a layer's bar stands while the head moves to it.
    float grown(const SignalPath& path, int64_t block) const {
        const int64_t order = path.blocks() - block + 1;    // 1: the last layer, where the pass begins
        if (order > reached(path)) return 0;
        return order > in.from_step && in.fraction < 1 ? in.fraction : 1;
    }
};

void add_axis(Bars& b) {
    const float s = b.s(), right = kAxisWidth * s - 12 * s;
    for (int decade = static_cast<int>(b.top) / 5 * 5; decade >= -35; decade -= 5) {
        const float y = b.y_of_decade(decade);
        b.text(right, y, Align::right, 11,
               {{exponent_name(decade), decade == 0 ? Font::semibold : Font::inter, decade == 0 ? Tone::ink : Tone::ink3}});
    }
    const float floor = (b.y_of(kSmallestNormal) + b.y_of(kSmallestAboveZero)) / 2;
    b.text(right, floor - 8 * s, Align::right, 12, {{"float32", Font::inter, Tone::error_text}});
    b.text(right, floor + 8 * s, Align::right, 12, {{"floor", Font::inter, Tone::error_text}});
}

void add_ground(Bars& b, float x0, float x1) {
    for (int decade = static_cast<int>(b.top) / 5 * 5; decade >= -35; decade -= 5)
        if (decade != 0) {   // under the bars
            Plate line;
            line.box = b.box(x0, b.y_of_decade(decade), x1, b.y_of_decade(decade) + b.s());
            line.fill = Tone::gridline;
            b.easel.scene.plates.push_back(line);
        }
    const float normal = b.y_of(kSmallestNormal), least = b.y_of(kSmallestAboveZero);
    Plate floor;
    floor.box = b.box(x0, normal, x1, least);
    floor.fill = b.data(Tone::error_tint);
    b.easel.scene.plates.push_back(floor);
    floor.fill = Tone::none;
    floor.border = b.in.stale ? Tone::inkd : Tone::error_edge;
    floor.hatched = true;
    b.easel.scene.plates.push_back(floor);
    b.line(x0, normal, x1, normal, Tone::error_line, 1.5f, 6 * b.s(), 4 * b.s());
    b.line(x0, least, x1, least, Tone::error_line, 2);
}

/// Layers named below the axis: the first, the last, and round ones between with room.
std::vector<int64_t> ticks(int64_t blocks, float column, float label) {
    std::vector<int64_t> at;
    int64_t every = 1;
    for (const int64_t step : {1, 5, 10, 20, 25, 50, 100, 200, 500, 1000}) {
        every = step;
        if (f(blocks) / f(step) * label * 1.6f <= column) break;
    }
    const float pitch = column / f(blocks);
    for (int64_t k = 1; k <= blocks; ++k) {
        const bool round = k == 1 || k == blocks || k % every == 0;
        const bool crowded = (k != 1 && f(k - 1) * pitch < label * 1.3f) || (k != blocks && f(blocks - k) * pitch < label * 1.3f);
        if (round && (k == 1 || k == blocks || !crowded)) at.push_back(k);
    }
    return at;
}

NumberSource of_blocks(const char* name, int64_t first, int64_t last = 0, size_t network = 0) {
    NumberSource source{name};
    source.first = first;
    source.last = last;
    source.network = static_cast<int>(network);
    return source;
}

/// The whole path's factor: over the layers that still have a signal.
NumberSource per_layer(const SignalPath& path, size_t network) {
    return of_blocks("signal per layer", path.first_alive, path.blocks(), network);
}

void tell_bar(Hit& hit, const SignalPath& path, int64_t block, size_t network) {
    hit.tooltip = fmt::format("Layer {}: signal {}", block, three_digits(path.signal(block)));
    hit.from = {of_blocks("signal", block, 0, network)};
    if (const auto weight = Bars::weight(path, block)) {
        hit.tooltip += ", weight gradient " + three_digits(*weight);
        hit.from.push_back(of_blocks("weight signal", block, 0, network));
    }
    if (block == path.blocks() || !(path.signal(block + 1) > 0)) return;
    hit.tooltip += fmt::format(", ×{} of layer {}", three_digits(path.signal(block) / path.signal(block + 1)), block + 1);
    hit.from.push_back(of_blocks("signal ratio", block, block + 1, network));
}

void add_bars(Bars& b, size_t network, const SignalPath& path, float x0, float x1) {
    const float pitch = (x1 - x0) / f(path.blocks()), one = b.y_of(1);
    const bool wide = pitch >= 6 * b.s();
    const auto bar = [&](float x, float w, double value, float part, bool signal, int64_t block) {
        const bool lost = !(value > 0) || !std::isfinite(value);
        Plate plate;
        float y = b.y_of(value);
        if (std::abs(y - one) < 1) y = one + (value < 1 ? 1.f : -1.f) * b.s();   // 1 itself is seen too
        plate.box = b.box(x, one, x + w, one + (y - one) * part);
        plate.fill = b.data(lost ? Tone::error_fill : signal ? Tone::gradient_line : Tone::gradient_fill);
        plate.value = value;
        plate.from = {of_blocks(signal ? "signal" : "weight signal", block, 0, network)};
        b.easel.scene.plates.push_back(plate);
        if (signal || !wide || b.in.stale) return;
        const Box& box = plate.box;   // its edge, without rounding the box
        b.easel.scene.strokes.push_back({{{box.x + box.w, box.y}, {box.x + box.w, box.bottom()}},
                                         lost ? Tone::error_edge : Tone::gradient_edge, 1 * b.s()});
    };
    for (int64_t k = 1; k <= path.blocks(); ++k) {
        const float x = x0 + f(k - 1) * pitch, part = b.grown(path, k);
        if (part > 0) {
            bar(x + 0.06f * pitch, 0.42f * pitch, path.signal(k), part, true, k);
            if (const auto weight = Bars::weight(path, k)) bar(x + 0.5f * pitch, 0.40f * pitch, *weight, part, false, k);
            b.easel.scene.hits.push_back({b.box(x, b.y_of_decade(b.top), x + pitch, b.y_of(kSmallestAboveZero)),
                                          network == 0 ? fmt::format("layer {}", path.flows[static_cast<size_t>(k - 1)].block.first)
                                                       : fmt::format("network {} layer {}", network, k),
                                          ""});
            tell_bar(b.easel.scene.hits.back(), path, k, network);
        }
    }
    // Runs of exact zeros are named, and what is no number.
    const float low = b.y_of(kSmallestAboveZero) + 9 * b.s(), high = b.y_of_decade(b.top) - 8 * b.s();
    const auto kind = [&](int64_t k) {
        if (k > path.blocks() || b.grown(path, k) < 1) return 0;
        const double v = path.signal(k);
        return v == 0 ? 1 : std::isnan(v) ? 2 : std::isinf(v) ? 3 : 0;
    };
    for (int64_t k = 1; k <= path.blocks(); ++k) {
        const int what = kind(k);
        if (what == 0) continue;
        const int64_t from = k;
        while (kind(k + 1) == what) ++k;
        const float middle = x0 + (f(from - 1) + f(k)) / 2 * pitch;
        b.text(middle, what == 1 ? low : high, Align::center, 11,
               {{what == 1 ? "0" : what == 2 ? "NaN" : "∞", Font::mono_bold, Tone::error_text,
                 {of_blocks("signal", from, 0, network)}}});
    }
    b.line(x0, one, x1, one, Tone::ink3, 1);
    const int64_t at = path.blocks() - b.reached(path) + 1;
    const bool done = b.reached(path) == path.blocks();
    const float tick_y = b.y_of(kSmallestAboveZero) + 24 * b.s();
    const float label = text_width(Font::mono, 11 * b.s(), std::to_string(path.blocks()));
    for (const int64_t k : ticks(path.blocks(), x1 - x0, label)) {
        if (!done && at <= path.blocks() && std::abs(k - at) * pitch < label * 1.5f) continue;
        b.text(x0 + (f(k) - 0.5f) * pitch, tick_y, Align::center, 11, {{std::to_string(k), Font::mono, Tone::ink3}});
    }
    if (done || at > path.blocks()) return;
    // The layer that the pass has come to.
    const float x = x0 + (f(at) - 0.5f) * pitch;
    b.text(x, tick_y, Align::center, 11, {{std::to_string(at), Font::mono_bold, Tone::ink}});
    Plate line;   // under the figure
    line.box = b.box(x - 0.5f * b.s(), b.y_of_decade(b.top), x + 0.5f * b.s(), b.y_of(kSmallestAboveZero));
    line.fill = b.in.stale ? Tone::inkd : Tone::ink2;
    b.easel.scene.plates.push_back(line);
}

/// The message: what a layer makes of the signal, its size where the pass stands, and when float32 ends.
void add_figure(Bars& b, const SignalPath& path, float x0, float x1, size_t network) {
    const float s = b.s(), middle = (x0 + x1) / 2;
    const int64_t reached = b.reached(path);
    if (reached == 0) return;
    const int64_t at = path.blocks() - reached + 1;
    struct Line {
        std::string text;
        Tone tone;
        std::vector<NumberSource> from = {};
    };
    std::vector<Line> lines;
    std::string figure;
    NumberSource figure_from = of_blocks("signal", at, 0, network);
    const bool done = at == 1;
    const double factor = done ? path.factor : factor_between(path, path.blocks(), at);
    if (std::isfinite(factor)) {
        figure = "×" + (factor >= 0.01 && factor < 100 ? fmt::format("{:.2f}", factor) : three_digits(factor));
        figure_from = done ? per_layer(path, network) : of_blocks("signal per layer", at, path.blocks(), network);
        lines.push_back({"per layer, going back", Tone::ink2});
    } else {
        figure = three_digits(path.signal(at));
    }
    lines.push_back({fmt::format("{} at layer {}", three_digits(path.signal(at)), at), Tone::ink2,
                     {of_blocks("signal", at, 0, network)}});
    if (path.floor_after && (done || (path.reached && *path.floor_after < reached))) {
        const NumberSource floor = of_blocks("layers to the floor", 0, 0, network);
        const std::string first = "at the float32 floor", second = fmt::format("after {} layers", *path.floor_after);
        if (text_width(Font::inter, 12.5f * s, first + " " + second) <= x1 - x0) {
            lines.push_back({first + " " + second, Tone::error_text, {floor}});
        } else {
            lines.push_back({first, Tone::error_text});
            lines.push_back({second, Tone::error_text, {floor}});
        }
    }
    const float figure_px = std::min(34.f, 34 * (x1 - x0) / text_width(Font::mono_bold, 34, figure) / s * 0.9f);
    float wide = text_width(Font::mono_bold, figure_px * s, figure);
    for (const Line& line : lines) wide = std::max(wide, text_width(Font::inter, 12.5f * s, line.text));
    const float height = (34 + 22 * f(static_cast<int64_t>(lines.size()))) * s;
    // The same place in every network, whatever stands below it.
    float y = (b.y_of(1) + b.y_of(kSmallestNormal)) / 2 - 26 * s;
    Plate ground;   // over long bars and grid lines
    ground.box = b.box(middle - wide / 2 - 10 * s, y - 26 * s, middle + wide / 2 + 10 * s, y - 14 * s + height);
    ground.fill = Tone::canvas;
    ground.fill_alpha = 0.86f;
    ground.radius_px = 6 * s;
    b.easel.scene.plates.push_back(ground);
    b.text(middle, y, Align::center, figure_px, {{figure, Font::mono_bold, Tone::gradient_text, {figure_from}}});
    y += 12 * s;
    for (Line& line : lines) {
        y += 22 * s;
        b.text(middle, y, Align::center, 12.5f, {{line.text, Font::inter, line.tone, line.from}});
    }
}

void add_legend(Bars& b) {
    float x = 0;
    const float y = 8 * b.s();
    const auto entry = [&](bool signal, const std::string& word, const std::string& rest) {
        Plate square;
        square.box = b.box(x, y - 5 * b.s(), x + 10 * b.s(), y + 5 * b.s());
        square.fill = b.data(signal ? Tone::gradient_line : Tone::gradient_fill);
        if (!signal && !b.in.stale) {
            square.border = Tone::gradient_edge;
            square.border_px = 1 * b.s();
        }
        b.easel.scene.plates.push_back(square);
        x += 18 * b.s();
        b.text(x, y, Align::left, 12.5f, {{word, Font::semibold, Tone::gradient_text}, {"  " + rest, Font::inter, Tone::ink2}});
        x += text_width(Font::semibold, 12.5f * b.s(), word) + text_width(Font::inter, 12.5f * b.s(), "  " + rest) + 24 * b.s();
    };
    const float both = text_width(Font::inter, 12.5f * b.s(), "RMS of the gradient at the layer's output RMS over the weights") + 190 * b.s();
    const bool brief = both > b.width;
    entry(true, "signal", brief ? "RMS at the output" : "RMS of the gradient at the layer's output");
    entry(false, "weight gradient", brief ? "RMS" : "RMS over the weights");
}

/// The factors from layer to layer, going back to layer `at`.
std::string product_text(const SignalPath& path, int64_t at, std::vector<NumberSource>& from) {
    std::string factors;
    const int64_t last = path.blocks();
    int64_t told = 0;
    for (int64_t k = last - 1; k >= at && told < 4; --k, ++told) {
        from.push_back(of_blocks("signal ratio", k, k + 1));
        factors += (told ? " · " : "") + three_digits(path.signal(k) / path.signal(k + 1));
    }
    if (last - at > told) factors += " · …";
    return factors;
}

Caption caption_of(const Bars& b) {
    Caption caption;
    if (b.in.stale) {
        caption.runs = {plain(b.in.stale_reason)};
        caption.second = b.in.stale_advice;
        return caption;
    }
    if (!b.paths[0]) {
        caption.runs = {plain("The backward pass is being computed.")};
        return caption;
    }
    const SignalPath& path = *b.paths[0];
    const int64_t reached = b.reached(path), at = path.blocks() - reached + 1;
    if (reached == 0) {
        caption.runs = {plain("The gradient starts at the output and goes back through "),
                        number(std::to_string(path.blocks())), plain(" layers.")};
        caption.second = "Every bar stands on 10⁰: down is smaller, up is larger.";
        return caption;
    }
    const int64_t factors = path.blocks() - at;
    if (factors > 0 && path.signal(path.blocks()) > 0) {
        const std::string product = product_text(path, at, caption.second_from);
        caption.second_from.push_back(of_blocks("signal ratio", at, path.blocks()));
        caption.second = fmt::format("The Jacobian is a product: {} = ×{} from layer {} back to layer {}.", product,
                                     three_digits(path.signal(at) / path.signal(path.blocks())), path.blocks(), at);
    }
    if (at > 1) {
        caption.runs = {plain("Back at layer "), number(std::to_string(at)), plain(" the signal is "),
                        number(three_digits(path.signal(at)), Tone::gradient_text, {of_blocks("signal", at)})};
        if (at < path.blocks() && path.signal(at + 1) > 0)
            caption.runs.insert(caption.runs.end(),
                                {plain(", "), number("×" + three_digits(path.signal(at) / path.signal(at + 1)), Tone::gradient_text,
                                                      {of_blocks("signal ratio", at, at + 1)}),
                                 plain(fmt::format(" of layer {}", at + 1))});
        caption.runs.push_back(plain("."));
        return caption;
    }
    const size_t networks = b.paths.size();
    for (size_t i = 0; i < networks; ++i) {
        const std::optional<SignalPath>& told = b.paths[i];
        if (i > 0) caption.runs.push_back(plain(", "));
        caption.runs.push_back({told ? told->name : b.names[i], Font::semibold, Tone::ink});
        if (!told) {
            caption.runs.push_back(plain(" is being computed"));
        } else if (told->signal(1) == 0) {
            caption.runs.insert(caption.runs.end(), {plain(" leaves "), {"nothing", Font::semibold, Tone::gradient_text}});
        } else if (!std::isfinite(told->factor)) {
            caption.runs.insert(caption.runs.end(), {plain(" has "), {three_digits(told->signal(1)), Font::semibold, Tone::gradient_text,
                                                               {of_blocks("signal", 1, 0, i)}}});
        } else if (told->factor > 1 + kKeepsAll) {
            caption.runs.insert(caption.runs.end(), {plain(" lets it "), {"grow", Font::semibold, Tone::gradient_text}});
            if (networks == 1) {
                caption.runs.push_back(plain(fmt::format(" ×{} per layer", three_digits(told->factor))));
                caption.runs.back().from = {per_layer(*told, i)};
            }
        } else {
            caption.runs.insert(caption.runs.end(), {plain(" keeps "), {kept(told->factor), Font::semibold, Tone::gradient_text}});
            if (kept(told->factor).starts_with("×")) caption.runs.back().from = {per_layer(*told, i)};
            if (i == 0 || networks == 1) caption.runs.push_back(plain(" per layer"));
        }
    }
    caption.runs.push_back(plain("."));
    return caption;
}

}  // namespace

std::string three_digits(double value) {
    const double size = std::abs(value);
    if (!std::isfinite(value) || value == 0 || size < 0.001 || size > 99'999) return number_text(value, 0);
    const int digits = static_cast<int>(std::floor(std::log10(size)));
    return number_text(value, std::clamp(2 - digits, 0, 4));
}

std::optional<SignalPath> signal_path(const Result& result) {
    SignalPath path;
    path.flows = flow_of(result);
    if (path.flows.empty() || !path.flows.back().signal_rms) return {};
    path.name = result.document.name.empty() ? "Untitled" : result.document.name;
    if (const auto network = network_of(result.document)) {
        path.name = network_name(*network);
        path.note = initialisation_words(network->init);
    }
    // Over the layers that still have a signal: a zero has no logarithm.
    const int64_t last = path.blocks();
    int64_t first = last;
    while (first > 1 && path.signal(first - 1) > 0 && std::isfinite(path.signal(first - 1))) --first;
    const double start = path.signal(last);
    path.first_alive = first;
    path.factor = factor_between(path, last, first);
    for (int64_t k = last; k >= 1 && !path.floor_after; --k)
        if (path.signal(k) <= kSmallestNormal) {
            path.floor_after = last - k;
            path.reached = true;
        }
    if (!path.floor_after && path.factor < 1) {
        const double layers = std::ceil(std::log(kSmallestNormal / start) / std::log(path.factor) - 1e-9);
        if (layers <= kFarOff) path.floor_after = static_cast<int64_t>(layers);
    }
    return path;
}

Scene build_gradient_bars(const ViewInput& in) {
    Bars b(in);
    const float s = b.s();
    add_legend(b);
    add_axis(b);
    for (size_t i = 0; i < b.paths.size(); ++i) {
        const float x0 = b.left(i), x1 = x0 + b.column;
        const std::optional<SignalPath>& path = b.paths[i];
        b.text(x0, 40 * s, Align::left, 14, {{b.names[i], Font::semibold, Tone::ink}});
        add_ground(b, x0, x1);
        if (!path) {
            b.text(x0, 60 * s, Align::left, 12.5f, {{"computing", Font::inter, Tone::ink3}});
            continue;
        }
        const std::string note = path->note.empty() ? plural(path->blocks(), "layer") : path->note;
        b.text(x0, 60 * s, Align::left, 12.5f, {{note, Font::inter, Tone::ink3}});
        add_bars(b, i, *path, x0, x1);
        add_figure(b, *path, x0, x1, i);
    }
    b.text(b.left(0), kHead * s + b.chart + 42 * s, Align::left, 12, {{"layer, 1 next to the input", Font::inter, Tone::ink3}});
    b.easel.add_caption(caption_of(b), kHead * s + b.chart + (kFoot + 30) * s);
    return b.easel.finish();
}

}  // namespace convscope
