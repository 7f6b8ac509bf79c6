// The distribution view: histograms of every channel before and after; for batch norm in train and in eval mode side by
// side, with means, both variances and the running statistics; for activations how much is flat or zero.
#include <algorithm>
#include <array>
#include <cmath>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/distribution_parts.h"
#include "app/views/story.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr int kBins = 48;
constexpr float kRow = 92, kLeastRow = 66;   // height of a channel's histograms

float f(int64_t n) { return static_cast<float>(n); }

/// One histogram: bars with caps, the axis, the mean as an upright line, one standard deviation to each side as a bracket.
void add_histogram(Easel& easel, const ViewInput& in, const Column& column, int64_t channel, const Box& box) {
    const float s = easel.scale();
    Scene& scene = easel.scene;
    const Spread& spread = column.spreads[static_cast<size_t>(channel)];
    const float base = box.bottom() - 20 * s, top = box.y + 20 * s;
    const auto x_of = [&](double v) {
        return box.x + static_cast<float>((v - column.low) / (column.high - column.low)) * box.w;
    };
    const double wide = (column.high - column.low) / kBins;
    const auto edge = [&](int64_t i) { return column.low + wide * static_cast<double>(i); };
    std::array<int64_t, kBins> bins{};   // what lies beyond the axis is in the first and the last
    each(*column.tensor, channel, [&](double v) {
        auto bin = static_cast<int64_t>(std::clamp((v - column.low) / wide, 0.0, kBins - 1.0));
        while (bin > 0 && v < edge(bin)) --bin;   // the division may round to the other side of an edge
        while (bin < kBins - 1 && v >= edge(bin + 1)) ++bin;
        ++bins[static_cast<size_t>(bin)];
    });
    const int64_t most = std::max<int64_t>(1, *std::ranges::max_element(bins));
    const float pitch = box.w / kBins;
    const Tone fill = in.stale ? Tone::sunken : tone_of(column.role, Part::fill);
    const Tone cap = in.stale ? Tone::inkd : tone_of(column.role, Part::line);
    for (int i = 0; i < kBins; ++i) {
        if (bins[static_cast<size_t>(i)] == 0) continue;
        const float height = std::max(2 * s, (base - top) * f(bins[static_cast<size_t>(i)]) / f(most));
        Plate bar;
        bar.box = {box.x + static_cast<float>(i) * pitch + 0.5f * s, base - height, std::max(1.f, pitch - 1 * s), height};
        bar.fill = fill;
        bar.value = static_cast<double>(bins[static_cast<size_t>(i)]);
        bar.from = {column.told("values between", channel)};
        bar.from[0].low = i == 0 ? -HUGE_VAL : edge(i);
        bar.from[0].high = i == kBins - 1 ? HUGE_VAL : edge(i + 1);
        scene.plates.push_back(bar);
        bar.from.clear();
        bar.box.h = 2 * s;
        bar.fill = cap;
        scene.plates.push_back(bar);
    }
    scene.strokes.push_back({{{box.x, base}, {box.right(), base}}, Tone::ink3, 1 * s});
    const int ticks = static_cast<int>(std::lround((column.high - column.low) / column.tick));
    const int every = std::max(1, static_cast<int>(std::ceil(static_cast<float>(ticks) * 40 * s / box.w)));
    for (int i = 0; i <= ticks; i += every) {
        const double value = column.low + i * column.tick;
        const float x = x_of(value);
        NumberSource tick{"tick"};   // it stands where the axis has that number
        tick.low = value;
        scene.strokes.push_back({{{x, base}, {x, base + 4 * s}}, Tone::ink3, 1 * s});
        scene.labels.push_back({{x, base + 13 * s}, Align::center, 10.5f * s,
                                {{number_text_short(std::abs(value) < column.tick / 1e6 ? 0 : value), Font::mono, Tone::ink2,
                                  {tick}}}});
    }
    if (spread.count == 0) return;
    const float mean = x_of(spread.mean), y = box.y + 10 * s;
    const float left = std::max(box.x, x_of(spread.mean - spread.deviation));
    const float right = std::min(box.right(), x_of(spread.mean + spread.deviation));
    scene.strokes.push_back({{{mean, y}, {mean, base}}, Tone::ink, 1.5f * s});
    scene.strokes.push_back({{{left, y}, {right, y}}, Tone::ink, 1.5f * s});
    for (const float x : {left, right}) scene.strokes.push_back({{{x, y - 4 * s}, {x, y + 4 * s}}, Tone::ink, 1.5f * s});
}

constexpr float kGroups = 54, kPlane = 22, kPlanePitch = 25, kGroupGap = 36;
constexpr int64_t kMostSamples = 8;

/// The input's planes, those of a channel together: the N×H×W numbers that its mean and variance are made of. The group
/// of the channel under the pointer, else of the chosen one, is framed, the others step back.
void add_groups(Easel& easel, const Distribution& d, float width) {
    const float s = easel.scale();
    const Shape shape = d.layer.input.shape();
    const int64_t samples = std::min(shape.n, kMostSamples);
    const float group = (f(samples) * kPlanePitch + kGroupGap) * s;
    const int64_t shown = std::clamp<int64_t>(static_cast<int64_t>((width + kGroupGap * s - 16 * s) / group), 1, shape.c);
    const int64_t lit = d.hovered.value_or(d.chosen);
    // Around the chosen one, and no further away than the one under the pointer is among them.
    const int64_t first = std::clamp(std::clamp<int64_t>(d.chosen - shown / 2, 0, shape.c - shown), lit - shown + 1, lit);
    std::string words = fmt::format("Channel {}: {} × {}×{} = {} {}", lit, plural(shape.n, "sample"), shape.h, shape.w,
                                    grouped_text(shape.n * shape.plane()), shape.n * shape.plane() == 1 ? "number" : "numbers");
    if (samples < shape.n) words += fmt::format(", {} samples shown", count_text(samples));
    easel.add_text(0, 4 * s, Align::left, 12.5f, {{words, Font::inter, d.in.stale ? Tone::ink3 : Tone::ink2}});
    for (int64_t i = 0; i < shown; ++i) {
        const int64_t channel = first + i;
        const Point corner = easel.at(f(i) * group + 16 * s, 17 * s);
        const Box whole{corner.x, corner.y, (f(samples) * kPlanePitch - (kPlanePitch - kPlane)) * s, kPlane * s};
        // One range for the group, so that its planes can be compared.
        PlaneRange range = plane_range(d.layer.input, 0, channel);
        for (int64_t n = 1; n < samples; ++n) {
            const PlaneRange other = plane_range(d.layer.input, n, channel);
            range = {std::min(range.low, other.low), std::max(range.high, other.high), std::max(range.magnitude, other.magnitude)};
        }
        for (int64_t n = 0; n < samples; ++n) {
            Picture picture;
            picture.box = {std::round(corner.x + f(n) * kPlanePitch * s), std::round(corner.y), kPlane * s, kPlane * s};
            picture.tensor = d.layer.input;
            picture.n = n;
            picture.c = channel;
            picture.map = range.low < 0 ? ColorMap::signed_values : ColorMap::grey;
            picture.low = range.low < 0 ? -range.magnitude : range.low;
            picture.high = range.low < 0 ? range.magnitude : std::max(range.high, range.low + 1e-30f);
            easel.scene.pictures.push_back(picture);
        }
        if (channel == lit && !d.in.stale) {
            easel.add_outline(whole.grown(3 * s), Tone::ink, d.hovered == lit && lit != d.chosen ? 1.5f : 2, 4);
        } else {
            Plate veil;
            veil.box = whole.grown(2 * s);
            veil.fill = Tone::canvas;
            veil.fill_alpha = 0.6f;
            easel.scene.plates.push_back(veil);
        }
        easel.scene.labels.push_back({{whole.x - 7 * s, whole.center().y}, Align::right, 10.5f * s,
                                      {{std::to_string(channel), channel == lit ? Font::mono_bold : Font::mono,
                                        channel == lit ? Tone::input_text : Tone::ink3}}});
        easel.scene.hits.push_back({whole.grown(4 * s), channel_action(channel), fmt::format("Choose channel {}", channel)});
    }
}

Caption caption_of(const Distribution& d) {
    Caption caption;
    if (d.in.stale) {
        caption.runs = {plain(d.in.stale_reason)};
        caption.second = d.in.stale_advice;
        return caption;
    }
    const auto c = static_cast<size_t>(d.chosen);
    const std::string which = d.channels > 1 ? fmt::format("Channel {}", d.chosen) : "The channel";
    const auto short3 = [](double v) { return number_text_short(std::abs(v) < 5e-4 ? 0 : v, 3); };
    const std::string& op = d.described.op->torch_name;
    if (!d.normalises) {
        const double flat = d.flat(-1), zero = d.zeros(-1);
        int64_t dead = 0;
        for (int64_t k = 0; k < d.channels; ++k) dead += !d.slope().empty() && d.share(d.slope(), k, [](double v) { return v == 0; }) == 1;
        caption.runs = {plain(op + ": the slope is below 0.01 for "), number(percent(flat), Tone::gradient_text, {d.flat_source(-1)}),
                        plain(" of the values, "), number(percent(zero), Tone::output_text, {d.columns[1].told("zeros", -1)}),
                        plain(" of the outputs are 0.")};
        caption.second = dead == 0 ? "Where the slope is near 0, hardly any gradient goes back."
                                   : fmt::format("{} of {} {} dead: no value of this batch lets a gradient through.", dead,
                                                 plural(d.channels, "channel"), dead == 1 ? "is" : "are");
        return caption;
    }
    const auto told = [&](size_t column, const char* what) { return d.columns[column].told(what, d.chosen); };
    const auto both = [&](size_t column) { return std::vector{told(column, "mean"), told(column, "deviation")}; };
    const Spread& input = d.columns[0].spreads[c];
    const Spread& first = d.columns[1].spreads[c];
    const bool uses_batch = d.plan.training || d.plan.buffers.empty();
    caption.runs = {plain(which + ": mean "), number(short3(input.mean), Tone::input_text, {told(0, "mean")}),
                    plain(", spread "), number(short3(input.deviation), Tone::input_text, {told(0, "deviation")})};
    const bool affine = !d.plan.weights.empty();
    if (d.columns.size() > 2) {
        const Spread& eval = d.columns[2].spreads[c];
        caption.runs.insert(caption.runs.end(),
                            {plain(" become "), number(short3(first.mean) + ", " + short3(first.deviation), Tone::output_text, both(1)),
                             plain(affine ? " in train (β and |γ|), " : " in train, "),
                             number(short3(eval.mean) + ", " + short3(eval.deviation), Tone::output_text, both(2)), plain(" in eval.")});
    } else {
        caption.runs.insert(caption.runs.end(),
                            {plain(" become mean "), number(short3(first.mean), Tone::output_text, {told(1, "mean")}), plain(", spread "),
                             number(short3(first.deviation), Tone::output_text, {told(1, "deviation")}), plain(".")});
    }
    if (!uses_batch || !d.plan.training) {
        caption.second = "In eval mode the batch is not looked at: the running statistics are used as they are.";
        return caption;
    }
    const auto momentum = [&]() -> std::optional<double> {
        const int field = field_index(*d.described.op, "momentum");
        if (field < 0) return {};
        const auto* value = std::get_if<std::optional<double>>(&d.described.params[static_cast<size_t>(field)]);
        return value ? *value : std::nullopt;
    }();
    caption.second = fmt::format("Batch {} of {}. ", d.in.result->batch, d.in.result->document.batches);
    if (d.plan.buffers.empty())
        caption.second += "No running statistics are kept.";
    else if (momentum)
        caption.second += fmt::format("running = {}·running + {}·batch: the start values still weigh {}.", short3(1 - *momentum),
                                      short3(*momentum),
                                      percent(std::pow(1 - *momentum, static_cast<double>(d.in.result->batch))));
    else
        caption.second += "The running statistics are the mean over all batches.";
    return caption;
}

}  // namespace

Scene build_distribution(const ViewInput& in) {
    const Distribution d(in);
    Easel easel(in);
    const float s = easel.scale();
    const float groups = d.normalises && !in.pane && easel.room_height() >= 420 * s ? kGroups * s : 0;
    const float header = groups + 48 * s, gap = 36 * s;
    const bool has_table = !in.pane;
    const float width = std::min(easel.room_width(), 1100 * s), room = easel.room_height();
    // As many channels as have room for their histograms and their row of the table.
    const auto height_of = [&](int64_t rows, float row) {
        return header + f(rows) * row * s + (has_table ? table_height(rows) * s : 0);
    };
    int64_t rows = d.channels;
    while (rows > 1 && height_of(rows, kLeastRow) > room) --rows;
    float row = kRow * 1.6f;
    while (row > kLeastRow && height_of(rows, row) > room) row -= 2;
    const int64_t first = std::clamp<int64_t>(d.chosen - rows / 2, 0, d.channels - rows);
    const float height = height_of(rows, row);
    easel.place_block(width, height);

    if (groups > 0) add_groups(easel, d, width);

    const auto columns = static_cast<float>(d.columns.size());
    const float column_width = (width - gap * (columns - 1)) / columns;
    for (size_t i = 0; i < d.columns.size(); ++i) {
        const Column& column = d.columns[i];
        const Point at = easel.at(static_cast<float>(i) * (column_width + gap), groups + 8 * s);
        const Tone tone = in.stale ? Tone::ink3 : tone_of(column.role, Part::text);
        easel.scene.labels.push_back({at, Align::left, 14 * s, {{column.name, Font::semibold, tone}}});
        easel.scene.labels.push_back({{at.x, at.y + 20 * s}, Align::left, 12.5f * s, {{column.note, Font::inter, Tone::ink3}}});
    }
    for (int64_t r = 0; r < rows; ++r) {
        const int64_t channel = first + r;
        const float y = header + f(r) * row * s;
        const Point corner = easel.at(0, y);
        const Box whole{corner.x - 14 * s, corner.y - 1 * s, width + 28 * s, row * s};
        for (size_t i = 0; i < d.columns.size(); ++i)
            add_histogram(easel, in, d.columns[i], channel,
                          {corner.x + static_cast<float>(i) * (column_width + gap), corner.y + 4 * s, column_width, row * s - 8 * s});
        if (d.channels > 1) {
            const bool chosen = channel == d.chosen;
            const std::vector<Run> words{{fmt::format("channel {}", channel), Font::semibold}};
            Plate ground;   // bars may reach up to it
            ground.box = {corner.x + column_width - text_width(words, 12 * s) - 4 * s, corner.y + 3 * s,
                          text_width(words, 12 * s) + 6 * s, 17 * s};
            ground.fill = Tone::canvas;
            ground.fill_alpha = 0.85f;
            easel.scene.plates.push_back(ground);
            easel.scene.labels.push_back({{corner.x + column_width, corner.y + 12 * s}, Align::right, 12 * s,
                                          {{fmt::format("channel {}", channel), chosen ? Font::semibold : Font::inter,
                                            chosen ? Tone::ink : Tone::ink2}}});
            if (chosen) easel.add_outline(whole, Tone::ink, 2, 8);
            else if (channel == d.hovered) easel.add_outline(whole, Tone::ink, 1.5f, 8);
            easel.scene.hits.push_back({whole, channel_action(channel), fmt::format("Choose channel {}", channel)});
        }
    }
    if (has_table) add_table(easel, d, first, rows, header + f(rows) * row * s, width);
    easel.add_caption(caption_of(d), height + 36 * s);
    return easel.finish();
}

}  // namespace convscope
