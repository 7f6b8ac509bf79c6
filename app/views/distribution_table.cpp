// The table below the distribution view's histograms: a row a channel, with the numbers of its input and output.
#include <algorithm>
#include <functional>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/distribution_parts.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr float kRow = 24, kAbove = 16;

float f(int64_t n) { return static_cast<float>(n); }

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
        of_spread("var, n", Tone::input_text, d.columns[0], "variance", [](const Spread& s) { return s.deviation * s.deviation; });
        of_spread("var, n−1", Tone::input_text, d.columns[0], "variance, n−1", [](const Spread& s) {
            const auto n = static_cast<double>(s.count);
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

}  // namespace

float table_height(int64_t rows) { return kAbove + kRow * f(rows + 1); }

void add_table(Easel& easel, const Distribution& d, int64_t first, int64_t rows, float y, float width) {
    const float s = easel.scale(), top = y + kAbove * s;
    const ViewInput& in = d.in;
    const auto table = table_of(d);
    std::vector<float> widths;
    float sum = 0;
    for (const TableColumn& column : table) {
        float widest = text_width(Font::inter, 12.5f * s, column.name);
        for (int64_t r = 0; r < rows; ++r) widest = std::max(widest, text_width(Font::mono, 12.5f * s, column.text(first + r)));
        widths.push_back(widest);
        sum += widest;
    }
    const float space = std::max(6 * s, (width - sum) / f(static_cast<int64_t>(table.size())));
    const auto line = [&](float at, auto text) {
        float x = 0;
        for (size_t i = 0; i < table.size(); ++i) {
            x += widths[i] + space;
            easel.scene.labels.push_back({easel.at(x, at), Align::right, 12.5f * s, {text(table[i])}});
        }
    };
    line(top, [&](const TableColumn& column) { return Run{column.name, Font::inter, in.stale ? Tone::ink3 : column.tone}; });
    const Point rule = easel.at(0, top + 12 * s);
    easel.scene.strokes.push_back({{rule, {rule.x + width, rule.y}}, Tone::line2, 1 * s});
    for (int64_t r = 0; r < rows; ++r) {
        const float middle = top + (f(r) + 1) * kRow * s;
        const Point at = easel.at(0, middle);
        const Box whole{at.x - 14 * s, at.y - kRow * s / 2, width + 28 * s, kRow * s};
        if (d.channels > 1) easel.scene.hits.push_back({whole, channel_action(first + r), fmt::format("Choose channel {}", first + r)});
        if (d.channels > 1 && (first + r == d.chosen || first + r == d.hovered)) {
            Plate ground;
            ground.box = whole;
            ground.fill = first + r == d.chosen ? Tone::hover : Tone::sunken;
            ground.radius_px = 4 * s;
            easel.scene.plates.push_back(ground);
        }
        line(middle, [&](const TableColumn& column) {
            const std::string text = column.text(first + r);
            Run run{text, Font::mono, Tone::ink};
            if (column.source && text != "–") run.from = {column.source(first + r)};
            return run;
        });
    }
    if (rows < d.channels)
        easel.scene.labels.push_back({easel.at(width, y + (table_height(rows) + 14) * s), Align::right, 12 * s,
                                      {{fmt::format("{} of {} channels", rows, d.channels), Font::inter, Tone::ink3}}});
}

}  // namespace convscope
