#include "tests/number_words.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <regex>
#include <set>

#include "core/block_flow.h"
#include "tests/number_axes.h"
#include "tests/number_places.h"

namespace convscope {
namespace {

/// All numbers of a channel: what a statistic of it is made of.
int64_t channel_numbers(const Context& c) { return c.input().n * c.input().plane(); }

int64_t products(const Context& c) {
    const Place place = c.place();
    Index cell = place.cell;
    if (c.in().timeline->order() == Order::by_input) cell = stamp_term(c.plan(), place.cell, place.term).output;
    int64_t count = 0;
    for (const Term& term : c.witness.layers().explained(c.in().layer, c.plan().output, cell).terms)
        count += term.b.source == Source::weight;
    return count;
}

bool is_chain(const Context& c) { return c.scene.caption.text().starts_with("Pixel "); }

/// "3×3 → 5×5 → 0": from the pixel's grid back to the input, or as far as it is told.
bool grows(const Context& c, const Match& m) {
    int grid = 0;
    const auto sizes = traced_sizes(c.scene, c.witness, &grid);
    std::string text;
    for (; grid >= 0; --grid) {
        const auto [rows, columns] = sizes.at(static_cast<size_t>(grid));
        text += (text.empty() ? "" : " → ") + (rows == 0 ? "0" : std::to_string(rows) + "×" + std::to_string(columns));
    }
    const std::string told = m[1];
    const size_t left_out = told.find(" → … → ");
    if (left_out == std::string::npos) return c.told.text == told + "." ? text.ends_with(told) : told == text;
    return text.starts_with(told.substr(0, left_out)) && text.ends_with(told.substr(left_out + std::string(" → …").size()));
}

/// An initialisation's gain, from how large the weights of a network came out: they are few, so within a factor of 2.
bool is_gain(const Context& c, const Match& m) {
    std::string told = m[1];
    if (const size_t minus = told.find("−"); minus != std::string::npos) told.replace(minus, std::string("−").size(), "-");
    std::vector<const Result*> networks{&c.result()};
    networks.insert(networks.end(), c.in().others.begin(), c.in().others.end());
    return std::ranges::any_of(networks, [&](const Result* network) {
        double squares = 0, count = 0;
        for (const Layer& layer : network->document.layers)
            for (const Tensor& weight : layer.weights) {
                const Shape s = weight.shape();
                if (layer.op->id != "conv2d" || s.c == 1) continue;
                const double variance = 2 / static_cast<double>((s.n + s.c) * s.plane());
                for (const float w : weight.values()) squares += static_cast<double>(w) * static_cast<double>(w) / variance, ++count;
            }
        const double gain = std::sqrt(squares / count) / std::stod(told);
        return gain > 0.5 && gain < 2;
    });
}

/// Terms of the stage cell that the first value of a gradient's sentence comes from, through a padded input.
int64_t gradient_terms(const Context& c) {
    for (const NumberSource& source : c.told.from)
        if (source.ref.source == Source::stage)
            return static_cast<int64_t>(c.witness.layers().terms(c.in().layer, source.ref.which, source.ref.cell).size());
    return -1;
}

/// "running = 0.9·running + 0.1·batch: the start values still weigh 35 %".
bool weighs(const Context& c, const Match& m) {
    const Layer& layer = c.witness.described();
    const auto momentum = std::get<std::optional<double>>(layer.params[static_cast<size_t>(field_index(*layer.op, "momentum"))]);
    return momentum && can_be(m[1], {1 - *momentum}) && can_be(m[2], {*momentum}) &&
           can_be(m[3], {std::pow(1 - *momentum, static_cast<double>(c.result().batch))});
}

/// The least and the largest count of a plane.
std::pair<double, double> least_and_most(const Context& c, const char* name) {
    const bool reads = std::string(name) == "times read";
    const Shape shape = reads ? c.input() : c.output();
    double least = HUGE_VAL, most = 0;
    for (int64_t i = 0; i < shape.plane(); ++i) {
        const NumberSource count{name, {reads ? Source::input : Source::stage, c.plan().output, {0, 0, i / shape.w, i % shape.w}}};
        const double value = c.witness.work_out(count)->value;
        least = std::min(least, value);
        most = std::max(most, value);
    }
    return {least, most};
}

bool extremes(const Context& c, const char* name, const Match& m) {
    const auto [least, most] = least_and_most(c, name);
    const auto told = wholes(m);
    return least == static_cast<double>(told[0]) && most == static_cast<double>(told[1] == INT64_MIN ? told[0] : told[1]);
}

/// Rows and columns of the padded input behind the last window.
bool floor_drops(const Context& c, const Match& m) {
    const auto span = span_read(c, {0, 0, c.output().h - 1, c.output().w - 1});
    const Window& window = *c.plan().window;
    const auto told = wholes(m);
    return std::max<int64_t>(0, told[0]) == std::max<int64_t>(0, window.h.in + window.h.pad_after - 1 - span[1]) &&
           std::max<int64_t>(0, told[1]) == std::max<int64_t>(0, window.w.in + window.w.pad_after - 1 - span[3]);
}

/// Row of the unfolded matrix in which the term of the play head stands, and the column of its output.
std::pair<int64_t, int64_t> unfolded_at(const Context& c) {
    const Window& window = *c.plan().window;
    const Place place = c.place();
    const bool by_output = c.in().timeline->order() == Order::by_output;
    const Index output = by_output ? place.cell : stamp_term(c.plan(), place.cell, place.term).output;
    const int64_t column = output.h * c.output().w + output.w;
    if (!by_output) {
        const Index weight = stamp_term(c.plan(), place.cell, place.term).weight;
        return {(weight.c * window.h.kernel + weight.h) * window.w.kernel + weight.w, column};
    }
    const Term term = c.witness.layers().explained(c.in().layer, c.plan().output, output).terms.at(static_cast<size_t>(place.term));
    const Index at = term.padding.value_or(term.a.cell);
    const int64_t h = (at.h + window.h.pad_before - output.h * window.h.stride) / window.h.dilation;
    const int64_t w = (at.w + window.w.pad_before - output.w * window.w.stride) / window.w.dilation;
    return {(at.c % window.in_per_group * window.h.kernel + h) * window.w.kernel + w, column};
}

/// Rows or columns of the unfolded matrix that are shown.
bool is_part(const Context& c, const Match& m, int64_t Grid::* first, int64_t Grid::* count) {
    return std::ranges::any_of(c.scene.grids, [&](const Grid& grid) {
        return grid.name.ends_with("unfolded") && grid.*first == whole(m[1]) && grid.*first + grid.*count - 1 == whole(m[2]);
    });
}

struct Phrase {
    std::regex words;
    std::function<bool(const Context&, const Match&)> holds;
};

const std::vector<Phrase>& phrases() {
    static const std::string n = "((?:−)?\\d+|no|one|two|three|four|five|six|seven|eight|nine)";
    static const std::string plain = "(\\d+)";
    const auto rx = [](const std::string& words) { return std::regex(words, std::regex::ECMAScript); };
    const auto always = [](const Context&, const Match&) { return true; };
    const auto window = [](const Context& c) -> const Window& { return *c.plan().window; };
    static const std::vector<Phrase> kPhrases{
        // Fixed words.
        {rx("180°|slope < 0\\.01|below 0\\.01|var, n−1|outputs are 0\\.|\\(L\\(w\\+h\\) − L\\(w−h\\)\\) / 2h|layer, 1 next|on 10⁰|slope is near 0,"), always},
        {rx("10(?:⁻|⁰|¹|²|³|⁴|⁵|⁶|⁷|⁸|⁹)+"), always},   // an axis's decade: expect_axis
        {rx("(?:max|min)\\("), always},   // what follows is no place
        // Channels of a layer without a window.
        {rx("come from all ([\\d,]+) numbers of channel (\\d+)"), [](const Context& c, const Match& m) {
             return ungrouped(m[1]) == channel_numbers(c) && whole(m[2]) == c.place().cell.c;
         }},
        {rx("come from all ([\\d,]+) numbers"), [](const Context& c, const Match& m) {
             return ungrouped(m[1]) == channel_numbers(c) && c.input().c == 1;
         }},
        {rx("from ([\\d,]+) numbers"), [](const Context& c, const Match& m) { return ungrouped(m[1]) == channel_numbers(c); }},
        {rx("^Channel (\\d+): " + n + " samples? × (\\d+)×(\\d+) = ([\\d,]+) numbers?"), [](const Context& c, const Match& m) {
             return whole(m[1]) == c.in().shown.out_channel && whole(m[2]) == c.input().n && whole(m[3]) == c.input().h &&
                    whole(m[4]) == c.input().w && ungrouped(m[5]) == channel_numbers(c);
         }},
        {rx("^Channel (\\d+) of (?:(\\d+) of )?the other (\\d+) samples"), [](const Context& c, const Match& m) {
             const int64_t shown = std::ranges::count_if(c.scene.grids, [](const Grid& g) { return g.name.find("input/sample") != std::string::npos; });
             return whole(m[1]) == c.place().cell.c && whole(m[3]) == c.input().n - 1 && shown == whole(m[m[2].matched ? 2 : 3]);
         }},
        {rx("^Channel (\\d+) of the other sample$"), [](const Context& c, const Match& m) {
             return whole(m[1]) == c.place().cell.c && c.input().n == 2;
         }},
        {rx("^The channel of (?:(\\d+) of )?the other (\\d+) samples"), [](const Context& c, const Match& m) {
             const int64_t shown = std::ranges::count_if(c.scene.grids, [](const Grid& g) { return g.name.find("input/sample") != std::string::npos; });
             return whole(m[2]) == c.input().n - 1 && shown == whole(m[m[1].matched ? 1 : 2]) && c.input().c == 1;
         }},
        // A chain's receptive fields.
        {rx("going back: ([^.]*)\\."), grows},
        {rx("^((?:[×\\d]+ → )*[×\\d]+)\\.$"), grows},   // its end on a line of its own
        {rx(" sees (\\d+)×(\\d+) of the input"), [](const Context& c, const Match& m) {
             return traced_sizes(c.scene, c.witness).at(0) == std::pair{whole(m[1]), whole(m[2])};
         }},
        {rx(" reaches (\\d+)×(\\d+) of the output"), [](const Context& c, const Match& m) {
             return traced_sizes(c.scene, c.witness).back() == std::pair{whole(m[1]), whole(m[2])};
         }},
        {rx("^(\\d+)×(\\d+)$"), [](const Context& c, const Match& m) {
             if (!is_chain(c) || is_size(c, m)) return is_size(c, m);
             const auto sizes = traced_sizes(c.scene, c.witness);
             return std::ranges::find(sizes, std::pair{whole(m[1]), whole(m[2])}) != sizes.end();
         }},
        {rx("^Xavier initialisation(?:, uniform)?, gain ((?:\\d|e|\\.|\\+|−)+)"), is_gain},
        {rx("^(.+) (?:answers|and its values:) "), [](const Context& c, const Match& m) {
             const auto& names = c.witness.described().channel_names;
             const auto shown = static_cast<size_t>(c.in().shown.out_channel);
             if (shown < names.size()) return m[1] == names[shown];
             return c.output().c == 1 ? m[1] == "Output" : m[1] == "Map " + std::to_string(shown);
         }},
        // The unfolded matrix.
        {rx("^Row (\\d+) of column (\\d+), the window of"), [](const Context& c, const Match& m) {
             return std::pair{whole(m[1]), whole(m[2])} == unfolded_at(c);
         }},
        {rx("^Column (\\d+), the window of"), [](const Context& c, const Match& m) { return whole(m[1]) == unfolded_at(c).second; }},
        {rx("^(\\d+)×(\\d+) input numbers(?: in (\\d+) channels)? are"), [window](const Context& c, const Match& m) {
             return whole(m[1]) == c.input().h && whole(m[2]) == c.input().w && (m[3].matched ? whole(m[3]) : 1) == window(c).in_per_group;
         }},
        {rx("group (\\d+) of (\\d+)"), [window](const Context& c, const Match& m) {
             return whole(m[2]) == window(c).groups && std::ranges::any_of(c.scene.grids, [&](const Grid& grid) {
                 return grid.name.ends_with("output") && std::ranges::any_of(grid.cells, [&](const Cell& cell) {
                     return cell.ref.cell.c / window(c).out_per_group == whole(m[1]);
                 });
             });
         }},
        {rx(", columns (\\d+)–(\\d+)(?=$|, rows)"), [](const Context& c, const Match& m) { return is_part(c, m, &Grid::first_column, &Grid::columns); }},
        {rx(", rows (\\d+)–(\\d+)$"), [](const Context& c, const Match& m) { return is_part(c, m, &Grid::first_row, &Grid::rows); }},
        // Places.
        {rx("turned to \\(" + plain + ", " + plain + "\\)"), [](const Context& c, const Match& m) {
             for (const NumberSource& s : c.told.from)
                 if (s.ref.source == Source::weight && c.plan().window->h.kernel - 1 - s.ref.cell.h == whole(m[1]) &&
                     c.plan().window->w.kernel - 1 - s.ref.cell.w == whole(m[2])) return true;
             return false;
         }},
        {rx("\\(((?:−)?\\d+), ((?:−)?\\d+)(?:, ((?:−)?\\d+))?(?:, ((?:−)?\\d+))?\\)"), is_place},
        {rx("rows? ((?:−)?\\d+)(?:(?:–| to )((?:−)?\\d+))?, columns? ((?:−)?\\d+)(?:(?:–| to )((?:−)?\\d+))?"), spans},
        {rx("^Row (\\d+), column (\\d+)"), [](const Context& c, const Match& m) {
             const NumberSource& input = c.told.from.at(1);
             return whole(m[2]) == input.ref.cell.h * c.input().w + input.ref.cell.w &&
                    whole(m[1]) == c.told.from.at(3).ref.cell.h * c.output().w + c.told.from.at(3).ref.cell.w;
         }},
        {rx("^Row (\\d+) times"), [](const Context& c, const Match& m) {
             return whole(m[1]) == c.told.from.at(0).ref.cell.h * c.output().w + c.told.from.at(0).ref.cell.w;
         }},
        {rx("[Rr]ow ((?:−)?\\d+)"), [](const Context& c, const Match& m) { return whole(m[1]) < 0 || whole(m[1]) >= c.input().h; }},
        {rx("[Cc]olumn ((?:−)?\\d+)"), [](const Context& c, const Match& m) { return whole(m[1]) < 0 || whole(m[1]) >= c.input().w; }},
        {rx("(Window|Stamp|Output cell|Cell) (\\d+) of (\\d+)"), [](const Context& c, const Match& m) {
             return whole(m[2]) == c.place().window + 1 && whole(m[3]) == c.in().timeline->windows();
         }},
        {rx("^Stamp (\\d+)$"), [](const Context& c, const Match& m) {
             return c.in().timeline->order() == Order::by_output || whole(m[1]) == c.place().window + 1;
         }},
        // Sizes.
        {rx("p′ = d\\(k−1\\) − p = (\\d+)·\\((\\d+)−1\\) − (\\d+) = ((?:−)?\\d+)"), [window](const Context& c, const Match& m) {
             const auto v = wholes(m);
             const WindowAxis& h = window(c).h;
             return v == std::vector{h.dilation, h.kernel, h.pad_before, h.dilation * (h.kernel - 1) - h.pad_before};
         }},
        {rx("p′ = ((?:−)?\\d+)×((?:−)?\\d+)"), [window](const Context& c, const Match& m) {
             const WindowAxis &h = window(c).h, &w = window(c).w;
             return whole(m[1]) == h.span() - 1 - h.pad_before && whole(m[2]) == w.span() - 1 - w.pad_before;
         }},
        {rx("p′ = ((?:−)?\\d+)"), [window](const Context& c, const Match& m) {
             const WindowAxis& h = window(c).h;
             return whole(m[1]) == h.dilation * (h.kernel - 1) - h.pad_before;
         }},
        {rx("Kernel (\\d+)(?:×(\\d+))? is no multiple of stride (\\d+)(?:×(\\d+))?"), [window](const Context& c, const Match& m) {
             const auto v = wholes(m);
             const auto second = [&](size_t i) { return v[i] == INT64_MIN ? v[i - 1] : v[i]; };
             return v[0] == window(c).h.kernel && second(1) == window(c).w.kernel && v[2] == window(c).h.stride && second(3) == window(c).w.stride;
         }},
        {rx("(\\d+)×(\\d+)(?:×(\\d+)×(\\d+))?"), is_size},
        {rx("padding (\\d+)\\+(\\d+) rows and (\\d+)\\+(\\d+) columns"), [window](const Context& c, const Match& m) {
             const Window& w = window(c);
             return wholes(m) == std::vector{w.h.pad_before, w.h.pad_after, w.w.pad_before, w.w.pad_after};
         }},
        {rx("padding (\\d+)"), [window](const Context& c, const Match& m) { return whole(m[1]) == window(c).h.pad_before; }},
        {rx("[Ss]tride (\\d+): " + n + " zeros? between"), [window](const Context& c, const Match& m) {
             return whole(m[1]) == window(c).h.stride && whole(m[2]) == window(c).h.stride - 1;
         }},
        {rx("[Ss]tride (\\d+)"), [window](const Context& c, const Match& m) { return whole(m[1]) == window(c).h.stride; }},
        // Counts.
        {rx(n + " rows(?= are padding| and [^.]* are padding)"), [](const Context& c, const Match& m) {
             const auto span = span_read(c, c.place().cell);
             return whole(m[1]) == outside(span[0], span[1], c.input().h);
         }},
        {rx(n + " columns(?= are padding)"), [](const Context& c, const Match& m) {
             const auto span = span_read(c, c.place().cell);
             return whole(m[1]) == outside(span[2], span[3], c.input().w);
         }},
        {rx("cell is read (\\d+)(?: to (\\d+))? times?"), [](const Context& c, const Match& m) { return extremes(c, "times read", m); }},
        {rx("cell is the sum of (\\d+)(?: to (\\d+))? products?"), [](const Context& c, const Match& m) { return extremes(c, "inputs", m); }},
        {rx("The floor drops (?:" + n + " rows? at the bottom)?(?: and )?(?:" + n + " columns? at the right)?"), floor_drops},
        {rx("(\\d+) of (\\d+) products"), [](const Context& c, const Match& m) {
             return whole(m[1]) <= products(c) && whole(m[2]) == products(c);
         }},
        {rx(", the sum of " + n + " (?:product|gradient)s?"), [](const Context& c, const Match& m) { return whole(m[1]) == gradient_terms(c); }},
        {rx("every cell inside adds (\\d+) products"), [](const Context& c, const Match& m) {
             return least_and_most(c, "inputs").second == static_cast<double>(whole(m[1]));
         }},
        {rx("the sum of " + n + " products?"), [](const Context& c, const Match& m) { return whole(m[1]) == products(c); }},
        {rx("from " + n + " channels"), [window](const Context& c, const Match& m) { return whole(m[1]) == window(c).in_per_group; }},
        {rx("[Cc]hannels? (\\d+)–(\\d+) of (\\d+)"), [](const Context& c, const Match& m) { return whole(m[2]) < whole(m[3]) && whole(m[3]) == c.input().c; }},
        {rx("[Cc]hannel (\\d+) of (\\d+)"), [](const Context& c, const Match& m) {
             return whole(m[1]) < whole(m[2]) && (whole(m[2]) == c.input().c || whole(m[2]) == c.output().c);
         }},
        {rx("channel (\\d+)/(\\d+)"), [](const Context& c, const Match& m) { return whole(m[1]) < whole(m[2]) && whole(m[2]) == c.output().c; }},
        {rx("sample (\\d+) of (\\d+)"), [](const Context& c, const Match& m) { return whole(m[1]) < whole(m[2]) && whole(m[2]) == c.input().n; }},
        {rx("(\\d+) of (\\d+) channels"), [](const Context& c, const Match& m) { return whole(m[1]) < whole(m[2]) && whole(m[2]) == c.input().c; }},
        {rx("the other (\\d+) channels"), [window](const Context& c, const Match& m) { return whole(m[1]) < window(c).in_per_group; }},
        {rx("(\\d+) channels"), [](const Context& c, const Match& m) { return whole(m[1]) == c.input().c || whole(m[1]) == c.output().c; }},
        {rx("\\bc (\\d+)/(\\d+)"), [](const Context& c, const Match& m) {
             return whole(m[2]) == c.output().c && is_shown(c, &Index::c, whole(m[1]), {Source::stage});
         }},
        {rx("\\bc (\\d+)"), [](const Context& c, const Match& m) {
             // Where only inserted zeros and padding are in sight, the kernel tells: a transposed weight's first index is the input's channel.
             const bool kernels = c.plan().window && c.plan().window->transposed();
             return is_shown(c, &Index::c, whole(m[1]), {Source::input, Source::stage}) ||
                    (kernels && is_shown(c, &Index::n, whole(m[1]), {Source::weight}));
         }},
        {rx("\\bn (\\d+)"), [](const Context& c, const Match& m) {
             return is_shown(c, &Index::n, whole(m[1]), {Source::input, Source::stage});
         }},
        {rx("(?:[Cc]hannel|Map) (\\d+)"), [](const Context& c, const Match& m) {
             return whole(m[1]) < std::max({c.input().c, c.output().c, c.input().n});
         }},
        {rx("^\\[(?::, )?(\\d+)\\]$"), [](const Context& c, const Match& m) { return whole(m[1]) < c.output().c; }},
        {rx("(\\d+) of (\\d+) maps(?: shown)?"), [](const Context& c, const Match& m) { return whole(m[1]) < whole(m[2]) && whole(m[2]) == c.output().c; }},
        {rx("(\\d+) values? a channel"), [](const Context& c, const Match& m) { return whole(m[1]) == c.input().n * c.input().plane(); }},
        {rx("(\\d+) of " + n + " channels? (?:is|are) dead"), [](const Context& c, const Match& m) {
             const int stage = c.plan().stage("slope");
             if (stage < 0) return false;
             const Tensor& slope = c.layer().stages[static_cast<size_t>(stage)];
             std::set<int64_t> dead, alive;   // by their finite slopes
             for (int64_t i = 0; i < slope.shape().count(); ++i)
                 if (const float v = slope.data()[i]; std::isfinite(v)) (v == 0 ? dead : alive).insert(slope.shape().index(i).c);
             std::erase_if(dead, [&](int64_t channel) { return alive.contains(channel); });
             return whole(m[1]) == std::ssize(dead) && whole(m[2]) == slope.shape().c;
         }},
        {rx("running = ([\\d.]+)·running \\+ ([\\d.]+)·batch: the start values still weigh ([<>\\d. ]+%)"), weighs},
        {rx("Batch (\\d+) of (\\d+)"), [](const Context& c, const Match& m) {
             return whole(m[1]) == c.result().batch && whole(m[2]) == c.result().document.batches;
         }},
        {rx("and (\\d+) more"), [](const Context& c, const Match& m) { return leaves_out(c.told, c.scene, c.witness, whole(m[1])); }},
        {rx("(\\d+) of (\\d+) input cells are never read"), [](const Context& c, const Match& m) {
             NumberSource unread{"cells read so often"};
             return whole(m[2]) == c.input().plane() && c.witness.work_out(unread)->value == static_cast<double>(whole(m[1]));
         }},
        {rx("[Ll]ayer (\\d+)"), [](const Context& c, const Match& m) { return is_layer_told(c.told, c.scene, c.witness, whole(m[1])); }},
        {rx("(\\d+) of (\\d+) layers$"), [](const Context& c, const Match& m) {
             const int64_t shown = std::ranges::count_if(c.scene.grids, [](const Grid& g) { return g.name != "grid/0"; });
             return whole(m[1]) == shown && whole(m[2]) == static_cast<int64_t>(c.result().layers.size());
         }},
        {rx("(?:^|[^r] )(\\d+) layers?"), [](const Context& c, const Match& m) {
             return whole(m[1]) == static_cast<int64_t>(blocks_of(c.result().document).size());
         }},
    };
    return kPhrases;
}

/// The name of a small map: its channel.
bool is_map_name(const Context& c) {
    const std::string grid = c.told.text == "0" ? "output" : "output/" + c.told.text;
    return std::ranges::any_of(c.scene.grids, [&](const Grid& map) {
        return map.picture && (map.name == grid || map.name == "maps/" + grid);
    });
}

}  // namespace

void expect_true(const Told& told, const Scene& scene, const Witness& witness) {
    if (told.text.empty() || (numbers_in(told.text).empty() && told.from.empty())) return;
    const Context context{told, scene, witness};
    if (told.from.empty() && is_map_name(context)) return;
    std::string values = told.text;
    for (const Phrase& phrase : phrases()) {
        Match match;
        std::string rest = values;
        values.clear();
        while (std::regex_search(rest, match, phrase.words)) {
            EXPECT_TRUE(phrase.holds(context, match)) << "\"" << match.str() << "\" in \"" << told.text << "\"";
            values += match.prefix().str() + "#";
            rest = match.suffix();
        }
        values += rest;
    }
    const auto numbers = numbers_in(values);
    EXPECT_EQ(numbers.size(), told.from.size()) << "numbers without a source, or sources without a number, in \"" << told.text << "\"";
    for (size_t i = 0; i < std::min(numbers.size(), told.from.size()); ++i) {
        auto known = witness.work_out(told.from[i]);
        if (!known) continue;
        if (told.from[i].negative) known->value = -known->value;
        EXPECT_TRUE(can_be(numbers[i], *known)) << numbers[i] << " in \"" << told.text << "\" is said to be " << told.from[i].name
                                               << ", which is " << known->value << " ± " << known->error;
    }
}

}  // namespace convscope
