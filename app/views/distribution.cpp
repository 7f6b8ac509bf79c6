// The distribution view: histograms of every channel before and after; for batch norm in train and in eval mode side by
// side, with means, both variances and the running statistics; for activations how much is flat or zero.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/easel.h"
#include "app/views/story.h"
#include "core/other_mode.h"

namespace convscope {
namespace {

constexpr int kBins = 48;
constexpr float kRow = 92, kLeastRow = 66;   // height of a channel's histograms
constexpr float kTableRow = 24;
constexpr int64_t kMostValues = int64_t(1) << 22;   // larger layers are not computed a second time for the other mode
constexpr double kFlat = 0.01;                      // slopes below it hardly pass a gradient

float f(int64_t n) { return static_cast<float>(n); }

/// Mean and standard deviation (÷ n) of a channel over samples, rows and columns; non-finite values are left out.
struct Spread {
    double mean = 0, deviation = 0, low = 0, high = 0;
    int64_t count = 0;
};
template <class Visit>
void each(const Tensor& tensor, int64_t channel, Visit visit) {
    const Shape shape = tensor.shape();
    for (int64_t n = 0; n < shape.n; ++n) {
        const float* plane = tensor.data() + shape.offset({n, channel, 0, 0});
        for (int64_t i = 0; i < shape.plane(); ++i)
            if (std::isfinite(plane[i])) visit(static_cast<double>(plane[i]));
    }
}
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

/// One of the columns: a tensor and the axis its histograms share.
struct Column {
    std::string name, note;
    const Tensor* tensor = nullptr;
    NumberSource source;                    // of its numbers: the tensor, the mode
    Role role = Role::output;
    std::vector<Spread> spreads;
    double low = 0, high = 1, tick = 1;
    NumberSource told(const char* what, int64_t channel) const {
        NumberSource of = source;
        of.name = what;
        of.ref.cell.c = channel;
        return of;
    }
};

/// An axis from `low` to `high` with round ticks.
void set_axis(Column& column, double low, double high) {
    if (!(high > low)) low -= 0.5, high += 0.5;
    const double raw = (high - low) / 4, scale = std::pow(10, std::floor(std::log10(raw)));
    column.tick = scale * (raw / scale < 1.5 ? 1 : raw / scale < 3.5 ? 2 : raw / scale < 7.5 ? 5 : 10);
    column.low = std::floor(low / column.tick) * column.tick;
    column.high = std::ceil(high / column.tick) * column.tick;
}

struct Distribution {
    const ViewInput& in;
    const LayerResult& layer;
    const Layer& described;
    const Plan& plan;
    bool normalises;                        // batch norm: train and eval differ
    std::optional<OtherMode> other;         // the mode that the document is not in
    std::vector<Column> columns;
    int64_t channels, chosen;

    explicit Distribution(const ViewInput& view_input)
        : in(view_input),
          layer(in.result->layers[static_cast<size_t>(in.layer)]),
          described(in.result->document.layers[static_cast<size_t>(in.layer)]),
          plan(layer.plan),
          normalises(plan.stage("normalised") >= 0),
          channels(layer.input.shape().c),
          chosen(std::clamp<int64_t>(in.shown.out_channel, 0, channels - 1)) {
        if (normalises && layer.input.shape().count() <= kMostValues && !in.pane)
            other = in_mode(*in.result, in.layer, !plan.training);
        columns.push_back({"Input", fmt::format("{} {} a channel", layer.input.shape().n * layer.input.shape().plane(),
                                                layer.input.shape().n * layer.input.shape().plane() == 1 ? "value" : "values"),
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

    /// One axis for columns first…last−1: equal in all outputs, so that they can be compared.
    void axis(size_t first, size_t last) {
        double low = HUGE_VAL, high = -HUGE_VAL;
        for (size_t i = first; i < last; ++i)
            for (const Spread& s : columns[i].spreads) {
                if (s.count == 0) continue;
                low = std::min(low, s.low);
                high = std::max(high, s.high);
            }
        for (size_t i = first; i < last; ++i) set_axis(columns[i], low < high ? low : 0, low < high ? high : 0);
    }
    double stage(const char* name, int64_t channel) const {
        const int at = plan.stage(name);
        if (at < 0 || layer.stages[static_cast<size_t>(at)].empty()) return std::nan("");
        return static_cast<double>(layer.stages[static_cast<size_t>(at)].at({0, channel, 0, 0}));
    }
    /// The layer's buffer of that name after this batch.
    double buffer(const std::string& name, int64_t channel) const {
        for (size_t i = 0; i < plan.buffers.size(); ++i)
            if (plan.buffers[i].name == name && !layer.buffers.empty())
                return static_cast<double>(layer.buffers.back()[i].at({0, channel, 0, 0}));
        return std::nan("");
    }
    double weight(const std::string& name, int64_t channel) const {
        for (size_t i = 0; i < plan.weights.size(); ++i)
            if (plan.weights[i].name == name)
                return static_cast<double>(described.weights[i].at({0, channel, 0, 0}));
        return std::nan("");
    }
    /// Share of a channel's (or, with −1, all) values for which `is` holds on the stage.
    template <class Is>
    double share(const Tensor& tensor, int64_t channel, Is is) const {
        if (tensor.empty()) return std::nan("");
        int64_t hits = 0, all = 0;
        for (int64_t c = 0; c < channels; ++c)
            if (channel < 0 || c == channel) each(tensor, c, [&](double v) { hits += is(v), ++all; });
        return all ? static_cast<double>(hits) / static_cast<double>(all) : 0;
    }
    const Tensor& slope() const {
        static const Tensor none;
        const int at = plan.stage("slope");
        return at < 0 ? none : layer.stages[static_cast<size_t>(at)];
    }
    NumberSource flat_source(int64_t channel) const {
        return {"flat", {Source::stage, plan.stage("slope"), {0, channel, 0, 0}}};
    }
    double flat(int64_t channel) const {
        return share(slope(), channel, [](double v) { return std::abs(v) < kFlat; });
    }
    double zeros(int64_t channel) const {
        return share(layer.op_output(), channel, [](double v) { return v == 0; });
    }
};

std::string percent(double share) {
    if (std::isnan(share)) return "–";
    const double p = 100 * share;
    return p > 0 && p < 1 ? "< 1 %" : p < 100 && p > 99 ? "> 99 %" : fmt::format("{:.0f} %", p);
}

/// A column of the table under the histograms.
struct TableColumn {
    std::string name;
    Tone tone;
    std::function<std::string(int64_t channel)> text;
    std::function<NumberSource(int64_t channel)> source = {};   // none: it is the channel's own number
};

std::vector<TableColumn> table_of(const Distribution& d) {
    const auto fixed = [](double v) { return std::isnan(v) ? std::string("–") : number_text(v, 4); };
    std::vector<TableColumn> table{{"channel", Tone::ink2, [](int64_t c) { return std::to_string(c); }}};
    const Column& output = d.columns[d.columns.size() > 2 && !d.plan.training ? 2 : 1];
    const auto add = [&](std::string name, Tone tone, const Column& column, const char* what, auto text) {
        table.push_back({std::move(name), tone, text, [&column, what](int64_t c) { return column.told(what, c); }});
    };
    const auto of_spread = [&](std::string name, Tone tone, const Column& column, const char* what, auto number) {
        add(std::move(name), tone, column, what, [&column, fixed, number](int64_t c) {
            return fixed(number(column.spreads[static_cast<size_t>(c)]));
        });
    };
    const auto mean = [](const Spread& s) { return s.mean; };
    const auto deviation = [](const Spread& s) { return s.deviation; };
    of_spread("mean", Tone::input_text, d.columns[0], "mean", mean);
    if (d.normalises) {
        const double n = static_cast<double>(d.layer.input.shape().n * d.layer.input.shape().plane());
        of_spread("var, n", Tone::input_text, d.columns[0], "variance", [](const Spread& s) { return s.deviation * s.deviation; });
        of_spread("var, n−1", Tone::input_text, d.columns[0], "variance, n−1", [n](const Spread& s) {
            return n > 1 ? s.deviation * s.deviation * n / (n - 1) : std::nan("");
        });
        for (size_t i = 0; i < d.plan.buffers.size(); ++i) {
            const std::string name = d.plan.buffers[i].name;
            if (d.plan.buffers[i].rank == 0) continue;   // a count of batches
            table.push_back({name, Tone::ink2, [&d, fixed, name](int64_t c) { return fixed(d.buffer(name, c)); },
                             [i](int64_t c) {
                                 return NumberSource{"buffer after", {Source::buffer, static_cast<int>(i), {0, c, 0, 0}}};
                             }});
        }
        for (size_t i = 0; i < d.plan.weights.size(); ++i)
            table.push_back({i == 0 ? "γ" : "β", Tone::kernel_text,
                             [&d, i](int64_t c) { return number_text_short(d.weight(d.plan.weights[i].name, c)); },
                             [i](int64_t c) {
                                 return value_at({Source::weight, static_cast<int>(i), {0, c, 0, 0}});
                             }});
    } else {
        of_spread("std", Tone::input_text, d.columns[0], "deviation", deviation);
        table.push_back({"slope < 0.01", Tone::gradient_text, [&d](int64_t c) { return percent(d.flat(c)); },
                         [&d](int64_t c) { return d.flat_source(c); }});
        add("zeros", Tone::output_text, output, "zeros", [&d](int64_t c) { return percent(d.zeros(c)); });
    }
    of_spread("out mean", Tone::output_text, output, "mean", mean);
    of_spread("out std", Tone::output_text, output, "deviation", deviation);
    return table;
}

/// One histogram: bars with caps, the axis, the mean as an upright line, one standard deviation to each side as a bracket.
void add_histogram(Easel& easel, const ViewInput& in, const Column& column, int64_t channel, const Box& box) {
    const float s = easel.scale();
    Scene& scene = easel.scene;
    const Spread& spread = column.spreads[static_cast<size_t>(channel)];
    const float base = box.bottom() - 20 * s, top = box.y + 20 * s;
    const auto x_of = [&](double v) {
        return box.x + static_cast<float>((v - column.low) / (column.high - column.low)) * box.w;
    };
    std::array<int64_t, kBins> bins{};
    each(*column.tensor, channel, [&](double v) {
        const auto bin = static_cast<int64_t>((v - column.low) / (column.high - column.low) * kBins);
        ++bins[static_cast<size_t>(std::clamp<int64_t>(bin, 0, kBins - 1))];
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
        const double wide = (column.high - column.low) / kBins;   // what lies beyond the axis is in its last bars
        bar.from[0].low = i == 0 ? -HUGE_VAL : column.low + wide * i;
        bar.from[0].high = i == kBins - 1 ? HUGE_VAL : column.low + wide * (i + 1);
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

Caption caption_of(const Distribution& d) {
    Caption caption;
    if (d.in.stale) {
        caption.runs = {plain(d.in.stale_reason)};
        caption.second = "In grey: the last possible picture. Ctrl+Z brings it back.";
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
    caption.runs = {plain(which + " goes from mean "), number(short3(input.mean), Tone::input_text, {told(0, "mean")}),
                    plain(", spread "), number(short3(input.deviation), Tone::input_text, {told(0, "deviation")})};
    const bool affine = !d.plan.weights.empty();
    if (d.columns.size() > 2) {
        const Spread& eval = d.columns[2].spreads[c];
        caption.runs.insert(caption.runs.end(),
                            {plain(" to "), number(short3(first.mean) + ", " + short3(first.deviation), Tone::output_text, both(1)),
                             plain(affine ? " in train (β and |γ|), to " : " in train, to "),
                             number(short3(eval.mean) + ", " + short3(eval.deviation), Tone::output_text, both(2)), plain(" in eval.")});
    } else {
        caption.runs.insert(caption.runs.end(),
                            {plain(" to mean "), number(short3(first.mean), Tone::output_text, {told(1, "mean")}), plain(", spread "),
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
    const float header = 48 * s, gap = 36 * s;
    const auto table = in.pane ? std::vector<TableColumn>{} : table_of(d);
    const float width = std::min(easel.room_width(), 1100 * s), room = easel.room_height();
    // As many channels as have room for their histograms and their row of the table.
    const auto height_of = [&](int64_t rows, float row) {
        return header + f(rows) * row * s + (table.empty() ? 0 : (16 + kTableRow * f(rows + 1)) * s);
    };
    int64_t rows = d.channels;
    while (rows > 1 && height_of(rows, kLeastRow) > room) --rows;
    float row = kRow * 1.6f;
    while (row > kLeastRow && height_of(rows, row) > room) row -= 2;
    const int64_t first = std::clamp<int64_t>(d.chosen - rows / 2, 0, d.channels - rows);
    const float height = height_of(rows, row);
    easel.place_block(width, height);

    const auto columns = static_cast<float>(d.columns.size());
    const float column_width = (width - gap * (columns - 1)) / columns;
    for (size_t i = 0; i < d.columns.size(); ++i) {
        const Column& column = d.columns[i];
        const Point at = easel.at(static_cast<float>(i) * (column_width + gap), 8 * s);
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
            easel.scene.labels.push_back({{corner.x + column_width, corner.y + 12 * s}, Align::right, 12 * s,
                                          {{fmt::format("channel {}", channel), chosen ? Font::semibold : Font::inter,
                                            chosen ? Tone::ink : Tone::ink2}}});
            if (chosen) easel.add_outline(whole, Tone::ink, 2, 8);
            easel.scene.hits.push_back({whole, fmt::format("channel {}", channel), fmt::format("Choose channel {}", channel)});
        }
    }
    if (!table.empty()) {
        const float top = header + f(rows) * row * s + 16 * s;
        std::vector<float> widths;
        float sum = 0;
        for (const TableColumn& column : table) {
            float widest = text_width(Font::inter, 12.5f * s, column.name);
            for (int64_t r = 0; r < rows; ++r) widest = std::max(widest, text_width(Font::mono, 12.5f * s, column.text(first + r)));
            widths.push_back(widest);
            sum += widest;
        }
        const float space = std::max(6 * s, (width - sum) / f(static_cast<int64_t>(table.size())));
        const auto line = [&](float y, auto text) {
            float x = 0;
            for (size_t i = 0; i < table.size(); ++i) {
                x += widths[i] + space;
                easel.scene.labels.push_back({easel.at(x, y), Align::right, 12.5f * s, {text(table[i])}});
            }
        };
        line(top, [&](const TableColumn& column) { return Run{column.name, Font::inter, in.stale ? Tone::ink3 : column.tone}; });
        const Point rule = easel.at(0, top + 12 * s);
        easel.scene.strokes.push_back({{rule, {rule.x + width, rule.y}}, Tone::line2, 1 * s});
        for (int64_t r = 0; r < rows; ++r) {
            const float y = top + (f(r) + 1) * kTableRow * s;
            if (first + r == d.chosen && d.channels > 1) {
                const Point at = easel.at(0, y);
                Plate ground;
                ground.box = {at.x - 14 * s, at.y - kTableRow * s / 2, width + 28 * s, kTableRow * s};
                ground.fill = Tone::hover;
                ground.radius_px = 4 * s;
                easel.scene.plates.push_back(ground);
            }
            line(y, [&](const TableColumn& column) {
                const std::string text = column.text(first + r);
                Run run{text, Font::mono, Tone::ink};
                if (column.source && text != "–") run.from = {column.source(first + r)};
                return run;
            });
        }
        if (rows < d.channels)
            easel.scene.labels.push_back({easel.at(width, height + 14 * s), Align::right, 12 * s,
                                          {{fmt::format("{} of {} channels", rows, d.channels), Font::inter, Tone::ink3}}});
    }
    easel.add_caption(caption_of(d), height + 36 * s);
    return easel.finish();
}

}  // namespace convscope
