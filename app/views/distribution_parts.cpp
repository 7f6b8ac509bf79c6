// The distribution view's measures: means, deviations and ranges of every channel, shares that are flat or zero.
#include "app/views/distribution_parts.h"

#include <algorithm>

namespace convscope {
namespace {

constexpr int64_t kMostValues = int64_t(1) << 22;   // larger layers are not computed a second time for the other mode
constexpr double kFlat = 0.01;                      // slopes below it hardly pass a gradient

Spread spread_of(const Tensor& tensor, int64_t channel) {
    Spread s;
    each(tensor, channel, [&](double v) {
        s.low = s.count ? std::min(s.low, v) : v;
        s.high = s.count ? std::max(s.high, v) : v;
        s.mean += v;
        ++s.count;
    });
    if (s.count == 0) return s;
    s.mean /= static_cast<double>(s.count);
    each(tensor, channel, [&](double v) { s.deviation += (v - s.mean) * (v - s.mean); });
    s.deviation = std::sqrt(s.deviation / static_cast<double>(s.count));
    // What rounding leaves of a mean that was taken away.
    if (std::abs(s.mean) < 1e-6 * s.deviation) s.mean = 0;
    return s;
}

/// An axis from `low` to `high` with round ticks.
void set_axis(Column& column, double low, double high) {
    if (!(high > low)) low -= 0.5, high += 0.5;
    const double raw = (high - low) / 4, scale = std::pow(10, std::floor(std::log10(raw)));
    column.tick = scale * (raw / scale < 1.5 ? 1 : raw / scale < 3.5 ? 2 : raw / scale < 7.5 ? 5 : 10);
    column.low = std::floor(low / column.tick) * column.tick;
    column.high = std::ceil(high / column.tick) * column.tick;
}

}  // namespace

std::string channel_action(int64_t channel) { return fmt::format("channel {}", channel); }

Distribution::Distribution(const ViewInput& view_input)
    : in(view_input),
      layer(in.result->layers[static_cast<size_t>(in.layer)]),
      described(in.result->document.layers[static_cast<size_t>(in.layer)]),
      plan(layer.plan),
      normalises(plan.stage("normalised") >= 0),
      channels(layer.input.shape().c),
      chosen(std::clamp<int64_t>(in.shown.out_channel, 0, channels - 1)) {
    for (int64_t c = 0; c < channels && !hovered; ++c)
        if (in.hover_action == channel_action(c)) hovered = c;
    if (normalises && layer.input.shape().count() <= kMostValues && !in.pane)
        other = in_mode(*in.result, in.layer, !plan.training);
    columns.push_back({"Input", fmt::format("{} {} a channel", values(), values() == 1 ? "value" : "values"),
                       &layer.input, {"", {Source::input, 0, {}}}, Role::input, {}});
    const auto output = [&](bool training, const Tensor& tensor) {
        NumberSource source{"", {Source::stage, plan.output, {}}};
        source.other_mode = training != plan.training;
        if (!normalises) {
            columns.push_back({"Output", "", &tensor, source, Role::output, {}});
            return;
        }
        const bool batch = training || plan.buffers.empty();
        columns.push_back({training ? "Output, train" : "Output, eval",
                           batch ? "batch mean and variance" : "running mean and variance", &tensor, source, Role::output, {}});
    };
    // Train stands left of eval, whichever the document is in.
    if (other && other->plan.training) output(true, other->output());
    output(plan.training, layer.op_output());
    if (other && !other->plan.training) output(false, other->output());
    for (Column& column : columns)
        for (int64_t c = 0; c < channels; ++c) column.spreads.push_back(spread_of(*column.tensor, c));
    axis(0, 1);
    axis(1, columns.size());
}

void Distribution::axis(size_t first, size_t last) {
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (size_t i = first; i < last; ++i)
        for (const Spread& s : columns[i].spreads) {
            if (s.count == 0) continue;
            low = std::min(low, s.low);
            high = std::max(high, s.high);
        }
    for (size_t i = first; i < last; ++i) set_axis(columns[i], low < high ? low : 0, low < high ? high : 0);
}

double Distribution::buffer(const std::string& name, int64_t channel) const {
    for (size_t i = 0; i < plan.buffers.size(); ++i)
        if (plan.buffers[i].name == name && !layer.buffers.empty())
            return static_cast<double>(layer.buffers.back()[i].at({0, channel, 0, 0}));
    return std::nan("");
}

double Distribution::weight(const std::string& name, int64_t channel) const {
    for (size_t i = 0; i < plan.weights.size(); ++i)
        if (plan.weights[i].name == name)
            return static_cast<double>(described.weights[i].at({0, channel, 0, 0}));
    return std::nan("");
}

const Tensor& Distribution::slope() const {
    static const Tensor none;
    const int at = plan.stage("slope");
    return at < 0 ? none : layer.stages[static_cast<size_t>(at)];
}

NumberSource Distribution::flat_source(int64_t channel) const {
    return {"flat", {Source::stage, plan.stage("slope"), {0, channel, 0, 0}}};
}

double Distribution::flat(int64_t channel) const {
    return share(slope(), channel, [](double v) { return std::abs(v) < kFlat; });
}

double Distribution::zeros(int64_t channel) const {
    return share(layer.op_output(), channel, [](double v) { return v == 0; });
}

std::string percent(double share) {
    if (std::isnan(share)) return "–";
    const double p = 100 * share;
    return p > 0 && p < 1 ? "< 1 %" : p < 100 && p > 99 ? "> 99 %" : fmt::format("{:.0f} %", p);
}

}  // namespace convscope
