// From the document to the cards of the chain bar: names, shapes, repeated layers, widths.
#include "app/panels/chain_cards.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace convscope {
namespace {

using ui::px;
using Kind = ChainCard::Kind;

constexpr float kMarginPx = 16, kArrowPx = 8 + 16 + 4, kLinkGapPx = 5, kRunGapPx = 7, kAddGapPx = 14;
constexpr float kTensorPadPx = 6 + 10, kThumbnailPx = 32 + 8, kLayerPadPx = 24, kAddPx = 28;
constexpr float kMostTextPx = 200;

bool is_repeat(const Layer& a, const Layer& b) {
    return a.op == b.op && a.params == b.params && a.skip == b.skip;
}

/// How often the `period` layers at `first` follow each other.
int times_at(const std::vector<Layer>& layers, int first, int period) {
    const int count = static_cast<int>(layers.size());
    int end = first + period;
    while (end < count && is_repeat(layers[static_cast<size_t>(end)],
                                    layers[static_cast<size_t>(end - period)]))
        ++end;
    return (end - first) / period;
}

/// The run a few layers later, where that is as long and each repetition then begins with a block: "Tanh, Conv2d" again
/// and again is told as "Conv2d, Tanh".
LayerRun from_block_start(const std::vector<Layer>& layers, const LayerRun& run) {
    for (int shift = 0; shift < run.period; ++shift) {
        const int first = run.first + shift;
        if (!layers[static_cast<size_t>(first)].op->starts_block) continue;
        if (times_at(layers, first, run.period) >= run.times) return {first, run.period, run.times};
    }
    return run;
}

std::string title(const Layer& layer, int index) {
    return fmt::format("{} {}", layer.op->torch_name, index + 1);
}

/// What the picture knows about a layer of the document; null while the chain is being computed or cannot be.
const LayerResult* result_of(const State& state, int layer) {
    const auto k = static_cast<size_t>(layer);
    const Result* result = state.result.get();
    if (!result || k >= result->layers.size() || k >= state.document.layers.size()) return nullptr;
    return result->document.layers[k].op == state.document.layers[k].op ? &result->layers[k]
                                                                         : nullptr;
}

struct Builder {
    const State& state;
    ChainRow row;
    bool is_image = false;

    int count() const { return static_cast<int>(state.document.layers.size()); }
    const Layer& layer(int k) const { return state.document.layers[static_cast<size_t>(k)]; }

    void input() {
        ChainCard card;
        card.kind = Kind::input;
        card.label = card.name = "Input";
        card.detail = to_string(state.document.input.tensor.shape());
        card.name_tone = Tone::input_text;
        card.tensor = &state.document.input.tensor;
        card.is_image = is_image;
        card.help = "The input, batch × channels × height × width";
        row.cards.push_back(card);
    }

    void layer_card(int k, int run) {
        ChainCard card;
        card.label = title(layer(k), k);
        card.name = layer(k).op->torch_name;
        card.detail = layer(k).op->card(layer(k).params);
        card.layer = k;
        card.run = run;
        card.has_arrow = true;
        card.is_chosen = k == state.layer;
        card.is_impossible = state.problem.has_value() && state.problem_layer == k;
        card.detail_tone = card.is_impossible ? Tone::error_text : Tone::ink2;
        card.help = count() > 1 ? fmt::format("Layer {}. {}", k + 1, layer(k).op->summary)
                                : layer(k).op->summary;
        row.cards.push_back(card);
    }

    void tensor_card(int k, int run) {
        const bool is_last = k + 1 == count();
        ChainCard card;
        card.kind = is_last ? Kind::output : Kind::between;
        card.label = is_last ? "Output" : fmt::format("Output {}", k + 1);
        card.name = is_last ? "Output" : "";
        card.name_tone = Tone::output_text;
        card.is_image = is_image;
        card.layer = k;
        card.run = run;
        card.has_arrow = true;
        const LayerResult* result = result_of(state, k);
        if (state.problem && state.problem_layer <= k) {
            card.detail = "none";
            card.help = "There is no output: the layer is impossible as it is";
        } else if (result) {
            card.tensor = &result->output();
            card.detail = to_string(card.tensor->shape());
            card.help = is_last ? "The output, batch × channels × height × width"
                                : "What goes from one layer to the next: " + card.detail;
            if (state.prediction.on && !state.lecture.on && k == state.layer) card.tensor = nullptr;   // its colours would tell
        } else {
            card.detail = "…";
            card.help = "Being computed";
        }
        row.cards.push_back(card);
    }

    /// The card that folds a run or opens it; folded it stands behind the one repetition that is shown.
    void run_card(int index, bool is_open, int repetition) {
        const LayerRun& run = row.runs[static_cast<size_t>(index)];
        ChainCard card;
        card.kind = Kind::run;
        card.label = fmt::format("Run {}", run.first + 1);
        card.detail = repetition > 0 && !is_open
                          ? fmt::format("{} of {}", repetition + 1, run.times)
                          : fmt::format("{} times", run.times);
        const std::string what = run.period == 1 ? "This layer" : fmt::format("These {} layers", run.period);
        card.help = fmt::format("{} {} {} times, each with weights of its own. Click to {}.", what,
                                run.period == 1 ? "follows" : "follow", run.times,
                                is_open ? "fold them into one" : "show every one");
        card.layer = run.first;
        card.run = index;
        card.is_open = is_open;
        card.has_arrow = is_open;
        row.cards.push_back(card);
    }

    /// The repetition of a folded run that stands for all: with the chosen layer, else with the impossible one.
    int repetition(const LayerRun& run) const {
        if (run.holds(state.layer)) return (state.layer - run.first) / run.period;
        if (state.problem && run.holds(state.problem_layer))
            return (state.problem_layer - run.first) / run.period;
        return 0;
    }

    void run_cards(int index) {
        const LayerRun run = row.runs[static_cast<size_t>(index)];
        const bool is_open = std::ranges::find(state.open_runs, run.first) != state.open_runs.end();
        const int shown = repetition(run);
        const int first = is_open ? run.first : run.first + shown * run.period;
        const int end = is_open ? run.end() : first + run.period;
        if (is_open) run_card(index, true, shown);
        for (int k = first; k < end; ++k) {
            layer_card(k, index);
            if (is_open && k == run.first) row.cards.back().has_arrow = false;
            if (k + 1 < end) tensor_card(k, index);
        }
        if (!is_open) run_card(index, false, shown);
        tensor_card(run.end() - 1, -1);
    }

    void build() {
        is_image = std::holds_alternative<FromImage>(state.document.input.origin);
        row.runs = repeated_layers(state.document);
        input();
        size_t run = 0;
        for (int k = 0; k < count();) {
            if (run < row.runs.size() && row.runs[run].first == k) {
                run_cards(static_cast<int>(run));
                k = row.runs[run++].end();
            } else {
                layer_card(k, -1);
                tensor_card(k, -1);
                ++k;
            }
        }
        ChainCard add;
        add.kind = Kind::add;
        add.label = "Add layer";
        add.layer = state.layer;
        if (state.layer >= 0 && state.layer < count())
            add.help = fmt::format("Add a layer behind {}", title(layer(state.layer), state.layer));
        row.cards.push_back(add);
    }
};

bool has_thumbnail(const ChainCard& card, Density density) {
    if (!card.tensor || card.tensor->empty() || card.tensor->shape().plane() < 2) return false;
    return card.kind != Kind::between || density == Density::pictures;
}

bool is_link(const ChainCard& card, Density density) {
    return card.kind == Kind::between && density >= Density::links;
}

float width_of_card(const PanelContext& context, const ChainCard& card, Density density) {
    const float name = ui::width_of(context.fonts.body_bold, card.name),
                detail = ui::width_of(context.fonts.mono_small, card.detail);
    const float text = std::round(std::max(name, detail));
    switch (card.kind) {
        case Kind::layer: return text + px(context, kLayerPadPx);
        case Kind::run: return text + px(context, 10 + 22);
        case Kind::add: return px(context, kAddPx);
        case Kind::between:
            if (density == Density::arrows) return px(context, 16);
            if (density == Density::links) return text + px(context, 8);
            break;
        case Kind::input:
        case Kind::output: break;
    }
    return text + px(context, kTensorPadPx + (has_thumbnail(card, density) ? kThumbnailPx : 0));
}

/// Sets every card's place.
void lay_out(const PanelContext& context, ChainRow& row, Density density) {
    row.density = density;
    float x = px(context, kMarginPx);
    const ChainCard* before = nullptr;
    for (ChainCard& card : row.cards) {
        if (!before)
            x += 0;
        else if (card.kind == Kind::add)
            x += px(context, kAddGapPx);
        else if (is_link(card, density) || is_link(*before, density))
            x += px(context, kLinkGapPx);
        else
            x += px(context, card.has_arrow ? kArrowPx : kRunGapPx);
        card.draws_arrow = before && card.has_arrow && !is_link(card, density) &&
                           !is_link(*before, density);
        card.x = x;
        card.width = width_of_card(context, card, density);
        x += card.width;
        before = &card;
    }
    row.end = x + px(context, kMarginPx);
}

}  // namespace

std::vector<LayerRun> repeated_layers(const Document& document) {
    constexpr int kLongestPeriod = 12, kFewestTimes = 3;
    std::vector<LayerRun> runs;
    const int count = static_cast<int>(document.layers.size());
    for (int k = 0; k < count;) {
        // The shortest period that covers the most layers.
        LayerRun best{k, 1, 1};
        for (int period = 1; period <= std::min(kLongestPeriod, (count - k) / kFewestTimes); ++period) {
            const int times = times_at(document.layers, k, period);
            if (times >= kFewestTimes && times * period > best.times * best.period)
                best = {k, period, times};
        }
        if (best.times >= kFewestTimes) {
            runs.push_back(from_block_start(document.layers, best));
            k = runs.back().end();
        } else {
            ++k;
        }
    }
    return runs;
}

ChainRow make_chain_row(const PanelContext& context, float room_px) {
    Builder builder{context.app.state, {}};
    builder.build();
    ChainRow row = std::move(builder.row);
    for (ChainCard& card : row.cards) {
        card.name = ui::fitted(context.fonts.body_bold, card.name, px(context, kMostTextPx));
        card.detail = ui::fitted(context.fonts.mono_small, card.detail, px(context, kMostTextPx));
    }
    for (const Density density :
         {Density::pictures, Density::shapes, Density::links, Density::arrows}) {
        lay_out(context, row, density);
        if (row.end <= room_px) break;
    }
    if (row.end > room_px) lay_out(context, row, Density::links);
    for (ChainCard& card : row.cards)
        if (!has_thumbnail(card, row.density)) card.tensor = nullptr;
    return row;
}

const ChainCard* card_of_layer(const ChainRow& row, int layer) {
    const ChainCard* run = nullptr;
    for (const ChainCard& card : row.cards) {
        if (card.kind == Kind::layer && card.layer == layer) return &card;
        if (card.kind == Kind::run && row.runs[static_cast<size_t>(card.run)].holds(layer)) run = &card;
    }
    return run;
}

}  // namespace convscope
